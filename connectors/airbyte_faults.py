"""What an Airbyte source says of its own failures, and what each of them comes to here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from connectors.airbyte_lines import Fault, Line, Log
from connectors.contract import CheckCode
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorFailure,
    Forbidden,
    ProgramFailed,
    Transient,
)
from connectors.program_sources import meaning_of

_SHOWN = 600
_ANSWERED = " (body)"  # of a request or an answer: what follows may be rows
_CODES = {
    "config_error": "airbyte_config_error",
    "transient_error": "airbyte_transient_error",
}


@dataclass(slots=True)
class Told:
    """The first fault of a run, which is the cause of the others, and the last loud words."""

    program: str
    fault: Fault | None = None
    words: str = ""
    cause: str = ""

    def note(self, line: Line) -> bool:
        """Take in what a line says of failures; say whether it was such a line."""
        if isinstance(line, Fault):
            self.fault = self.fault or line
            return True
        if isinstance(line, Log):
            self.words = line.text if line.loud else self.words
            if line.loud and not self.cause:
                self.cause = _cause(line.text)
            return True
        return False

    def failure(self, ended: ProgramFailed | None) -> ConnectorFailure | None:
        """Return what the run failed by, however the program ended."""
        if self.fault is not None:
            return self._of_fault(self.fault)
        if ended is not None and self.words and not ended.values.get("said"):
            return ProgramFailed(ended.code, {**ended.values, "said": _line(self.words)})
        return ended

    def _of_fault(self, fault: Fault) -> ConnectorFailure:
        code = _CODES.get(fault.kind, "airbyte_system_error")
        # Of a fault of its own a source says to users only that there was one.
        more = f" ({self.cause[:200]})" if self.cause and code not in _CODES.values() else ""
        values = {"program": self.program, "said": _line(fault.text + more)}
        kinds: dict[str, Callable[[str, dict[str, str]], ConnectorFailure]] = {
            "airbyte_config_error": _by_words(fault.text),
            "airbyte_transient_error": Transient,
        }
        return kinds.get(code, ProgramFailed)(code, values)


def _by_words(text: str) -> type[AuthExpired | ConfigurationRefused | Forbidden]:
    """Tell apart what Airbyte takes for one: settings, access and rights."""
    meaning = meaning_of(text)
    if meaning is CheckCode.AUTHENTICATION:
        return AuthExpired
    return Forbidden if meaning is CheckCode.PERMISSION else ConfigurationRefused


def _cause(text: str) -> str:
    """Take out of a log what broke: a traceback ends with it, anything else begins with it."""
    lines = text.strip().split("\n")
    return lines[-1 if "Traceback (" in text else 0].partition(_ANSWERED)[0]


def _line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:_SHOWN].strip()
