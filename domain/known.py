"""Until when what is read was known: one instant per subject, nearly always the same one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The instants until which facts, the organisation (with who is who) and rules are known.

    They differ where a correction is taken apart by its cause: what new facts alone would have
    changed is read with the rules and the organisation of before.
    """

    facts: datetime
    organisation: datetime
    rules: datetime

    @classmethod
    def at(cls, instant: datetime) -> Known:
        """Know everything that was known at ``instant``."""
        return cls(facts=instant, organisation=instant, rules=instant)
