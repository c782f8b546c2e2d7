"""What a company has of a pack is put in force: definitions from a day on, plans as drafts.

What holds is the pinned documents with the company's layer over them. Metrics and scorecards become
dated definitions; what was measured and scored before the day stays explained by those before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from actions.define_metric import define_metric
from actions.identifiers import new_id
from actions.pack_pins import Pin, keep_pin
from actions.publish_plan import DRAFT, PUBLISHED, draft_plan, plan_row
from actions.publish_scorecard import publish_scorecard
from domain.access import Actor
from domain.document import document_hash
from domain.pack_layer import PackRules, held, revisions_of, write_layer
from domain.pack_merge import Leaves, leaves_of, overrides_of, under
from domain.pack_rules import settled
from domain.plan_document import encode_plan
from domain.plan_life import PlanState
from domain.problem import Refused
from storage import tables
from storage.definitions import (
    Scope,
    StoredPlan,
    StoredScorecard,
    definition_row,
    end_definition,
    plan_versions,
    scope_from,
    scorecards,
)
from storage.engine import Connection, Writing
from storage.packs import PackDeed, StoredLayer
from storage.people import add_revision, add_row

_UNPUBLISHED = (DRAFT, PlanState.IN_REVIEW.value, PlanState.APPROVED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The next revision of an installed pack."""

    deed: PackDeed
    pin: Pin
    layer: Leaves
    rules: PackRules
    scope: Scope
    scopes: Mapping[str, Scope]
    valid_from: date
    reason: str | None = None

    def scope_of(self, key: str) -> Scope:
        """Say whom a document is for."""
        return self.scopes.get(key, self.scope)


def put_pack(writing: Writing, actor: Actor, step: Step, before: StoredLayer | None) -> str:
    """Put what would hold in force and keep the revision; return the revision's id."""
    rules, pack_id = step.rules, step.pin.pack.id
    refuse_taken(writing, pack_id, rules, step.valid_from)
    _define(writing, actor, step, rules)
    _draft(writing, actor, step, rules)
    keep_pin(writing, step.pin.pack)
    revision = 1 if before is None else before.revision + 1
    since = revisions_of(
        step.layer,
        {} if before is None else before.overrides,
        {} if before is None else before.since,
        revision,
    )
    identifier = new_id("pack", writing.known_at)
    add_row(
        writing,
        tables.pack_layer,
        id=identifier,
        pack_id=pack_id,
        revision=revision,
        deed=step.deed.value,
        pack_version=step.pin.pack.version,
        pack_hash=step.pin.pack.hash,
        overrides=write_layer(step.layer, since),
        scope=step.scope.document(),
        scopes={key: each.document() for key, each in sorted(step.scopes.items())},
        hash=rules.hash,
        valid_from=step.valid_from,
        made_by=writing.actor,
        reason=step.reason,
    )
    return identifier


def ruled(pin: Pin, layer: Leaves) -> tuple[Leaves, PackRules]:
    """Return a layer in its one form and what holds by it, or refuse what would be wrong."""
    settled_layer, rules, wrong = settled(pin.pack.id, pin.leaves, layer)
    if wrong:
        raise Refused("pack_rules_invalid", {"pack": pin.pack.id}, problems=wrong)
    return settled_layer, rules


def refuse_taken(writing: Writing, pack_id: str, rules: PackRules, day: date) -> None:
    """Refuse to write over what the company itself defined under a key of the pack."""
    for table, documents in (
        (tables.metric, rules.metrics),
        (tables.scorecard, rules.scorecards),
    ):
        for document in documents:
            row = definition_row(writing, table, str(document["key"]), day)
            if row is None or row.pack_id is not None:
                continue
            if row.hash != document_hash(document):
                values = {"key": row.key, "pack": pack_id}
                raise Refused("pack_key_taken", values, path="pack")


def refuse_overlap(rules: PackRules, scope_of: Callable[[str], Scope]) -> None:
    """Refuse two scorecards for the very same people: nobody would be scored by either."""
    seen: dict[Scope, str] = {}
    for card in rules.scorecards:
        key, scope = str(card["key"]), scope_of(str(card["key"]))
        other = seen.setdefault(scope, key)
        if other != key:
            values = {"scorecard": other, "other": key}
            raise Refused("pack_cards_overlap", values, path="scopes")


