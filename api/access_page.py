"""Writes docs/access.md from the policy table and the tags of the schema."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from actions.open_reason import REASON_MINUTES
from api.access import tags
from api.schema import build_schema, definitions
from domain.access import BRANCH, UNDELEGATED, Deed, Range, Role, table_of
from domain.delegation import DELEGATION_DAYS
from domain.privacy import PRIVACY_FLOOR, PRIVACY_MINIMUM

UNHANDED = ", ".join(sorted(resource.value for resource in UNDELEGATED))

_HEAD = """# Who may see what

This page is printed from `domain/access.py` and from the access tag of every GraphQL field.
What the table does not name is denied. A right says how far it reaches: *self* the own rows,
*subtree* the people of a unit and of the units below it (as the organisation was on the day of the
row, as known by now), *entity* one legal entity. Seeing a team's performance and seeing its pay are
two rights. Before signing in, only the fields of the audience EVERYBODY are open.
"""
_ROLES = f"""
- **MANAGER** is born of leading a unit, for the days of the assignment: the manager of that time
  sees that time. After moving on inside the company it still reads that time and changes nothing;
  whoever has left reads the own rows only.
- **HR of a branch** is an HR grant that names a unit: its column is the last one.
- **TEAM_PAY** is given by name (`teamPayGrant`) for a unit and days, if the settings of the legal
  entity allow it, and holds only while its holder leads the unit.
- **AUDITOR** reads pay only while a reason is open (`accessReasonOpen`, {REASON_MINUTES} minutes,
  for one person or all); every person and period read is a line in the trail, once per reason.
- **ADMIN** sees no business data; an account with this role has no other.

## Acting for somebody

`delegationCreate` hands chosen rights of a manager or HR to another account, for
{DELEGATION_DAYS} days at most. A request uses it with the header `x-attain-acting-for: ACCOUNT` and
then has these rights and no others, plus the names of units and metrics. Never handed on: the own
pay, {UNHANDED}; nor anything a deputy was given. The trail names both accounts.

## Groups

Whoever sees everybody of a group sees its totals. A member sees a total only when, on every day of
the period, at least the privacy minimum of people whom he does not see by themselves are behind it
and behind what is left when it is taken off each group around it; of two nested groups the wider
one wins. So neither one group less another nor a group less the own value speaks of few people. A
member reads totals as known now only. A median and the gap to it are shown together or not at all:
the group has the minimum of members, and all but oneself are unseen or nobody is.

`legalEntitySettingsChange` sets the minimum ({PRIVACY_MINIMUM} at first, {PRIVACY_FLOOR} at least)
and what a leaderboard shows of others, from a day on and never backwards; for data of earlier days
the stricter of then and now holds.
"""


def access_page() -> str:
    """Return the whole page."""
    return "\n".join(
        [_HEAD, "## Roles and rights\n", *_policy(), _ROLES, "## Fields\n", *_fields(), ""]
    )


def _policy() -> Iterator[str]:
    yield f"| resource | deed | {' | '.join(role.value for role in Role)} | HR of a branch |"
    yield "|---" * (len(Role) + 3) + "|"
    for resource, deed, extents in table_of():
        every = (*extents, BRANCH.get((resource, deed), Range.NONE))
        cells = (extent.name.lower() if extent is not Range.NONE else "–" for extent in every)
        yield f"| {resource.value} | {deed.value} | {' | '.join(cells)} |"


def _fields() -> Iterator[str]:
    """One line per type: its fields by tag."""
    yield "| type | tag | fields |"
    yield "|---|---|---|"
    # A generic type such as Connection comes once for every kind of row, with the same fields.
    found: dict[tuple[str, str], set[str]] = {}
    for kind, field, tag, deed in tags(definitions(build_schema())):
        label = f"{tag.value}{' (write)' if deed is Deed.WRITE else ''}"
        found.setdefault((kind, label), set()).add(field)
    for (kind, label), names in sorted(found.items()):
        yield f"| {kind} | {label} | {', '.join(sorted(names))} |"


if __name__ == "__main__":
    sys.stdout.write(access_page())
