"""What the kinds share that pay by the place among peers: bands of the best, and prizes by rank."""

from __future__ import annotations

from dataclasses import dataclass

from domain.component import Fallback, PeerGroup, Terms, unit_of
from domain.kinds.base import Component
from domain.kinds.peer_parts import COUNTED_CODES, presence_needs, rank_inputs
from domain.peer_rules import Members, RankForm
from domain.program import Cohort, Input, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class ByPlace(Component):
    """Pays by the place on one metric; tie breaks, if there are any, tell equals apart."""

    truth_codes = COUNTED_CODES

    metric: str
    peer_group: PeerGroup
    members: Members
    rank: RankForm
    tie_break: tuple[str, ...]
    minimum_cohort: int
    fallback: Fallback

    @property
    def metrics(self) -> tuple[str, ...]:
        """The keys of the metrics it reads."""
        return (self.metric, *self.tie_break)

    def inputs(self, terms: Terms) -> tuple[Input, ...]:
        """The place among the peers."""
        return rank_inputs(self.id)

    def cohorts(self, terms: Terms) -> tuple[Cohort, ...]:
        """The comparison with the peer group."""
        return (
            Cohort(
                id=self.id,
                measure=self.metric,
                unit=unit_of(terms, self.metric),
                peer_group=self.peer_group,
                minimum=self.minimum_cohort,
                fallback=self.fallback,
                members=self.members,
                ranking=self.rank,
                tie_breaks=self.tie_break,
            ),
        )

    def needs(self, terms: Terms) -> tuple[Need, ...]:
        """Whether the person counts."""
        return presence_needs(f"{self.id}.peers", self.members, days=False)
