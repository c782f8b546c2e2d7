"""The domain is a calculation: the same inputs give the same bytes on any machine, on any day."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.support.source import Source, assert_none, dotted, imports, read

# concurrent: independent columns may be computed side by side, which changes no result.
_LIBRARY = frozenset(
    {"__future__", "abc", "base64", "bisect", "collections", "concurrent", "contextlib"}
    | {
        "dataclasses",
        "datetime",
        "decimal",
        "domain",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "hmac",
    }
    | {"itertools", "json", "math", "numpy", "operator", "re", "string", "struct", "types"}
    | {"typing", "unicodedata"}
)
_MACHINE_CALLS = frozenset({"open", "print", "input", "eval", "exec", "__import__", "breakpoint"})
_CLOCK_CALLS = frozenset({"now", "utcnow", "today"})
_MACHINE_NAMES = frozenset(
    {"fromfile", "loadtxt", "savetxt", "genfromtxt", "memmap", "tofile"}
    | {"np.random", "np.load", "np.save", "np.savez", "numpy.random", "numpy.load", "numpy.save"}
)
_FLOAT_NAMES = frozenset(
    {"float", "complex", "np.float64", "np.float32", "np.float16", "np.double", "np.inf", "np.nan"}
    | {"math.sqrt", "math.inf", "math.nan", "math.exp", "math.log"}
)

# Files of the domain that may compute, each with what it computes. All others, and above all those
# in which an amount of pay comes about, speak in the words of exact.py.
COMPUTES: dict[str, str] = {
    "domain/exact.py": "the words themselves, on Python ints",
    "domain/columns.py": "the same words on columns, with the overflow guard",
    "domain/order.py": "positions of rows: ranks, ties, the middle of a group",
    "domain/split.py": "whole amounts cut into parts, behind the guard of columns",
    "domain/unit.py": "a decimal text and its steps",
    "domain/period.py": "the calendar",
    "domain/ramping.py": "months counted, and shares of the document",
    "domain/workdays.py": "days counted",
    "domain/dispute.py": "the calendar: the days a dispute may take, and the size of a file",
    "domain/presence.py": "the calendar: days that assignments cover",
    "domain/measure.py": "the calendar, and how many decimals two units are apart",
    "domain/drafts.py": "instants: the day cut-off, how far ahead a date may be",
    "domain/metric.py": "joins lists of kinds",
    "domain/merkle.py": "positions in a tree, and bytes side by side",
    "domain/sealed.py": "bytes side by side, many leaves from one mould",
    "domain/pack_choice.py": "points that put packs on offer in order, and no value of anybody",
    "domain/privacy.py": "counts of people, which decide what is shown and are shown to nobody",
    "domain/stretch.py": "bounds of numbers that move: what it finds is calculated anew by a point",
    "domain/walk.py": "positions of inputs between the places where a plan changes its mind",
    "domain/backwards.py": "the same positions, and the difference of two payouts",
    "domain/lint_search.py": "made-up people beside the edges: the plan itself says what they earn",
    "domain/lint_moves.py": "how far apart two payouts and two made-up people are",
    "domain/lint_rules.py": "made-up people, and places in a list of components",
    "domain/lint_population.py": "how far apart two payouts are, which no payout is made of",
    "domain/sections.py": "amounts between the ends of another system's table; it pays nobody",
    "domain/goal.py": "adds and subtracts targets in whole steps of one unit, on Python ints",
    "domain/crediting.py": "adds up shares in whole millionths, on Python ints",
    "domain/credit_document.py": "adds up the fixed shares of a document in whole millionths",
    "domain/receiving.py": "turns a percentage into whole millionths, exactly or not at all",
    "domain/rolling_up.py": "adds up what lies under a leader in whole steps, on Python ints",
}
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
_ARITHMETIC_CALLS = frozenset(
    {"sum", "round", "pow", "divmod", "abs"}
    | {"np.add", "np.subtract", "np.multiply", "np.divide", "np.floor_divide", "np.abs"}
)
_ARITHMETIC_METHODS = frozenset(
    {"sum", "cumsum", "mean", "median", "round", "prod", "cumprod", "average", "quantile"}
    | {"percentile", "quantize", "scaleb", "dot"}
)


def impurities(sources: list[Source]) -> list[str]:
    return [line for source in sources for line in _impure(source)]


def _impure(source: Source) -> Iterator[str]:
    for statement, name in imports(source):
        if name.partition(".")[0] not in _LIBRARY:
            yield source.at(statement, f"imports {name}")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and (
            dotted(node.func) in _MACHINE_CALLS
            or (isinstance(node.func, ast.Attribute) and node.func.attr in _CLOCK_CALLS)
        ):
            yield source.at(node, f"{ast.unparse(node.func)}()")
        if isinstance(node, ast.Attribute) and (
            node.attr in _MACHINE_NAMES or dotted(node) in _MACHINE_NAMES
        ):
            yield source.at(node, f".{node.attr}")


def floats(sources: list[Source]) -> list[str]:
    found = []
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
                found.append(source.at(node, f"the literal {node.value}"))
            if isinstance(node, ast.Name | ast.Attribute) and dotted(node) in _FLOAT_NAMES:
                found.append(source.at(node, dotted(node)))
    return found


def arithmetic(sources: list[Source]) -> list[str]:
    return [line for source in sources if source.path not in COMPUTES for line in _computed(source)]


def _computed(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, _OPERATORS):
            yield source.at(node, f"computes: {ast.unparse(node)}")
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            is_ours = name.startswith("exact.")
            if not is_ours and (name in _ARITHMETIC_CALLS or method in _ARITHMETIC_METHODS):
                yield source.at(node, f"computes: {ast.unparse(node)}")


def test_the_domain_is_pure() -> None:
    assert_none(
        impurities(read("domain")),
        "A clock, a file, chance or a log line inside the core makes the same inputs give another "
        "result tomorrow, and then no statement can be verified again. Pass it in as an argument.",
    )


@pytest.mark.parametrize(
    "line",
    [
        "import os",
        "from time import monotonic",
        "import random",
        "import logging",
        "from storage.engine import reading",
        'rows = open("rates.csv")',
        "when = datetime.now(UTC)",
        "day = date.today()",
        "draw = np.random.default_rng()",
        'print("paid")',
    ],
)
def test_an_impurity_is_seen(line: str) -> None:
    assert len(impurities([Source("domain/planted.py", line)])) == 1


def test_the_domain_has_no_floats() -> None:
    assert_none(
        floats(read("domain")),
        "0.1 + 0.2 is not 0.3 in binary: one float on the way to pay makes wrong payouts that "
        "nobody can reproduce by hand. Use integers of a stated scale (domain/exact.py).",
    )


@pytest.mark.parametrize(
    "line", ["rate = 0.05", "rate = float(text)", "rates = np.float64(2)", "root = math.sqrt(2)"]
)
def test_a_float_is_seen(line: str) -> None:
    assert len(floats([Source("domain/planted.py", line)])) == 1


def test_only_exact_computes_values() -> None:
    assert_none(
        arithmetic(read("domain")),
        "Arithmetic outside domain/exact.py escapes the overflow guard, the named rounding and "
        "the rule that missing is not zero. Say it with a word of exact.py, or add one there.",
    )


def test_the_list_of_files_that_compute_is_not_stale() -> None:
    idle = [source.path for source in read("domain") if not any(_computed(source))]
    known = [source.path for source in read("domain")]
    stale = [path for path in COMPUTES if path in idle or path not in known]
    assert_none(stale, "These do not compute (any more): take them off the list.")


@pytest.mark.parametrize(
    "line",
    [
        "pay = rate // 100",
        "total += amount",
        "total = sum(amounts)",
        "middle = np.median(points)",
        "whole = column.sum()",
        "shown = round(points)",
    ],
)
def test_arithmetic_outside_its_fence_is_seen(line: str) -> None:
    assert len(arithmetic([Source("domain/evaluate.py", line)])) == 1
    assert arithmetic([Source("domain/exact.py", line)]) == []
