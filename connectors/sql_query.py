"""Texts of SELECTs: quoted names, one SELECT and nothing else, and where a page begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.databases import DatabaseKind, Raw, Statement

# Comments, escapes and dollar quotes are read differently by each database; a text without them
# is read alike by all, and by us.
_STRANGE = re.compile(r"--|/\*|#|\$|[\x00-\x08\x0b\x0c\x0e-\x1f]")
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`")
_WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "INTO", "LOCK", "CALL"})


def is_one_select(text: str) -> bool:
    """Tell whether a text is one SELECT that can stand in brackets, and writes nothing.

    ``SELECT id FROM deal`` is; ``SELECT 1; SELECT 2``, ``DELETE FROM deal`` and
    ``SELECT 1) UNION (SELECT 2`` are not. The transaction is read-only besides.
    """
    bare = _QUOTED.sub(" ", text)
    if "\\" in text or any(sign in bare for sign in "'\"`;") or _STRANGE.search(bare):
        return False
    depth = 0
    for sign in bare:
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            return False
    words = re.findall(r"\w+", bare.upper())
    return depth == 0 and words[:1] in (["SELECT"], ["WITH"]) and _WRITES.isdisjoint(words)


@dataclass(slots=True)
class Wording:
    """A statement that is being put together; a value is never put into the text."""

    kind: DatabaseKind
    _pieces: list[str] = field(default_factory=lambda: [""])
    _values: list[Raw] = field(default_factory=list)

    def text(self, words: str) -> Wording:
        """Add words of our own."""
        self._pieces[-1] += words
        return self

    def name(self, *parts: str) -> Wording:
        """Add a name, quoted; what is quoted in it is doubled."""
        # SQLite takes an unknown name in double quotes for a text; in backquotes it does not.
        quote = '"' if self.kind is DatabaseKind.POSTGRESQL else "`"
        quoted = (quote + part.replace(quote, quote * 2) + quote for part in parts if part)
        return self.text(".".join(quoted))

    def names(self, names: Sequence[str]) -> Wording:
        """Add a list of names."""
        for place, name in enumerate(names):
            self.text(", " if place else "").name(name)
        return self

    def value(self, value: Raw) -> Wording:
        """Add a value."""
        self._values.append(value)
        self._pieces.append("")
        return self

    def compared(self, name: str, comparison: str, value: Raw) -> Wording:
        """Add a comparison of a column with a value."""
        return self.name(name).text(f" {comparison} ").value(value)

    def at_or_behind(self, order: Sequence[str], place: Sequence[Raw]) -> Wording:
        """Add the condition of being at a place in an order, or behind it.

        Written out, because not every database uses an index for a comparison of rows.
        """
        self.compared(order[0], ">=", place[0])
        if len(order) > 1:
            self.text(" AND (").compared(order[0], ">", place[0]).text(" OR (")
            self.at_or_behind(order[1:], place[1:]).text("))")
        return self

    def statement(self, about: str, table: str = "") -> Statement:
        """End it."""
        return Statement(
            pieces=tuple(self._pieces), values=tuple(self._values), about=about, table=table
        )
