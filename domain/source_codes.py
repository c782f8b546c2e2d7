"""Codes that single kinds of sources tell: a part of ``CODES`` in domain/problem.py."""

from __future__ import annotations

CODES_OF_SOURCES: frozenset[str] = frozenset(
    {
        "scim_filter_refused",
        "scim_too_many",
        "sql_changes_unusable",
        "sql_column_missing",
        "sql_column_twice",
        "sql_database_forbidden",
        "sql_database_unknown",
        "sql_file_busy",
        "sql_file_closed",
        "sql_file_missing",
        "sql_file_outside",
        "sql_file_unreadable",
        "sql_float_undeclared",
        "sql_folder_unset",
        "sql_key_missing",
        "sql_key_not_unique",
        "sql_key_unusable",
        "sql_number_not_finite",
        "sql_number_spoilt",
        "sql_query_refused",
        "sql_table_forbidden",
        "sql_table_missing",
        "sql_text_broken",
        "sql_time_form",
        "sql_tls_refused",
        "sql_too_slow",
    }
)
