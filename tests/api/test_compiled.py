"""The compiled executor answers what graphql-core answers, whatever the rows are made of."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import inspect
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, cast

import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    Undefined,
    get_named_type,
    is_composite_type,
    parse,
)
from graphql.execution.collect_fields import collect_fields
from graphql.pyutils import is_awaitable as default_is_awaitable

from api.access import Audience, Guard, output, resolved, shown
from api.compiled import CompiledExecutor
from api.compiling import attribute_of, class_of
from api.paging import Connection, Slice, connect
from api.scalars import Document, PeriodName, closed_set
from api.schema import Schema, build_schema
from domain.problem import Refused


class Size(enum.Enum):
    """An enum whose names differ from its values."""

    SMALL = "s"
    LARGE = "l"


closed_set(Size, "A size.", {Size.SMALL: "Small.", Size.LARGE: "Large."})


@output(access=Audience.EVERYBODY, description="A part of a row.")
class Part:
    label: str = shown("A label.")
    size: Size | None = shown("A size.")


@output(access=Audience.EVERYBODY, description="Another member of the union.")
class Other:
    label: str = shown("A label.")
    weight: int = shown("A weight.")


Either = Annotated[Part | Other, strawberry.union("Either", description="One or the other.")]


@output(access=Audience.EVERYBODY, description="A row of plain attributes.")
class Plain:
    count: int = shown("A number.")
    share: float | None = shown("A float.")
    id: strawberry.ID = shown("An id.")
    done: bool = shown("A flag.")
    amount: Decimal = shown("An amount.")
    day: date | None = shown("A day.")
    at: datetime = shown("An instant.")
    period: PeriodName = shown("A period.")
    size: Size = shown("A size.")
    document: Document = shown("A document.")
    part: Part = shown("A part.")
    maybe: Part | None = shown("A part or nothing.")
    parts: list[Part] = shown("Parts.")
    words: list[str | None] | None = shown("Words.")
    grid: list[list[int]] = shown("Numbers.")
    either: Either = shown("One of two.")
    eithers: list[Either | None] = shown("Each one of two, or nothing.")


@output(access=Audience.EVERYBODY, description="A row with more than attributes.")
class Mixed:
    name: str = shown("A name.")
    secret: str | None = shown("Guarded.", access=Audience.EVERYBODY)
    plain: Plain | None = shown("A plain row.")

    @resolved("Doubled, after a while.", access=Audience.EVERYBODY)
    async def doubled(self, times: int = 2) -> str:
        await asyncio.sleep(0)
        return self.name * times

    @resolved("Never null, refused for a bad name.", access=Audience.EVERYBODY)
    async def strict(self) -> str:
        if self.name == "bad":
            raise Refused("forbidden")
        return self.name


def plain(**changes: Any) -> Plain:
    part = Part(label="x", size=Size.LARGE)
    row: dict[str, Any] = {
        "count": 7,
        "share": 0.5,
        "id": strawberry.ID("row_1"),
        "done": True,
        "amount": Decimal("12.50"),
        "day": date(2026, 9, 30),
        "at": datetime(2026, 9, 30, 8, tzinfo=UTC),
        "period": PeriodName("2026-09"),
        "size": Size.SMALL,
        "document": Document({"a": [1]}),
        "part": part,
        "maybe": None,
        "parts": [part, Part(label="y", size=None)],
        "words": ["a", None],
        "grid": [[1, 2], []],
        "either": Other(label="o", weight=3),
        "eithers": [part, None, Other(label="o", weight=4)],
    }
    return Plain(**{**row, **changes})


@dataclass
class Rows:
    """What the schema under test answers from."""

    plain: Any = ()
    mixed: Any = ()
    reads: int = 0


ROWS = Rows()


@output(access=Audience.EVERYBODY, description="Part of the root.")
class Asked:
    @resolved("Rows.", access=Audience.EVERYBODY)
    async def rows(self) -> list[Plain]:
        return cast("list[Plain]", ROWS.plain)

    @resolved("Rows or nothing.", access=Audience.EVERYBODY)
    async def loose(self) -> list[Plain | None] | None:
        return cast("list[Plain | None] | None", ROWS.plain)

    @resolved("The first row.", access=Audience.EVERYBODY)
    async def row(self) -> Plain | None:
        return cast("Plain | None", ROWS.plain[0])

    @resolved("Mixed rows.", access=Audience.EVERYBODY)
    async def mixed(self) -> list[Mixed | None]:
        return cast("list[Mixed | None]", ROWS.mixed)

    @resolved("A page.", access=Audience.EVERYBODY)
    async def page(self) -> Connection[Plain]:
        part = Slice(rows=ROWS.plain, has_next=True, has_previous=False, total=None)
        return connect("page", part, lambda row: row, lambda _row: ("k",))


@output(access=Audience.EVERYBODY, description="Part of the root.")
class Changed:
    @resolved("Nothing.", access=Audience.EVERYBODY)
    async def nothing(self) -> Plain | None:
        return cast("Plain | None", ROWS.plain[0])


FAST = build_schema([Asked], [Changed])
STOCK = build_schema([Asked], [Changed], compiled=False)
LEAVES = "count share id done amount day at period size document words grid"
ALL = (
    f"{LEAVES} part {{ label size }} maybe {{ label }} parts {{ __typename size label }}"
    " either { __typename ... on Part { label } ... on Other { label weight } }"
    " eithers { ... on Part { size } ... on Other { weight } }"
)


def answered(schema: Schema, text: str, **variables: Any) -> tuple[Any, list[Any]]:
    async def ask() -> Any:
        return await schema.execute(text, variable_values=variables, context_value=Nobody())

    result = asyncio.run(ask())
    errors = [error.formatted for error in result.errors or ()]
    kinds = [type(error.original_error) for error in result.errors or ()]
    return result.data, [errors, kinds]


class Nobody:
    viewer = None


def same(text: str, **variables: Any) -> tuple[Any, list[Any]]:
    """Ask both twice: the second time the plans are there."""
    stock = answered(STOCK, text, **variables)
    for _ in range(2):
        fast = answered(FAST, text, **variables)
        assert repr(fast) == repr(stock), text  # repr tells 1 from True and keeps the order of keys
    return stock


ENDS = "fragment Ends on PlainConnection { nodes { id } pageInfo { hasNextPage startCursor } }"
E = "fragment P on Part { e: label }"
QUERIES = [
    f"{{ rows {{ {ALL} }} }}",
    f"{{ loose {{ {ALL} }} }}",
    f"{{ row {{ {ALL} }} }}",
    f"{{ mixed {{ name plain {{ {ALL} }} }} }}",
    f"{{ mixed {{ name secret doubled strict plain {{ {ALL} }} }} }}",
    f"{{ page {{ totalCount edges {{ cursor node {{ {ALL} }} }} ...Ends }} }} {ENDS}",
    "{ rows { __typename } }",
    f"{{ a: rows {{ b: count part {{ d: label ...P }} }} a: rows {{ part {{ size }} }} }} {E}",
    f"mutation {{ nothing {{ {ALL} }} }}",
]
BROKEN: list[tuple[str, Callable[[], Any]]] = [
    ("count", lambda: None),
    ("count", lambda: True),
    ("count", lambda: 2**31),
    ("count", lambda: "7"),
    ("count", lambda: 7.0),
    ("count", lambda: 7.5),
    ("share", lambda: float("nan")),
    ("share", lambda: float("inf")),
    ("share", lambda: 3),
    ("id", lambda: 5),
    ("id", lambda: b"x"),
    ("done", lambda: "yes"),
    ("done", lambda: 1),
    ("amount", lambda: Decimal("NaN")),
    ("amount", lambda: 5),
    ("amount", lambda: 0.5),
    ("amount", lambda: None),
    ("day", lambda: "2026-09-30"),
    ("day", lambda: datetime(2026, 9, 30, tzinfo=UTC)),
    ("at", lambda: datetime(2026, 9, 30)),  # noqa: DTZ001 - without a zone on purpose
    ("at", lambda: date(2026, 9, 30)),
    ("period", lambda: 5),
    ("period", lambda: ValueError("as a value")),
    ("size", lambda: "s"),
    ("size", lambda: "SMALL"),
    ("size", lambda: "huge"),
    ("size", lambda: None),
    ("document", lambda: None),
    ("document", lambda: Undefined),
    ("document", lambda: RuntimeError("as a value")),
    ("part", lambda: None),
    ("part", lambda: Other(label="o", weight=1)),
    ("part", lambda: Part(label=None, size=None)),  # type: ignore[arg-type]
    ("part", lambda: KeyError("as a value")),
    ("maybe", lambda: Part(label=5, size=None)),  # type: ignore[arg-type]
    ("maybe", lambda: Part(label=object(), size=None)),  # type: ignore[arg-type]
    ("maybe", lambda: {"label": "a dictionary"}),
    ("parts", lambda: None),
    ("parts", lambda: [None]),
    ("parts", lambda: "text"),
    ("parts", lambda: deque([Part(label="i", size=None)])),
    ("parts", lambda: (Part(label="t", size=None),)),
    ("parts", lambda: [Part(label="good", size=None), Part(label="bad", size="?")]),  # type: ignore[arg-type]
    ("words", lambda: ["a", object()]),
    ("words", lambda: 5),
    ("words", lambda: {"set"}),
    ("grid", lambda: [[1], [None]]),
    ("grid", lambda: [None]),
    ("grid", lambda: [[1.5]]),
    ("either", lambda: None),
    ("either", plain),
    ("either", lambda: "text"),
    ("either", lambda: Other(label="o", weight=None)),  # type: ignore[arg-type]
    ("eithers", lambda: [Part(label="p", size=None), plain()]),
    ("eithers", lambda: [Other(label="o", weight=2**40), None]),
]


@pytest.mark.parametrize("query", QUERIES)
def test_good_rows_come_from_plans_without_one_fallback(query: str) -> None:
    ROWS.plain = [plain(), plain(count=8, maybe=Part(label="m", size=None))]
    ROWS.mixed = [Mixed(name="a", secret="s", plain=plain()), None]
    before = FAST.plans.counts.fallbacks
    data, (errors, _) = same(query)
    assert not errors, errors
    assert data
    assert FAST.plans.counts.fallbacks == before


@pytest.mark.parametrize(("name", "value"), BROKEN)
def test_broken_rows_give_the_errors_and_nulls_of_graphql_core(
    name: str, value: Callable[[], Any]
) -> None:
    ROWS.plain = [plain(), plain(**{name: value()}), plain()]
    ROWS.mixed = [Mixed(name=str(at), secret=None, plain=row) for at, row in enumerate(ROWS.plain)]
    for query in QUERIES:
        same(query)


@pytest.mark.parametrize(
    "rows",
    [
        None,
        [],
        [None],
        "text",
        5,
        [5],
        [ValueError("x")],
        {"a": 1},
        [plain(), object()],
        (plain(),),
    ],
    # Not by repr, which names a place in memory: workers must agree on the names.
    ids=(
        "none",
        "empty",
        "a none",
        "text",
        "a number",
        "numbers",
        "a fault",
        "object",
        "strange",
        "tuple",
    ),
)
def test_lists_that_are_no_lists_of_rows_are_reported_alike(rows: Any) -> None:
    ROWS.plain = rows
    for query in ("{ rows { __typename } }", "{ loose { id } }", f"{{ rows {{ {ALL} }} }}"):
        same(query)


def test_a_value_that_must_be_awaited_is_awaited() -> None:
    async def later(value: Any) -> Any:
        await asyncio.sleep(0)
        return value

    def rows() -> list[Plain]:
        return [plain(count=later(5)), plain(period=later("2026-10")), plain(part=later(None))]

    for query in ("{ loose { count id } }", "{ loose { period } }", "{ loose { part { label } } }"):
        results = []
        for schema in (STOCK, FAST, FAST):
            ROWS.plain = rows()
            results.append(repr(answered(schema, query)))
            for row in ROWS.plain:  # nobody asked for the others
                for value in (row.count, row.period, row.part):
                    if inspect.iscoroutine(value):
                        value.close()
        assert results[0] == results[1] == results[2]


def test_a_resolver_runs_once_a_row_even_when_the_row_is_broken() -> None:
    ROWS.mixed = [
        Mixed(name=5, secret=None, plain=None),  # type: ignore[arg-type]
        Mixed(name="bad", secret=None, plain=None),
        Mixed(name="good", secret="s", plain=plain(count=None)),
    ]
    same("{ mixed { name strict } }")
    same("{ mixed { name strict doubled(times: 3) secret plain { count } } }")


def test_conditions_decide_anew_in_every_request() -> None:
    ROWS.plain = [plain()]
    text = (
        "query Q($a: Boolean!, $b: Boolean = true) { rows { count @include(if: $a)"
        " ...F @skip(if: $b) part { label @skip(if: $a) size } } }"
        " fragment F on Plain { done id @include(if: $a) }"
    )
    seen = {repr(same(text, a=a, b=b)) for a in (True, False) for b in (True, False)}
    assert len(seen) == 4
    same(text, a=True)


def test_the_store_is_bounded_and_a_second_request_writes_nothing() -> None:
    ROWS.plain = [plain()]
    schema = build_schema([Asked], [Changed], compiled=True)
    answered(schema, "{ rows { count } }")
    written = schema.plans.counts.compiled
    assert written > 0
    answered(schema, "{ rows { count } }")
    assert schema.plans.counts.compiled == written
    for number in range(600):
        answered(schema, f"{{ rows {{ a{number}: count }} }}")
    assert len(schema.plans) <= 512


def _fields_with_more(schema: Schema) -> list[tuple[str, str, Any]]:
    """List every field that does more than reading an attribute, whichever type it is on."""
    found = []
    kind: Any
    for kind in schema.core.type_map.values():
        made = getattr(kind, "extensions", {}).get("strawberry-definition")
        if made is None or not hasattr(kind, "fields") or getattr(made, "is_input", True):
            continue
        for name, field in kind.fields.items():
            definition = field.extensions["strawberry-definition"]
            if definition.base_resolver or definition.extensions or field.args:
                found.append((kind.name, name, field))
    return found


def test_no_field_with_a_guard_a_resolver_or_arguments_is_ever_written() -> None:
    schema = build_schema(compiled=True)
    more = _fields_with_more(schema)
    assert len(more) > 40
    assert [(kind, name) for kind, name, field in more if attribute_of(field) is not None] == []


SAMPLES = {
    "Int": "1",
    "Boolean": "true",
    "Decimal": '"1.50"',
    "BusinessDate": '"2026-09-30"',
    "Instant": '"2026-09-30T08:00:00Z"',
    "Period": '"2026-09"',
    "UnitCode": '"CNY"',
    "Language": '"en"',
    "Document": "{}",
    "IdempotencyKey": '"12345678"',
}


def literal(kind: Any) -> str:
    """Write some value of an input type."""
    if isinstance(kind, GraphQLNonNull):
        return literal(kind.of_type)
    if isinstance(kind, GraphQLList):
        return f"[{literal(kind.of_type)}]"
    if isinstance(kind, GraphQLEnumType):
        return str(next(iter(kind.values)))
    if isinstance(kind, GraphQLInputObjectType):
        return "{" + required(kind.fields) + "}"
    return SAMPLES.get(kind.name, '"x"')


def required(given: Any) -> str:
    """Write every argument or input field that must be given."""
    must = {name: each for name, each in given.items() if isinstance(each.type, GraphQLNonNull)}
    return ", ".join(f"{name}: {literal(each.type)}" for name, each in must.items())


async def resolve(schema: Schema, kind: str, name: str, field: Any) -> None:
    """Execute one field of an object of ``kind`` with our executor, however one gets there."""
    given = required(field.args)
    selection = " { __typename }" if is_composite_type(get_named_type(field.type)) else ""
    text = f"{{ __typename {name}{f'({given})' if given else ''}{selection} }}"
    parent: Any = schema.core.type_map[kind]
    executor = CompiledExecutor.build(
        schema.core, parse(text), context_value=Nobody(), is_awaitable=default_is_awaitable
    )
    assert isinstance(executor, CompiledExecutor), executor
    fields = collect_fields(
        schema.core, {}, executor.variable_values, parent, executor.operation
    ).grouped_field_set
    row_class: Any = class_of(parent)
    assert row_class is not None
    result = executor.execute_fields(parent, row_class.__new__(row_class), None, fields, None)
    with contextlib.suppress(GraphQLError):
        await result


def test_every_guard_of_the_schema_is_called_by_the_compiled_executor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    async def planted(self: Guard, next_: Any, source: Any, info: Any, **kwargs: Any) -> object:
        asked.append((info._raw_info.parent_type.name, info.field_name))
        raise GraphQLError("planted")

    monkeypatch.setattr(Guard, "resolve_async", planted)
    schema = build_schema(compiled=True)
    guarded = [
        (kind, name, field)
        for kind, name, field in _fields_with_more(schema)
        # A subscription is guarded when it begins; its events are plain values (test_streams.py).
        if kind != "Subscription"
        and any(
            isinstance(each, Guard) for each in field.extensions["strawberry-definition"].extensions
        )
    ]
    assert {"Query", "Mutation", "Goal", "CalculationRun"} <= {kind for kind, _, _ in guarded}
    for kind, name, field in guarded:
        asyncio.run(resolve(schema, kind, name, field))
    assert asked == [(kind, name) for kind, name, _ in guarded]
    # The plain part beside each guarded field did come from a plan.
    assert schema.plans.counts.fallbacks == 0
    assert schema.plans.counts.compiled >= len(guarded)
