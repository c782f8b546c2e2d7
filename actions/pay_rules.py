"""By what an entity settles pay: its policy and approval chain, wages, minimum wages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from actions.deed import demand_entity
from actions.define_metric import refuse_unread
from actions.identifiers import new_id
from domain.access import Actor, Resource
from domain.pay_batch import ApprovalStep, refuse_chain
from domain.payroll import decode_columns
from domain.problem import Refused
from domain.unit import CURRENCIES, LARGEST_STEPS
from plugins.policies.reading import policy_called
from storage import tables
from storage.accounts import account_of_id
from storage.carrying import Widening, widened
from storage.engine import Writing
from storage.pay_rules import pay_settings_on, row_from
from storage.people import add_revision, add_row, people

MOST_WAGES = 500
_LONGEST = 60


def set_pay_policy(
    writing: Writing,
    actor: Actor,
    *,
    valid_from: date,
    policy: str | None,
    approval: Sequence[ApprovalStep] | None,
    columns: object,
    reason: str,
    expected_version: int | None,
) -> str:
    """Decide from a day on, never backwards; what is not named stays as it is that day."""
    demand_entity(actor, Resource.PAY, writing.entity_id)
    if valid_from < writing.known_at.date():
        raise Refused("settings_backdated", {"day": valid_from.isoformat()}, path="validFrom")
    if not reason.strip():
        raise Refused("text_empty", {"field": "reason"}, path="reason")
    holds = pay_settings_on(writing.connection, writing.entity_id, valid_from, writing.known_at)
    chosen = policy_called(policy or holds.policy or "cn_mainland")
    if chosen is None:
        raise Refused("pay_policy_unknown", {"policy": str(policy)}, path="policy")
    chain = holds.approval if approval is None else tuple(approval)
    refuse_chain(chain)
    _refuse_strangers(writing, chain)
    if columns is not None:
        read, problems = decode_columns(columns)
        if read is None:
            raise refuse_unread("payroll_columns", problems)
    table = tables.pay_setting
    before = row_from(writing.connection, table, writing.entity_id, valid_from)
    _refuse_version(before, expected_version)
    fields = {
        "policy": chosen.key,
        "policy_version": chosen.version,
        "policy_hash": chosen.hash,
        "approval": [step.document for step in chain],
        "payroll_columns": holds.columns if columns is None else columns,
        "reason": reason.strip(),
    }
    return _put(writing, table, "pset", before, valid_from, fields)


def _refuse_strangers(writing: Writing, chain: Sequence[ApprovalStep]) -> None:
    """Refuse a chain with an account that is none of the entity."""
    for account_id in sorted({each for step in chain for each in step.accounts}):
        with widened(writing.connection, Widening.ACCOUNT):
            account = account_of_id(writing.connection, account_id)
        if account is None or account.entity_id != writing.entity_id:
            raise Refused("not_found", {"id": account_id}, path="approval")


@dataclass(frozen=True, slots=True, kw_only=True)
class WageDraft:
    """The wage of a person from a month on."""

    person_id: str
    month: date  # its first day
    amount: int
    currency: str
    region: str


def set_wages(writing: Writing, actor: Actor, wages: Sequence[WageDraft], reason: str) -> str:
    """Record wages of months; one that is recorded again replaces, the earlier one stays known."""
    demand_entity(actor, Resource.PAY, writing.entity_id)
    if not wages:
        raise Refused("list_empty", {"field": "wages"}, path="wages")
    if len(wages) > MOST_WAGES:
        raise Refused("wages_too_many", {"most": str(MOST_WAGES)}, path="wages")
    made = ""
    for place, wage in enumerate(wages):
        _refuse_wage(writing, actor, wage, f"wages[{place}]")
        before = row_from(
            writing.connection, tables.wage, writing.entity_id, wage.month,
            person_id=wage.person_id,
        )  # fmt: skip
        fields = {
            "person_id": wage.person_id,
            "amount": wage.amount,
            "currency": wage.currency,
            "region": wage.region.strip(),
            "reason": reason.strip() or None,
        }
        made = _put(writing, tables.wage, "wage", before, wage.month, fields)
    return made


def _refuse_wage(writing: Writing, actor: Actor, wage: WageDraft, path: str) -> None:
    _refuse_amount(wage.amount, wage.currency, path)
    _refuse_region(wage.region, path)
    found = people(
        writing.connection,
        actor,
        valid_at=wage.month,
        known_at=writing.known_at,
        ids=[wage.person_id],
        resource=Resource.PAY,
    )
    if not found or found[0].entity_id != writing.entity_id:
        raise Refused("not_found", {"id": wage.person_id}, path=f"{path}.person")


def _refuse_amount(amount: int, currency: str, path: str) -> None:
    if currency not in CURRENCIES:
        raise Refused("unit_unknown", {"unit": currency}, path=f"{path}.currency")
    if not 0 <= amount <= LARGEST_STEPS:
        values = {"field": "amount", "low": "0", "high": str(LARGEST_STEPS)}
        raise Refused("number_out_of_range", values, path=f"{path}.amount")


def _refuse_region(region: str, path: str) -> None:
    if not region.strip():
        raise Refused("text_empty", {"field": "region"}, path=f"{path}.region")
    if len(region.strip()) > _LONGEST:
        values = {"field": "region", "most": str(_LONGEST)}
        raise Refused("text_too_long", values, path=f"{path}.region")


def set_minimum_wage(
    writing: Writing,
    actor: Actor,
    *,
    region: str,
    valid_from: date,
    amount: int,
    currency: str,
    reason: str,
    expected_version: int | None,
) -> str:
    """Record the minimum wage of a region from a day on, with its source as the reason."""
    demand_entity(actor, Resource.PAY, writing.entity_id)
    _refuse_amount(amount, currency, "minimumWage")
    _refuse_region(region, "minimumWage")
    if not reason.strip():
        raise Refused("text_empty", {"field": "reason"}, path="reason")
    table = tables.minimum_wage
    before = row_from(
        writing.connection, table, writing.entity_id, valid_from, region=region.strip()
    )
    _refuse_version(before, expected_version)
    fields = {
        "region": region.strip(),
        "amount": amount,
        "currency": currency,
        "reason": reason.strip(),
    }
    return _put(writing, table, "mwag", before, valid_from, fields)


def _refuse_version(before: Any | None, expected: int | None) -> None:
    current = before.revision if before else 0
    if expected is not None and expected != current:
        raise Refused("version_conflict", {"current": str(current)})


def _put(
    writing: Writing,
    table: Any,
    prefix: str,
    before: Any | None,
    valid_from: date,
    fields: Mapping[str, Any],
) -> str:
    """Add a dated row, or a revision of the one that begins on the same day."""
    if before is not None:
        add_revision(writing, table, before, **fields)
        return str(before.id)
    identifier = new_id(prefix, writing.known_at)
    add_row(
        writing,
        table,
        id=identifier,
        revision=1,
        valid_from=valid_from,
        valid_to=None,
        voided=False,
        made_by=writing.actor,
        **fields,
    )
    return identifier
