"""Puts the roots together, checks that every field says who may read it, prints."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLSchema, lexicographic_sort_schema, print_schema
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.execution import ExecutionContext, ExecutionResult
from strawberry.types.graphql import OperationType

from api.access import Audience, tags
from api.account_deeds import AccountMutation
from api.account_rights import AccountRightsMutation
from api.accounts import AccountQuery
from api.backtest import BacktestQuery
from api.compiled import CompiledExecutor
from api.connectors import ConnectorQuery
from api.context import Context
from api.corrections import CorrectionMutation, CorrectionQuery
from api.credit_rules import CreditRuleMutation, CreditRuleQuery
from api.credits import CreditQuery
from api.delegations import DelegationMutation, DelegationQuery
from api.disclosure import refused_introspection
from api.dispute_deeds import DisputeMutation
from api.disputes import DisputeQuery
from api.entity_settings import SettingMutation, SettingQuery
from api.errors import ConflictProblem, ForbiddenProblem, NotFoundProblem, RefusedHandler
from api.executing import execute_prepared
from api.fairness import FairnessQuery
from api.forecast import ForecastQuery
from api.goals import GoalMutation, GoalQuery
from api.incentives import IncentiveQuery
from api.jobs import JobMutation, JobQuery
from api.kpis import KpiMutation, KpiQuery
from api.lead_notes import ManagerNoteMutation, ManagerNoteQuery
from api.leaderboard import LeaderboardQuery
from api.ledger import LedgerQuery
from api.limits import Limits
from api.live import LiveSubscription
from api.live_board import LiveBoardQuery
from api.nodes import NodeQuery
from api.old_results import OldResultsMutation, OldResultsQuery
from api.pack_comparison import PackComparisonQuery
from api.pack_gallery import PackGalleryQuery
from api.pack_jobs import PackJobMutation
from api.pack_layers import PackLayerMutation, PackLayerQuery
from api.pack_preview import PackPreviewQuery
from api.pack_upgrades import PackUpgradeQuery
from api.packs import PackMutation, PackQuery
from api.parallel_jobs import ParallelRunMutation
from api.parallel_range import ParallelRangeQuery
from api.parallel_run import ParallelRunQuery
from api.pay_batch_deeds import PayBatchMutation
from api.pay_batches import PayBatchQuery
from api.pay_settings import PaySettingMutation, PaySettingQuery
from api.pay_sheets import PaySheetQuery
from api.payroll import PayrollMutation
from api.people import PeopleQuery
from api.people_deeds import PeopleMutation
from api.period_deeds import PeriodMutation
from api.periods import PeriodQuery
from api.permissions import PermissionQuery
from api.person_exports import PersonExportMutation
from api.plan_lint import PlanLintQuery
from api.plan_of import PlanOfQuery
from api.plan_offers import PlanOfferMutation, PlanOfferQuery
from api.plan_policy import PlanPolicyMutation, PlanPolicyQuery
from api.plan_review import PlanReviewMutation, PlanReviewQuery
from api.plans import PlanMutation, PlanQuery
from api.plans_store import PLANS, PlansStore
from api.prepared import Documents, LookedUp
from api.progress import ProgressQuery
from api.proofs import ProofQuery
from api.rates import RateQuery
from api.reasons import ReasonMutation
from api.scalars import SCALARS
from api.session import SessionMutation, SessionQuery
from api.sessions import SessionsMutation
from api.source_checks import SourceCheckMutation
from api.source_deeds import SourceMutation
from api.source_health import SourceHealthMutation, SourceHealthQuery
from api.sources import SourceQuery
from api.statement_changes import StatementChangeQuery
from api.statement_files import StatementFileQuery
from api.talent import TalentQuery
from api.talent_deeds import TalentMutation
from api.timed_calculation import TimedCalculationMutation, TimedCalculationQuery
from api.trail import TrailQuery
from api.trial_jobs import TrialMutation
from api.vendor_tokens import VendorTokenMutation, VendorTokenQuery
from api.what_if import WhatIfQuery
from api.work_calendars import WorkCalendarMutation, WorkCalendarQuery

QUERIES: tuple[type, ...] = (
    SessionQuery,
    AccountQuery,
    PeopleQuery,
    GoalQuery,
    ProgressQuery,
    KpiQuery,
    PlanQuery,
    PlanLintQuery,
    PlanOfQuery,
    PlanOfferQuery,
    PlanPolicyQuery,
    PlanReviewQuery,
    BacktestQuery,
    FairnessQuery,
    ForecastQuery,
    SourceQuery,
    ConnectorQuery,
    SourceHealthQuery,
    IncentiveQuery,
    ProofQuery,
    StatementChangeQuery,
    StatementFileQuery,
    WhatIfQuery,
    OldResultsQuery,
    ParallelRunQuery,
    ParallelRangeQuery,
    LedgerQuery,
    LeaderboardQuery,
    LiveBoardQuery,
    PeriodQuery,
    CorrectionQuery,
    JobQuery,
    TimedCalculationQuery,
    PackComparisonQuery,
    PackGalleryQuery,
    PackLayerQuery,
    PackPreviewQuery,
    PackUpgradeQuery,
    PackQuery,
    TrailQuery,
    NodeQuery,
    SettingQuery,
    WorkCalendarQuery,
    DelegationQuery,
    PermissionQuery,
    RateQuery,
    VendorTokenQuery,
    PaySheetQuery,
    PayBatchQuery,
    PaySettingQuery,
    DisputeQuery,
    TalentQuery,
    ManagerNoteQuery,
    CreditRuleQuery,
    CreditQuery,
)
MUTATIONS: tuple[type, ...] = (
    SessionMutation,
    AccountMutation,
    AccountRightsMutation,
    SessionsMutation,
    OldResultsMutation,
    PeopleMutation,
    PersonExportMutation,
    GoalMutation,
    KpiMutation,
    PlanMutation,
    PlanReviewMutation,
    PlanOfferMutation,
    PlanPolicyMutation,
    SourceMutation,
    SourceCheckMutation,
    SourceHealthMutation,
    JobMutation,
    TimedCalculationMutation,
    TrialMutation,
    PackJobMutation,
    ParallelRunMutation,
    PeriodMutation,
    CorrectionMutation,
    PackLayerMutation,
    PackMutation,
    SettingMutation,
    WorkCalendarMutation,
    DelegationMutation,
    ReasonMutation,
    VendorTokenMutation,
    PayBatchMutation,
    PaySettingMutation,
    PayrollMutation,
    DisputeMutation,
    TalentMutation,
    ManagerNoteMutation,
    CreditRuleMutation,
)
SUBSCRIPTIONS: tuple[type, ...] = (LiveSubscription,)
_EITHER = frozenset({OperationType.QUERY, OperationType.MUTATION})


class Schema(strawberry.Schema):
    """A strawberry schema with its own store of documents and without its own logging."""

    documents: Documents
    plans: PlansStore

    @property
    def core(self) -> GraphQLSchema:
        """The schema of graphql-core underneath."""
        return self._schema

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """Execute a query or a mutation out of the store of prepared documents."""
        if isinstance(context_value, Context):
            refused = refused_introspection(
                query or "", context_value.introspection, context_value.viewer
            )
            if refused:
                return ExecutionResult(data=None, errors=refused)
        return await execute_prepared(
            self,
            query,
            variables=variable_values,
            context=context_value,
            root=root_value,
            name=operation_name,
            allowed=_EITHER if allowed_operation_types is None else allowed_operation_types,
            client_extensions=operation_extensions,
        )

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Say nothing: the view logs a fault once, with the id of the request."""
        logging.getLogger("attain.api").debug("%d errors", len(errors))


