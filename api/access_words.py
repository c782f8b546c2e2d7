"""The words of access that the contract speaks: resources, deeds, what a leaderboard shows."""

from __future__ import annotations

from api.scalars import closed_set
from domain.access import Deed, Resource
from domain.privacy import BoardVisibility

__all__ = ["BoardVisibility", "Deed", "Resource"]

closed_set(
    Resource,
    "What can be seen or changed; performance and pay are two on purpose.",
    {
        Resource.PERSON: "Names, teams, positions.",
        Resource.UNIT: "Teams and platforms.",
        Resource.GOAL: "Goals.",
        Resource.METRIC: "Metrics and scorecards.",
        Resource.PERFORMANCE: "Values, scores and ranks of a person.",
        Resource.PAY: "Statements, amounts, the ledger.",
        Resource.PLAN: "Incentive plans.",
        Resource.CALCULATION: "Calculation runs.",
        Resource.LEADERBOARD: "Leaderboards.",
        Resource.SOURCE: "Connections to sources and their runs.",
        Resource.IDENTITY: "Who is who in a source.",
        Resource.PACK: "Industry packs.",
        Resource.ACCOUNT: "Accounts and roles.",
        Resource.TOKEN: "Tokens of vendors.",
        Resource.AUDIT: "The trail of who did what.",
        Resource.TALENT: "Suggestions about a person: promotion, training, recognition.",
        Resource.SETTING: "What a legal entity decides about who sees what.",
        Resource.DIRECTORY: "People and groups that an identity provider pushes into a source.",
    },
)
closed_set(
    Deed,
    "What is done with a resource.",
    {Deed.READ: "See it.", Deed.WRITE: "Make or change it."},
)
closed_set(
    BoardVisibility,
    "What a leaderboard shows to those who do not see the performance of everybody on it.",
    {
        BoardVisibility.NAMES_AND_VALUES: "Names, ranks and values of all.",
        BoardVisibility.NAMES_AND_RANKS: "Names and ranks of all, the own value.",
        BoardVisibility.OWN_LINE_AND_MEDIAN: "The own line and the median.",
        BoardVisibility.OWN_LINE_ONLY: "The own line.",
    },
)
