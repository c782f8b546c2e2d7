"""Which rows of each table a viewer reaches: the second net, in the words of PostgreSQL.

Nothing here knows a role or how far it goes: a condition compares a row with what the transaction
carries (``storage/carrying.py``), and that comes from the one table in ``domain/access.py``.
A table that nobody names here is read by its columns, as strictly as they allow.
"""

# ruff: noqa: S608 - every word of these conditions is ours; nothing a client says comes here
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Table

from domain.access import Deed, Resource
from storage.carrying import ACCOUNT, ENTITIES, PREFIX, Purpose, Widening, setting

R = Resource
_ENTITY = "legal_entity_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRule:
    """The condition of a row that is read, and of one that is added, changed or removed."""

    read: str
    write: str


def _carried(name: str) -> str:
    # After a transaction has set it once, a setting of our own is an empty text, not null. In a
    # query of its own it is looked up once a statement, not once a row.
    return f"(SELECT nullif(current_setting('{PREFIX}{name}', true), ''))"


def _among(column: str, name: str) -> str:
    listed = f"string_to_array(current_setting('{PREFIX}{name}', true), ',')"
    return f"{column} = ANY ((SELECT {listed})::text[])"


def _any(*conditions: str) -> str:
    return "(" + " OR ".join(conditions) + ")"


def whole(deed: Deed, *resources: Resource, column: str = _ENTITY) -> str:
    """Keep rows of legal entities in which one of the rights reaches everything."""
    return _any(*(_among(column, setting(each, deed, "entities")) for each in resources))


def some(*resources: Resource, deed: Deed = Deed.READ) -> str:
    """Keep rows of legal entities in which one of the rights reaches anything at all."""
    return _any(*(_among(_ENTITY, setting(each, deed, "some")) for each in resources))


def of_company(column: str = _ENTITY) -> str:
    """Keep rows of legal entities in which the viewer holds any role."""
    return _among(column, ENTITIES)


def of_account(column: str) -> str:
    """Keep rows of the viewer's own account."""
    return f"{column} = {_carried(ACCOUNT)}"


def _units(resource: Resource, deed: Deed) -> str:
    """Give the units reached, one a row, as ``unit:from:until``."""
    listed = f"current_setting('{PREFIX}{setting(resource, deed, 'units')}', true)"
    return f"unnest(string_to_array({listed}, ',')) AS u(entry)"


def below(resource: Resource, deed: Deed) -> str:
    """Select the people of the units reached: on the day that is looked at, if one was named.

    It is computed at most once a statement, and only when a row is not reached in a simpler way.
    """
    day = f"{_carried('day')}::date"
    since, until = (f"nullif(split_part(u.entry, ':', {n}), '')::date" for n in (2, 3))
    return (
        f"SELECT a.person_id FROM {_units(resource, deed)}"
        " JOIN unit_closure c ON c.ancestor_id = split_part(u.entry, ':', 1)"
        " JOIN assignment a ON a.unit_id = c.descendant_id"
        " WHERE c.superseded_at IS NULL AND NOT a.voided"
        " AND NOT EXISTS (SELECT 1 FROM assignment b WHERE b.series_id = a.series_id"
        " AND b.revision > a.revision)"
        f" AND ({since} IS NULL OR a.valid_to IS NULL OR a.valid_to > {since})"
        f" AND ({until} IS NULL OR a.valid_from < {until})"
        f" AND ({day} IS NULL OR ("
        f"coalesce({since} <= {day}, true) AND coalesce({day} < {until}, true)"
        f" AND a.valid_from <= {day} AND coalesce(a.valid_to > {day}, true)"
        f" AND c.valid_from <= {day} AND coalesce(c.valid_to > {day}, true)))"
    )


def of_people(column: str, resource: Resource, deed: Deed = Deed.READ) -> str:
    """Keep rows of people whom the right reaches: oneself, a subtree, a whole legal entity."""
    reached = _any(
        f"({_among(column, setting(resource, deed, 'people'))} AND {some(resource, deed=deed)})",
        _among(_ENTITY, setting(resource, deed, "entities")),
        f"{column} IN ({below(resource, deed)})",
    )
    return f"({reached} AND {_among(column, setting(resource, deed, 'without'))} IS NOT TRUE)"


