"""Reads industry packs as data: nothing of a pack is imported or run, every fault has a place.

A pack is TOML of the form in ``pack.schema.json``. Its metrics, scorecards and plans are the same
documents that the API takes, read by the same decoders, then held against each other.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from connectors.contract import API_VERSION
from domain.document import document_hash
from domain.metric import Metric, decode_metric, encode_metric
from domain.plan import Plan, decode_plan, has_errors
from domain.plan_document import encode_plan
from domain.problem import Problem
from domain.scorecard import Scorecard, decode_scorecard, encode_scorecard
from plugins.api_version import accepts
from plugins.nouns import PackFile
from plugins.packs.examples import run_examples
from plugins.packs.pack import Document, Pack
from plugins.packs.shape import shape_problems
from plugins.packs.together import together_problems

__all__ = ["Pack", "packs_from", "read_pack", "run_examples"]

LARGEST_FILE = 1_000_000  # bytes; ours has thirty thousand
DEEPEST = 24  # tables inside tables; a formula of formulas needs ten

Problems = tuple[Problem, ...]


def read_pack(path: Path) -> tuple[Pack | None, Problems]:
    """Read one pack. No pack comes back when any problem is an error; warnings come beside it.

    Every problem names its place after the file: ``retail.toml/metrics[3].formula.kind``.
    """
    raw, problems = _bytes(path)
    return (None, problems) if raw is None else _read(path.name, raw)


@lru_cache(maxsize=64)
def _read(file: str, raw: bytes) -> tuple[Pack | None, Problems]:
    """Read and check the content once; the same bytes are the same pack."""
    content, problems = _content(file, raw)
    return (None, problems) if content is None else read_content(file, content)


def content_of(path: Path) -> tuple[dict[str, Any] | None, Problems]:
    """Make plain values of a file, or say why they are none; nothing else is looked at."""
    raw, problems = _bytes(path)
    return (None, problems) if raw is None else _content(path.name, raw)


def read_content(file: str, content: dict[str, Any]) -> tuple[Pack | None, Problems]:
    """Read and check what a file says."""
    problems = _api_problems(content)
    pack = None
    if not problems:
        pack, problems = _checked(file, content)
    return pack, tuple(replace(each, path=_place(file, each.path)) for each in problems)


@lru_cache(maxsize=64)
def _tried(file: str, raw: bytes) -> tuple[Pack | None, Problems]:
    """Read the content and run its examples, once."""
    pack, problems = _read(file, raw)
    return pack, problems if pack is None else problems + run_examples(pack)


def packs_from(files: Iterable[PackFile]) -> tuple[Mapping[str, Pack], Problems]:
    """Read every pack that the hook ``kpi_packs`` brought; a wrong one never stops the others.

    A pack whose examples give other numbers than it says is refused: it would pay wrongly.
    """
    packs: dict[str, Pack] = {}
    found: list[Problem] = []
    for file in files:
        raw, problems = _bytes(file.path)
        pack, problems = (None, problems) if raw is None else _tried(file.path.name, raw)
        if pack is not None:
            problems = _named_wrongly(file, pack, packs) + problems
            if not has_errors(problems):
                packs[pack.id] = pack
        found.extend(problems)
    return packs, tuple(found)


def _named_wrongly(file: PackFile, pack: Pack, packs: Mapping[str, Pack]) -> Problems:
    place = f"{pack.file}/id"
    if file.id != pack.id:
        values = {"pack": pack.id, "named": file.id}
        return (Problem(code="pack_id_differs", path=place, values=values),)
    if pack.id in packs:
        return (Problem(code="name_not_unique", path=place, values={"name": pack.id}),)
    return ()


def _bytes(path: Path) -> tuple[bytes | None, Problems]:
    """Read the file, or say why it cannot be read."""
    file = path.name
    try:
        with path.open("rb") as opened:
            raw = opened.read(LARGEST_FILE + 1)
    except OSError as fault:
        values = {"file": file, "detail": fault.strerror or type(fault).__name__}
        return None, (Problem(code="file_unreadable", path=file, values=values),)
    if len(raw) > LARGEST_FILE:
        values = {"file": file, "limit": str(LARGEST_FILE)}
        return None, (Problem(code="file_too_large", path=file, values=values),)
    return raw, ()


def _content(file: str, raw: bytes) -> tuple[dict[str, Any] | None, Problems]:
    """Make plain values of the bytes, or say why they are none."""
    try:
        content = tomllib.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as fault:
        # the parser's own words end in "(at line 7, column 3)"
        values = {"pack": Path(file).stem, "error": str(fault)}
        return None, (Problem(code="pack_not_toml", path=file, values=values),)
    if _deeper_than(content, DEEPEST):
        values = {"limit": str(DEEPEST)}
        return None, (Problem(code="pack_too_deep", path=file, values=values),)
    return content, ()


def _deeper_than(content: object, limit: int) -> bool:
    level: list[object] = [content]
    for _ in range(limit):
        inner: list[object] = []
        for value in level:
            inner.extend(value.values() if isinstance(value, dict) else ())
            inner.extend(value if isinstance(value, list) else ())
        level = inner
    return bool(level)


def _api_problems(content: Mapping[str, Any]) -> Problems:
    """Look at the contract first: a pack for another version has faults that are none."""
    requires = content.get("requires")
    wanted = requires.get("api") if isinstance(requires, Mapping) else None
    if not isinstance(wanted, str) or accepts(wanted):
        return ()
    values = {"plugin": str(content.get("id", "")), "wanted": wanted, "ours": API_VERSION}
    return (Problem(code="plugin_api_differs", path="requires.api", values=values),)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What the decoders made of one list of documents: by place, None where a document is wrong."""

    objects: tuple[Any, ...]
    problems: Problems
    wrong: tuple[str, ...]  # the places of the documents with errors


