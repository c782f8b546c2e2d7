"""The two ways in which the core says no: a problem (bad data, a value) and a refusal (a rule).

A fault (a bug or an outage) is any other exception and is never built here.
Clients switch on the code; the sentence lives in ``messages`` in two languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from domain.file_codes import FILE_CODES
from domain.program_codes import PROGRAM_CODES
from domain.source_codes import CODES_OF_SOURCES


class Severity(StrEnum):
    """How much a problem stops."""

    ERROR = "ERROR"  # the thing it names is not used
    WARNING = "WARNING"  # the thing is used, a person should look


_NO_VALUES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Data that is not good enough: collected and returned beside the result, never raised.

    ``path`` names the place: a JSON path (``components[2].tiers[0].rate``) or
    ``file:orders.csv/row:17/column:amount``. ``values`` fill the places of the sentence.
    """

    code: str
    path: str = ""
    values: Mapping[str, str] = field(default_factory=lambda: _NO_VALUES)
    severity: Severity = Severity.ERROR

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise KeyError(f"{self.code} is not in the list of codes")


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error of the program
    """A business rule says no. The transaction rolls back; the API shows it as data."""

    def __init__(
        self,
        code: str,
        values: Mapping[str, str] | None = None,
        path: str = "",
        problems: tuple[Problem, ...] = (),
    ) -> None:
        if code not in CODES:
            raise KeyError(f"{code} is not in the list of codes")
        self.code = code
        self.values: Mapping[str, str] = MappingProxyType(dict(values or {}))
        self.path = path
        self.problems = problems
        super().__init__(f"{code} at {path or '-'} with {dict(self.values)}")


