"""What may only be added is not changed by any statement, on both databases."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from storage.engine import changing
from tests.support.company import SYSTEM, Company, office


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE fact SET quantity = 1",
        "DELETE FROM fact",
        "INSERT OR REPLACE INTO fact SELECT * FROM fact",
        "REPLACE INTO fact SELECT * FROM fact",
        "TRUNCATE fact",
    ],
)
def test_no_statement_changes_a_fact(database_url: str, tmp_path: Path, statement: str) -> None:
    with office(database_url, tmp_path) as runtime:
        company = Company(runtime)
        company.person("anna")
        company.fact("anna", date(2026, 9, 1), 700)
        with pytest.raises(DatabaseError), changing(runtime.engine, SYSTEM) as connection:
            connection.execute(text(statement))
        with changing(runtime.engine, SYSTEM) as connection:
            left = connection.execute(text("SELECT quantity FROM fact")).scalars().all()
        assert left == [700]
