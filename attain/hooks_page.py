"""The page docs/hook-reference.md: every hook with its exact signature, from the code itself."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from typing import Any

from connectors import contract, failures, outlets
from connectors.contract import API_VERSION
from plugins import hookspecs, nouns
from plugins.asking import HOOKS

PRELUDE = """\
from datetime import date
from pathlib import Path

from attain_plugin_api.hooks import hookimpl
from attain_plugin_api.nouns import DocumentNoun, HolidayCalendar, PackFile, Question, Sentences
from attain_plugin_api.outlets import AnchorInfo, ChannelInfo
"""
_NOUNS = (
    (nouns, ("PackFile", "DocumentNoun", "HolidayCalendar", "Sentences", "Question")),
    (outlets, ("ChannelInfo", "Outgoing", "Channel", "AnchorInfo", "Anchor")),
    (
        contract,
        (
            *("ConnectorInfo", "StreamInfo", "CallLimit", "Context", "ReadRequest", "Backfill"),
            *("CheckReport", "CheckFinding", "Catalog", "HookRequest", "HookAnswer"),
            *("Record", "Tombstone", "Rejected", "Notice", "Ready", "Progress", "Checkpoint"),
            *("Connector", "ListsKeys", "ReceivesHooks"),
        ),
    ),
)
_HEAD = f"""\
# The hooks, to the letter

Printed by `attain plugin hooks` from the code, version {API_VERSION} of the contract. How a
plug-in is found stands in [hooks.md](hooks.md), what a connector promises in
[connectors.md](connectors.md). The tests run every example as a plug-in, behind these lines:

```python
{PRELUDE}```
"""


def example_of(hook: str) -> str:
    """Return the example in a hook's docstring, as a module."""
    _, example = _parts(inspect.getdoc(getattr(hookspecs, hook)) or "")
    return example


def page() -> str:
    """Write the page."""
    lines = [_HEAD, "## Hooks", ""]
    for hook in HOOKS:
        text, example = _parts(inspect.getdoc(getattr(hookspecs, hook)) or "")
        signature = inspect.signature(getattr(hookspecs, hook))
        lines += [f"### `{hook}{_plain(signature)}`", "", text, "", "```python", example, "```", ""]
    for module, names in _NOUNS:
        lines += [f"## `{_lent(module.__name__)}`", ""]
        for name in names:
            lines += [*_described(name, getattr(module, name)), ""]
    lines += ["## `attain_plugin_api.failures`", "", "| failure | means |", "|---|---|"]
    for name, kind in vars(failures).items():
        if isinstance(kind, type) and issubclass(kind, failures.ConnectorFailure):
            called = _cell(_plain(inspect.signature(kind.__init__)))
            lines.append(f"| `{name}{called}` | {_line(kind)} |")
    return "\n".join(lines) + "\n"


def _parts(doc: str) -> tuple[str, str]:
    text, _, example = doc.partition("Example::")
    return text.strip().replace("``", "`"), inspect.cleandoc(example)


def _lent(module: str) -> str:
    return re.sub(r"^(connectors|plugins)\.", "attain_plugin_api.", module)


def _described(name: str, kind: Any) -> Iterator[str]:
    """Describe one type: its fields, or what it can be asked."""
    yield f"### `{name}`"
    yield ""
    yield (inspect.getdoc(kind) or "").replace("``", "`")
    yield ""
    if dataclasses.is_dataclass(kind):
        yield "| field | type | when left out |"
        yield "|---|---|---|"
        for field in dataclasses.fields(kind):
            yield f"| `{field.name}` | `{_cell(str(field.type))}` | {_default(field)} |"
        return
    for member, value in vars(kind).items():
        if isinstance(value, property):
            yield f"- `{member}`: {_line(value)}"
        elif inspect.isfunction(value) and not member.startswith("_"):
            yield f"- `{member}{_plain(inspect.signature(value))}`: {_line(value)}"


def _line(thing: object) -> str:
    return " ".join((inspect.getdoc(thing) or "").replace("``", "`").split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _plain(signature: inspect.Signature) -> str:
    """Write a signature as it is called: without self, without quotes around the types."""
    own = [each for each in signature.parameters.values() if each.name != "self"]
    return str(signature.replace(parameters=own)).replace("'", "").replace(" -> None", "")


def _default(field: dataclasses.Field[Any]) -> str:
    if callable(field.default):
        return "as it is"
    if field.default is not dataclasses.MISSING:
        return f"`{field.default!s}`" if field.default != "" else "empty"
    return "empty" if field.default_factory is not dataclasses.MISSING else "refused"
