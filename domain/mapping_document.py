"""The mapping document: read with every fault named by its JSON path, and written back."""

from __future__ import annotations

import re
from typing import Any

from domain.document import DocumentReader, without_absent
from domain.mapping import (
    DIRECTORY_FIELDS,
    MAPPING_FORMAT,
    Cell,
    Choices,
    Comparison,
    DirectoryTarget,
    FactTarget,
    Make,
    Moment,
    Quantity,
    Sign,
    SourceMapping,
    StreamMapping,
    Target,
    WhenMissing,
    Where,
)
from domain.problem import Problem

_FORMAT = re.compile(r"(?:[^%]|%[YmdHMSfz])+")
_AHEAD_MAX = 3_660


def decode_mapping(document: object) -> tuple[SourceMapping | None, tuple[Problem, ...]]:
    """Read a mapping document; None and the problems when anything in it is wrong."""
    reader = DocumentReader(document)
    reader.format(MAPPING_FORMAT)
    streams: dict[str, StreamMapping] = {}
    parent = reader.child("streams")
    for name in parent.keys if parent else ():
        child = parent.child(name) if parent else None
        if child is not None:
            streams[name] = _stream(child, name)
    if parent is not None:
        parent.finish()
        if not parent.keys:
            reader.note("list_empty", "streams", {"field": "streams"})
    reader.finish()
    mapping = None if reader.failed else SourceMapping(streams=streams)
    return mapping, tuple(reader.problems)


def _stream(reader: DocumentReader, name: str) -> StreamMapping:
    zone = reader.text("zone", required=False)
    choices = []
    for child in reader.children("choices", required=False):
        column, values = child.text("column"), child.names("values")
        child.finish()
        if column:
            choices.append(Choices(column=column, values=values))
    targets = []
    seen: set[str] = set()
    for child in reader.children("targets"):
        target = _target(child)
        if target is None:
            continue
        if target.name in seen:
            reader.note("name_not_unique", child.at("target"), {"name": target.name})
        seen.add(target.name)
        targets.append(target)
    if reader.has("targets") and not targets:
        reader.note("list_empty", reader.at("targets"), {"field": "targets"})
    reader.finish()
    return StreamMapping(name=name, zone=zone, choices=tuple(choices), targets=tuple(targets))


def _target(reader: DocumentReader) -> Target | None:
    # not "name", which is a field of people, units and platforms
    name, make = reader.text("target"), reader.choice("make", Make)
    where = tuple(_where(child) for child in reader.children("where", required=False))
    fact = directory = None
    if make is Make.FACT:
        fact = _fact(reader)
    elif make is not None:
        directory = _directory(reader, make)
    reader.finish()
    if name is None or make is None or (fact is None and directory is None):
        return None
    kept = tuple(each for each in where if each is not None)
    return Target(name=name, make=make, where=kept, fact=fact, directory=directory)


def _where(reader: DocumentReader) -> Where | None:
    column, comparison = reader.text("column"), reader.choice("comparison", Comparison)
    bare = comparison in (Comparison.EMPTY, Comparison.NOT_EMPTY)
    values = reader.names("values", required=not bare)
    reader.finish()
    if column is None or comparison is None:
        return None
    return Where(column=column, comparison=comparison, values=values)


def _fact(reader: DocumentReader) -> FactTarget | None:
    kind, namespace = reader.text("kind"), reader.text("namespace")
    person = _cell(reader, "person")
    day = _moment(reader, "date", required=False)
    instant = _moment(reader, "instant", required=False)
    quantity = _quantity(reader)
    subject = _cell(reader, "subject", required=False)
    attributes = reader.child("attributes", required=False)
    cells = {}
    for name in attributes.keys if attributes else ():
        cell = _cell(attributes, name) if attributes else None
        if cell is not None:
            cells[name] = cell
    if attributes is not None:
        attributes.finish()
    if day is None and instant is None and not reader.has("date"):
        reader.note("field_missing", reader.at("date"), {"field": "date"})
    if kind is None or namespace is None or person is None or quantity is None:
        return None
    return FactTarget(
        kind=kind,
        namespace=namespace,
        person=person,
        day=day,
        instant=instant,
        quantity=quantity,
        subject=subject,
        attributes=cells,
    )


def _directory(reader: DocumentReader, make: Make) -> DirectoryTarget:
    texts, texts_maybe, days, days_maybe = DIRECTORY_FIELDS[make]
    cells = {name: _cell(reader, name) for name in texts}
    cells.update({name: _cell(reader, name, required=False) for name in texts_maybe})
    moments = {name: _moment(reader, name) for name in days}
    moments.update({name: _moment(reader, name, required=False) for name in days_maybe})
    identities: dict[str, Cell] = {}
    child = reader.child("identities", required=False) if make is Make.PERSON else None
    for namespace in child.keys if child else ():
        cell = _cell(child, namespace) if child else None
        if cell is not None:
            identities[namespace] = cell
    if child is not None:
        child.finish()
    return DirectoryTarget(
        cells={name: cell for name, cell in cells.items() if cell is not None},
        moments={name: moment for name, moment in moments.items() if moment is not None},
        identities=identities,
    )


