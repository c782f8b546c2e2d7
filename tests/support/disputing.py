"""People who disagree with their pay, with words and files that betray what they sold."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial

from actions.open_dispute import DisputeDraft, open_dispute
from domain.dispute import Evidence
from storage.engine import Writing
from tests.support.company import SYSTEM, Company


def disputed(company: Company, period: str, ids: dict[str, str], sold: Mapping[str, int]) -> None:
    """Let everybody in ``sold`` (name to cents) open a dispute; its id is kept in ``ids``."""
    for name, cents in sold.items():
        secret = str(cents)
        draft = DisputeDraft(
            person_id=ids[name],
            period=period,
            transaction=f"order {secret}",
            expected=Decimal(cents).scaleb(-2),
            text=f"I sold {secret}",
            evidence=(Evidence(name=f"{secret}.txt", content=secret.encode()),),
        )
        ids[f"dispute:{name}"] = company.write(partial(_dispute, draft=draft))


def _dispute(writing: Writing, draft: DisputeDraft) -> str:
    return open_dispute(writing, SYSTEM, draft)
