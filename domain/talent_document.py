"""Reading documents of rules about people, format ``attain.talent/1``.

A document that draws anything but help from ranking last is refused, and told why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from domain.component import CutTie, PeerGroup, ShareRounding
from domain.document import DocumentReader
from domain.exact import RATIO_ONE
from domain.metric import read_key
from domain.period import PeriodKind
from domain.problem import Problem
from domain.scorecard import read_at_least
from domain.talent import (
    FITTING,
    OF_WEAKNESS,
    Against,
    Average,
    Counts,
    Course,
    Leave,
    Provider,
    Share,
    TalentKind,
    TalentOutcome,
    TalentRule,
    TalentRules,
)

TALENT_FORMAT = "attain.talent/1"
_MOST_PERIODS = 120
_MOST_PEOPLE = 1_000_000
_STREAKS = frozenset(
    {
        TalentKind.TOP_SHARE_STREAK,
        TalentKind.SCORE_STREAK,
        TalentKind.BOTTOM_SHARE_STREAK,
        TalentKind.PLATFORM_LEAD,
        TalentKind.MISS_STREAK,
        TalentKind.WEAKEST_KPI,
    }
)


def decode_talent(document: object) -> tuple[TalentRules | None, tuple[Problem, ...]]:
    """Read a document; every fault is found in one pass."""
    reader = DocumentReader(document)
    reader.format(TALENT_FORMAT)
    key, name = read_key(reader, "key"), reader.texts("name")
    days = reader.whole("openDays", 1, 3_650)
    rules = tuple(_read_rule(each) for each in reader.children("rules"))
    courses = tuple(_read_course(each) for each in reader.children("courses", required=False))
    training = _read_training(reader, [each.id for each in courses if each is not None])
    reader.finish()
    _refuse_twice(reader, "rules", [each.id for each in rules if each is not None])
    _refuse_twice(reader, "courses", [each.id for each in courses if each is not None])
    if reader.failed or key is None or name is None or days is None:
        return None, tuple(reader.problems)
    found = TalentRules(
        key=key,
        name=name,
        open_days=days,
        rules=tuple(each for each in rules if each is not None),
        courses=tuple(each for each in courses if each is not None),
        training=training,
    )
    return found, tuple(reader.problems)


def _refuse_twice(reader: DocumentReader, field: str, ids: Sequence[str]) -> None:
    for place, each in enumerate(ids):
        if each in ids[:place]:
            reader.note("talent_id_twice", f"{field}[{place}].id", {"id": each})


def _read_course(reader: DocumentReader) -> Course | None:
    identity, name = read_key(reader, "id"), reader.texts("name")
    provider = reader.choice("provider", Provider)
    reader.finish()
    if identity is None or name is None or provider is None:
        return None
    return Course(id=identity, name=name, provider=provider)


def _read_training(reader: DocumentReader, courses: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in reader.children("training", required=False):
        metric, course = read_key(each, "metric"), read_key(each, "course")
        each.finish()
        if course is not None and course not in courses:
            each.note("talent_course_unknown", each.at("course"), {"course": course})
        if metric is not None and metric in found:
            each.note("talent_id_twice", each.at("metric"), {"id": metric})
        if metric is not None and course is not None:
            found[metric] = course
    return found


def _read_rule(reader: DocumentReader) -> TalentRule | None:
    identity, name = read_key(reader, "id"), reader.texts("name")
    kind = reader.choice("kind", TalentKind)
    outcome = _read_outcome(reader, kind)
    counts = reader.choice("counts", Counts)
    if kind is None:
        return None
    own = _KINDS[kind](reader)
    streak: dict[str, object] = {}
    if kind in _STREAKS:
        streak = {
            "periods": reader.whole("periods", 1, _MOST_PERIODS),
            "leave": reader.choice("leave", Leave),
            "cadence": reader.choice("cadence", PeriodKind),
        }
    if kind in OF_WEAKNESS:
        streak["note_to_manager"] = reader.flag("noteToManager")
    reader.finish()
    fields = {
        "id": identity,
        "name": name,
        "outcome": outcome,
        "counts": counts,
        **streak,
        **own,
    }
    if any(value is None for value in fields.values()):
        return None
    return TalentRule(kind=kind, **fields)  # type: ignore[arg-type]


def _read_outcome(reader: DocumentReader, kind: TalentKind | None) -> TalentOutcome | None:
    """Read what follows. From weakness follows help, never a loss: the document is told why."""
    given = reader.text("proposes")
    if given is None or kind is None:
        return None
    fitting = FITTING[kind]
    if given in TalentOutcome.__members__ and TalentOutcome[given] in fitting:
        return TalentOutcome[given]
    values = {"proposes": given[:80], "kind": kind.value, "choices": ", ".join(sorted(fitting))}
    known = given in TalentOutcome.__members__ and kind not in OF_WEAKNESS
    code = "talent_outcome_unfit" if known else "talent_never_from_rank"
    reader.note(code, reader.at("proposes"), values)
    return None


def _read_compared(reader: DocumentReader) -> dict[str, object]:
    return {
        "measure": read_key(reader, "measure"),
        "peer_group": reader.choice("peerGroup", PeerGroup),
        "minimum_cohort": reader.whole("minimumCohort", 1, _MOST_PEOPLE),
    }


def _read_share(reader: DocumentReader) -> dict[str, object]:
    share = _read_part(reader, "share")
    rounding = reader.choice("rounding", ShareRounding)
    least = reader.whole("least", 0, _MOST_PEOPLE)
    tie = reader.choice("tie", CutTie)
    found = None
    if share is not None and rounding and least is not None and tie:
        found = Share(share=share, rounding=rounding, least=least, tie=tie)
    return {**_read_compared(reader), "share": found}


def _read_score(reader: DocumentReader) -> dict[str, object]:
    return {"score": read_at_least(reader, "score", "POINT")}


def _read_lead(reader: DocumentReader) -> dict[str, object]:
    return {
        "measure": read_key(reader, "measure"),
        "peer_group": PeerGroup.PLATFORM,
        "minimum_cohort": reader.whole("minimumCohort", 1, _MOST_PEOPLE),
        "average": reader.choice("average", Average),
        "platforms": reader.whole("platforms", 1, _MOST_PERIODS),
        "above": _read_part(reader, "above"),
    }


def _read_part(reader: DocumentReader, field: str) -> int | None:
    part = read_at_least(reader, field, "RATIO")
    if part is not None and part > RATIO_ONE:
        values = {"field": field, "low": "0", "high": "1"}
        reader.note("number_out_of_range", reader.at(field), values)
        return None
    return part


def _read_missed(reader: DocumentReader) -> dict[str, object]:
    metrics = reader.names("metrics")
    if reader.has("metrics") and not metrics and not reader.failed:
        reader.note("list_empty", reader.at("metrics"), {"field": "metrics"})
    return {"metrics": metrics or None}


def _read_weakest(reader: DocumentReader) -> dict[str, object]:
    against = reader.choice("against", Against)
    found: dict[str, object] = {
        "against": against,
        "least_lost": read_at_least(reader, "leastLost", "POINT"),
    }
    if against is Against.MEDIAN:
        found["peer_group"] = reader.choice("peerGroup", PeerGroup)
        found["minimum_cohort"] = reader.whole("minimumCohort", 1, _MOST_PEOPLE)
    return found


_KINDS: dict[TalentKind, Callable[[DocumentReader], dict[str, object]]] = {
    TalentKind.TOP_SHARE_STREAK: _read_share,
    TalentKind.BOTTOM_SHARE_STREAK: _read_share,
    TalentKind.SCORE_STREAK: _read_score,
    TalentKind.FIRST_ABOVE_MEDIAN: _read_compared,
    TalentKind.PLATFORM_LEAD: _read_lead,
    TalentKind.MISS_STREAK: _read_missed,
    TalentKind.WEAKEST_KPI: _read_weakest,
}
