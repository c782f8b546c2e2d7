"""What the server tells about its contract, and to whom.

Who may not read the contract is not told either which part of a question does not fit it: from
those messages alone a stranger can rebuild it, name by name.
"""

from __future__ import annotations

import re
from enum import StrEnum

from graphql import GraphQLError, GraphQLSyntaxError

from domain.access import Viewer

# A GraphQL name has no escapes: whoever asks about the schema writes one of these two words.
_ASKS = re.compile(r"\b__(?:schema|type)\b")


class Introspection(StrEnum):
    """Who may ask about the schema."""

    OPEN = "open"
    SIGNED_IN = "signed_in"
    OFF = "off"


def refused_introspection(
    text: str, introspection: Introspection, viewer: Viewer | None
) -> list[GraphQLError]:
    """Return the one error of a question about the schema that is not answered, or nothing."""
    if introspection is Introspection.OPEN or not _ASKS.search(text):
        return []
    if introspection is Introspection.SIGNED_IN and viewer is not None:
        return []
    said = {"code": "INTROSPECTION_REFUSED", "sentence": "introspection_refused"}
    return [GraphQLError("Introspection is refused.", extensions=said)]


def is_masked(error: GraphQLError, introspection: Introspection, viewer: Viewer | None) -> bool:
    """Say whether the words of an error name parts of a contract that this asker may not read."""
    if introspection is Introspection.OPEN or viewer is not None:
        return False
    own = "sentence" in (error.extensions or {})
    return not own and not isinstance(error, GraphQLSyntaxError) and error.path is None
