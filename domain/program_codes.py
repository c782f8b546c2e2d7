"""The codes of what goes wrong with programs of others that read a source."""

from __future__ import annotations

PROGRAM_CODES: frozenset[str] = frozenset(
    {
        "program_no_fence",
        "program_unstarted",
        "program_silent",
        "program_too_long",
        "program_cpu",
        "program_memory",
        "program_processes",
        "program_file_too_large",
        "program_line_too_long",
        "program_output_too_large",
        "program_errors_too_large",
        "program_too_many_lines",
        "program_killed",
        "program_failed",
        "taps_not_allowed",
        "tap_unknown",
        "tap_file_invalid",
        "tap_setting_missing",
        "tap_without_catalog",
        "tap_stream_without_key",
        "tap_key_changed",
        "tap_stream_unknown",
        "tap_record_without_schema",
        "tap_batch_refused",
        "tap_state_tells_secret",
        "tap_state_too_large",
        "tap_prints_too_much",
        "tap_line_broken",
        "tap_printed",
        "tap_columns_changed",
        "tap_told_nothing",
        "tap_told_less",
    }
)
