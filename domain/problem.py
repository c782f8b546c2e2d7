"""The two ways in which the core says no: a problem (bad data, a value) and a refusal (a rule).

A fault (a bug or an outage) is any other exception and is never built here.
Clients switch on the code; the sentence lives in ``messages`` in two languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from domain.codes import OWN_CODES
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
    OWN_CODES
    | FILE_CODES
    | PROGRAM_CODES
    | CODES_OF_SOURCES
    | frozenset(
        {
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
            "connection_waits",
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
            "source_mark_missing",
            "source_not_ordered",
            "source_removals_unseen",
            "source_row_twice",
            "source_row_unreadable",
            "source_skipped",
            "stream_unknown",
            "timed_job_runs",
            "timed_left_alone",
            "timed_nobody",
            "timed_nothing_new",
            "timed_sources_late",
            "timetable_time_invalid",
            "timetable_unclear",
            "timetable_without_periods",
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
            "sync_days_unclear",
            "sync_interrupted",
            "sync_poisoned",
            "source_unavailable",
            "source_empty",
            "sweep_too_large",
            "guest_broke_off",
            "guest_busy",
            "guest_uncovered",
            "plugin_import_failed",
            "plugin_inside_only",
            "plugin_no_fence",
            "plugin_outside_failed",
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
