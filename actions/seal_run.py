"""Sealing a posted run: each result and each fact of a peer group is a leaf under one root.

The root goes into the trail as a row of its own, and the trail's signed checkpoints seal that row.
The leaves lie in the order of their hashes, so that no order of people shows in them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import repeat
from typing import Any

from actions.scoring import Calculation, Paid, Rows, columns_listed
from domain.columns import Column
from domain.document import canonical
from domain.merkle import root_of
from domain.sealed import (
    COHORT,
    RESULT,
    SEALED_FORMAT,
    SECRET_BYTES,
    ResultMould,
    RunHeader,
    Shared,
    cohort_content,
    group_facts,
    salt_of,
    sealed_leaf,
    shared_of,
)
from domain.statement import ENGINE_VERSION
from storage.audit import add_event
from storage.definitions import StoredPlan
from storage.engine import Writing
from storage.run_seals import RunSeal, add_run_seal

SEAL_DEED = "calculationSeal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some people of one variant, small enough for a shard."""

    paid: Paid
    rows: Rows  # among all people
    places: Rows  # among those of the variant
    inputs: Mapping[str, Column]
    shard: int


@dataclass(slots=True, kw_only=True)
class Sealing:
    """The leaves of a run while it is kept; a trial has hashes of its rows, and no leaves."""

    header: RunHeader
    with_leaves: bool
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(SECRET_BYTES))
    _leaves: list[bytes] = field(default_factory=list)
    _facts: dict[tuple[object, ...], str] = field(default_factory=dict)
    _cohort_contents: list[dict[str, Any]] = field(default_factory=list)

    def hashes(self, calculation: Calculation, piece: Piece) -> Iterator[str]:
        """Yield the hash of each row's content, and remember its leaf."""
        tail = self.header.tail(RESULT)
        for content in self._contents(calculation, piece):
            if self.with_leaves:
                self._leaves.append(sealed_leaf(content, tail, salt_of(self._secret, content)))
            yield sha256(content).hexdigest()

    def _contents(self, calculation: Calculation, piece: Piece) -> Iterator[bytes]:
        paid, card, plan = piece.paid, piece.paid.variant.scorecard, piece.paid.variant.plan
        inputs = {name: columns_listed(column) for name, column in piece.inputs.items()}
        amounts = {
            name: columns_listed(column, piece.places) for name, column in paid.amounts.items()
        }
        cohorts = self._cohorts(piece, inputs)
        rules = {
            "currency": plan.plan.currency if plan else None,
            "engine": ENGINE_VERSION,
            "plan": plan.hash if plan else None,
            "scorecard": card.hash if card else None,
        }
        if paid.variant.sealed_shape is not None:
            rules["shape"] = paid.variant.sealed_shape
        mould = ResultMould(
            rules,
            list(inputs),
            list(amounts),
            list(cohorts),
        )
        people = [calculation.people[row].person_id for row in piece.rows.tolist()]
        totals = (
            columns_listed(paid.payout, piece.places),
            columns_listed(calculation.score, piece.rows),
        )
        return mould.fill(people, inputs, amounts, cohorts, totals)

    def _cohorts(
        self, piece: Piece, inputs: Mapping[str, Sequence[int | None]]
    ) -> dict[str, list[str | None]]:
        """Find, per component that compares, the hash of the facts each person leans on."""
        plan, program = piece.paid.variant.plan, piece.paid.variant.pay_program
        found: dict[str, list[str | None]] = {}
        for cohort in shared_of(program):
            groups = piece.paid.groups.get(cohort.component)
            if plan is None or groups is None:
                continue
            named = group_facts(cohort.component, inputs)
            short = sorted(named)
            facts = zip(*(inputs[named[name]] for name in short), strict=True)
            found[cohort.component] = []
            for place, values in zip(
                piece.places.tolist(), facts if short else repeat(()), strict=False
            ):
                group, seen = groups[int(place)], None
                if group:
                    seen = self._facts.get((plan.id, cohort.component, group, values))
                    if seen is None:
                        facts_of = dict(zip(short, values, strict=True))
                        seen = self._sealed_facts(_content(plan, cohort, group, facts_of))
                        self._facts[plan.id, cohort.component, group, values] = seen
                found[cohort.component].append(seen)
        return found

    def _sealed_facts(self, facts: dict[str, Any]) -> str:
        content = canonical(facts)
        if self.with_leaves:
            self._cohort_contents.append(facts)
            salt = salt_of(self._secret, content)
            self._leaves.append(sealed_leaf(content, self.header.tail(COHORT), salt))
        return sha256(content).hexdigest()

    def add(self, kind: str, content: Mapping[str, Any]) -> None:
        """Add a leaf beside the results."""
        written = canonical(content)
        salt = salt_of(self._secret, written)
        self._leaves.append(sealed_leaf(written, self.header.tail(kind), salt))

    @property
    def secret(self) -> bytes:
        """What the salts of all leaves come from."""
        return self._secret

    def closed(self) -> tuple[tuple[bytes, ...], str]:
        """Return the leaves in their order, and the root over them."""
        leaves = tuple(sorted(set(self._leaves)))
        return leaves, root_of(leaves).hex()

    def keep(self, writing: Writing) -> None:
        """Keep the leaves of a posted run and write their root into the trail."""
        if not self.with_leaves or not self._leaves:
            return
        leaves, root = self.closed()
        add_run_seal(
            writing,
            RunSeal(
                run_id=self.header.run_id,
                root=root,
                secret=self._secret,
                leaves=leaves,
                cohorts=tuple(self._cohort_contents),
            ),
        )
        details = {
            "format": SEALED_FORMAT,
            "leaves": str(len(leaves)),
            "period": self.header.period,
            "root": root,
        }
        add_event(writing, SEAL_DEED, self.header.run_id, details)


def _content(
    plan: StoredPlan, cohort: Shared, group: str, facts: Mapping[str, int | None]
) -> dict[str, Any]:
    return cohort_content(
        component=cohort.component,
        plan=plan.hash,
        measure=cohort.measure,
        unit=cohort.unit,
        peer_group=cohort.peer_group,
        group_id=group,
        facts=facts,
    )
