"""The codes of what is wrong with a table in a file, and of what was found out about it."""

from __future__ import annotations

FILE_CODES: frozenset[str] = frozenset(
    {
        "stream_without_files",
        "file_changing",
        "file_unreadable",
        "file_too_large",
        "sheet_missing",
        "sheet_found",
        "encoding_found",
        "encoding_declared",
        "header_missing",
        "header_unreadable",
        "header_duplicate",
        "header_unnamed",
        "key_column_missing",
        "key_missing",
        "key_is_number",
        "row_ragged",
        "row_holds_nul",
        "row_repeated",
        "row_revised",
        "quote_misplaced",
        "encoding_broken",
        "line_too_long",
        "number_spoilt",
    }
)
