"""Executes an operation that is prepared already: nothing of the document is done again.

The same steps as strawberry's ``Schema.execute`` and with the same results, without what it builds
for each request: an execution context, extensions and their runner, a middleware manager, and
another walk over the document. It is taken while the schema has no extension but our own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, OperationDefinitionNode, default_field_resolver
from graphql.execution.executor import default_type_resolver
from graphql.execution.values import VariableValues, get_variable_values
from strawberry.exceptions import MissingQueryError
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from api.prepared import Prepared
from api.threads import NeedsLoop, in_a_thread

if TYPE_CHECKING:
    from api.schema import Schema

_MOST_WRONG_VARIABLES = 50
_KINDS = {kind.value: kind for kind in OperationType}


async def execute_prepared(
    schema: Schema,
    query: str | None,
    *,
    variables: dict[str, Any] | None,
    context: Any,
    root: Any,
    name: str | None,
    allowed: Iterable[OperationType],
    client_extensions: dict[str, Any] | None,
) -> ExecutionResult:
    """Look up, check, execute; what is wrong with the request comes back without data."""
    if not query:
        raise MissingQueryError
    try:
        prepared = schema.documents.find(query)
    except GraphQLError as error:
        return PreExecutionError(data=None, errors=[error])
    operation = prepared.operation(name)
    _check_kind(operation, prepared, name, allowed)
    errors = schema.documents.errors_of(prepared, variables)
    if errors:
        return PreExecutionError(data=None, errors=list(errors))
    if operation is None:
        unnamed = "Must provide operation name if query contains multiple operations."
        return PreExecutionError(data=None, errors=[GraphQLError(unnamed)])
    values = _values(schema, operation, variables or {})
    if isinstance(values, list):
        return PreExecutionError(data=None, errors=values)
    executor_class: Any = schema.execution_context_class
    executor = executor_class(
        schema.core,
        prepared.fragments,
        prepared.details,
        root,
        context,
        operation,
        values,
        default_field_resolver,
        default_type_resolver,
        default_field_resolver,
        is_awaitable=optimized_is_awaitable,
        hide_suggestions=True,
        operation_extensions=client_extensions,
    )
    try:
        result: Any = executor.execute_operation()
        if optimized_is_awaitable(result):
            result = await result
    except Exception as fault:  # noqa: BLE001 - as strawberry does: a fault is an answer, masked later
        return PreExecutionError(data=None, errors=[GraphQLError(str(fault), original_error=fault)])
    if in_a_thread():
        if any(isinstance(error.original_error, RuntimeError) for error in result.errors or ()):
            raise NeedsLoop  # perhaps it asked for an event loop: it gets one
    elif not result.errors and getattr(executor, "is_simple", False):
        prepared.simple.setdefault(id(operation), True)
    return ExecutionResult(data=result.data, errors=result.errors)


def _check_kind(
    operation: OperationDefinitionNode | None,
    prepared: Prepared,
    name: str | None,
    allowed: Iterable[OperationType],
) -> None:
    """Refuse what this way of asking does not carry, before anything else is said about it."""
    first = operation or (prepared.operations[0] if name is None and prepared.operations else None)
    if first is None:
        raise CannotGetOperationTypeError(name)
    kind = _KINDS[first.operation.value]
    if kind not in allowed:
        raise InvalidOperationTypeError(kind)


def _values(
    schema: Schema, operation: OperationDefinitionNode, given: Mapping[str, Any]
) -> VariableValues | list[GraphQLError]:
    return get_variable_values(
        schema.core,
        operation.variable_definitions or (),
        dict(given),
        max_errors=_MOST_WRONG_VARIABLES,
        hide_suggestions=True,
    )
