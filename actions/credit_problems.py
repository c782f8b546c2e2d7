"""What a calculation says about facts that count for nobody because their credit is not clear."""

from __future__ import annotations

from domain.crediting import Status
from domain.problem import Problem, Severity
from storage.crediting import Crediting


def unclear_credits(crediting: Crediting) -> tuple[Problem, ...]:
    """Count the facts that a rule concerns and that could be credited to nobody."""
    found = {
        ruled.seq
        for decided in crediting.decided.values()
        for ruled in decided.facts.values()
        if ruled.outcome.status is Status.ERROR
    }
    if not found:
        return ()
    values = {"facts": str(len(found))}
    return (Problem(code="credit_unclear", values=values, severity=Severity.WARNING),)
