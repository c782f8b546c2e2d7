"""One run over a Zendesk: its settings and calls, who the agents are, and what a row becomes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.contract import Message, Rejected, Scalar, StreamInfo
from connectors.emitting import Emitting
from connectors.instants import day_in, iso, moment_of
from connectors.json_rows import flat_row
from connectors.row_cells import cells, rejected_row
from connectors.zendesk_api import Zendesk
from connectors.zendesk_settings import BY_ID, ZendeskSettings


@dataclass(slots=True, kw_only=True)
class ZendeskRun:
    """One run; ``people`` are the users that were looked up (None: nothing is left of him)."""

    api: Zendesk
    settings: ZendeskSettings
    now: datetime
    emitting: Emitting = field(default_factory=Emitting)
    people: dict[int, Mapping[str, Scalar] | None] = field(default_factory=dict)

    def look_up(self, numbers: Iterable[Any]) -> None:
        """Read the users of these numbers that are not known yet, also those who were deleted."""
        if self.settings.person == BY_ID:
            return
        wanted = sorted({each for each in numbers if type(each) is int} - self.people.keys())
        found = self.api.by_number("users", wanted)
        for number in wanted:
            row = found.get(number) or self.api.deleted_user(number)
            self.people[number] = None if row is None else flat_row(row)

    def record(
        self,
        info: StreamInfo,
        key: str,
        row: Mapping[str, Any],
        more: Mapping[str, Scalar],
        version: datetime | None,
        left_out: Collection[str] = (),
    ) -> Message:
        """Make the record of a row with our own columns, or reject one of an unknown agent."""
        told = {name: value for name, value in row.items() if name not in left_out}
        content = {**cells(told, info), **more}
        position = f"zendesk:{info.name}/{key}"
        if "person" in info.columns:
            number = content.get("assignee_id")
            if type(number) is int and self.people.get(number, {}) is None:
                # The row that came before, when he was still known, stays as it is.
                values = {"person": str(number)}
                return rejected_row(
                    info.name, told, position, "zendesk_person_unknown", values, key
                )
            content["person"] = self._person(number)
        for name in [name for name in info.columns if name.endswith(".day")]:
            content[name] = day_in(moment_of(content.get(name[:-4])), self.settings.zone)
        told_at = "" if version is None else iso(version)
        return self.emitting.record(info.name, key, content, position, told_at)

    def rejected(self, info: StreamInfo, row: Any) -> Rejected:
        """Say that a row has no number."""
        values = {"column": "id"}
        return rejected_row(info.name, row, f"zendesk:{info.name}", "source_key_missing", values)

    def _person(self, number: Scalar) -> str | None:
        if type(number) is not int:
            return None
        if self.settings.person == BY_ID:
            return str(number)
        named = (self.people.get(number) or {}).get(self.settings.person)
        return None if named is None or not str(named).strip() else str(named).strip()
