"""Answers kept by idempotency key: the same request is answered again, never done again."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import insert, select

from storage.engine import Writing
from storage.tables import idempotency


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """What a deed made under a key, and the hash of the request that asked for it."""

    made: str
    request_hash: str


def kept_answer(writing: Writing, operation: str, key: str) -> KeptAnswer | None:
    """Return the answer that the writer was given under ``key``, or None."""
    row = writing.connection.execute(
        select(idempotency.c.request_hash, idempotency.c.answer).where(
            idempotency.c.account_id == writing.actor,
            idempotency.c.operation == operation,
            idempotency.c.key == key,
        )
    ).one_or_none()
    if row is None:
        return None
    return KeptAnswer(made=str(row.answer["id"]), request_hash=row.request_hash)


def keep_answer(writing: Writing, operation: str, key: str, answer: KeptAnswer) -> None:
    """Keep the answer beside the deed, in the same transaction."""
    writing.connection.execute(
        insert(idempotency).values(
            account_id=writing.actor,
            operation=operation,
            key=key,
            legal_entity_id=writing.entity_id,
            request_hash=answer.request_hash,
            answer={"id": answer.made},
            made_at=writing.known_at,
        )
    )
