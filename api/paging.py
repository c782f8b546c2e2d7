"""Keyset connections: opaque versioned cursors, pages of 1 to 100, both directions.

A cursor holds the sort key and the id of its row and the name of its connection, so that a row
inserted in between shifts nothing and a cursor of another list is refused.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

import strawberry
from strawberry.types.arguments import StrawberryArgumentAnnotation

from api.access import Audience, output, shown
from domain.problem import Refused

Row = TypeVar("Row")
Node = TypeVar("Node")
Key: TypeAlias = tuple[str | int, ...]

LARGEST_PAGE = 100
DEFAULT_PAGE = 50
_VERSION = "v1"
_LONGEST_CURSOR = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A checked request for a page: one more row than ``size`` tells whether there are more."""

    size: int
    backwards: bool
    after: Key | None
    before: Key | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice(Generic[Row]):
    """The rows of a page in the order of the list."""

    rows: Sequence[Row]
    has_next: bool
    has_previous: bool
    total: int | None


@output(access=Audience.SIGNED_IN, description="Where a page lies in its list.")
class PageInfo:
    """Relay's page information."""

    has_next_page: bool = shown("Whether rows follow this page.")
    has_previous_page: bool = shown("Whether rows precede this page.")
    start_cursor: str | None = shown("The cursor of the first row of the page.")
    end_cursor: str | None = shown("The cursor of the last row of the page.")


@output(access=Audience.SIGNED_IN, description="A row of a list with its cursor.")
class Edge(Generic[Node]):
    """Relay's edge."""

    cursor: str = shown("The place of the row in the list, opaque.")
    node: Node = shown("The row.")


@output(access=Audience.SIGNED_IN, description="A page of a list.")
class Connection(Generic[Node]):
    """Relay's connection, with the rows also as plain nodes."""

    edges: list[Edge[Node]] = shown("The rows with their cursors; at most 100.")
    nodes: list[Node] = shown("The rows; at most 100.")
    page_info: PageInfo = shown("Where the page lies in the list.")
    total_count: int | None = shown("How many rows the whole list has, when it is known.")


@output(access=Audience.SIGNED_IN, description="A part of a list that is made anew each time.")
class Part(Generic[Node]):
    """Rows of a list whose places mean nothing to the next question but by their cursors."""

    nodes: list[Node] = shown("The rows; at most 100.")
    total_count: int = shown("How many there are in all.")
    has_next: bool = shown("Whether others follow.")
    end_cursor: str | None = shown("Send it back as `after` to read those; null for no row.")


def page(
    connection: str,
    *,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Page:
    """Check the arguments of a page; wrong ones are refused with a code of their own."""
    if first is not None and last is not None:
        raise Refused("page_both_ends")
    size = first if first is not None else last if last is not None else DEFAULT_PAGE
    if not 1 <= size <= LARGEST_PAGE:
        raise Refused("page_size_invalid", {"size": str(size), "most": str(LARGEST_PAGE)})
    return Page(
        size=size,
        backwards=last is not None,
        after=None if after is None else read_cursor(connection, after),
        before=None if before is None else read_cursor(connection, before),
    )


def write_cursor(connection: str, key: Key) -> str:
    """Write the cursor of a row: version, list, sort key, id."""
    packed = json.dumps([connection, *key], separators=(",", ":"), ensure_ascii=False)
    return f"{_VERSION}.{base64.urlsafe_b64encode(packed.encode()).decode().rstrip('=')}"


def read_cursor(connection: str, cursor: str) -> Key:
    """Read a cursor of this list, or refuse with ``cursor_invalid``."""
    version, _, packed = cursor.partition(".")
    try:
        if version != _VERSION or len(cursor) > _LONGEST_CURSOR:
            raise ValueError(version)
        padded = packed.encode("ascii") + b"=" * (-len(packed) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise Refused("cursor_invalid") from error
    if (
        not isinstance(parts, list)
        or not parts
        or parts[0] != connection
        or not all(isinstance(part, str | int) and not isinstance(part, bool) for part in parts)
    ):
        raise Refused("cursor_invalid")
    return tuple(parts[1:])


def cut(rows: Sequence[Row], asked: Page, key: Callable[[Row], Key]) -> Slice[Row]:
    """Cut a page from rows that are all at hand, already in the order of ``key``."""
    shape = {tuple(type(part) for part in key(row)) for row in rows[:1]}
    for cursor in (asked.after, asked.before):
        if cursor is not None and shape and tuple(type(part) for part in cursor) not in shape:
            raise Refused("cursor_invalid")
    start = 0 if asked.after is None else sum(1 for row in rows if key(row) <= asked.after)
    end = len(rows)
    if asked.before is not None:
        end = max(start, sum(1 for row in rows if key(row) < asked.before))
    low, high = start, min(end, start + asked.size)
    if asked.backwards:
        low, high = max(start, end - asked.size), end
    return Slice(
        rows=rows[low:high], has_next=high < len(rows), has_previous=low > 0, total=len(rows)
    )


def forward(rows: Sequence[Row], total: int, *, has_next: bool) -> Slice[Row]:
    """Be a page that was cut where the rows are made."""
    return Slice(rows=rows, has_next=has_next, has_previous=False, total=total)


def connect(
    connection: str, part: Slice[Row], node: Callable[[Row], Node], key: Callable[[Row], Key]
) -> Connection[Node]:
    """Turn the rows of a page into a connection."""
    edges = [Edge(cursor=write_cursor(connection, key(row)), node=node(row)) for row in part.rows]
    return Connection(
        edges=edges,
        nodes=[edge.node for edge in edges],
        page_info=PageInfo(
            has_next_page=part.has_next,
            has_previous_page=part.has_previous,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
        total_count=part.total,
    )


def part_of(
    name: str, found: Slice[Row], node: Callable[[Row], Node], key: Callable[[Row], Key]
) -> Part[Node]:
    """Turn the rows of a page into a part of the list of this name."""
    rows = found.rows
    return Part(
        nodes=[node(row) for row in rows],
        total_count=found.total or 0,
        has_next=found.has_next,
        end_cursor=write_cursor(name, key(rows[-1])) if rows else None,
    )


def described(text: str) -> StrawberryArgumentAnnotation:
    """Describe an argument."""
    return strawberry.argument(description=text)
