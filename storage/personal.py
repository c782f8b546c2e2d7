"""How the rows of every table concern a person: the list that an export of everything follows.

A table is in ``CONCERNS``, with the columns that lead to the person, or in ``NOBODYS``, with the
reason why none of its rows is theirs. A test compares both with the tables, column by column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, String, Table, cast, exists, or_, select, true, union

from storage import tables
from storage.rules import valid
from storage.visibility import newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose rows are looked for: the person, and what accounts and sources call them by."""

    person_id: str
    entity_id: str | None  # only rows of this legal entity; None: of every one
    account_ids: tuple[str, ...] = ()
    identity_ids: tuple[str, ...] = ()
    texts: frozenset[str] = frozenset()  # what sources and directories call them and nobody else
    others: frozenset[str] = frozenset()  # what sources call everybody else


Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """The way from a table to a person: the columns it goes by, and the rows it keeps."""

    by: tuple[str, ...]
    rows: Callable[[Subject], Condition]
    only: tuple[str, ...] = ()  # of these columns alone; none named: of all that are no secret
    is_pay: bool = False  # for who may read the person's pay


def _person(table: Table, name: str = "person_id") -> Callable[[Subject], Condition]:
    return lambda subject: table.c[name] == subject.person_id


def _accounts(table: Table, *names: str) -> Callable[[Subject], Condition]:
    return lambda subject: or_(*(table.c[name].in_(subject.account_ids) for name in names))


def _ids(table: Table, name: str, subject: Subject) -> Select[Any]:
    return select(table.c[name]).where(CONCERNS[table.name].rows(subject))


def linked_otherwise(identity_id: ColumnElement[str], person_id: str) -> Condition:
    """Keep the names that are, or on some days were, linked to somebody else too."""
    link = tables.identity_link.alias()
    other = select(link.c.identity_id).where(
        link.c.person_id != person_id, link.c.voided.is_(False), newest(link)
    )
    return identity_id.in_(other)


def _facts(subject: Subject) -> Condition:
    """Keep facts under their names; under one that others had too, those of their own days."""
    fact, link = tables.fact, tables.identity_link.alias()
    on_their_days = exists(
        select(1).where(
            link.c.identity_id == fact.c.identity_id,
            link.c.person_id == subject.person_id,
            newest(link),
            valid(link, fact.c.business_date),
        )
    ).correlate(fact)
    return fact.c.identity_id.in_(subject.identity_ids) & or_(
        ~linked_otherwise(fact.c.identity_id, subject.person_id), on_their_days
    )


def _answers(subject: Subject) -> Condition:
    """Keep the answers they got, and those that others got when they did something to them."""
    answer, named = tables.idempotency.c.answer, (subject.person_id, *subject.account_ids)
    return or_(
        tables.idempotency.c.account_id.in_(subject.account_ids),
        *(cast(answer, String).contains(each, autoescape=True) for each in named),
    )


def _every(_subject: Subject) -> Condition:
    """Keep all rows: whom a sealed one names is seen once it is opened."""
    return true()


def _trail(subject: Subject) -> Condition:
    """Keep what they did, what was done for them, and what was done to them or to what is theirs.

    A row that mentions them in its details is about them as well.
    """
    row, named = tables.audit_event.c, (subject.person_id, *subject.account_ids)
    told = cast(row.details, String)
    owned = union(*(_ids(table, name, subject) for table, name in _TOLD_BY_ID))
    return or_(
        row.account_id.in_(subject.account_ids),
        row.on_behalf_of.in_(subject.account_ids),
        row.subject_id.in_((*named, *subject.identity_ids)),
        row.subject_id.in_(owned),
        *(told.contains(each, autoescape=True) for each in named),
    )


def _names_in_scope(table: Table) -> Callable[[Subject], Condition]:
    return lambda subject: cast(table.c.scope, String).contains(subject.person_id, autoescape=True)


_DATES = ("valid_from", "valid_to", "known_at")

# Whose ids a row of the trail may be about, beside the person, the account and the identity.
_TOLD_BY_ID = (
    (tables.assignment, "series_id"),
    (tables.identity_link, "series_id"),
    (tables.role_grant, "id"),
    (tables.account_login, "id"),
    (tables.session, "id"),
    (tables.delegation, "id"),
    (tables.access_reason, "id"),
    (tables.goal, "id"),
    (tables.dispute, "id"),
    (tables.plan_offer, "id"),
    (tables.suggestion, "id"),
    (tables.manager_note, "id"),
)

