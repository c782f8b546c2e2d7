"""What is known of a document by its text: parsed, weighed and validated once, then looked up.

A text that is asked again costs one look in a dictionary. The weight depends on the sizes of pages
that variables give, so it is remembered for each combination of them; nothing else of the variables
matters to it. Every store here has an end: the least lately used text goes first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeAlias

from graphql import (
    ArgumentNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)
from graphql.execution.collect_fields import FragmentDetails
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from api.limits import Limits, Scales, excess, too_much

# One constant tuple: a rule class made per request would never be found in a cache again.
RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
MOST_ERRORS = 5
MOST_DOCUMENTS = 512
MOST_CHARACTERS = 4 * 1024 * 1024
MOST_WEIGHTS = 128  # of one document: its pages may be asked in that many sizes
Variables: TypeAlias = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Weighed:
    """By which limits a document is too much, and what each of its operations costs."""

    errors: tuple[GraphQLError, ...]
    costs: Mapping[int, int]


@dataclass(slots=True)
class Prepared:
    """A parsed document with everything that does not change from request to request."""

    document: DocumentNode
    operations: tuple[OperationDefinitionNode, ...]
    fragments: dict[str, FragmentDefinitionNode]
    details: dict[str, FragmentDetails]
    sizes: dict[str, int | None]  # variables that size a page, with their defaults
    weights: dict[tuple[int | None, ...], Weighed] = field(default_factory=dict)
    errors: tuple[GraphQLError, ...] | None = None
    simple: dict[int, bool] = field(default_factory=dict)  # which operations need no event loop

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """Find an operation by its name; without one, the only one there is."""
        if name is None:
            return self.operations[0] if len(self.operations) == 1 else None
        for each in self.operations:
            if each.name is not None and each.name.value == name:
                return each
        return None


@dataclass(slots=True)
class Works:
    """How often each piece of work was really done; the rest was looked up."""

    parsed: int = 0
    validated: int = 0
    weighed: int = 0
    found: int = 0


class Documents:
    """The documents of one schema, by their text; for any thread."""

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        self.schema = schema
        self.limits = limits
        self.works = Works()
        self._kept: OrderedDict[str, Prepared] = OrderedDict()
        self._characters = 0
        self._turn = Lock()
        self._failed: tuple[str, GraphQLError] | None = None

    def __len__(self) -> int:
        """Count the texts that are remembered."""
        return len(self._kept)

    def find(self, text: str) -> Prepared:
        """Look up, or parse; a syntax error is raised each time."""
        with self._turn:
            return self._find(text)

    def _find(self, text: str) -> Prepared:
        found = self._kept.get(text)
        if found is not None:
            self._kept.move_to_end(text)
            self.works.found += 1
            return found
        # Asked for twice in one request: the last failure is remembered, one and no more.
        if self._failed is not None and self._failed[0] == text:
            raise self._failed[1].with_traceback(None)
        self.works.parsed += 1
        try:
            found = _prepare(parse(text, max_tokens=self.limits.tokens))
        except GraphQLError as error:
            self._failed = (text, error)
            raise
        self._kept[text] = found
        self._characters += len(text)
        while len(self._kept) > MOST_DOCUMENTS or self._characters > MOST_CHARACTERS:
            self._characters -= len(self._kept.popitem(last=False)[0])
        return found

    def is_simple(self, text: str, name: str | None) -> bool:
        """Tell whether an operation was seen to need no event loop; only of what is known."""
        found = self._kept.get(text)
        return found is not None and found.simple.get(id(found.operation(name)), False)

    def needs_loop(self, text: str, name: str | None) -> None:
        """Note that an operation is not simple after all."""
        found = self._kept.get(text)
        if found is not None:
            found.simple[id(found.operation(name))] = False

    def parsed(self, text: str) -> DocumentNode:
        """Parse, or look up."""
        return self.find(text).document

    def errors(self, text: str, variables: Variables) -> list[GraphQLError]:
        """Weigh, then validate or look up; validation never sees an overweight document."""
        return list(self.errors_of(self.find(text), variables))

    def errors_of(self, prepared: Prepared, variables: Variables) -> tuple[GraphQLError, ...]:
        """Say what is wrong with a document; nothing of it may run then."""
        weighed = self.weigh(prepared, variables)
        if weighed.errors:
            return weighed.errors
        if prepared.errors is None:
            self.works.validated += 1
            prepared.errors = tuple(
                validate(
                    self.schema,
                    prepared.document,
                    RULES,
                    max_errors=MOST_ERRORS,
                    hide_suggestions=True,
                )
            )
        return prepared.errors

    def weigh(self, prepared: Prepared, variables: Variables) -> Weighed:
        """Weigh a document with these variables, without executing or validating it."""
        given = variables or {}
        values = {name: _size(given, name, usual) for name, usual in prepared.sizes.items()}
        key = tuple(values.values())
        found = prepared.weights.get(key)
        if found is None:
            if len(prepared.weights) >= MOST_WEIGHTS:
                prepared.weights.clear()
            self.works.weighed += 1
            found = prepared.weights[key] = self._weigh(prepared, values)
        return found

    def _weigh(self, prepared: Prepared, values: Mapping[str, int | None]) -> Weighed:
        scales = Scales(self.schema, prepared.document, values, self.limits)
        errors: list[GraphQLError] = []
        costs: dict[int, int] = {}
        try:
            for operation in prepared.operations:
                weight = scales.operation(operation)
                errors += excess(operation, weight, self.limits)
                costs[id(operation)] = weight.cost
        except RecursionError:
            errors = [too_much("depth", 10**9, self.limits.depth)]
        return Weighed(tuple(errors), costs)


def _prepare(document: DocumentNode) -> Prepared:
    parts = document.definitions
    fragments = {
        part.name.value: part for part in parts if isinstance(part, FragmentDefinitionNode)
    }
    operations = tuple(part for part in parts if isinstance(part, OperationDefinitionNode))
    sizes = _Sizes()
    visit(document, sizes)
    usual = _defaults(operations)
    return Prepared(
        document=document,
        operations=operations,
        fragments=fragments,
        details={name: FragmentDetails(part) for name, part in fragments.items()},
        sizes={name: usual.get(name) for name in sorted(sizes.names)},
    )


class _Sizes(Visitor):
    """Collects the variables that say how large a page is."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_argument(self, node: ArgumentNode, *_args: Any) -> None:
        """Look at one argument."""
        if node.name.value in {"first", "last"} and isinstance(node.value, VariableNode):
            self.names.add(node.value.name.value)


