"""Why a statement differs from the one before it: by component, by cause, adding up exactly.

Nothing is guessed. The rules of the earlier statement are calculated again with the later numbers,
one kind of number after the other; each step is the difference between two calculations that follow
each other. What is left when every number is the later one came from the rules. So the causes of a
component add up to its difference, and the components to the difference of the payouts, whatever
the rules are. The order of the steps is fixed and told: what was achieved comes first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.component import SCORE
from domain.evaluate import explain
from domain.exact import INTS
from domain.program import Line, LineKind, NeedKind, Program
from domain.statement import Statement

_SEGMENT = re.compile(r"^s\d+\.")
Amounts = Mapping[str, int | None]


class ChangeCause(StrEnum):
    """What kind of number moved, in the order in which the steps are taken."""

    RESULTS = "RESULTS"  # what the person achieved
    TARGETS = "TARGETS"
    GROUP = "GROUP"  # ranks, medians, what a team did
    EARLIER = "EARLIER"  # what was earned before in the span
    TIME = "TIME"  # days of presence, ramps, which windows are paid now
    RULES = "RULES"  # plan, scorecard, or how a cut period is put together


_OF_NEEDS = {
    NeedKind.WINDOW: ChangeCause.RESULTS,
    NeedKind.TO_DATE: ChangeCause.RESULTS,
    NeedKind.DUE: ChangeCause.TIME,
    NeedKind.SPAN_TARGET: ChangeCause.TARGETS,
    NeedKind.TARGET_TO_DATE: ChangeCause.TARGETS,
    NeedKind.TEAM_TARGET: ChangeCause.TARGETS,
    NeedKind.EARNED: ChangeCause.EARLIER,
    NeedKind.TEAM: ChangeCause.GROUP,
    NeedKind.MEDIAN_BEFORE: ChangeCause.GROUP,
    NeedKind.POOL: ChangeCause.GROUP,
    NeedKind.COUNTED: ChangeCause.TIME,
    NeedKind.DAYS: ChangeCause.TIME,
    NeedKind.PERIOD_DAYS: ChangeCause.TIME,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculated:
    """A statement with the rules and the frozen numbers that made it."""

    statement: Statement
    inputs: Mapping[str, int | None]
    score: Program | None
    pay: Program | None

    @property
    def is_ruled_like(self) -> tuple[tuple[str, str], ...]:
        """Name the rules: two statements with the same are calculated by the same lines."""
        kept = {"person", "period"}
        return tuple(
            (name, text)
            for name, text in sorted(self.statement.subject.items())
            if name not in kept and not name.endswith((".start", ".end"))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A number of a statement: ``num / den`` steps of ``unit``; None where it is missing."""

    num: int | None
    unit: str
    den: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A number that a component leans on and that is another one now."""

    key: str  # the metric or component it belongs to
    part: str  # what of it: reached, target, rank, rate
    cause: ChangeCause
    before: Reading | None  # None: not there at all
    after: Reading | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseStep:
    """What one cause changed."""

    cause: ChangeCause
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentChange:
    """What a component paid then and pays now; its causes add up to the difference.

    ``difference`` is None when one of both is held back; then there are no causes.
    """

    key: str
    before: int | None
    after: int | None
    was_there: bool
    is_there: bool
    difference: int | None
    causes: tuple[CauseStep, ...]
    moved: tuple[Moved, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementChange:
    """How one statement became another."""

    before: int | None
    after: int | None
    difference: int | None
    components: tuple[ComponentChange, ...]
    causes: tuple[CauseStep, ...]
    has_other_rules: bool


def changes_between(before: Calculated, after: Calculated) -> StatementChange:
    """Hold two statements in one currency against each other, component by component."""
    old, new = amounts_of(before.statement.pay_lines), amounts_of(after.statement.pay_lines)
    walked = list(_walk(before, after))
    moved_before, moved_after = readings(before), readings(after)
    components = []
    for key in dict.fromkeys((*new, *old)):
        steps = _steps(key, old, new, walked)
        components.append(
            ComponentChange(
                key=key,
                before=old.get(key),
                after=new.get(key),
                was_there=key in old,
                is_there=key in new,
                difference=_minus(new.get(key, 0), old.get(key, 0)),
                causes=steps,
                moved=_moved(moved_before.get(key, {}), moved_after.get(key, {})),
            )
        )
    return StatementChange(
        before=before.statement.payout,
        after=after.statement.payout,
        difference=_minus(_paid(after), _paid(before)),
        components=tuple(components),
        causes=_together(components),
        has_other_rules=before.is_ruled_like != after.is_ruled_like,
    )


def _paid(made: Calculated) -> int | None:
    return made.statement.payout if made.statement.pay_lines else 0


def amounts_of(lines: Sequence[Line]) -> dict[str, int | None]:
    """Add up what each component pays; a part that is held back holds back its component."""
    found: dict[str, int | None] = {}
    for line in lines:
        if line.kind is LineKind.PAY:
            so_far = found.get(line.key, 0)
            known = so_far is not None and line.value is not None
            found[line.key] = INTS.plus(so_far, line.value) if known else None
    return found


def _minus(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else int(INTS.minus(one, other))


def _walk(before: Calculated, after: Calculated) -> Iterator[tuple[ChangeCause, Amounts]]:
    """Let the later numbers come in, one kind after the other, into the earlier rules."""
    causes = causes_of(before)
    inputs = dict(before.inputs)
    for cause in ChangeCause:
        changed = {
            name: after.inputs[name]
            for name, own in causes.items()
            if own is cause and name in after.inputs and after.inputs[name] != inputs.get(name)
        }
        if changed:
            inputs.update(changed)
            yield cause, amounts_of(_pay_lines(before, inputs))


def _pay_lines(made: Calculated, inputs: Mapping[str, int | None]) -> tuple[Line, ...]:
    if made.pay is None:
        return ()
    if made.score is None:
        return explain(made.pay, inputs)
    scored = explain(made.score, inputs)
    score = next((line.value for line in scored if line.name == SCORE), None)
    return explain(made.pay, {**inputs, SCORE: score})


def _steps(
    key: str, old: Amounts, new: Amounts, walked: Sequence[tuple[ChangeCause, Amounts]]
) -> tuple[CauseStep, ...]:
    """Say what each cause changed; a step that cannot be calculated is told with the next one."""
    last, end = old.get(key, 0), new.get(key, 0)
    if last is None or end is None:
        return ()
    found: list[CauseStep] = []
    for cause, amounts in (*walked, (ChangeCause.RULES, {key: end})):
        here = amounts.get(key, 0)
        amount = _minus(here, last)
        if amount:
            found.append(CauseStep(cause=cause, amount=amount))
        last = last if here is None else here
    return tuple(found)


def _together(components: Sequence[ComponentChange]) -> tuple[CauseStep, ...]:
    sums: dict[ChangeCause, int] = {}
    for step in (step for each in components for step in each.causes):
        sums[step.cause] = int(INTS.plus(sums.get(step.cause, 0), step.amount))
    return tuple(
        CauseStep(cause=cause, amount=sums[cause]) for cause in ChangeCause if sums.get(cause)
    )


# ---- which numbers moved ------------------------------------------------------------------------


def causes_of(made: Calculated) -> dict[str, ChangeCause]:
    """Say of every number that comes from outside what kind it is."""
    programs = [each for each in (made.score, made.pay) if each is not None]
    needed = {
        given.name: _OF_NEEDS[need.kind]
        for program in programs
        for need in program.needs
        for given in need.inputs
    }
    names = {given.name for program in programs for given in program.inputs}
    names.discard(SCORE)
    return {name: needed.get(name) or _cause_of_name(name) for name in sorted(names)}


def _cause_of_name(name: str) -> ChangeCause:
    plain = _SEGMENT.sub("", name)
    last = plain.rpartition(".")[2]
    if ".peers." in plain or plain.startswith("team."):
        return ChangeCause.GROUP
    if last in {"target", "baseline", "goal"} or last.startswith("full_"):
        return ChangeCause.TARGETS
    if last in {"present", "period", "days"} or plain == "month" or plain.startswith("ramp."):
        return ChangeCause.TIME
    return ChangeCause.RESULTS


Place = tuple[str, str]  # whose number, and what of it


def readings(made: Calculated) -> dict[str, dict[Place, tuple[ChangeCause, Reading]]]:
    """List, by component, the numbers that its amount leans on, however far behind."""
    causes = causes_of(made)
    score = {line.name: line for line in made.statement.score_lines}
    pay = {line.name: line for line in made.statement.pay_lines}
    found: dict[str, dict[Place, tuple[ChangeCause, Reading]]] = {}
    for line in made.statement.pay_lines:
        if line.kind is LineKind.PAY:
            leaves = dict(_leaves(line, pay, score, causes, set()))
            found.setdefault(line.key, {}).update(_read(leaves, causes))
    return found


def inputs_of(made: Calculated) -> dict[Place, Reading]:
    """List every number from outside that a statement was made of, as it was frozen."""
    programs = [each for each in (made.score, made.pay) if each is not None]
    units = {given.name: given.unit for program in programs for given in program.inputs}
    causes = causes_of(made)
    leaves = {name: (made.inputs.get(name), units[name]) for name in causes}
    return {place: reading for place, (_, reading) in _read(leaves, causes).items()}


Leaf = tuple[str, tuple[int | None, str]]


def _leaves(
    line: Line,
    own: Mapping[str, Line],
    score: Mapping[str, Line],
    given: Mapping[str, ChangeCause],
    seen: set[str],
) -> Iterator[Leaf]:
    """Follow a line down to the numbers from outside, and to the numbers of the document."""
    mark = f"{id(own)}:{line.name}"
    if mark in seen:
        return
    seen.add(mark)
    for name, value, unit in line.inputs:
        if name in own:
            yield from _leaves(own[name], own, score, given, seen)
        elif name == SCORE and name in score:
            yield from _leaves(score[name], score, score, given, seen)
        elif name in given or "." in name:
            yield name, (value, unit)
        else:
            yield f"{line.key}:{name}", (value, unit)


def _read(
    leaves: Mapping[str, tuple[int | None, str]], causes: Mapping[str, ChangeCause]
) -> dict[Place, tuple[ChangeCause, Reading]]:
    """Put the two halves of a fraction together, and name every number after what it is."""
    found: dict[Place, tuple[ChangeCause, Reading]] = {}
    for name, (value, unit) in leaves.items():
        if name.endswith("den") and f"{name[:-3]}num" in leaves:
            continue
        den = 1
        if name.endswith("num"):
            den = leaves.get(f"{name[:-3]}den", (1, ""))[0] or 1
        cause = causes.get(name, ChangeCause.RULES)
        found[place_of(name)] = cause, Reading(num=value, unit=unit, den=den)
    return found


def place_of(name: str) -> Place:
    """Say whose number a name is and what of it: ``sales.num`` is what was reached of sales."""
    if ":" in name:
        key, _, part = name.partition(":")
        return key, part
    key, _, part = name.rpartition(".")
    part = part.removesuffix("num").rstrip("_") or "reached"
    return key.removesuffix(".peers"), part


def _moved(
    before: Mapping[Place, tuple[ChangeCause, Reading]],
    after: Mapping[Place, tuple[ChangeCause, Reading]],
) -> tuple[Moved, ...]:
    found = []
    for place in dict.fromkeys((*after, *before)):
        old, new = before.get(place), after.get(place)
        if old is None or new is None or old[1] != new[1]:
            known = new or old
            assert known is not None
            found.append(
                Moved(
                    key=place[0],
                    part=place[1],
                    cause=known[0],
                    before=old[1] if old else None,
                    after=new[1] if new else None,
                )
            )
    order = list(ChangeCause)
    return tuple(sorted(found, key=lambda each: (order.index(each.cause), each.key, each.part)))