CONCERNS: Mapping[str, Concern] = {
    "person": Concern(
        by=("id", "source_key", "name", "staff_number"), rows=_person(tables.person, "id")
    ),
    "assignment": Concern(by=("person_id", "source_key"), rows=_person(tables.assignment)),
    "identity_link": Concern(
        by=("person_id", "identity_id", "source_key"), rows=_person(tables.identity_link)
    ),
    "identity": Concern(
        by=("id", "value"), rows=lambda subject: tables.identity.c.id.in_(subject.identity_ids)
    ),
    "account": Concern(
        by=("id", "person_id", "login"),
        rows=lambda subject: tables.account.c.id.in_(subject.account_ids),
    ),
    "role_grant": Concern(by=("account_id",), rows=_accounts(tables.role_grant, "account_id")),
    "account_login": Concern(
        by=("account_id", "subject"), rows=_accounts(tables.account_login, "account_id")
    ),
    "session": Concern(by=("account_id",), rows=_accounts(tables.session, "account_id")),
    "refresh_token": Concern(
        by=("session_id",),
        rows=lambda subject: tables.refresh_token.c.session_id.in_(
            _ids(tables.session, "id", subject)
        ),
    ),
    "delegation": Concern(
        by=("from_account", "to_account"),
        rows=_accounts(tables.delegation, "from_account", "to_account"),
    ),
    "access_reason": Concern(
        by=("account_id", "person_id"),
        rows=lambda subject: or_(
            tables.access_reason.c.account_id.in_(subject.account_ids),
            tables.access_reason.c.person_id == subject.person_id,
        ),
    ),
    # Whom an auditor read is in the auditor's own trail; here are the readings of this person.
    "access_reading": Concern(by=("person_id", "reason_id"), rows=_person(tables.access_reading)),
    "goal": Concern(by=("owner_id",), rows=_person(tables.goal, "owner_id")),
    "goal_line": Concern(
        by=("goal_id",),
        rows=lambda subject: tables.goal_line.c.goal_id.in_(_ids(tables.goal, "id", subject)),
    ),
    "fact": Concern(by=("identity_id", "record_id"), rows=_facts),
    "record": Concern(
        by=("id", "content"),
        rows=lambda subject: tables.record.c.id.in_(_ids(tables.fact, "record_id", subject)),
    ),
    "hook_delivery": Concern(by=("reread", "content"), rows=_every),
    "quarantine": Concern(
        by=("position", "code_values", "payload"),
        rows=_every,
    ),
    "result": Concern(by=("person_id",), rows=_person(tables.result)),
    "standing": Concern(by=("person_id",), rows=_person(tables.standing)),
    # A shard holds many people: of each, the inputs of this person alone.
    "snapshot": Concern(
        by=("run_id", "shard"),
        rows=lambda subject: exists(
            select(1).where(
                CONCERNS["result"].rows(subject),
                tables.result.c.run_id == tables.snapshot.c.run_id,
                tables.result.c.shard == tables.snapshot.c.shard,
            )
        ).correlate(tables.snapshot),
        only=("run_id", "shard", "legal_entity_id"),
        is_pay=True,
    ),
    "suggestion": Concern(
        by=("person_id", "decided_by", "on_behalf_of"), rows=_person(tables.suggestion)
    ),
    "manager_note": Concern(
        by=("person_id", "read_by", "on_behalf_of"), rows=_person(tables.manager_note)
    ),
    "recognition": Concern(by=("person_id", "decided_by"), rows=_person(tables.recognition)),
    # A rule is the company's; one that names a person says what of others' facts counts for them.
    "credit_rule": Concern(
        by=("document",),
        rows=lambda subject: cast(tables.credit_rule.c.document, String).contains(
            subject.person_id, autoescape=True
        ),
    ),
    "credit": Concern(by=("person_id",), rows=_person(tables.credit)),
    "ledger_entry": Concern(by=("person_id",), rows=_person(tables.ledger_entry), is_pay=True),
    "old_result": Concern(by=("person_id",), rows=_person(tables.old_result), is_pay=True),
    "wage": Concern(by=("person_id",), rows=_person(tables.wage), is_pay=True),
    "pay_sheet": Concern(by=("person_id",), rows=_person(tables.pay_sheet), is_pay=True),
    "pay_balance": Concern(by=("person_id",), rows=_person(tables.pay_balance), is_pay=True),
    "holdback_release": Concern(
        by=("person_id",), rows=_person(tables.holdback_release), is_pay=True
    ),
    "dispute": Concern(by=("person_id",), rows=_person(tables.dispute), is_pay=True),
    "dispute_step": Concern(
        by=("person_id", "on_behalf_of"), rows=_person(tables.dispute_step), is_pay=True
    ),
    "dispute_evidence": Concern(
        by=("person_id",), rows=_person(tables.dispute_evidence), is_pay=True
    ),
    # What somebody did with a batch; whom it pays is in pay_sheet.
    "pay_batch_step": Concern(
        by=("account_id", "on_behalf_of"),
        rows=_accounts(tables.pay_batch_step, "account_id", "on_behalf_of"),
    ),
    "period_reopening": Concern(
        by=("made_by", "on_behalf_of"),
        rows=_accounts(tables.period_reopening, "made_by", "on_behalf_of"),
    ),
    "correction_line": Concern(
        by=("person_id",), rows=_person(tables.correction_line), is_pay=True
    ),
    # A rule is the company's; of one for named people, that it named them, and not whom beside.
    "plan_version": Concern(
        by=("scope",),
        rows=_names_in_scope(tables.plan_version),
        only=("id", "revision", "legal_entity_id", "plan_id", "state", "hash", *_DATES),
    ),
    "scorecard": Concern(
        by=("scope",),
        rows=_names_in_scope(tables.scorecard),
        only=("series_id", "revision", "legal_entity_id", "key", "hash", *_DATES),
    ),
    # What somebody did with a plan; whom it pays is in plan_offer.
    "plan_step": Concern(
        by=("made_by", "on_behalf_of"),
        rows=_accounts(tables.plan_step, "made_by", "on_behalf_of"),
    ),
    "plan_offer": Concern(by=("person_id",), rows=_person(tables.plan_offer)),
    "plan_answer": Concern(by=("person_id",), rows=_person(tables.plan_answer), is_pay=True),
    # A run is the company's; what it found amiss may name a person, and that part is theirs.
    "calculation_run": Concern(
        by=("problems",),
        rows=lambda subject: cast(tables.calculation_run.c.problems, String).contains(
            subject.person_id, autoescape=True
        ),
        only=("id", "legal_entity_id", "period", "mode", "started_at", "problems"),
    ),
    "audit_event": Concern(by=("account_id", "on_behalf_of", "subject_id", "details"), rows=_trail),
    "idempotency": Concern(by=("account_id", "answer"), rows=_answers),
}

