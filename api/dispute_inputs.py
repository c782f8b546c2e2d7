"""What is sent to take a step of a dispute."""

from __future__ import annotations

import base64
import binascii
from decimal import Decimal

import strawberry

from api.asking import Entity, Key, key_field, version_field
from api.scalars import PeriodName, UnitCode
from domain.dispute import Evidence
from domain.problem import Refused

_DISPUTE = "The id of the dispute."
_ENTITY = "The legal entity; the viewer's only or first one if absent."
_EVIDENCE = "What is shown for it, at most 5 pieces: links, and files of at most 128 KB each."
_WHY = "Why: whoever it concerns reads it."


@strawberry.input(description="Something that shows what somebody says: a link, or a small file.")
class DisputeEvidenceInput:
    """A piece of evidence."""

    name: str = strawberry.field(description="What it is called.")
    link: str | None = strawberry.field(
        default=None, description="A link that begins with http or https; absent for a file."
    )
    content: str | None = strawberry.field(
        default=None, description="The bytes of a file in base64; absent for a link."
    )
    media_type: str = strawberry.field(default="", description="The media type of a file.")


@strawberry.input(description="Somebody disagrees with their statement.")
class DisputeOpenInput:
    """Input of ``disputeOpen``."""

    idempotency_key: Key = key_field()
    period: PeriodName = strawberry.field(description="The period of the statement.")
    person: strawberry.ID | None = strawberry.field(
        default=None, description="Whose; the person of the viewer's account if absent."
    )
    line: str | None = strawberry.field(
        default=None, description="The name of the line of the posted statement."
    )
    transaction: str | None = strawberry.field(
        default=None, description="Instead: what the sale is called that is missing."
    )
    fact: strawberry.ID | None = strawberry.field(
        default=None, description="Instead: the id of the fact that was not credited."
    )
    expected: Decimal | None = strawberry.field(
        default=None,
        description="What it should be, in the unit of the line; for a sale, in money.",
    )
    text: str = strawberry.field(description="What is wrong, in own words.")
    evidence: list[DisputeEvidenceInput] = strawberry.field(
        default_factory=list, description=_EVIDENCE
    )
    legal_entity: Entity = strawberry.field(default=None, description=_ENTITY)


@strawberry.input(description="Somebody is to decide a dispute.")
class DisputeAssignInput:
    """Input of ``disputeAssign``."""

    idempotency_key: Key = key_field()
    dispute: strawberry.ID = strawberry.field(description=_DISPUTE)
    assignee: strawberry.ID = strawberry.field(description="The account that is to decide it.")
    reason: str = strawberry.field(default="", description="A word to them; may be empty.")
    legal_entity: Entity = strawberry.field(default=None, description=_ENTITY)
    expected_version: int = version_field()


@strawberry.input(description="Something is needed to decide.")
class DisputeAskInput:
    """Input of ``disputeAsk``."""

    idempotency_key: Key = key_field()
    dispute: strawberry.ID = strawberry.field(description=_DISPUTE)
    text: str = strawberry.field(description="The question.")
    legal_entity: Entity = strawberry.field(default=None, description=_ENTITY)
    expected_version: int = version_field()


@strawberry.input(description="The question is answered.")
class DisputeAnswerInput:
    """Input of ``disputeAnswer``."""

    idempotency_key: Key = key_field()
    dispute: strawberry.ID = strawberry.field(description=_DISPUTE)
    text: str = strawberry.field(description="The answer.")
    evidence: list[DisputeEvidenceInput] = strawberry.field(
        default_factory=list, description=_EVIDENCE
    )
    legal_entity: Entity = strawberry.field(default=None, description=_ENTITY)
    expected_version: int = version_field()


@strawberry.input(description="A dispute is accepted.")
class DisputeAcceptInput:
    """Input of ``disputeAccept``."""

    idempotency_key: Key = key_field()
    dispute: strawberry.ID = strawberry.field(description=_DISPUTE)
    amount: Decimal = strawberry.field(
        description="What is booked; it may differ from what was expected."
    )
    currency: UnitCode | None = strawberry.field(
        default=None, description="Its currency; that of the disputed line if absent."
    )
    booked_in: PeriodName = strawberry.field(description="The open period in which it is booked.")
    component: str | None = strawberry.field(
        default=None, description="The component it counts for; the disputed one if absent."
    )
    reason: str = strawberry.field(description=_WHY)
    legal_entity: Entity = strawberry.field(default=None, description=_ENTITY)
    expected_version: int = version_field()


@strawberry.input(description="A dispute is rejected.")
class DisputeRejectInput:
    """Input of ``disputeReject``."""

    idempotency_key: Key = key_field()
    dispute: strawberry.ID = strawberry.field(description=_DISPUTE)
    reason: str = strawberry.field(description=_WHY)
    legal_entity: Entity = strawberry.field(default=None, description=_ENTITY)
    expected_version: int = version_field()


@strawberry.input(description="A decided dispute is over.")
class DisputeCloseInput:
    """Input of ``disputeClose``."""

    idempotency_key: Key = key_field()
    dispute: strawberry.ID = strawberry.field(description=_DISPUTE)
    legal_entity: Entity = strawberry.field(default=None, description=_ENTITY)
    expected_version: int = version_field()


@strawberry.input(description="A dispute is withdrawn.")
class DisputeWithdrawInput:
    """Input of ``disputeWithdraw``."""

    idempotency_key: Key = key_field()
    dispute: strawberry.ID = strawberry.field(description=_DISPUTE)
    reason: str = strawberry.field(description=_WHY)
    legal_entity: Entity = strawberry.field(default=None, description=_ENTITY)
    expected_version: int = version_field()


def evidence_from(given: list[DisputeEvidenceInput]) -> tuple[Evidence, ...]:
    """Read evidence as it was sent."""
    return tuple(
        Evidence(
            name=each.name,
            media_type=each.media_type,
            link=each.link,
            content=None if each.content is None else _bytes(each.content, index),
        )
        for index, each in enumerate(given)
    )


def _bytes(text: str, index: int) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("dispute_evidence_form", path=f"evidence[{index}]") from None
