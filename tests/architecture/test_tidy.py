"""House rules on size, names and honesty that no linter of ours states as we mean them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support.source import LOOSE, ROOMS, ROOT, Source, assert_none, dotted, read

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 500
# What was longer than allowed when the limit came: "path" or "path::function". It may only shrink.
LONGER: frozenset[str] = frozenset()

# A migration is one list from top to bottom, and is never changed once it is released.
_LISTS = "storage/migrations/versions/"

_EMPTY_NAMES = re.compile(r"(^|_)(utils?|helpers?|common|manager|service|misc)(_|$)")
_PUT_OFF = re.compile(r"#.*\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
_SWITCHED_OFF = frozenset(
    {"pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail", "pytest.skip", "pytest.xfail"}
    | {"pytest.importorskip", "unittest.skip", "unittest.skipIf"}
)
_PROMISES = ("domain/", "connectors/contract.py", "plugins/hookspecs.py")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def everything() -> list[Source]:
    return [*read(*ROOMS, *LOOSE), *_root_files()]


def _root_files() -> Iterator[Source]:
    for path in sorted(ROOT.glob("*.py")):
        yield Source(path.name, path.read_text("utf-8"))


def too_long(sources: list[Source]) -> list[str]:
    return [line for source in sources for line in _long_parts(source)]


def _long_parts(source: Source) -> Iterator[str]:
    if len(source.text.splitlines()) > FILE_LINES_MAX and not source.path.startswith(_LISTS):
        yield source.path
    for node in ast.walk(source.tree):
        if isinstance(node, _Function):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX and not source.path.startswith(_LISTS):
                yield f"{source.path}::{node.name}"


def test_functions_and_files_keep_their_limits() -> None:
    found = frozenset(too_long(everything()))
    assert_none(
        sorted(found - LONGER),
        "What does not fit on a screen is not read as a whole, and what is not read as a whole is "
        "where the bugs are. Split it along what changes together.",
    )
    assert_none(sorted(LONGER - found), "These are short enough now: take them off the list.")


def test_what_is_too_long_is_seen() -> None:
    body = "    pass\n" * FUNCTION_LINES_MAX
    assert too_long([Source("domain/planted.py", f"def f():\n{body}")]) == ["domain/planted.py::f"]
    long_file = Source("domain/planted.py", "x = 1\n" * (FILE_LINES_MAX + 1))
    assert too_long([long_file]) == ["domain/planted.py"]


def silent_modules(sources: list[Source]) -> list[str]:
    return [
        source.path
        for source in sources
        if source.text.strip() and not ast.get_docstring(source.tree)
    ]


def test_every_module_says_what_it_is_for() -> None:
    assert_none(silent_modules(everything()), "The first line of a file tells whether to read on.")


def test_a_module_without_a_word_is_seen() -> None:
    assert silent_modules([Source("api/planted.py", "x = 1\n")]) == ["api/planted.py"]


def silent_promises(sources: list[Source]) -> list[str]:
    """Find public names without a docstring; a method keeps the promise of its protocol."""
    protocols = {
        method.name
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and "Protocol" in map(dotted, node.bases)
        for method in node.body
        if isinstance(method, _Function) and ast.get_docstring(method)
    }
    return [
        source.at(node, node.name)
        for source in sources
        if source.path.startswith(_PROMISES)
        for node in _public(source.tree.body)
        if not ast.get_docstring(node)
        if node in source.tree.body or node.name not in protocols
    ]


def _public(body: list[ast.stmt]) -> Iterator[ast.ClassDef | _Function]:
    for node in body:
        if not isinstance(node, ast.ClassDef | _Function) or node.name.startswith("_"):
            continue
        yield node
        if isinstance(node, ast.ClassDef):
            yield from _public(node.body)


def test_every_public_function_of_the_core_states_its_promise() -> None:
    assert_none(
        silent_promises(read("domain", "connectors", "plugins")),
        "What the core and the contract promise is what others build on; unsaid, it is guessed.",
    )


def test_an_unsaid_promise_is_seen() -> None:
    planted = Source(
        "domain/planted.py", '"""M."""\nclass A:\n    """A."""\n    def b(self): ...\n'
    )
    assert silent_promises([planted]) == ["domain/planted.py:4 b"]


def empty_names(sources: list[Source]) -> list[str]:
    return [
        source.path
        for source in sources
        if any(_EMPTY_NAMES.search(part) for part in source.path.removesuffix(".py").split("/"))
    ]


def test_no_file_has_an_empty_name() -> None:
    assert_none(
        empty_names(everything()),
        "A file called utils or manager promises nothing, so everything ends up in it. Name the "
        "concept.",
    )


@pytest.mark.parametrize("name", ["api/utils.py", "domain/plan_helpers.py", "common/x.py"])
def test_an_empty_name_is_seen(name: str) -> None:
    assert empty_names([Source(name, "")]) == [name]


def put_off(sources: list[Source]) -> list[str]:
    return [
        f"{source.path}:{number}"
        for source in sources
        for number, line in enumerate(source.text.splitlines(), 1)
        if _PUT_OFF.search(line)
    ]


def test_nothing_is_put_off() -> None:
    assert_none(put_off(everything()), "A note to oneself is not done; do it or write an issue.")


def test_a_note_to_oneself_is_seen() -> None:
    planted = Source("api/planted.py", "x = 1  # TO" + "DO later\n")
    assert put_off([planted]) == ["api/planted.py:1"]


def switched_off(sources: list[Source]) -> list[str]:
    return [
        source.at(node, dotted(node))
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and dotted(node) in _SWITCHED_OFF
    ]


def test_no_test_is_switched_off() -> None:
    assert_none(
        switched_off(read("tests")),
        "A test that does not run is a promise that nobody keeps, and its colour is green.",
    )


@pytest.mark.parametrize("line", ["@pytest.mark.skip\ndef t(): ...", "pytest.importorskip('x')"])
def test_a_switched_off_test_is_seen(line: str) -> None:
    assert len(switched_off([Source("tests/planted.py", line)])) == 1


def swallowed(sources: list[Source]) -> list[str]:
    """Find handlers that take everything and do nothing."""
    return [
        source.at(node.body[0], "swallows every fault")
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or dotted(node.type) in {"Exception", "BaseException"})
        and all(isinstance(line, ast.Pass | ast.Continue) for line in node.body)
    ]


def test_no_fault_is_swallowed() -> None:
    assert_none(
        swallowed(everything()),
        "A fault that is caught and forgotten becomes a wrong number without a trace.",
    )


def test_a_swallowed_fault_is_seen() -> None:
    planted = Source("api/planted.py", "try:\n    x = 1\nexcept Exception:\n    pass\n")
    assert swallowed([planted]) == ["api/planted.py:4 swallows every fault"]


def unfinished(sources: list[Source]) -> list[str]:
    """Find what is not written; a hook's specification is never called itself."""
    return [
        source.at(node, "is not written yet")
        for source in sources
        if source.path != "plugins/hookspecs.py"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Name) and node.id == "NotImplementedError"
    ]


def test_nothing_is_left_unwritten() -> None:
    assert_none(
        unfinished(read(*ROOMS)),
        "A deed that exists in name only is a promise to the person who tries it.",
    )


def test_an_unwritten_deed_is_seen() -> None:
    planted = Source("actions/planted.py", "def pay():\n    raise NotImplementedError\n")
    assert unfinished([planted]) == ["actions/planted.py:2 is not written yet"]
