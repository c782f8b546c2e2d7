"""An executor that calls written functions for plain rows and graphql-core for everything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import GraphQLList, GraphQLObjectType, OperationType
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.compiling import Compiler, FieldSet, Plan, Write
from api.plans_store import PLANS, OperationPlans, PlansStore


class CompiledExecutor(StrawberryGraphQLCoreExecutionContext):
    """Gives the answers of the executor it derives from, bit by bit the same, in less time.

    Three places are short-cut: what was collected from an operation is kept between requests; the
    plain fields of an object come from one call; a list of plain objects is one comprehension.
    Whatever raises there is done again the stock way; plain attributes may be read twice.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._plans: OperationPlans | None = None
        store = self.schema.extensions.get(PLANS)
        if not isinstance(store, PlansStore) or not self._is_simple():
            return
        self._counts = store.counts
        self._plans = store.of(
            self.operation, self.fragment_definitions, self.variable_values.coerced
        )
        self._relevant_sub_fields = self._plans.collected
        self._compiler = Compiler(self.schema, self._collect)

    def _is_simple(self) -> bool:
        """Tell whether nothing stands between a field and its attribute, in any request alike."""
        if self.middleware_manager is not None and self.middleware_manager.middlewares:
            return False
        return not any(each.variable_signatures for each in self.fragments.values())

    def _collect(self, kind: GraphQLObjectType, details: list[FieldDetails]) -> FieldSet:
        return self.collect_subfields(kind, details).grouped_field_set

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: FieldSet,
        serially: bool,
        new_defer_usages: Any,
    ) -> Any:
        """Go on with the lists of the first request: what is known is known by their identity."""
        plans = self._plans
        if plans is not None and not new_defer_usages:
            if plans.root is None:
                plans.root = grouped_field_set
            grouped_field_set = plans.root
        return super().execute_collected_root_fields(
            root_type, root_value, grouped_field_set, serially, new_defer_usages
        )

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: FieldSet,
        position_context: Any,
    ) -> Any:
        """Make the plain fields by one call, then let the others be resolved."""
        plan = None
        if self._plans is not None and position_context is None:
            plan = self._plan(self._plans, parent_type, grouped_field_set)
        made = None if plan is None else self._try(plan.write, source_value)
        if plan is None or made is None:
            return super().execute_fields(
                parent_type, source_value, path, grouped_field_set, position_context
            )
        if not plan.rest:
            return made
        rest = super().execute_fields(parent_type, source_value, path, plan.rest, None)
        if self.is_awaitable(rest):
            return _join(made, rest)
        made.update(rest)
        return made

    def complete_list_value(
        self,
        return_type: GraphQLList[Any],
        field_details_list: list[FieldDetails],
        info: Any,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Make a list of plain rows by one comprehension."""
        plans = self._plans
        if (
            plans is not None
            and position_context is None
            and (type(result) is list or type(result) is tuple)
        ):
            write = self._list(plans, return_type, field_details_list)
            made = self._try(write, result)
            if made is not None:
                return made
        return super().complete_list_value(
            return_type, field_details_list, info, path, result, position_context
        )

    @property
    def is_simple(self) -> bool:
        """Tell whether this is one root field over rows that a function writes.

        Nothing is waited for then but its read. Known after it was executed once; operations with
        conditions are left out: they would decide anew.
        """
        plans = self._plans
        if plans is None:
            return False
        if plans.is_simple is None:
            plans.is_simple = self._is_one_read(plans)
        return plans.is_simple

    def _is_one_read(self, plans: OperationPlans) -> bool:
        if plans.root is None or plans.has_conditions:
            return False
        if self.operation.operation is not OperationType.QUERY or len(plans.root) != 1:
            return False
        (details,) = plans.root.values()
        root = self.schema.query_type
        field = None if root is None else root.fields.get(details[0].node.name.value)
        return field is not None and self._compiler.item(field.type, details) is not None

    def _try(self, write: Write | None, value: Any) -> Any:
        """Return what the function makes, or None when there is none or it met a surprise."""
        if write is None:
            return None
        try:
            return write(value)
        except Exception:  # noqa: BLE001 - whatever it was, the stock way meets it again and says so
            self._counts.fallbacks += 1
            return None

    def _plan(self, plans: OperationPlans, kind: GraphQLObjectType, fields: FieldSet) -> Plan:
        key = (kind, id(fields))
        found = plans.plans.get(key)
        if found is None:
            made = self._compiler.plan(kind, fields)
            self._counts.compiled += made.write is not None
            found = plans.plans[key] = (fields, made)
        return found[1]

    def _list(
        self, plans: OperationPlans, kind: GraphQLList[Any], details: list[FieldDetails]
    ) -> Write | None:
        key = (id(kind), id(details))
        found = plans.lists.get(key)
        if found is None:
            # A node of the list may carry @stream or our own directives: then nothing is written.
            bare = not any(each.node.directives for each in details)
            write = self._compiler.item(kind.of_type, details) if bare else None
            self._counts.compiled += write is not None
            found = plans.lists[key] = (kind, details, None if write is None else _each(write))
        return found[2]


def _each(write: Write) -> Callable[[Any], list[Any]]:
    def write_all(rows: Any) -> list[Any]:
        return [write(row) for row in rows]

    return write_all


async def _join(made: dict[str, Any], rest: Any) -> dict[str, Any]:
    """Fill the places that were kept for the slower fields."""
    made.update(await rest)
    return made