def _cell(reader: DocumentReader, name: str, *, required: bool = True) -> Cell | None:
    child = reader.child(name, required=required)
    if child is None:
        return None
    column, constant = child.text("column", required=False), child.text("constant", required=False)
    _either(child, column, constant)
    values: dict[str, str] = {}
    spelled = child.child("values", required=False)
    for wrong in spelled.keys if spelled else ():
        right = spelled.text(wrong) if spelled else None
        if right is not None:
            values[wrong] = right
    missing = child.names("missing", required=False)
    when = child.choice("whenMissing", WhenMissing, required=False)
    child.finish()
    return Cell(
        column=column,
        constant=constant,
        values=values,
        missing=missing,
        when_missing=when or WhenMissing.REJECT,
    )


def _moment(reader: DocumentReader, name: str, *, required: bool = True) -> Moment | None:
    child = reader.child(name, required=required)
    if child is None:
        return None
    column, constant = child.text("column", required=False), child.day("constant", required=False)
    _either(child, column, constant)
    formats = child.names("formats", required=column is not None)
    for index, text in enumerate(formats):
        if not _FORMAT.fullmatch(text):
            values = {"value": text, "field": "formats", "choices": "%Y %m %d %H %M %S %f %z"}
            child.note("choice_unknown", f"{child.at('formats')}[{index}]", values)
    when = child.choice("whenMissing", WhenMissing, required=False)
    ahead = child.whole("aheadDays", 0, _AHEAD_MAX, required=False)
    child.finish()
    return Moment(
        column=column,
        constant=constant,
        formats=formats,
        when_missing=when or WhenMissing.REJECT,
        ahead_days=ahead,
    )


def _quantity(reader: DocumentReader) -> Quantity | None:
    child = reader.child("quantity")
    if child is None:
        return None
    unit, unit_cell = child.unit("unit", required=False), _cell(child, "unitCell", required=False)
    _either(child, unit, unit_cell, "unit")
    column, constant = child.text("column", required=False), child.text("constant", required=False)
    _either(child, column, constant)
    sign = child.choice("sign", Sign)
    grouping = child.text("grouping", required=False) or ""
    child.finish()
    if sign is None:
        return None
    return Quantity(
        unit=unit,
        unit_cell=unit_cell,
        column=column,
        constant=constant,
        sign=sign,
        grouping=grouping,
    )


def _either(reader: DocumentReader, one: object, other: object, field: str = "column") -> None:
    if (one is None) == (other is None):
        code = "field_missing" if one is None else "field_unknown"
        reader.note(code, reader.at(field), {"field": field})


# ---- writing -------------------------------------------------------------------------------------


def encode_mapping(mapping: SourceMapping) -> dict[str, Any]:
    """Write a mapping back as its document: ``encode(decode(x)) == x`` for a canonical x."""
    streams = {name: _write_stream(stream) for name, stream in mapping.streams.items()}
    return {"format": MAPPING_FORMAT, "streams": streams}


def _write_stream(stream: StreamMapping) -> dict[str, Any]:
    choices = [{"column": c.column, "values": list(c.values)} for c in stream.choices]
    return without_absent(
        {
            "zone": stream.zone,
            "choices": choices or None,
            "targets": [_write_target(target) for target in stream.targets],
        }
    )


def _write_target(target: Target) -> dict[str, Any]:
    where = [
        without_absent(
            {
                "column": each.column,
                "comparison": each.comparison.value,
                "values": list(each.values) or None,
            }
        )
        for each in target.where
    ]
    make = target.make.value
    head: dict[str, Any] = {"target": target.name, "make": make, "where": where or None}
    if target.fact is not None:
        head.update(_write_fact(target.fact))
    if target.directory is not None:
        own = target.directory
        head.update({name: _write_cell(cell) for name, cell in own.cells.items()})
        head.update({name: _write_moment(moment) for name, moment in own.moments.items()})
        identities = {name: _write_cell(cell) for name, cell in own.identities.items()}
        head["identities"] = identities or None
    return without_absent(head)


def _write_fact(fact: FactTarget) -> dict[str, Any]:
    quantity = fact.quantity
    return {
        "kind": fact.kind,
        "namespace": fact.namespace,
        "person": _write_cell(fact.person),
        "date": _write_moment(fact.day) if fact.day else None,
        "instant": _write_moment(fact.instant) if fact.instant else None,
        "quantity": without_absent(
            {
                "unit": quantity.unit,
                "unitCell": _write_cell(quantity.unit_cell) if quantity.unit_cell else None,
                "column": quantity.column,
                "constant": quantity.constant,
                "sign": quantity.sign.value,
                "grouping": quantity.grouping or None,
            }
        ),
        "subject": _write_cell(fact.subject) if fact.subject else None,
        "attributes": {name: _write_cell(cell) for name, cell in fact.attributes.items()} or None,
    }


def _write_cell(cell: Cell) -> dict[str, Any]:
    rejects = cell.when_missing is WhenMissing.REJECT
    return without_absent(
        {
            "column": cell.column,
            "constant": cell.constant,
            "values": dict(cell.values) or None,
            "missing": list(cell.missing) or None,
            "whenMissing": None if rejects else cell.when_missing.value,
        }
    )


def _write_moment(moment: Moment) -> dict[str, Any]:
    rejects = moment.when_missing is WhenMissing.REJECT
    return without_absent(
        {
            "column": moment.column,
            "constant": moment.constant.isoformat() if moment.constant else None,
            "formats": list(moment.formats) or None,
            "whenMissing": None if rejects else moment.when_missing.value,
            "aheadDays": moment.ahead_days,
        }
    )