def of_source(deed: Deed, column: str = "connection_id") -> str:
    """Keep rows of sources: of the whole legal entity, or of a vendor's own connections."""
    return _any(whole(deed, R.SOURCE), _among(column, setting(R.SOURCE, deed, "connections")))


def of_pushed(deed: Deed, column: str = "connection_id") -> str:
    """Keep rows of the source into which an identity provider pushes."""
    return _among(column, setting(R.DIRECTORY, deed, "connections"))


def _widened(widening: Widening) -> str:
    return f"({_carried('widened')} = '{widening.value}' AND {of_company()})"


def _facts() -> str:
    """Keep facts of people whose performance is reached, by the names that are linked to them."""
    people = _among("l.person_id", setting(R.PERFORMANCE, Deed.READ, "people"))
    mine = f"SELECT l.identity_id FROM identity_link l WHERE {people}"
    team = (
        "SELECT l.identity_id FROM identity_link l"
        f" WHERE l.person_id IN ({below(R.PERFORMANCE, Deed.READ)})"
    )
    return _any(
        whole(Deed.READ, R.PERFORMANCE),
        of_source(Deed.READ),
        _widened(Widening.GROUP),
        _widened(Widening.FRESHNESS),
        _widened(Widening.CREDIT),
        f"identity_id IN ({mine})",
        f"identity_id IN ({team})",
    )


def _records() -> str:
    """Keep records of facts that are kept."""
    fact = "EXISTS (SELECT 1 FROM fact f WHERE f.record_id = record.id)"
    return _any(whole(Deed.READ, R.PERFORMANCE), of_source(Deed.READ), of_pushed(Deed.READ), fact)


def _results() -> str:
    """Keep results by performance or pay, and by pay alone when pay is what is read."""
    pay = f"{_carried('purpose')} = '{Purpose.PAY.value}'"
    return _any(
        of_people("person_id", R.PAY),
        f"({pay} IS NOT TRUE AND {of_people('person_id', R.PERFORMANCE)})",
    )


def _shards() -> str:
    """Keep the frozen inputs of a shard in which somebody's result is reached."""
    people = _any(
        _among("r.person_id", setting(R.PERFORMANCE, Deed.READ, "people")),
        _among("r.person_id", setting(R.PAY, Deed.READ, "people")),
    )
    same = "r.run_id = snapshot.run_id AND r.shard = snapshot.shard"
    return _any(
        whole(Deed.READ, R.PERFORMANCE, R.PAY),
        f"EXISTS (SELECT 1 FROM result r WHERE {same} AND {people})",
        f"EXISTS (SELECT 1 FROM result r WHERE {same}"
        f" AND r.person_id IN ({below(R.PERFORMANCE, Deed.READ)}))",
    )


def _goals(deed: Deed) -> str:
    """Keep goals of groups in the company, and of people whom the right reaches."""
    led = (
        f"SELECT c.descendant_id FROM {_units(R.GOAL, deed)}"
        " JOIN unit_closure c ON c.ancestor_id = split_part(u.entry, ':', 1)"
    )
    groups = some(R.GOAL) if deed is Deed.READ else f"owner_id IN ({led})"
    return _any(
        of_people("owner_id", R.GOAL, deed),
        f"(level <> 'PERSON' AND {groups})",
    )


def _goal_lines(deed: Deed) -> str:
    """Keep lines of goals that are kept."""
    same = "g.id = goal_line.goal_id AND g.revision = goal_line.revision"
    return _any(whole(deed, R.GOAL), f"EXISTS (SELECT 1 FROM goal g WHERE {same})")


def _team_pay() -> str:
    """Keep grants of a team's pay: who decides about pay gives and takes them."""
    return f"(role = 'TEAM_PAY' AND {whole(Deed.WRITE, R.PAY)})"


