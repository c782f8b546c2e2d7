"""The zones in which a source wrote its instants."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.problem import Refused


class Zones:
    """Zones by name; a mapping that names an unknown one is a refusal."""

    def __init__(self, home: str) -> None:
        self.home = self.named(home)

    def named(self, name: str) -> ZoneInfo:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise Refused("zone_unknown", {"zone": name}) from error
