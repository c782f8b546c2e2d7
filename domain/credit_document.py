"""Reading credit rules from their documents, and writing them back in the one canonical form."""

from __future__ import annotations

from domain.credit import (
    CREDIT_FORMAT,
    WHOLE,
    Absent,
    CoLeaders,
    CreditRule,
    CreditScope,
    Dated,
    IfOwner,
    Receiver,
    RollUp,
    RuleKind,
    ShareBy,
    ShareUnit,
    Vacancy,
    WhoBy,
)
from domain.document import DocumentReader, decimal_text, document_hash, without_absent
from domain.metric import read_key, read_where, write_where
from domain.problem import Problem
from domain.scorecard import optional_text

MOST_RECEIVERS, MOST_LEVELS, MOST_TOTAL = 20, 12, 5 * WHOLE
_RATIO = "RATIO"


def decode_credit(document: object) -> tuple[CreditRule | None, tuple[Problem, ...]]:
    """Read a credit rule; every fault is reported with its JSON path."""
    reader = DocumentReader(document)
    reader.format(CREDIT_FORMAT)
    key, name = read_key(reader, "key"), reader.texts("name")
    kind = reader.choice("kind", RuleKind)
    rank = reader.whole("rank", 1, 1000)
    fact, where = reader.text("fact"), read_where(reader)
    scope = _read_scope(reader)
    receivers = _read_receivers(reader, kind)
    total = _read_total(reader, receivers) if kind is RuleKind.SPLIT else None
    roll_up = _read_roll_up(reader) if kind is RuleKind.ROLL_UP else None
    role = reader.text("role") if kind is RuleKind.OVERLAY else None
    if_owner = reader.choice("ifOwner", IfOwner) if kind is RuleKind.OVERLAY else None
    reason = reader.texts("reason") if kind is RuleKind.EXCLUDE else None
    reader.finish()
    if reader.failed:
        return None, tuple(reader.problems)
    # All were read above, or a problem was noted.
    assert key is not None
    assert name is not None
    assert kind is not None
    assert rank is not None
    assert fact is not None
    rule = CreditRule(
        key=key,
        name=name,
        kind=kind,
        rank=rank,
        fact=fact,
        where=where,
        scope=scope,
        receivers=receivers,
        total=total,
        roll_up=roll_up,
        role=role,
        if_owner=if_owner,
        reason=reason,
    )
    return rule, tuple(reader.problems)


def _read_scope(reader: DocumentReader) -> CreditScope:
    child = reader.child("scope", required=False)
    if child is None:
        return CreditScope()
    found = [child.names(name) for name in ("units", "platforms", "positions")]
    child.finish()
    return CreditScope(units=found[0], platforms=found[1], positions=found[2])


def _read_receivers(reader: DocumentReader, kind: RuleKind | None) -> tuple[Receiver, ...]:
    if kind not in {RuleKind.SPLIT, RuleKind.OVERLAY}:
        return ()
    children = reader.children("to")
    if reader.raw("to", required=False) == []:
        reader.note("list_empty", reader.at("to"), {"field": "to"})
    if len(children) > MOST_RECEIVERS:
        values = {"field": "to", "low": "1", "high": str(MOST_RECEIVERS)}
        reader.note("number_out_of_range", reader.at("to"), values)
    found = [_read_receiver(child, kind) for child in children[:MOST_RECEIVERS]]
    rests = [each for each in found if each and each.share_of is ShareBy.REST]
    if len(rests) > 1:
        reader.note("credit_rest_twice", reader.at("to"))
    return tuple(each for each in found if each is not None)


def _read_receiver(reader: DocumentReader, kind: RuleKind) -> Receiver | None:
    who = reader.choice("who", WhoBy)
    by_name = who is WhoBy.ATTRIBUTE
    attribute = reader.text("attribute") if by_name else None
    namespace = reader.text("namespace") if by_name else None
    absent = reader.choice("absent", Absent) if by_name else None
    person = reader.text("person") if who is WhoBy.PERSON else None
    position = reader.text("position") if who is WhoBy.POSITION else None
    unit = reader.text("unit", required=False) if who is WhoBy.POSITION else None
    share_of = reader.choice("shareOf", ShareBy)
    fixed = share_of is ShareBy.FIXED
    share = _read_share(reader, "share") if fixed else None
    by_attribute = share_of is ShareBy.ATTRIBUTE
    share_attribute = reader.text("shareAttribute") if by_attribute else None
    share_unit = reader.choice("shareUnit", ShareUnit) if by_attribute else None
    if kind is RuleKind.OVERLAY:
        _refuse_in_overlay(reader, who, share_of)
    reader.finish()
    if who is None or share_of is None:
        return None
    return Receiver(
        who=who,
        attribute=attribute,
        namespace=namespace,
        absent=absent,
        person=person,
        position=position,
        unit=unit,
        share_of=share_of,
        share=share,
        share_attribute=share_attribute,
        share_unit=share_unit,
    )


