"""What a directory must come to, thought through row by row over plain Python values.

Written after what a mapping promises and not after the code: it knows no ids, no
shelves and no database. Things are called by what they are called for ever: a person by his key, a
unit or a platform by its code, a name by namespace and value, a line by its source key.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from actions.take_directory import DirectoryRow
from domain.mapping import DirectoryDraft, Make

KINDS = ("COMPANY", "REGION", "DEPARTMENT", "TEAM")
ROLES = ("LEAD", "MEMBER")
_MAKES = (Make.PLATFORM, Make.UNIT, Make.PERSON, Make.ASSIGNMENT, Make.LINK)
_FOR_EVER = date.max

Revisions = list[dict[str, Any]]


class No(Exception):  # noqa: N818 - an answer
    """A row that cannot be used, and why."""


@dataclass(slots=True)
class State:
    """Everything that was ever written, by series: the last revision of each speaks."""

    people: dict[str, Revisions] = field(default_factory=dict)
    units: dict[str, Revisions] = field(default_factory=dict)
    places: dict[tuple[str, date], Revisions] = field(default_factory=dict)
    platforms: dict[str, Revisions] = field(default_factory=dict)
    assignments: dict[str, Revisions] = field(default_factory=dict)
    links: dict[str, Revisions] = field(default_factory=dict)
    identities: list[tuple[str, str]] = field(default_factory=list)

    def take(self, connection: str, stream: str, rows: Sequence[DirectoryRow]) -> dict[str, str]:
        """Take some rows in; return the codes of those that were refused, by key."""
        left = sorted(rows, key=lambda row: min(_MAKES.index(each.make) for each in row.drafts))
        while True:
            refused = {}
            for row in left:
                trial = copy.deepcopy(self)
                try:
                    for make in _MAKES:
                        for draft in row.drafts:
                            if draft.make is make:
                                trial._draft(connection, stream, row.key, draft)
                except No as no:
                    refused[row.key] = str(no)
                    continue
                for name in self.__slots__:
                    setattr(self, name, getattr(trial, name))
            if len(refused) in (0, len(left)):
                return refused
            left = [row for row in left if row.key in refused]

    def above(self, unit: str, day: date) -> tuple[str, ...]:
        """Name the units above a unit on a day, itself first; () where it hangs nowhere."""
        place = self._place(unit, day)
        if place is None:
            return ()
        parent = place["parent"]
        return (unit, *(self.above(parent, day) if parent is not None else ()))

    def _place(self, unit: str, day: date) -> dict[str, Any] | None:
        found = [
            revisions[-1]
            for (code, _), revisions in self.places.items()
            if code == unit and _on(revisions[-1], day)
        ]
        return found[0] if found else None

    def _draft(self, connection: str, stream: str, key: str, draft: DirectoryDraft) -> None:
        texts, days = draft.texts, draft.days
        if draft.make is Make.PLATFORM:
            said = {"name": texts["name"], "opened_on": days.get("openedOn")}
            _say(self.platforms, texts["code"], said)
        elif draft.make is Make.UNIT:
            self._unit(texts, days)
        elif draft.make is Make.PERSON:
            self._person(connection, draft)
        else:
            line = f"{connection}:{stream}:{draft.name}:{texts.get('line', key)}"
            if draft.make is Make.ASSIGNMENT:
                self._assignment(connection, line, draft)
            else:
                name = (texts["namespace"], texts["value"])
                who = self._called(connection, texts["person"])
                self._link(line, name, who, days["validFrom"], days.get("validTo"))

    def _unit(self, texts: Mapping[str, str], days: Mapping[str, date]) -> None:
        if texts["kind"] not in KINDS:
            raise No("cell_not_a_choice")
        _in_order(days["validFrom"], days.get("validTo"))
        code, parent = texts["code"], texts.get("parent")
        _say(self.units, code, {"name": texts["name"], "kind": texts["kind"]})
        if parent is not None and parent not in self.units:
            raise No("unit_unknown_parent")
        said = {
            "parent": parent,
            "valid_from": days["validFrom"],
            "valid_to": days.get("validTo"),
            "voided": False,
        }
        self._no_circle(code, parent, days["validFrom"], days.get("validTo") or _FOR_EVER)
        _say(self.places, (code, days["validFrom"]), said)

    def _no_circle(self, unit: str, above: str | None, start: date, end: date) -> None:
        if above == unit:
            raise No("unit_circle")
        for (code, _), revisions in self.places.items():
            place = revisions[-1]
            low = max(start, place["valid_from"])
            high = min(end, place["valid_to"] or _FOR_EVER)
            if code == above and low < high and place["parent"] is not None:
                self._no_circle(unit, place["parent"], low, high)

    def _person(self, connection: str, draft: DirectoryDraft) -> None:
        texts, days = draft.texts, draft.days
        _in_order(days.get("joinedOn"), days.get("leftOn"))
        key = f"{connection}:{texts['key']}"
        said = {
            "name": texts["name"],
            "staff_number": texts.get("staffNumber"),
            "joined_on": days.get("joinedOn"),
            "left_on": days.get("leftOn"),
        }
        _say(self.people, key, said)
        since = days.get("joinedOn") or date(1970, 1, 1)
        for name in draft.identities.items():
            self._link(f"{key}:{name[0]}", name, key, since, None)

    def _assignment(self, connection: str, line: str, draft: DirectoryDraft) -> None:
        texts, days = draft.texts, draft.days
        if texts["role"] not in ROLES:
            raise No("cell_not_a_choice")
        platform = texts.get("platform")
        if platform is not None and platform not in self.platforms:
            raise No("code_unknown")
        who = self._called(connection, texts["person"])
        if texts["unit"] not in self.units:
            raise No("code_unknown")
        _in_order(days["validFrom"], days.get("validTo"))
        said = {
            "person": who,
            "unit": texts["unit"],
            "platform": platform,
            "position": texts["position"],
            "role": texts["role"],
            "valid_from": days["validFrom"],
            "valid_to": days.get("validTo"),
            "voided": False,
        }
        _say(self.assignments, line, said)

    def _link(
        self, line: str, name: tuple[str, str], who: str, start: date, end: date | None
    ) -> None:
        _in_order(start, end)
        if name not in self.identities:
            self.identities.append(name)
        said = {
            "name": name,
            "person": who,
            "valid_from": start,
            "valid_to": end,
            "voided": False,
        }
        if line in self.links and self.links[line][-1] == said:
            return
        for other, revisions in self.links.items():
            one = revisions[-1]
            if other == line or one["name"] != name or one["voided"]:
                continue
            until = one["valid_to"] or _FOR_EVER
            if one["valid_from"] < (end or _FOR_EVER) and start < until:
                raise No("identity_linked_already")
        _say(self.links, line, said)

    def _called(self, connection: str, key: str) -> str:
        own = f"{connection}:{key}"
        if own in self.people:
            return own
        for other, revisions in self.people.items():
            if revisions[-1]["staff_number"] == key:
                return other
        raise No("person_unknown")


def _say(series: dict[Any, Revisions], key: Any, said: dict[str, Any]) -> None:
    revisions = series.setdefault(key, [])
    if not revisions or revisions[-1] != said:
        revisions.append(said)


def _in_order(start: date | None, end: date | None) -> None:
    if start is not None and end is not None and end <= start:
        raise No("dates_reversed")


def _on(row: Mapping[str, Any], day: date) -> bool:
    until = row["valid_to"]
    return row["valid_from"] <= day and (until is None or day < until)
