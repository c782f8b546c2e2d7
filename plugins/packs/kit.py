"""The pack kit: what a pack has to keep before a company may count and pay by it.

Each check looks at one thing and returns problems with a code, a place and a sentence in both
languages. The checks are the same for the packs we ship and for those of others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from domain.columns import Column
from domain.finding import FindingWeight
from domain.lint import Surroundings, lint
from domain.measure import aggregates, everyone
from domain.metric import EmptyPolicy, Metric, decode_metric, encode_metric
from domain.pack_data import leaves_of_formula
from domain.pack_layer import held, pack_leaves
from domain.period import period_named
from domain.plan import Plan, decode_plan, has_errors
from domain.plan_document import encode_plan
from domain.problem import Problem, Severity
from domain.scorecard import Scorecard, decode_scorecard, encode_scorecard
from plugins.packs.examples import run_examples
from plugins.packs.pack import Pack
from plugins.packs.reading import content_of, read_content

FOLDER = Path(__file__).parent
RESERVED = frozenset({"attain", "company", "metric", "pack", "payout", "score", "team"})
_HAN = re.compile("[一-鿿]")
_WEIGHTS = frozenset({"weights_not_100", "weights_all_zero"})
_TOGETHER = frozenset(
    {
        "direction_differs",
        "metric_not_in_pack",
        "name_not_unique",
        "pack_document_unknown",
        "pack_entity_undeclared",
        "pack_key_foreign",
        "unit_differs",
    }
)
_FACTS = 6  # of every kind, when a formula is tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A pack that is looked at: what the file says, and what reading made of it.

    ``is_ours`` says that it may bear the id of a pack we ship; ``before`` is the version that
    companies have installed, where there is one.
    """

    file: str
    content: Mapping[str, Any]
    pack: Pack | None
    problems: tuple[Problem, ...]
    is_ours: bool = False
    before: Pack | None = None

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The KPIs, read."""
        read = (decode_metric(each)[0] for each in (self.pack.metrics if self.pack else ()))
        return tuple(each for each in read if each is not None)

    @property
    def cards(self) -> tuple[Scorecard, ...]:
        """The scorecards, read."""
        read = (decode_scorecard(each)[0] for each in (self.pack.scorecards if self.pack else ()))
        return tuple(each for each in read if each is not None)

    @property
    def plans(self) -> tuple[Plan, ...]:
        """The plans, read."""
        read = (decode_plan(each)[0] for each in (self.pack.plans if self.pack else ()))
        return tuple(each for each in read if each is not None)


Check = Callable[[Candidate], Iterator[Problem]]


def candidate(path: Path, before: Path | None = None) -> Candidate:
    """Read a file to be checked."""
    content, problems = content_of(path)
    older = None if before is None else _content(before)
    if content is None:
        return Candidate(file=path.name, content={}, pack=None, problems=problems, before=older)
    return candidate_of(path.name, content, is_ours=path.parent == FOLDER, before=older)


def _content(path: Path) -> Pack | None:
    content, _ = content_of(path)
    return None if content is None else read_content(path.name, content)[0]


def candidate_of(
    file: str, content: dict[str, Any], *, is_ours: bool = False, before: Pack | None = None
) -> Candidate:
    """Take what a file says as what is to be checked."""
    pack, problems = read_content(file, content)
    return Candidate(
        file=file, content=content, pack=pack, problems=problems, is_ours=is_ours, before=before
    )


def examined(found: Candidate) -> dict[str, tuple[Problem, ...]]:
    """Run every check; return what each found, by its number."""
    return {number: tuple(check(found)) for number, check in CHECKS.items()}


def has_form(found: Candidate) -> Iterator[Problem]:
    """The file has the form of the published schema, and every document is one of its format."""
    for each in found.problems:
        warned = each.severity is Severity.WARNING
        if not warned and each.code not in _WEIGHTS | _TOGETHER:
            yield each


def weights_add_up(found: Candidate) -> Iterator[Problem]:
    """The weights of every scorecard add up to 100."""
    yield from (each for each in found.problems if each.code in _WEIGHTS)


def fits_together(found: Candidate) -> Iterator[Problem]:
    """Cards, plans and examples name KPIs of the pack, with their unit and direction."""
    yield from (each for each in found.problems if each.code in _TOGETHER)


def formulas_evaluate(found: Candidate) -> Iterator[Problem]:
    """Every formula gives a number where there are facts, and what `empty` says where none are."""
    period = period_named("2026-09")
    for place, metric in enumerate(found.metrics):
        needs = aggregates(metric, period)
        values = np.array([_FACTS, 0], dtype=np.int64)
        present = np.array([True, False])
        sums = {need: Column(values, present) for need in needs}
        try:
            num, den = everyone(metric, period, sums, 2)
        except (ArithmeticError, KeyError, ValueError):
            num = den = Column(values, np.array([False, False]))
        with_facts, without = num.at(0) is not None and bool(den.at(0)), num.at(1) is not None
        if not with_facts or (without and metric.empty is EmptyPolicy.NO_DATA):
            yield _problem(found, "pack_formula_empty", f"metrics[{place}].formula", metric.key)


def speaks_both_languages(found: Candidate) -> Iterator[Problem]:
    """Every Chinese text is Chinese, and no English one is."""
    for place, text in _texts(found.content, ""):
        if not _HAN.search(str(text["zh-CN"])) or _HAN.search(str(text["en"])):
            yield _problem(found, "pack_text_language", place, str(text["en"])[:60])


def _texts(value: object, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        if set(value) == {"zh-CN", "en"} and all(isinstance(one, str) for one in value.values()):
            yield path, value
            return
        for name, inner in value.items():
            yield from _texts(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, f"{path}[{index}]")


def has_synonyms(found: Candidate) -> Iterator[Problem]:
    """Every KPI is found by other words in both languages, and no word means two KPIs."""
    words: dict[tuple[str, str], str] = {}
    for metric in found.metrics:
        said = found.pack.synonyms.get(metric.key, {}) if found.pack else {}
        for language in ("zh-CN", "en"):
            if not said.get(language):
                place = f"synonyms.{metric.key}.{language}"
                yield _problem(found, "pack_synonym_missing", place, metric.key)
            for word in said.get(language, ()):
                other = words.setdefault((language, word.lower()), metric.key)
                if other != metric.key:
                    place = f"synonyms.{metric.key}"
                    values = {"word": word, "key": metric.key, "other": other}
                    yield Problem(
                        code="pack_synonym_shared", path=f"{found.file}/{place}", values=values
                    )


def plans_are_clean(found: Candidate) -> Iterator[Problem]:
    """The linter finds no error in any plan: nothing that publishing would need a reason for."""
    directions = {each.key: each.direction for each in found.metrics}
    for place, plan in enumerate(found.plans):
        blocking = sorted(
            {
                each.code.value
                for each in lint(plan, around=Surroundings(directions=directions))
                if each.weight is FindingWeight.ERROR
            }
        )
        if blocking:
            values = {"key": plan.key, "findings": ", ".join(blocking)}
            path = f"{found.file}/plans[{place}]"
            yield Problem(code="pack_plan_blocks", path=path, values=values)


def examples_hold(found: Candidate) -> Iterator[Problem]:
    """Every worked example comes to the numbers it states."""
    if found.pack is not None:
        yield from run_examples(found.pack)


def examples_cover(found: Candidate) -> Iterator[Problem]:
    """Every card and every plan has an example, and one of somebody without data."""
    yield from (each for each in found.problems if each.code == "pack_example_missing")
    if found.pack is None:
        return
    for section, field in (("scorecards", "scorecard"), ("plans", "plan")):
        documents = found.pack.scorecards if section == "scorecards" else found.pack.plans
        for place, document in enumerate(documents):
            examples = [each for each in found.pack.examples if each.get(field) == document["key"]]
            if examples and not any(_lacks_data(found, each) for each in examples):
                key = str(document["key"])
                yield _problem(found, "pack_example_easy", f"{section}[{place}]", key)


def _lacks_data(found: Candidate, example: Mapping[str, Any]) -> bool:
    """Say whether somebody of an example has no data of something that it is about."""
    used: set[str] = set()
    for card in found.cards:
        if card.key == example.get("scorecard"):
            used |= set(card.metrics)
    for plan in found.plans:
        if plan.key == example.get("plan"):
            used |= set(plan.units)
    people = [person["given"] for person in example["people"]]
    used = used or {key for given in people for key in given}
    return any("actual" not in given.get(key, {}) for given in people for key in used)


def id_is_free(found: Candidate) -> Iterator[Problem]:
    """The id is neither a word of the product nor that of a pack we ship."""
    ours = {path.stem for path in FOLDER.glob("*.toml")}
    name = str(found.content.get("id", ""))
    if name in RESERVED or (name in ours and not found.is_ours):
        yield _problem(found, "pack_id_reserved", "id", name)


def facts_are_used(found: Candidate) -> Iterator[Problem]:
    """Every kind of fact that is asked for is read by some KPI: nothing is connected in vain."""
    used = {str(leaf.fact) for each in found.metrics for leaf in leaves_of_formula(each)}
    for kind in found.pack.entities if found.pack else ():
        if kind not in used:
            yield _problem(found, "pack_entity_unused", "requires.entities", kind)


def can_be_layered(found: Candidate) -> Iterator[Problem]:
    """Taken apart by keys and put together it is the same: a company can change any leaf of it."""
    if found.pack is None:
        return
    pack = found.pack
    rules = held(pack_leaves(pack.metrics, pack.scorecards, pack.plans), {})
    written = (
        tuple(encode_metric(each) for each in found.metrics),
        tuple(encode_scorecard(each) for each in found.cards),
        tuple(encode_plan(each) for each in found.plans),
    )
    if (rules.metrics, rules.scorecards, rules.plans) != written or has_errors(found.problems):
        yield _problem(found, "pack_not_layered", "", pack.id)
    for section in ("metrics", "scorecards", "plans"):
        for place, document in enumerate(rules.section(section)):
            for path, components in _lists(document, f"{section}[{place}]"):
                if len({str(each.get("id")) for each in components}) != len(components):
                    yield _problem(found, "pack_not_layered", path, pack.id)


def _lists(document: Mapping[str, Any], path: str) -> Iterator[tuple[str, list[Any]]]:
    for name in ("components", "adjustments"):
        if isinstance(document.get(name), list):
            yield f"{path}.{name}", document[name]


def keeps_its_keys(found: Candidate) -> Iterator[Problem]:
    """Beside the version before: a key never means something else, and one that goes is major."""
    if found.before is None or found.pack is None:
        return
    old, new = _version(found.before.version), _version(found.pack.version)
    if new <= old and found.pack.hash != found.before.hash:
        yield _problem(found, "pack_version_low", "version", found.before.version)
    old_metrics = {str(each["key"]): each for each in found.before.metrics}
    for place, document in enumerate(found.pack.metrics):
        was = old_metrics.get(str(document["key"]))
        same = ("formula", "unit", "direction")
        if was is not None and any(was.get(name) != document.get(name) for name in same):
            path = f"metrics[{place}]"
            yield _problem(found, "pack_key_changed", path, str(document["key"]))
    for section in ("metrics", "scorecards", "plans"):
        before = {str(each["key"]) for each in getattr(found.before, section)}
        gone = before - {str(each["key"]) for each in getattr(found.pack, section)}
        if gone and new[0] <= old[0]:
            yield _problem(found, "pack_key_gone", section, ", ".join(sorted(gone)))


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _problem(found: Candidate, code: str, place: str, key: str) -> Problem:
    path = f"{found.file}/{place}" if place else found.file
    return Problem(code=code, path=path, values={"key": key[:120]})


CHECKS: Mapping[str, Check] = {
    "P01": has_form,
    "P02": weights_add_up,
    "P03": fits_together,
    "P04": formulas_evaluate,
    "P05": speaks_both_languages,
    "P06": has_synonyms,
    "P07": plans_are_clean,
    "P08": examples_hold,
    "P09": examples_cover,
    "P10": id_is_free,
    "P11": facts_are_used,
    "P12": can_be_layered,
    "P13": keeps_its_keys,
}