def build_schema(
    queries: Sequence[type] = QUERIES,
    mutations: Sequence[type] = MUTATIONS,
    limits: Limits | None = None,
    subscriptions: Sequence[type] = SUBSCRIPTIONS,
    *,
    compiled: bool = True,
) -> Schema:
    """Build a fresh schema; it does not come into being when a field says nothing about access.

    Without ``compiled`` graphql-core executes everything, more slowly and with the same answers.
    """
    schema = Schema(
        query=_root("Query", "Everything that can be asked.", queries),
        mutation=_root("Mutation", "Everything that can be changed, one deed each.", mutations),
        subscription=_root("Subscription", "Everything that can be watched.", subscriptions),
        types=[ForbiddenProblem, NotFoundProblem, ConflictProblem],
        extensions=[LookedUp],
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
        exception_handlers=[RefusedHandler()],
        execution_context_class=CompiledExecutor if compiled else None,
    )
    list(tags(definitions(schema)))
    schema.plans = schema.core.extensions[PLANS] = PlansStore()
    schema.documents = Documents(schema.core, limits or Limits())
    return schema


def _root(name: str, description: str, parts: Sequence[type]) -> Any:
    """Make a root type anew each time: some field definitions serve one schema only."""
    made = type(name, tuple(parts), {"__access__": Audience.SIGNED_IN, "__doc__": description})
    return strawberry.type(made, name=name, description=description)


def definitions(schema: strawberry.Schema) -> list[StrawberryObjectDefinition]:
    """List the object, interface and input types of a schema by name."""
    found = [
        concrete.definition
        for concrete in schema.schema_converter.type_map.values()
        if isinstance(concrete.definition, StrawberryObjectDefinition)
    ]
    return sorted(found, key=lambda definition: definition.name)


def sdl(schema: Schema) -> str:
    """Print the contract: sorted, so that a diff shows what changed and nothing else."""
    return print_schema(lexicographic_sort_schema(schema.core)) + "\n"
