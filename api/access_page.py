"""Writes docs/access.md from the policy table and the tags of the schema."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from api.access import tags
from api.schema import build_schema, definitions
from domain.access import Deed, Range, Role, table_of

_HEAD = """# Who may see what

This page is printed from `domain/access.py` and from the access tag of every GraphQL field.
What the table does not name is denied. A right says how far it reaches: *self* the own rows,
*subtree* the people of a manager's unit and of the units below it (as the organisation was on the
day of the row), *entity* one legal entity. Seeing a team's performance and seeing its pay are two
rights. Before signing in, only the fields of the audience EVERYBODY are open.
"""


def access_page() -> str:
    """Return the whole page."""
    return "\n".join(
        [_HEAD, "## Roles and rights\n", *_policy(), "", "## Fields\n", *_fields(), ""]
    )


def _policy() -> Iterator[str]:
    yield f"| resource | deed | {' | '.join(role.value for role in Role)} |"
    yield "|---" * (len(Role) + 2) + "|"
    for resource, deed, extents in table_of():
        cells = (extent.name.lower() if extent is not Range.NONE else "–" for extent in extents)
        yield f"| {resource.value} | {deed.value} | {' | '.join(cells)} |"


def _fields() -> Iterator[str]:
    """One line per type: its fields by tag."""
    yield "| type | tag | fields |"
    yield "|---|---|---|"
    found: dict[tuple[str, str], list[str]] = {}
    for kind, field, tag, deed in tags(definitions(build_schema())):
        label = f"{tag.value}{' (write)' if deed is Deed.WRITE else ''}"
        found.setdefault((kind, label), []).append(field)
    for (kind, label), names in sorted(found.items()):
        yield f"| {kind} | {label} | {', '.join(sorted(names))} |"


if __name__ == "__main__":
    sys.stdout.write(access_page())