# One list of every code; each has a sentence in both languages and a line in docs/errors.md.
CODES: frozenset[str] = (
    FILE_CODES
    | PROGRAM_CODES
    | CODES_OF_SOURCES
    | frozenset(
        {
            # disputes
            "dispute_state_wrong",
            "dispute_own",
            "dispute_not_yours",
            "dispute_open_already",
            "dispute_line_missing",
            "dispute_subject_unclear",
            "dispute_assignee_unfit",
            "dispute_currency_missing",
            "dispute_evidence_many",
            "dispute_evidence_form",
            "dispute_evidence_large",
            "check_disputes",
            # questions to a plan
            "plan_lint_blocks",
            "what_if_plan_missing",
            "what_if_metric_unused",
            "what_if_period_cut",
            # a request of any kind
            "deadline_exceeded",
            # the second net of the database
            "row_security_roles_missing",
            "row_security_roles_too_strong",
            "row_security_missing",
            "session_ended",
            "access_changed",
            "stream_needed",
            "stream_interrupted",
            "server_restarting",
            # documents in general
            "document_not_an_object",
            "document_format_unknown",
            "field_missing",
            "field_unknown",
            "field_wrong_type",
            "number_not_exact",
            "number_out_of_range",
            "choice_unknown",
            "name_not_unique",
            "text_missing",
            "text_empty",
            "date_invalid",
            "period_invalid",
            "unit_unknown",
            # scorecards and plans
            "key_invalid",
            "list_empty",
            "weights_not_100",
            "weights_all_zero",
            "shares_not_100",
            "unit_differs",
            "unit_missing",
            "curve_direction_differs",
            "comparison_direction_differs",
            "cap_required",
            "cap_below_floor",
            "points_not_rising",
            "base_unknown",
            "base_is_a_gate",
            "cells_do_not_fit",
            "span_not_longer",
            "metric_not_additive",
            "amount_or_rate_missing",
            "minimum_required",
            "tiers_not_rising",
            "last_tier_not_open",
            "last_tier_rate",
            "pay_decreases",
            # proration and ramp
            "proration_name_unknown",
            "proration_of_ratio",
            "proration_of_percentage",
            "proration_without_threshold",
            "proration_needs_days",
            "proration_needs_whole",
            "proration_by_differs",
            "proration_split_compares",
            "proration_amount_kept",
            "segments_refused",
            "calendar_day_wrong",
            "shares_above_one",
            # inputs and lines of a calculation
            "input_missing",
            "line_undefined",
            "line_out_of_range",
            "total_differs",
            # settlement and pay sheets
            "months_reversed",
            "recovery_of_given_draw",
            "wage_missing",
            "minimum_wage_missing",
            "start_missing",
            "pay_batch_state_wrong",
            "pay_batch_earlier_open",
            "pay_batch_later_locked",
            "pay_batch_stale",
            "pay_batch_empty",
            "pay_batch_missing",
            "approval_chain_empty",
            "approval_role_unfit",
            "approval_own",
            "approval_not_yours",
            "pay_policy_unknown",
            "holdback_not_open",
            "wages_too_many",
            # access and requests
            "not_found",
            "run_missing",
            "result_missing",
            "board_missing",
            "forbidden",
            "reason_required",
            "acting_beyond",
            "acting_refused",
            "delegation_not_passed_on",
            "delegation_not_held",
            "delegation_backdated",
            "delegation_too_long",
            "delegation_to_self",
            "delegation_to_administrator",
            "settings_backdated",
            "privacy_minimum_low",
            "team_pay_not_allowed",
            "text_too_long",
            "sign_in_required",
            "sign_in_failed",
            "version_conflict",
            "version_missing",
            "idempotency_key_reused",
            "cursor_invalid",
            "page_size_invalid",
            "page_both_ends",
            "row_rejected",
            "page_forward_only",
            "demo_only",
            # signing in elsewhere
            "sign_in_refused",
            "sign_in_expired",
            "sign_in_unfinished",
            "sign_in_unavailable",
            "sign_in_provider_unknown",
            "return_to_invalid",
            # accounts
            "account_login_invalid",
            "account_login_taken",
            "person_has_account",
            "subject_invalid",
            "login_linked_already",
            "rights_own",
            "administrator_last",
            "role_needs_unit",
            "role_without_unit",
            "role_granted_already",
            "role_not_granted",
            # goals
            "goal_vague",
            "goal_own",
            "goal_doubled",
            "goal_administrative",
            "goal_line_order",
            "goal_parent_circle",
            "goal_parent_unknown",
            # credit
            "credit_shares_differ",
            "credit_rest_twice",
            "credit_levels_unclear",
            "credit_nobody_linked",
            "credit_name_missing",
            "credit_name_unlinked",
            "credit_share_unreadable",
            "credit_without_assignment",
            "credit_position_unclear",
            "credit_leaders_several",
            "credit_rules_clash",
            "credit_rule_overlaps",
            "credit_state_wrong",
            "credit_unclear",
            # organisation
            "unit_circle",
            "unit_unknown_parent",
            "dates_reversed",
            "person_unknown",
            "person_left",
            "staff_number_taken",
            "identity_linked_already",
            "identity_unknown",
            # documents that an action refuses as a whole
            "document_refused",
            "direction_differs",
            # rules and calculations
            "metric_unknown",
            "plan_state_wrong",
            "plan_scope_overlaps",
            "pilot_too_large",
            "plan_not_approved",
            "plan_review_own",
            "plan_offer_answered",
            "plan_offer_not_yours",
            "plan_text_differs",
            "check_plans_unaccepted",
            "scorecard_scope_overlaps",
            "nobody_to_calculate",
            "backtest_empty",
            "backtest_currencies",
            "backtest_not_posted",
            "backtest_score_differs",
            "backtest_differs",
            "backtest_plan_invalid",
            "backtest_other_cadence",
            "forecast_over",
            "forecast_name_twice",
            "forecast_likely_unknown",
            "forecast_before_open",
            "goal_missing",
            "job_fault",
            "period_not_over",
            "source_not_ready",
            "connector_unknown",
            "code_unknown",
            "zone_unknown",
            "connection_busy",
            "connection_paused",
            "mapping_missing",
            "pack_unknown",
            "pack_installed_already",
            "pack_cards_overlap",
            "pack_change_planned",
            "pack_conflict",
            "pack_conflict_absent",
            "pack_conflicts_open",
            "pack_content_lost",
            "pack_definition_owned",
            "pack_key_taken",
            "pack_not_installed",
            "pack_override_absent",
            "pack_override_fixed",
            "pack_override_path",
            "pack_override_refused",
            "pack_rules_invalid",
            "pack_upgrade_instead",
            "pack_version_unknown",
            # periods and the ledger
            "period_closed",
            "period_not_open",
            "adjustment_booked",
            "entry_reversed",
            "period_closed_already",
            "period_not_closed",
            "period_opened_already",
            "period_not_ready",
            "period_has_warnings",
            "reopening_asked",
            "reopening_decided",
            "reopening_own",
            "later_period_closed",
            "check_not_over",
            "check_earlier_open",
            "check_source_late",
            "check_quarantine",
            "check_unlinked",
            "check_run_missing",
            "check_run_old",
            "check_corrections",
            "correction_base_differs",
            # suggestions about people
            "talent_id_twice",
            "talent_course_unknown",
            "talent_outcome_unfit",
            "talent_never_from_rank",
            "talent_rules_backdated",
            "suggestion_own",
            "suggestion_decided",
            "suggestion_not_decided",
            "suggestion_not_ones_own",
            "suggestion_objected",
            "suggestion_no_course",
            "recognition_words_missing",
            "recognition_money",
            # sessions and tokens
            "session_over",
            "refresh_token_reused",
            "attempts_exceeded",
            "vendor_name_invalid",
            "vendor_scope_unknown",
            "vendor_scope_beyond_maker",
            "vendor_token_lifetime",
            "vendor_token_twice",
            "vendor_token_over",
            # the sealed trail
            "trail_row_edited",
            "trail_row_deleted",
            "trail_row_inserted",
            "trail_rows_reordered",
            "trail_truncated",
            "trail_checkpoint_forged",
            "trail_checkpoint_missing",
            "trail_key_unknown",
            "trail_row_unsealed",
            "trail_proof_wrong",
            "trail_proof_unreadable",
            "anchor_failed",
            "pdf_font_lacks",
            "pdf_font_missing",
            "proof_leaf_missing",
            "verifier_missing",
            "tryton_company_missing",
            # sources, mappings, plug-ins and packs
            "source_setting_invalid",
            "source_path_missing",
            "source_path_outside",
            "source_backfill_unsupported",
            "source_rate_limited",
            "source_access_refused",
            "source_forbidden",
            "source_answer_refused",
            "source_not_json",
            "check_nothing",
            "check_too_long",
            "checks_busy",
            "connection_circuit_open",
            "run_not_to_accept",
            "secret_missing",
            "secret_reference_invalid",
            "secret_too_short",
            "source_without_web",
            "source_host_refused",
            "source_answer_too_large",
            "source_redirected",
            "source_encoded",
            "source_status",
            "source_unknown_host",
            "source_unreachable",
            "source_part_missing",
            "source_timeout",
            "source_unsteady",
            "source_pages_circle",
            "source_rows_missing",
            "source_key_missing",
            "source_not_ordered",
            "source_removals_unseen",
            "source_row_twice",
            "source_row_unreadable",
            "source_skipped",
            "stream_unknown",
            "keys_incomplete",
            "column_missing",
            "cell_missing",
            "cell_not_a_choice",
            "cell_not_a_number",
            "quantity_missing",
            "quantity_negative",
            "person_missing",
            "subject_missing",
            "date_missing",
            "date_unreadable",
            "date_implausible",
            "connector_failed",
            "record_not_storable",
            "sync_interrupted",
            "sync_poisoned",
            "source_unavailable",
            "source_empty",
            "sweep_too_large",
            "plugin_import_failed",
            "plugin_hook_unknown",
            "plugin_hook_failed",
            "plugin_noun_wrong",
            "plugin_name_clash",
            "plugin_api_undeclared",
            "plugin_api_differs",
            "plugin_offers_nothing",
            "plugin_twice",
            "pack_not_toml",
            "pack_key_foreign",
            "pack_example_differs",
            "metric_not_in_pack",
            "pack_document_unknown",
            "pack_entity_undeclared",
            "pack_example_missing",
            "pack_field_wrong",
            "pack_id_differs",
            "pack_line_unknown",
            "pack_too_deep",
        }
    )
)
