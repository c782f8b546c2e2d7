"""What simulators of interfaces by path and token have in common: they keep what they were asked.

A test puts answers in the way of a path, or lets the token end.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.loopback import Asked, Told


@dataclass(kw_only=True)
class PathServer(ABC):
    """``errors``: answers to a path, in turn, before anything else: codes, or whole answers."""

    errors: dict[str, list[int | Told]] = field(default_factory=dict)
    after: Callable[[str, Mapping[str, Any]], None] = lambda _path, _body: None
    token: str
    dead: int = 0  # so many calls find the token ended
    made: int = 0  # so many tokens were asked for
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def calls(self, path: str) -> list[Mapping[str, Any]]:
        """Return what was asked of a path."""
        return [body for asked, body in self.asked if asked == path]

    def answer(self, asked: Asked) -> Told:
        """Answer one request."""
        path = self.path_of(asked)
        body = json.loads(asked.body) if asked.body else dict(asked.query)
        self.asked.append((path, body))
        waiting = self.errors.get(path, [])
        if waiting:
            said = waiting.pop(0)
            return said if isinstance(said, Told) else self.error(said)
        told = self.said(path, asked, body)
        self.after(path, body)
        return told

    def is_token(self, shown: str | None) -> bool:
        """Tell whether a call shows the token, and the token has not ended."""
        if shown == self.token and not self.dead:
            return True
        self.dead = max(0, self.dead - 1)
        return False

    def path_of(self, asked: Asked) -> str:
        """Name what is asked, without what all names begin with."""
        return asked.path.lstrip("/")

    @abstractmethod
    def said(self, path: str, asked: Asked, body: Mapping[str, Any]) -> Told:
        """Say what the real one says."""

    @abstractmethod
    def error(self, code: int) -> Told:
        """Write an error of a code as the real one does."""
