"""A team's pool: an amount that the team earns and its people share by keys, to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.component import SCORE, Condition, Kind, PeerGroup, Terms, unit_of
from domain.document import DocumentReader
from domain.exact import Comparison
from domain.kinds.base import Component
from domain.kinds.peer_parts import COUNTED_CODES, presence_needs, read_members, refuse_choice
from domain.kinds.pool_lines import pool_lines
from domain.kinds.pool_terms import (
    Against,
    Funding,
    PoolOf,
    SplitKey,
    TeamCondition,
    read_funding,
    read_team_condition,
    write_funding,
    write_team_condition,
)
from domain.peer_rules import Members
from domain.plan_reader import PlanReader, write_condition
from domain.program import NUMBER, LineSpec, Need, NeedKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool(Component):
    """What the team earns, cut into parts that add up to it exactly.

    Only people of one plan share a pool; who is in the team under another plan has no part in it.
    """

    kind = Kind.POOL
    truth_codes = (
        *COUNTED_CODES,
        *(
            f"line_team_{comparison.value.lower()}"
            for comparison in Comparison
            if comparison is not Comparison.WITHIN
        ),
        *(
            f"line_team_target_{comparison.value.lower()}"
            for comparison in Comparison
            if comparison is not Comparison.WITHIN
        ),
    )
    amount_codes = ("line_pool_amount",)
    step_codes = (
        "line_pool_key",
        "line_team_value",
        *(f"line_pool_{of.value.lower()}" for of in PoolOf),
    )

    team: PeerGroup
    funding: Funding
    condition: TeamCondition | None
    members: Members
    minimum: Condition | None
    key: SplitKey
    key_metric: str | None

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own."""
        members = read_members(reader, plan, None)
        if members is Members.PRORATED:  # parts by days have a key of their own
            refuse_choice(reader, "members", members, [m for m in Members if m is not members])
        key, key_metric = reader.choice("key", SplitKey), None
        if key is SplitKey.METRIC:
            key_metric = plan.metric(reader)
        return {
            "team": reader.choice("team", PeerGroup),
            "funding": read_funding(reader, plan),
            "condition": read_team_condition(reader, plan),
            "members": members,
            "minimum": plan.condition(reader, "minimum", required=False),
            "key": key,
            "key_metric": key_metric,
        }

    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own."""
        return {
            "team": self.team.value,
            "pool": write_funding(self.funding, terms),
            "condition": write_team_condition(self.condition, terms),
            "members": self.members.value,
            "minimum": write_condition(self.minimum, terms),
            "key": self.key.value,
            "metric": self.key_metric,
        }

    @property
    def metrics(self) -> tuple[str, ...]:
        """The keys of the person's metrics it reads; the team's are needs."""
        key = SCORE if self.key is SplitKey.SCORE else self.key_metric
        gate = None if self.minimum is None else self.minimum.metric
        return tuple(metric for metric in (key, gate) if metric is not None)

    def needs(self, terms: Terms) -> tuple[Need, ...]:
        """The team's value and target, and what cutting the pool depends on."""
        found = []
        held = None if self.condition is None else self.condition.metric
        for name, metric in (("team", self.funding.metric), ("team_held", held)):
            if metric is not None:
                found.append(
                    Need(
                        name=f"{self.id}.{name}",
                        kind=NeedKind.TEAM,
                        unit=unit_of(terms, metric),
                        metric=metric,
                        peer_group=self.team,
                    )
                )
        condition = self.condition
        if condition is not None and condition.against is Against.TEAM_TARGET:
            found.append(
                Need(
                    name=f"{self.id}.team_held.target",
                    kind=NeedKind.TEAM_TARGET,
                    unit=unit_of(terms, condition.metric),
                    metric=condition.metric,
                    peer_group=self.team,
                )
            )
        days = self.key is SplitKey.DAYS
        found.extend(presence_needs(f"{self.id}.pool", self.members, days=days))
        unit = self.key_unit(terms)
        name = f"{self.id}.pool"
        found.append(Need(name=name, kind=NeedKind.POOL, unit=unit, peer_group=self.team))
        return tuple(found)

    def key_unit(self, terms: Terms) -> str:
        """Give the unit of the keys."""
        if self.key is SplitKey.METRIC and self.key_metric is not None:
            return unit_of(terms, self.key_metric)
        return "POINT" if self.key is SplitKey.SCORE else NUMBER

    def lines(self, terms: Terms, earlier: Sequence[Component]) -> list[LineSpec]:
        """Make its lines."""
        return pool_lines(terms, self)
