"""What one request may ask for: tokens, depth, aliases, directives, root fields, cost.

One pass over the document, remembered per fragment, so that fragments which spread each other
twice cost no more than their text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The numbers; a wider set may be given to a trusted client."""

    tokens: int = 2_000
    depth: int = 14
    aliases: int = 30
    directives: int = 50
    directives_here: int = 3  # on one field or fragment
    selections: int = 200  # in one selection set: the overlap rule compares each with each
    root_fields: int = 20
    mutations: int = 4
    cost: int = 20_000
    page: int = 50  # what a list without a stated size counts for


class Weight(NamedTuple):
    """What a selection set weighs."""

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    cost: int = 0
    fields: int = 0
    widest: int = 0
    crowd: int = 0  # directives where there are most


_NOTHING = Weight()
# Bare lists inside the rows of a page of nearly always one entry or two, read with the page.
_FEW = {
    "FactRow.credits": 2,
    "CreditRow.others": 2,
    "FactState.credits": 3,
    "PlanFinding.witness": 2,
}


class Scales:
    """Weighs the operations of one document."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        variables: Mapping[str, Any] | None,
        limits: Limits,
    ) -> None:
        self._schema = schema
        self._variables = variables or {}
        self._limits = limits
        self._fragments = {
            part.name.value: part
            for part in document.definitions
            if isinstance(part, FragmentDefinitionNode)
        }
        self._known: dict[str, Weight] = {}
        self._open: set[str] = set()

    def operation(self, operation: OperationDefinitionNode) -> Weight:
        """Weigh one operation."""
        root = self._schema.get_root_type(operation.operation)
        return self._selections(operation.selection_set, root)

    def _selections(self, selections: SelectionSetNode, parent: Any) -> Weight:
        depth = aliases = directives = cost = fields = widest = crowd = 0
        for node in selections.selections:
            here = len(node.directives or ())
            directives += here
            if isinstance(node, FieldNode):
                weight = self._field(node, parent)
            elif isinstance(node, FragmentSpreadNode):
                weight = self._fragment(node.name.value)
            else:
                weight = self._inline(node, parent)
            depth = max(depth, weight.depth)
            aliases += weight.aliases
            directives += weight.directives
            cost += weight.cost
            fields += weight.fields
            widest = max(widest, weight.widest)
            crowd = max(crowd, here, weight.crowd)
        return Weight(depth, aliases, directives, cost, fields, max(widest, fields), crowd)

    def _inline(self, node: Any, parent: Any) -> Weight:
        if not isinstance(node, InlineFragmentNode):
            return _NOTHING
        named = node.type_condition
        target = self._schema.get_type(named.name.value) if named else parent
        return self._selections(node.selection_set, target)

    def _field(self, node: FieldNode, parent: Any) -> Weight:
        fields = parent.fields if hasattr(parent, "fields") else {}
        definition = fields.get(node.name.value)
        target, times = None, 1
        if definition is not None:
            target = get_named_type(definition.type)
            times = self._times(node, definition, f"{parent.name}.{node.name.value}")
        alias = 1 if node.alias else 0
        if node.selection_set is None:
            return Weight(1, alias, 0, 1, 1, 0)
        inner = self._selections(node.selection_set, target)
        # The stock query of clients is deep in types of types; graphql-core bounds its circles.
        depth = 1 if node.name.value in {"__schema", "__type"} else inner.depth + 1
        return Weight(
            depth,
            inner.aliases + alias,
            inner.directives,
            1 + times * inner.cost,
            1,
            inner.widest,
            inner.crowd,
        )

    def _times(self, node: FieldNode, definition: Any, place: str) -> int:
        """How many rows the field may give: its page size, or a default for bare lists."""
        if place in _FEW:
            return _FEW[place]
        if "first" in definition.args or "last" in definition.args:
            return self._page_size(node)
        if is_list_type(get_nullable_type(definition.type)):
            return 1 if node.name.value in {"edges", "nodes"} else 10
        return 1

    def _page_size(self, node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value not in {"first", "last"}:
                continue
            value: object = None
            if isinstance(argument.value, IntValueNode) and len(argument.value.value) < 10:
                value = int(argument.value.value)
            elif isinstance(argument.value, VariableNode):
                value = self._variables.get(argument.value.name.value)
            if isinstance(value, int) and not isinstance(value, bool):
                return max(1, value)
        return self._limits.page

    def _fragment(self, name: str) -> Weight:
        if name in self._known:
            return self._known[name]
        definition = self._fragments.get(name)
        if definition is None or name in self._open:
            return _NOTHING  # the standard rules report an unknown fragment and a circle
        self._open.add(name)
        target = self._schema.get_type(definition.type_condition.name.value)
        weight = self._selections(definition.selection_set, target)
        self._known[name] = weight
        self._open.discard(name)
        return weight


def excess(
    operation: OperationDefinitionNode, weight: Weight, limits: Limits
) -> list[GraphQLError]:
    """Say which limits the weight of one operation breaks."""
    mutation = operation.operation.value == "mutation"
    checks = (
        ("depth", weight.depth, limits.depth),
        ("aliases", weight.aliases, limits.aliases),
        ("directives", weight.directives, limits.directives),
        ("directives here", weight.crowd, limits.directives_here),
        ("selections", weight.widest, limits.selections),
        (
            "mutations" if mutation else "root fields",
            weight.fields,
            limits.mutations if mutation else limits.root_fields,
        ),
        ("cost", weight.cost, limits.cost),
    )
    return [too_much(name, value, most) for name, value, most in checks if value > most]


def too_much(name: str, value: int, most: int) -> GraphQLError:
    said = str(value) if value < 10**9 else "over 10^9"
    return GraphQLError(
        f"The {name} of this request is {said}, at most {most} is allowed.",
        extensions={
            "code": "QUERY_TOO_COMPLEX",
            "sentence": f"limit_{name.replace(' ', '_')}",
            "values": {"value": said, "most": str(most)},
        },
    )
