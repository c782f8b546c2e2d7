"""The written functions of the operations that are asked again and again, and their counters."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeAlias

from graphql import (
    FragmentDefinitionNode,
    GraphQLObjectType,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.collect_fields import CollectedFields, FieldDetails

from api.compiling import FieldSet, Plan, Write

PLANS = "attain-plans"  # where a schema keeps its store, among its extensions
MOST_OPERATIONS = 512
MOST_SHAPES = 2_000  # of the selections of one operation; more come from nothing we know
Choice: TypeAlias = tuple[Any, ...]


@dataclass(slots=True)
class Counts:
    """What ``/metrics`` shows: how much was written, and how often the stock way took over."""

    compiled: int = 0
    fallbacks: int = 0


@dataclass(slots=True)
class OperationPlans:
    """Everything learnt about one operation; the keys are identities of lists kept in here."""

    nodes: tuple[OperationDefinitionNode, tuple[FragmentDefinitionNode, ...]]
    has_conditions: bool = False  # variables decide which fields there are
    is_simple: bool | None = None
    root: FieldSet | None = None
    # The same form as graphql-core's own memory, which lasts for one request only.
    collected: dict[tuple[GraphQLObjectType, int], tuple[list[FieldDetails], CollectedFields]] = (
        field(default_factory=dict)
    )
    plans: dict[tuple[GraphQLObjectType, int], tuple[FieldSet, Plan]] = field(default_factory=dict)
    lists: dict[tuple[int, int], tuple[Any, list[FieldDetails], Write | None]] = field(
        default_factory=dict
    )

    def trim(self) -> None:
        """Start again when there is far more than any document can hold."""
        if len(self.collected) + len(self.plans) + len(self.lists) > MOST_SHAPES:
            self.collected.clear()
            self.plans.clear()
            self.lists.clear()
            self.root = None


class PlansStore:
    """The plans of one schema, the least lately used given up first; for any thread."""

    def __init__(self, most: int = MOST_OPERATIONS) -> None:
        self.counts = Counts()
        self._most = most
        self._turn = Lock()
        self._kept: OrderedDict[tuple[int, Choice], OperationPlans] = OrderedDict()
        self._conditions: OrderedDict[int, tuple[OperationDefinitionNode, tuple[str, ...]]] = (
            OrderedDict()
        )

    def __len__(self) -> int:
        """Count the operations, once for each way their conditions turned out."""
        return len(self._kept)

    def of(
        self,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDefinitionNode],
        values: dict[str, Any],
    ) -> OperationPlans:
        """Return what is known of an operation under the conditions of these variables."""
        with self._turn:
            return self._found(operation, fragments, values)

    def _found(
        self,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDefinitionNode],
        values: dict[str, Any],
    ) -> OperationPlans:
        names = self._of(operation, fragments)
        key = (id(operation), tuple(values.get(name) for name in names))
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= self._most:
                self._kept.popitem(last=False)
            nodes = (operation, tuple(fragments.values()))
            found = self._kept[key] = OperationPlans(nodes, has_conditions=bool(names))
        else:
            self._kept.move_to_end(key)
            found.trim()
        return found

    def _of(
        self, operation: OperationDefinitionNode, fragments: dict[str, FragmentDefinitionNode]
    ) -> tuple[str, ...]:
        """Name the variables that decide which fields there are: those of the directives."""
        found = self._conditions.get(id(operation))
        # The node is kept beside its identity: another node cannot have the same one meanwhile.
        if found is None or found[0] is not operation:
            if len(self._conditions) >= self._most:
                self._conditions.popitem(last=False)
            names = sorted(set(_conditions(operation, fragments)))
            found = self._conditions[id(operation)] = (operation, tuple(names))
        return found[1]


def _conditions(
    operation: OperationDefinitionNode, fragments: dict[str, FragmentDefinitionNode]
) -> Iterator[str]:
    for node in (operation, *fragments.values()):
        seen = _Variables()
        visit(node, seen)
        yield from seen.names


class _Variables(Visitor):
    """Collects the variables inside directives."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def enter_directive(self, node: Any, *_args: Any) -> None:
        """Look at the arguments."""
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.names.append(argument.value.name.value)