def _refuse_in_overlay(reader: DocumentReader, who: WhoBy | None, share_of: ShareBy | None) -> None:
    """Refuse what makes no sense beside a direct credit: the seller again, or a rest of nothing."""
    if who is WhoBy.NAMED:
        choices = ", ".join(each.value for each in WhoBy if each is not WhoBy.NAMED)
        values = {"field": "who", "value": who.value, "choices": choices}
        reader.note("choice_unknown", reader.at("who"), values)
    if share_of is ShareBy.REST:
        choices = ", ".join(each.value for each in ShareBy if each is not ShareBy.REST)
        values = {"field": "shareOf", "value": share_of.value, "choices": choices}
        reader.note("choice_unknown", reader.at("shareOf"), values)


def _read_share(reader: DocumentReader, name: str, most: int = WHOLE, least: int = 1) -> int | None:
    share = reader.steps(name, _RATIO)
    if share is not None and not least <= share <= most:
        values = {
            "field": name,
            "low": decimal_text(least, _RATIO),
            "high": decimal_text(most, _RATIO),
        }
        reader.note("number_out_of_range", reader.at(name), values)
        return None
    return share


def _read_total(reader: DocumentReader, receivers: tuple[Receiver, ...]) -> int | None:
    """Read the total; shares that are all fixed and always there must come to it."""
    total = _read_share(reader, "total", MOST_TOTAL, WHOLE)
    if total is None:
        return None
    fixed = sum(each.share or 0 for each in receivers)
    known = all(
        each.share_of is ShareBy.FIXED and each.absent is not Absent.SKIP for each in receivers
    )
    # A part that nobody takes, and one that is given away twice, are both seen here.
    if (known and receivers and fixed != total) or fixed > total:
        values = {"sum": decimal_text(fixed, _RATIO), "total": decimal_text(total, _RATIO)}
        reader.note("credit_shares_differ", reader.at("to"), values)
    return total


def _read_roll_up(reader: DocumentReader) -> RollUp | None:
    child = reader.child("rollUp")
    if child is None:
        return None
    every = _read_share(child, "every") if child.has("every") else None
    shares = _read_levels(child)
    if child.has("every") == child.has("levels"):
        child.note("credit_levels_unclear", child.at("levels"))
    dated = child.choice("dated", Dated)
    vacancy = child.choice("vacancy", Vacancy)
    co_leaders = child.choice("coLeaders", CoLeaders)
    child.finish()
    if dated is None or vacancy is None or co_leaders is None:
        return None
    return RollUp(every=every, shares=shares, dated=dated, vacancy=vacancy, co_leaders=co_leaders)


def _read_levels(reader: DocumentReader) -> tuple[int, ...]:
    children = reader.children("levels", required=False)
    if reader.raw("levels", required=False) == []:
        reader.note("list_empty", reader.at("levels"), {"field": "levels"})
    if len(children) > MOST_LEVELS:
        values = {"field": "levels", "low": "1", "high": str(MOST_LEVELS)}
        reader.note("number_out_of_range", reader.at("levels"), values)
    found = []
    for child in children:
        found.append(_read_share(child, "share", least=0))
        child.finish()
    return tuple(share for share in found if share is not None)


def encode_credit(rule: CreditRule) -> dict[str, object]:
    """Write a rule as its canonical document; decoding it gives an equal rule."""
    scope = None if rule.scope.is_open else _write_scope(rule.scope)
    return without_absent(
        {
            "format": CREDIT_FORMAT,
            "key": rule.key,
            "name": dict(rule.name),
            "kind": rule.kind.value,
            "rank": rule.rank,
            "fact": rule.fact,
            "where": write_where(rule.where) or None,
            "scope": scope,
            "to": [_write_receiver(each) for each in rule.receivers] or None,
            "total": optional_text(rule.total, _RATIO),
            "rollUp": None if rule.roll_up is None else _write_roll_up(rule.roll_up),
            "role": rule.role,
            "ifOwner": rule.if_owner and rule.if_owner.value,
            "reason": None if rule.reason is None else dict(rule.reason),
        }
    )


def credit_hash(rule: CreditRule) -> str:
    """Give the SHA-256 of the canonical document: the identity of this version."""
    return document_hash(encode_credit(rule))


def _write_scope(scope: CreditScope) -> dict[str, object]:
    return {
        "units": list(scope.units),
        "platforms": list(scope.platforms),
        "positions": list(scope.positions),
    }


def _write_receiver(receiver: Receiver) -> dict[str, object]:
    return without_absent(
        {
            "who": receiver.who.value,
            "attribute": receiver.attribute,
            "namespace": receiver.namespace,
            "absent": receiver.absent and receiver.absent.value,
            "person": receiver.person,
            "position": receiver.position,
            "unit": receiver.unit,
            "shareOf": receiver.share_of.value,
            "share": optional_text(receiver.share, _RATIO),
            "shareAttribute": receiver.share_attribute,
            "shareUnit": receiver.share_unit and receiver.share_unit.value,
        }
    )


def _write_roll_up(roll_up: RollUp) -> dict[str, object]:
    levels = [{"share": decimal_text(share, _RATIO)} for share in roll_up.shares]
    return without_absent(
        {
            "every": optional_text(roll_up.every, _RATIO),
            "levels": levels or None,
            "dated": roll_up.dated.value,
            "vacancy": roll_up.vacancy.value,
            "coLeaders": roll_up.co_leaders.value,
        }
    )
