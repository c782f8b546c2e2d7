"""What a calculation says about facts that count for nobody because their credit is not clear."""

from __future__ import annotations

from actions.scoring import Calculation
from domain.crediting import CoverageStatus
from domain.problem import Problem, Severity


def unclear_credits(calculation: Calculation) -> tuple[Problem, ...]:
    """Count the facts that a rule concerns and that could be credited to nobody."""
    crediting = calculation.crediting
    found = {
        ruled.seq
        for decided in (crediting.decided if crediting else {}).values()
        for ruled in decided.facts.values()
        if ruled.outcome.status is CoverageStatus.ERROR
    }
    if not found:
        return ()
    values = {"facts": str(len(found))}
    return (Problem(code="credit_unclear", values=values, severity=Severity.WARNING),)
