"""Components of plans that pay by other people, as a plan document has them."""

from __future__ import annotations

from tests.support.rules import texts

POOL = {
    "id": "pool", "kind": "POOL", "name": texts("Team pool"), "missing": "ZERO", "team": "UNIT",
    "pool": {"of": "RATE", "metric": "sales", "rate": "0.01", "negative": "ZERO"},
    "condition": {"metric": "sales", "comparison": "AT_LEAST", "against": "TEAM_TARGET"},
    "members": "FULL_PERIOD", "key": "METRIC", "metric": "sales",
}  # fmt: skip
BANDS = {
    "id": "bands", "kind": "TOP_BANDS", "name": texts("Bands"), "missing": "ZERO",
    "metric": "sales", "peerGroup": "COMPANY", "members": "EXCLUDE_LEAVERS",
    "rank": "COMPETITION", "rounding": "CEIL", "least": 1, "tie": "TIE_BREAK",
    "bands": [{"share": "0.2", "amount": "2000"}, {"share": "0.2", "amount": "1000"}],
    "tieBreak": ["retention"], "minimumCohort": 3, "fallback": "NO_REWARD",
}  # fmt: skip
ABOVE = {
    "id": "above", "kind": "ABOVE_PERCENTILE", "name": texts("Above"), "missing": "ZERO",
    "metric": "sales", "peerGroup": "UNIT", "members": "PRORATED", "percentile": "0.75",
    "method": "R6_EXCLUSIVE", "amount": "300", "minimumCohort": 3, "fallback": "WIDEN",
}  # fmt: skip
