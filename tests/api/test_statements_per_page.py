"""A page costs as many SQL statements for fifty rows as for one: nothing is read row by row."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)

from actions.open_dispute import DisputeDraft, open_dispute
from actions.prepare_pay import prepare_batch
from storage.engine import Writing
from tests.api.company import PEOPLE, Served, calculated, served
from tests.support import shared
from tests.support.company import SYSTEM, Ticking
from tests.support.moving_in import moved_in
from tests.support.offering import offered
from tests.support.sent import sent

CORE = shared.schema().core
DEPTH = 7
_NUMBERS = itertools.count()
SIZES = (1, 5, 50)
# With every clause and every proof of each, fifty cost too much.
DEEP = {
    "parallelRun": (1, 2, 5),
    "parallelRuns": (1, 2, 5),
    "planOffers": (1, 3, 8),
    "planVersions": (1, 3, 8),
}
ASKERS = {"accounts": "admin"}  # everything else HR may read
# What a root field needs to be told, and a plan version to show its lists.
GIVEN = {
    "goals": 'period: "2026-09"',
    "calculations": 'period: "2026-09"',
    "leaderboard": 'period: "2026-09", peerGroup: COMPANY, measure: "sales"',
    "liveBoard": 'period: "2026-09", measure: "sales", unit: "{north}"',
    "ledger": 'period: "2026-09", person: "{anna}"',
    "scoreSheet": 'period: "2026-09", person: "{anna}"',
    "statement": 'period: "2026-09", person: "{anna}"',
    "person": 'id: "{anna}"',
    "goalTree": 'goal: "{goal}"',
    "paySheet": 'period: "2026-09", person: "{anna}"',
    "paySheets": 'period: "2026-09"',
    "payBatch": 'period: "2026-09"',
    "parallelRun": 'period: "2026-09"',
    "parallelRuns": 'fromPeriod: "2026-09", toPeriod: "2026-09"',
    "wage": 'person: "{anna}"',
    "credits": 'period: "2026-09", person: "{anna}"',
    "creditCoverage": 'period: "2026-09"',
    "measurements": 'period: "2026-09", level: PERSON, owner: "{anna}"',
}


def selection(kind: Any, first: int, depth: int = DEPTH) -> str:
    """Select everything of a type that needs no argument, pages of ``first`` rows."""
    named = get_named_type(kind)
    if is_leaf_type(named):
        return ""
    if depth == 0:
        return "{ __typename }"
    if isinstance(named, GraphQLUnionType):
        parts = [f"... on {each.name} {selection(each, first, depth - 1)}" for each in named.types]
        return "{ __typename " + " ".join(parts) + " }"
    assert isinstance(named, GraphQLObjectType | GraphQLInterfaceType)
    shown = [chosen(name, field, first, depth) for name, field in named.fields.items()]
    return "{ " + " ".join(each for each in shown if each) + " }"


def chosen(name: str, field: GraphQLField, first: int, depth: int) -> str:
    """Write one field; edges are left out where nodes show the same."""
    if name == "edges" or any(
        isinstance(each.type, GraphQLNonNull) and each.default_value is None
        for each in field.args.values()
    ):
        return ""
    given = f"(first: {first})" if "first" in field.args else ""
    return f"{name}{given} {selection(field.type, first, depth - 1)}"


def lists_within(name: str) -> bool:
    """Tell whether a root field answers with a list, at whatever depth."""
    seen: set[str] = set()

    def look(kind: Any) -> bool:
        if is_list_type(get_nullable_type(kind)):
            return True
        named = get_named_type(kind)
        if is_leaf_type(named) or named.name in seen or not hasattr(named, "fields"):
            return False
        seen.add(named.name)
        return any(look(field.type) for field in named.fields.values())

    return look(CORE.query_type.fields[name].type)  # type: ignore[union-attr]


PAGED = sorted(
    name
    for name, field in CORE.query_type.fields.items()  # type: ignore[union-attr]
    if "first" in field.args
)


def _opened(writing: Writing, draft: DisputeDraft) -> str:
    return open_dispute(writing, SYSTEM, draft)


@pytest.fixture(scope="module")
def made(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("pages")
    copy = folder / "pages.db"
    copy.write_bytes(_sqlite_template.read_bytes())
    with served(f"sqlite:///{copy}", folder) as found:
        calculated(found)
        found.company.write(lambda writing: prepare_batch(writing, SYSTEM, "2026-09"))
        for name in ("anna", "bo", "anna"):
            draft = DisputeDraft(
                person_id=found.ids[name],
                period="2026-09",
                transaction=f"order {next(_NUMBERS)}",
                text="it is missing",
            )
            found.company.write(partial(_opened, draft=draft))
        offered(found.company, date(2026, 9, 1), {}, {})
        moved_in(found.company, "2026-09", dict.fromkeys(PEOPLE, 100000))
        # No time passes: after some of it a session is noted as seen, in the midst of a count.
        clock = found.company.runtime.clock
        assert isinstance(clock, Ticking)
        clock.step = timedelta(0)
        yield found


def statements(made: Served, text: str, who: str = "hr") -> tuple[int, Any]:
    """Ask, as HR or who else may, and count."""
    made.data(who, "{ __typename }")
    with sent(made.runtime.engine) as found:
        answer = made.data(who, text)
    return len(found), answer


@pytest.mark.parametrize("name", sorted(set(PAGED) - {"goals"}))
def test_a_page_of_any_size_takes_the_same_number_of_statements(made: Served, name: str) -> None:
    counts = {}
    sizes = DEEP.get(name, SIZES)
    # The first question of all opens the keys of what it reads: asked once before it is counted.
    for size in (sizes[0], *sizes):
        told = GIVEN.get(name, "").format_map(made.ids)
        given = ", ".join(filter(None, [told, f"first: {size}"]))
        field = CORE.query_type.fields[name]  # type: ignore[union-attr]
        text = f"{{ {name}({given}) {selection(field.type, size)} }}"
        counts[size], answer = statements(made, text, ASKERS.get(name, "hr"))
        assert answer[name] is not None
    assert len(set(counts.values())) == 1, counts


def test_goals_take_as_many_statements_as_they_have_levels(made: Served) -> None:
    """Progress is read once for all goals of a level and period; the first two rows hold both."""
    field = CORE.query_type.fields["goals"]  # type: ignore[union-attr]
    counts, rows = {}, {}
    for size in (2, 2, 5, 8):  # the first question of all opens the keys of what it reads
        text = f'{{ goals(period: "2026-09", first: {size}) {selection(field.type, size)} }}'
        counts[size], answer = statements(made, text)
        rows[size] = len(answer["goals"]["nodes"])
    assert rows == {2: 2, 5: 5, 8: 8}
    assert len(set(counts.values())) == 1, counts


PROGRESS = "lines { name facts(first: 3) { nodes { id record { id } } } }"


@pytest.mark.parametrize("name", ["scoreSheet", "statement"])
def test_the_facts_of_all_lines_are_read_together(made: Served, name: str) -> None:
    given = f'{name}(period: "2026-09", person: "{made.ids["anna"]}")'
    bare, answer = statements(made, f"{{ {given} {{ lines {{ name }} }} }}")
    lines = len(answer[name]["lines"])
    assert lines > 5
    full, answer = statements(made, f"{{ {given} {{ {PROGRESS} }} }}")
    assert sum(len(line["facts"]["nodes"]) for line in answer[name]["lines"]) > lines / 2
    twice, _ = statements(made, f"{{ {given} {{ {PROGRESS} more: {PROGRESS} }} }}")
    assert full - bare < lines, "a line reads its own facts by itself"
    assert twice == full


@pytest.mark.parametrize("name", ["platforms", "calculations", "sourceConnections", "packs"])
def test_a_list_without_pages_takes_no_statement_for_a_row(made: Served, name: str) -> None:
    """These lists cannot be cut by the client: the same list with nothing of its rows."""
    field = CORE.query_type.fields[name]  # type: ignore[union-attr]
    bare, _ = statements(made, f"{{ {name} {{ __typename }} }}")
    full, answer = statements(made, f"{{ {name} {selection(field.type, 5)} }}")
    assert answer[name] is not None
    assert full == bare