def _under_reason() -> str:
    """Keep readings under a reason that is kept: the own ones."""
    return "EXISTS (SELECT 1 FROM access_reason w WHERE w.id = access_reading.reason_id)"


_WRITE = partial(whole, Deed.WRITE)
_READ = partial(whole, Deed.READ)


def _company_data(*read: Resource, write: tuple[Resource, ...] = ()) -> RowRule:
    return RowRule(read=some(*read), write=_WRITE(*(write or read)))


def _whole_only(*resources: Resource, write: tuple[Resource, ...] = ()) -> RowRule:
    return RowRule(read=_READ(*resources), write=_WRITE(*(write or resources)))


def _person_pay() -> RowRule:
    return RowRule(read=of_people("person_id", R.PAY), write=_WRITE(R.PAY))


def _disputed() -> RowRule:
    """Keep disputes about pay that is reached; who decides about pay adds to them, and oneself."""
    people = _among("person_id", setting(R.PAY, Deed.READ, "people"))
    return RowRule(
        read=of_people("person_id", R.PAY),
        write=_any(_WRITE(R.PAY), f"({people} AND {some(R.PAY)})"),
    )


NOBODY = "false"
_ORGANISATION = RowRule(read=of_company(), write=some(R.PERSON, R.UNIT, deed=Deed.WRITE))
_SOURCE = RowRule(read=of_source(Deed.READ), write=of_source(Deed.WRITE))
_CALCULATED = (R.PERFORMANCE, R.PAY, R.LEADERBOARD, R.CALCULATION)