def _checked(file: str, content: dict[str, Any]) -> tuple[Pack | None, Problems]:
    metrics = _documents(content, "metrics", decode_metric)
    cards = _documents(content, "scorecards", decode_scorecard)
    plans = _documents(content, "plans", decode_plan)
    wrong = metrics.wrong + cards.wrong + plans.wrong
    # the decoders have said it better where they have found something
    shape = tuple(each for each in shape_problems(content) if not each.path.startswith(wrong))
    problems = shape + metrics.problems + cards.problems + plans.problems
    if not has_errors(shape):
        problems += together_problems(content, metrics.objects, cards.objects, plans.objects)
    if has_errors(problems):
        return None, problems
    return _pack(file, content, metrics.objects, cards.objects, plans.objects), problems


def _documents(
    content: Mapping[str, Any],
    name: str,
    decode: Callable[[object], tuple[Metric | Scorecard | Plan | None, Problems]],
) -> _Read:
    listed = content.get(name, [])
    objects, problems, wrong = [], [], []
    for index, document in enumerate(listed if isinstance(listed, list) else []):
        place = f"{name}[{index}]"
        found, faults = decode(document)
        objects.append(found)
        problems += [
            replace(each, path=f"{place}.{each.path}" if each.path else place) for each in faults
        ]
        if has_errors(faults):
            wrong.append(place)
    return _Read(objects=tuple(objects), problems=tuple(problems), wrong=tuple(wrong))


def _pack(
    file: str,
    content: dict[str, Any],
    metrics: tuple[Metric, ...],
    cards: tuple[Scorecard, ...],
    plans: tuple[Plan, ...],
) -> Pack:
    examples: tuple[Document, ...] = tuple(content["examples"])
    return Pack(
        id=content["id"],
        version=content["version"],
        hash=document_hash(content),
        file=file,
        name=content["name"],
        explanation=content["explanation"],
        industry=content["industry"],
        entities=tuple(content["requires"]["entities"]),
        metrics=tuple(encode_metric(each) for each in metrics),
        scorecards=tuple(encode_scorecard(each) for each in cards),
        plans=tuple(encode_plan(each) for each in plans),
        examples=examples,
        sources=tuple(content["sources"]),
        suits=content.get("suits", {}),
        synonyms={
            key: {language: tuple(words) for language, words in named.items()}
            for key, named in content.get("synonyms", {}).items()
        },
    )


def _place(file: str, path: str) -> str:
    return f"{file}/{path}" if path else file