def _define(writing: Writing, actor: Actor, step: Step, rules: PackRules) -> None:
    """Define metrics and publish scorecards; a card that is no more ends. A metric never does.

    Rules of the company's own may read it, and nobody is hurt by one that nothing reads.
    """
    day, pack_id = step.valid_from, step.pin.pack.id
    for document in rules.metrics:
        with _placed("metrics", document):
            define_metric(writing, actor, document, valid_from=day, pack_id=pack_id)
    standing = _cards_from(writing, pack_id, day)
    keys = {str(each["key"]) for each in rules.scorecards}
    for card in standing:
        if card.scorecard.key not in keys:
            end_definition(writing, tables.scorecard, card.scorecard.key, max(card.valid_from, day))
    for document in rules.scorecards:
        key = str(document["key"])
        # Whom it is for may be planned to change later: what it says is the same from there on.
        later = [each for each in standing if each.scorecard.key == key and each.valid_from > day]
        row = definition_row(writing, tables.scorecard, key, day)
        now = step.scope_of(key) if row is None else scope_from(row.scope)
        with _placed("scorecards", document):
            for start, scope in ((day, now), *((each.valid_from, each.scope) for each in later)):
                publish_scorecard(
                    writing, actor, document, scope, valid_from=start, pack_id=pack_id
                )


def _cards_from(writing: Writing, pack_id: str, day: date) -> list[StoredScorecard]:
    """Return the cards of the pack that are in force on a day or later, oldest first."""
    found = scorecards(
        writing.connection,
        writing.entity_id,
        start=day,
        end=date.max,
        known_at=writing.known_at,
    )
    return [each for each in found if each.pack_id == pack_id]


@contextmanager
def _placed(section: str, document: Mapping[str, Any]) -> Iterator[None]:
    """Do something with a document; what is wrong with it names its place in the pack."""
    try:
        yield
    except Refused as refused:
        place = f"{section}[{document['key']}]"
        problems = tuple(replace(each, path=f"{place}.{each.path}") for each in refused.problems)
        raise Refused(refused.code, refused.values, refused.path or place, problems) from refused


def _draft(writing: Writing, actor: Actor, step: Step, rules: PackRules) -> None:
    """Draft each plan that would say something else than its version that stands.

    A draft that begins before stays for the time before: nobody's plan of two months is lost with
    what changes in the third. The new draft follows where it ends.
    """
    standing = standing_plans(
        writing.connection, writing.entity_id, step.valid_from, writing.known_at
    )
    for document in rules.plans:
        key = str(document["key"])
        found = standing.get(key)
        if found is not None and document_hash(encode_plan(found.plan)) == document_hash(document):
            continue
        waiting = found if found is not None and found.state in _UNPUBLISHED else None
        if waiting is not None and waiting.valid_from < step.valid_from:
            _end_before(writing, waiting, step.valid_from)
            waiting = None
        with _placed("plans", document):
            draft_plan(
                writing,
                actor,
                document,
                step.scope_of(key) if found is None else found.scope,
                valid_from=waiting.valid_from if waiting else step.valid_from,
                version_id=waiting.id if waiting else None,
                pack_id=step.pin.pack.id,
            )


def _end_before(writing: Writing, waiting: StoredPlan, day: date) -> None:
    """Let a version that nobody has published end where the next one begins."""
    row = plan_row(writing, waiting.id, None)
    add_revision(writing, tables.plan_version, row, valid_to=day)


def standing_plans(
    connection: Connection, entity_id: str, day: date, known_at: datetime
) -> dict[str, StoredPlan]:
    """Return the version of each plan that stands: the one being written, else the one in force."""
    found: dict[str, StoredPlan] = {}
    for state in (PUBLISHED, *_UNPUBLISHED):
        versions = plan_versions(
            connection, entity_id, known_at=known_at, start=day, end=date.max, state=state
        )
        found.update((each.plan.key, each) for each in versions)
    return found


def layer_now(
    connection: Connection, pin: Pin, layer: Leaves, entity_id: str, day: date, known_at: datetime
) -> Leaves:
    """Return the company's layer with what it changed in the drafts of plans, or published since.

    A plan is changed where plans are written, so its standing version is the company's word on it.
    """
    standing = standing_plans(connection, entity_id, day, known_at)
    base, own = pin.leaves, dict(layer)
    for document in held(base, layer).plans:
        key = str(document["key"])
        version = standing.get(key)
        if version is None:
            continue
        place = ("plans", f"key={key}")
        mine = leaves_of({"plans": [encode_plan(version.plan)]})
        for path in under(own, place):
            del own[path]
        own.update(overrides_of(under(base, place), under(mine, place)))
    return own
