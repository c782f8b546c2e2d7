"""Every field says what it shows: the access tag, the guard it switches on, the check at start.

A tag is a resource of the policy table or an audience. Fields of a row inherit the tag of their
type, because whoever filled the row asked the database with the viewer's reach. A field with a
resolver, or with another tag than its type, is guarded when it is read. A field without a tag
stops the schema from being built: forgetting means denied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from functools import partial
from typing import (
    TYPE_CHECKING,
    Any,
    TypeAlias,
    TypeVar,
    dataclass_transform,
)

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.types.base import StrawberryObjectDefinition, StrawberryOptional
from strawberry.types.field import StrawberryField

from domain.access import Deed, Resource, Viewer, may, refusal_of
from domain.problem import Refused

if TYPE_CHECKING:
    from strawberry.extensions.field_extension import AsyncExtensionResolver

T = TypeVar("T")

ENTITY = "legal_entity"
# The request itself is refused: an error, so that clients sign in or wait.
_NO_ANSWER_AT_ALL = frozenset({"sign_in_required", "forbidden", "deadline_exceeded"})
_TAG = "attain_access"
_DEED = "attain_deed"


class Audience(StrEnum):
    """Who may read a field that shows no business data."""

    EVERYBODY = "EVERYBODY"  # before signing in
    SIGNED_IN = "SIGNED_IN"  # any account


Tag: TypeAlias = Resource | Audience


class UntaggedFieldError(Exception):
    """A field says nothing about who may read it."""


class Guard(FieldExtension):
    """Refuses before the resolver runs when the policy gives the viewer nothing at all.

    A read that a rule refuses (nothing with this id, no such period yet, a wrong cursor) is no
    failure of the request: the field is null and ``extensions.problems`` has the reason.
    """

    def __init__(self, tag: Tag, deed: Deed) -> None:
        self.tag = tag
        self.deed = deed
        self.may_be_null = False
        self.by_entity = False

    def apply(self, field: StrawberryField) -> None:
        """Note whether the field may answer null, and whether it asks for a legal entity.

        Mutations may not answer null: they have unions.
        """
        self.may_be_null = isinstance(field.type, StrawberryOptional)
        self.by_entity = any(each.python_name == ENTITY for each in field.arguments)

    async def resolve_async(
        self,
        next_: AsyncExtensionResolver,
        source: Any,
        info: strawberry.Info,
        **kwargs: Any,
    ) -> object:
        """Check, then resolve; what a rule refuses to read is null, with the reason beside it."""
        demand(info.context.viewer, self.tag, self.deed)
        if self.by_entity and isinstance(self.tag, Resource):
            chosen = kwargs.get(ENTITY)
            kwargs[ENTITY] = in_entity(info.context.viewer, self.tag, self.deed, chosen)
        try:
            return await next_(source, info, **kwargs)
        except Refused as refused:
            if not self.may_be_null or refused.code in _NO_ANSWER_AT_ALL:
                raise
            info.context.note(refused, info.path.as_list())
            return None


class StreamGuard(Guard):
    """Checks at the start of a stream, and again before each of its events."""

    async def resolve_async(
        self,
        next_: AsyncExtensionResolver,
        source: Any,
        info: strawberry.Info,
        **kwargs: Any,
    ) -> object:
        """Check, then resolve, and leave the check with the stream."""
        found: Any = await super().resolve_async(next_, source, info, **kwargs)
        if hasattr(found, "allow"):
            found.allow = partial(demand, tag=self.tag, deed=self.deed)
        return found


def demand(viewer: Any, tag: Tag, deed: Deed) -> None:
    """Refuse unless ``viewer`` may do ``deed`` to something that carries ``tag``."""
    if tag is Audience.EVERYBODY:
        return
    if viewer is None:
        raise Refused("sign_in_required")
    if isinstance(tag, Resource) and not may(viewer, tag, deed):
        raise Refused(refusal_of(viewer, tag, deed))


def in_entity(viewer: Viewer, tag: Resource, deed: Deed, chosen: str | None) -> str | None:
    """Return the legal entity to read: HR of one is nobody in another.

    Without a choice it is the first in which the viewer has the right. One in which the viewer has
    no role at all is left to the resolver, which does not know it.
    """
    if chosen is None:
        found = (each for each in sorted(viewer.entity_ids) if may(viewer, tag, deed, each))
        return next(found, None)
    if chosen in viewer.entity_ids and not may(viewer, tag, deed, chosen):
        raise Refused(refusal_of(viewer, tag, deed))
    return chosen


def shown(
    description: str,
    *,
    access: Tag | None = None,
    name: str | None = None,
    deprecated: str | None = None,
) -> Any:
    """Declare a plain attribute of a row; without ``access`` it has the tag of its type."""
    return strawberry.field(
        description=description,
        name=name,
        deprecation_reason=deprecated,
        metadata={} if access is None else {_TAG: access},
        extensions=[] if access is None else [Guard(access, Deed.READ)],
    )


def resolved(
    description: str,
    *,
    access: Tag,
    deed: Deed = Deed.READ,
    name: str | None = None,
    graphql_type: Any = None,
) -> Callable[[Callable[..., Any]], Any]:
    """Declare a field with a resolver: always guarded, always with its own tag."""

    def declare(resolver: Callable[..., Any]) -> Any:
        return strawberry.field(
            resolver=resolver,
            description=description,
            name=name,
            metadata={_TAG: access, _DEED: deed},
            extensions=[Guard(access, deed)],
            graphql_type=graphql_type,
        )

    return declare


def streamed(description: str, *, access: Tag) -> Callable[[Callable[..., Any]], Any]:
    """Declare a field of the subscription root: guarded at its start and at every event."""

    def declare(resolver: Callable[..., Any]) -> Any:
        return strawberry.subscription(
            resolver=resolver,
            description=description,
            metadata={_TAG: access, _DEED: Deed.READ},
            extensions=[StreamGuard(access, Deed.READ)],
        )

    return declare


@dataclass_transform(order_default=False, kw_only_default=True, field_specifiers=(shown,))
def output(
    *, access: Tag, description: str, name: str | None = None
) -> Callable[[type[T]], type[T]]:
    """Declare an output type whose plain fields carry ``access``."""

    def declare(cls: type[T]) -> type[T]:
        cls.__access__ = access  # type: ignore[attr-defined]
        return strawberry.type(cls, name=name, description=description)

    return declare


def tags(definitions: Sequence[StrawberryObjectDefinition]) -> Iterator[tuple[str, str, Tag, Deed]]:
    """Yield type, field, tag and deed of every output field; a missing tag is an error."""
    for definition in definitions:
        if definition.is_input:
            continue
        default = getattr(definition.origin, "__access__", None)
        for field in definition.fields:
            yield (definition.name, _name(field), *_tag_of(definition, field, default))


def _tag_of(
    definition: StrawberryObjectDefinition, field: StrawberryField, default: Tag | None
) -> tuple[Tag, Deed]:
    tag = field.metadata.get(_TAG)
    if tag is None and field.base_resolver is not None:
        raise UntaggedFieldError(f"{definition.name}.{_name(field)} has a resolver and no tag")
    if tag is None and default is None:
        raise UntaggedFieldError(f"{definition.name}.{_name(field)} does not say who may read it")
    return (tag if tag is not None else default), field.metadata.get(_DEED, Deed.READ)  # type: ignore[return-value]


def _name(field: StrawberryField) -> str:
    return field.graphql_name or field.python_name