_ORGANISATION = "the organisation itself; who belongs to it, and when, is in assignment"
_RULES = "rules for everybody whom their scope reaches, by unit, platform and position"
_READING = "how far a source was read; what it said of a person is in record, fact and quarantine"
_PROOF = "hashes over the whole trail; the rows they are about are in audit_event"
NOBODYS: Mapping[str, str] = {
    "anchoring": _PROOF,
    "calculation_timetable": "what a legal entity decided for everybody",
    "calculation_look": "work of the server for a legal entity: a period",
    "checkpoint": _PROOF,
    "cohort": "sizes and medians of groups, never of fewer people than the privacy minimum shows",
    "connection": "how to reach a system of the company; its credentials are the company's",
    "data_key": "keys of a legal entity",
    "entity_setting": "what a legal entity decided for everybody",
    "job": "work of the server for a legal entity: a period, a connection",
    "knowledge": "the instant of a legal entity's last change",
    "legal_entity": "the employer itself",
    "mapping": "how the columns of a source are read",
    "metric": _RULES,
    "minimum_wage": "what the law of a region says, for everybody",
    "old_result_set": "a sheet of an old system; who was paid what is in old_result",
    "pack_content": "what a version of a pack says, for whomever",
    "pack_layer": _RULES,
    "plan_trial": "what a plan would pay the company; who is paid what is in result",
    "pay_batch": "the pay of everybody in a period; who is paid what is in pay_sheet",
    "pay_seal": "salted hashes of everybody's pay sheets; what they seal is in pay_sheet",
    "pay_setting": "what a legal entity decided for everybody; it may name accounts that approve",
    "pay_total": "sums over everybody",
    "period_state": "how far a period of the legal entity has come; who decided is in the trail",
    "plan": _RULES,
    "plan_policy": "what a legal entity decided for everybody",
    "plan_text": "the text of a plan, the same for everybody whom it pays",
    "platform": _ORGANISATION,
    "readiness": _READING,
    "breaker_reset": _READING,
    "run_seal": "salted hashes of everybody's results; what they seal is in result and snapshot",
    "talent_rule": _RULES,
    "sign_in_attempt": "of a browser that has not signed in: it is nobody's yet, and short-lived",
    "sync_cursor": _READING,
    "sync_run": _READING,
    "unit": _ORGANISATION,
    "unit_closure": _ORGANISATION,
    "unit_place": _ORGANISATION,
    "work_calendar": "the working days of a legal entity, the same for everybody",
    "vendor_token": "of a program, and the legal entity's; who made it is in the trail",
}

# Columns that name whoever wrote a row about something else: that deed is in their trail.
WRITERS = frozenset({"made_by"})