def _defaults(operations: tuple[OperationDefinitionNode, ...]) -> dict[str, int]:
    """Read what page variables are when they are left out; the largest, where operations differ."""
    found: dict[str, int] = {}
    for operation in operations:
        for each in operation.variable_definitions or ():
            usual = each.default_value
            if isinstance(usual, IntValueNode) and len(usual.value) < 10:
                name = each.variable.name.value
                found[name] = max(int(usual.value), found.get(name, 0))
    return found


def _size(given: Mapping[str, Any], name: str, usual: int | None) -> int | None:
    value = given.get(name, usual)
    return value if type(value) is int else None


class LookedUp(SchemaExtension):
    """Lets strawberry's own ways of executing take documents and results from the store."""

    def on_operation(self) -> Iterator[None]:
        """Tell the parser the token limit, for the texts that do not parse."""
        documents = self._documents()
        self.execution_context.parse_options["max_tokens"] = documents.limits.tokens
        yield

    def on_parse(self) -> Iterator[None]:
        """Use the stored document; a text that does not parse is left to the stock parser."""
        text = self.execution_context.query
        if text:
            try:
                self.execution_context.graphql_document = self._documents().parsed(text)
            except GraphQLError:
                self.execution_context.graphql_document = None
        yield

    def on_validate(self) -> Iterator[None]:
        """Use the stored result."""
        context = self.execution_context
        if context.query:
            context.pre_execution_errors = self._documents().errors(
                context.query, context.variables
            )
        yield

    def _documents(self) -> Documents:
        found: Documents = self.execution_context.schema.documents  # type: ignore[attr-defined]
        return found