RULES: dict[str, Callable[[], RowRule]] = {
    "legal_entity": lambda: RowRule(
        read=of_company("id"), write=whole(Deed.WRITE, R.UNIT, column="id")
    ),
    "knowledge": lambda: RowRule(read=of_company(), write=of_company()),
    "person": lambda: _ORGANISATION,
    "unit": lambda: _ORGANISATION,
    "unit_place": lambda: _ORGANISATION,
    "unit_closure": lambda: _ORGANISATION,
    "platform": lambda: _ORGANISATION,
    "assignment": lambda: _ORGANISATION,
    "identity": lambda: RowRule(
        read=_any(_READ(R.IDENTITY, R.SOURCE), _widened(Widening.CREDIT)),
        write=_WRITE(R.IDENTITY, R.SOURCE),
    ),
    "identity_link": lambda: RowRule(
        read=_any(
            _READ(R.IDENTITY),
            of_people("person_id", R.PERFORMANCE),
            _widened(Widening.GROUP),
            _widened(Widening.CREDIT),
        ),
        write=_WRITE(R.IDENTITY),
    ),
    "metric": lambda: _company_data(R.METRIC),
    "scorecard": lambda: _company_data(R.METRIC),
    # A statement names the rules it was made by: whoever sees pay needs them.
    "plan": lambda: _company_data(R.PLAN, R.PAY, write=(R.PLAN,)),
    "plan_version": lambda: _company_data(R.PLAN, R.PAY, write=(R.PLAN,)),
    "plan_policy": lambda: RowRule(read=of_company(), write=_WRITE(R.SETTING)),
    "plan_step": lambda: RowRule(read=_READ(R.CALCULATION), write=_WRITE(R.PLAN)),
    "plan_text": lambda: _company_data(R.PLAN, write=(R.PLAN,)),
    "plan_offer": lambda: RowRule(read=of_people("person_id", R.PERFORMANCE), write=_WRITE(R.PLAN)),
    "plan_answer": lambda: RowRule(  # nobody answers for somebody else
        read=of_people("person_id", R.PERFORMANCE),
        write=f"({_among('person_id', setting(R.PERFORMANCE, Deed.READ, 'people'))}"
        f" AND {some(R.PERFORMANCE)})",
    ),
    "credit_rule": lambda: RowRule(
        read=_any(_READ(R.CALCULATION), _widened(Widening.CREDIT)), write=_WRITE(R.CALCULATION)
    ),
    "credit": lambda: RowRule(
        read=_any(of_people("person_id", R.PERFORMANCE), _widened(Widening.CREDIT)),
        write=_WRITE(R.CALCULATION),
    ),
    "pack_content": lambda: _company_data(R.PACK),
    "pack_layer": lambda: _company_data(R.PACK),
    "goal": lambda: RowRule(read=_goals(Deed.READ), write=_goals(Deed.WRITE)),
    "goal_line": lambda: RowRule(read=_goal_lines(Deed.READ), write=_goal_lines(Deed.WRITE)),
    "connection": lambda: RowRule(
        read=_any(of_source(Deed.READ, "id"), of_pushed(Deed.READ, "id")),
        write=of_source(Deed.WRITE, "id"),
    ),
    "mapping": lambda: _SOURCE,
    "sync_run": lambda: _SOURCE,
    "sync_cursor": lambda: _SOURCE,
    "readiness": lambda: _SOURCE,
    "hook_delivery": lambda: _SOURCE,
    "breaker_reset": lambda: _SOURCE,
    "record": lambda: RowRule(read=_records(), write=of_source(Deed.WRITE)),
    "quarantine": lambda: _SOURCE,
    "fact": lambda: RowRule(read=_facts(), write=of_source(Deed.WRITE)),
    "calculation_run": lambda: _company_data(*_CALCULATED, write=(R.CALCULATION,)),
    "calculation_timetable": lambda: _company_data(R.CALCULATION),
    "calculation_look": lambda: _company_data(R.CALCULATION),
    "cohort": lambda: _company_data(R.PERFORMANCE, R.LEADERBOARD, write=(R.CALCULATION,)),
    "result": lambda: RowRule(read=_results(), write=_WRITE(R.CALCULATION)),
    "standing": lambda: RowRule(
        read=_any(of_people("person_id", R.PERFORMANCE), _widened(Widening.BOARD)),
        write=_WRITE(R.CALCULATION),
    ),
    "snapshot": lambda: RowRule(read=_shards(), write=_WRITE(R.CALCULATION)),
    # Proofs are made by the product itself, for whoever may read the statement.
    "run_seal": lambda: RowRule(read=NOBODY, write=_WRITE(R.CALCULATION)),
    "pay_seal": lambda: RowRule(read=NOBODY, write=_WRITE(R.PAY)),
    "ledger_entry": lambda: RowRule(
        read=of_people("person_id", R.PAY), write=_WRITE(R.CALCULATION)
    ),
    # Wages, sheets and balances of people; whoever the approval chain names sees batch and totals.
    "wage": _person_pay,
    "pay_sheet": _person_pay,
    "pay_balance": lambda: RowRule(  # whoever rejects a batch has what it booked taken back
        read=_any(of_people("person_id", R.PAY), _widened(Widening.APPROVAL)),
        write=_any(_WRITE(R.PAY), _widened(Widening.APPROVAL)),
    ),
    "holdback_release": _person_pay,
    "dispute": _disputed,
    "dispute_step": _disputed,
    "dispute_evidence": _disputed,
    "pay_setting": lambda: RowRule(read=of_company(), write=_WRITE(R.PAY)),
    "minimum_wage": lambda: RowRule(read=of_company(), write=_WRITE(R.PAY)),
    "pay_batch": lambda: RowRule(
        read=_any(some(R.PAY), _widened(Widening.APPROVAL)),
        write=_any(_WRITE(R.PAY), _widened(Widening.APPROVAL)),
    ),
    "pay_batch_step": lambda: RowRule(
        read=_any(_READ(R.PAY), _widened(Widening.APPROVAL)),
        write=_any(_WRITE(R.PAY), _widened(Widening.APPROVAL)),
    ),
    "pay_total": lambda: RowRule(
        read=_any(_READ(R.PAY), _widened(Widening.APPROVAL)), write=_WRITE(R.PAY)
    ),
    "correction_line": lambda: RowRule(
        read=of_people("person_id", R.PAY), write=_WRITE(R.CALCULATION)
    ),
    # Of a company that would be tried: jobs keep it, whoever sees all pay reads it.
    "plan_trial": lambda: _whole_only(R.PAY),
    "old_result_set": lambda: _whole_only(R.PAY),
    "old_result": lambda: _whole_only(R.PAY),
    "period_reopening": lambda: _company_data(R.CALCULATION),
    "period_state": lambda: _company_data(*_CALCULATED, write=(R.CALCULATION,)),
    "talent_rule": lambda: RowRule(read=of_company(), write=_WRITE(R.TALENT)),
    # Whoever is concerned answers for himself; who may decide is asked before (`actions`).
    "suggestion": lambda: RowRule(
        read=of_people("person_id", R.TALENT),
        write=of_people("person_id", R.TALENT, Deed.WRITE),
    ),
    "manager_note": lambda: RowRule(
        read=of_people("person_id", R.TALENT),
        write=of_people("person_id", R.TALENT, Deed.WRITE),
    ),
    "recognition": lambda: RowRule(
        read=of_company(), write=of_people("person_id", R.TALENT, Deed.WRITE)
    ),
    "work_calendar": lambda: RowRule(read=of_company(), write=_WRITE(R.SETTING)),
    "account": lambda: RowRule(
        read=_any(of_account("id"), _READ(R.ACCOUNT), _widened(Widening.ACCOUNT)),
        write=_WRITE(R.ACCOUNT),
    ),
    "role_grant": lambda: RowRule(
        read=_any(
            of_account("account_id"), _READ(R.ACCOUNT), _widened(Widening.ACCOUNT), _team_pay()
        ),
        write=_any(_WRITE(R.ACCOUNT), _team_pay()),
    ),
    "entity_setting": lambda: RowRule(read=of_company(), write=_WRITE(R.SETTING)),
    "delegation": lambda: RowRule(
        read=_any(of_account("from_account"), of_account("to_account"), _READ(R.PERSON)),
        write=_any(of_account("from_account"), of_account("to_account"), _WRITE(R.PERSON)),
    ),
    "access_reason": lambda: RowRule(read=of_account("account_id"), write=of_account("account_id")),
    "access_reading": lambda: RowRule(read=_under_reason(), write=_under_reason()),
    "session": lambda: RowRule(  # an administrator ends the sessions of others
        read=_any(of_account("account_id"), _READ(R.ACCOUNT)),
        write=_any(of_account("account_id"), _WRITE(R.ACCOUNT)),
    ),
    "idempotency": lambda: RowRule(read=of_account("account_id"), write=of_account("account_id")),
    "audit_event": lambda: RowRule(
        read=_any(of_account("account_id"), _READ(R.AUDIT)),
        write=f"({of_account('account_id')} AND {of_company()})",
    ),
    "refresh_token": lambda: RowRule(read=NOBODY, write=NOBODY),
    "vendor_token": lambda: _whole_only(R.TOKEN),
    "checkpoint": lambda: _whole_only(R.AUDIT),
    "anchoring": lambda: _whole_only(R.AUDIT),
    "data_key": lambda: RowRule(read=of_company(), write=of_company()),
    "job": lambda: RowRule(read=of_company(), write=some(R.SOURCE, R.CALCULATION, deed=Deed.WRITE)),
}


def rule_of(table: Table) -> RowRule:
    """Return the rule of a table; one that is not named is taken for pay, or for the product's."""
    if table.name in RULES:
        return RULES[table.name]()
    columns = table.c
    if "account_id" in columns:
        own = of_account("account_id")
        return RowRule(read=_any(own, _READ(R.ACCOUNT)), write=_any(own, _WRITE(R.ACCOUNT)))
    if "person_id" in columns:
        return RowRule(
            read=of_people("person_id", R.PAY), write=of_people("person_id", R.PAY, Deed.WRITE)
        )
    return RowRule(read=NOBODY, write=NOBODY)
