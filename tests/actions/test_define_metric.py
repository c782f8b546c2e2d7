"""Definitions of one key follow each other without a gap and without an overlap."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from pathlib import Path

import pytest

from actions.define_metric import define_metric
from storage.definitions import metrics
from storage.engine import reading
from tests.support.company import SYSTEM, Company, office
from tests.support.rules import SALES, changed, texts

DAYS = (date(2026, 1, 1), date(2026, 8, 1), date(2026, 12, 1))


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_on_every_day_the_definition_that_began_last_holds(
    database_url: str, tmp_path: Path, order: tuple[int, ...]
) -> None:
    with office(database_url, tmp_path) as runtime:
        company = Company(runtime)
        for place in order:
            document = changed(SALES, name=texts(f"begins {DAYS[place]}"))
            company.write(
                lambda w, d=document, day=DAYS[place]: define_metric(  # type: ignore[misc]
                    w, SYSTEM, d, valid_from=day
                )
            )
        with reading(runtime.engine, SYSTEM) as connection:
            for day in (*DAYS, date(2026, 7, 31), date(2026, 11, 30), date(2027, 5, 1)):
                (found,) = metrics(
                    connection, company.entity_id, valid_at=day, known_at=runtime.clock()
                )
                wanted = max(each for each in DAYS if each <= day)
                assert found.metric.name["en"] == f"begins {wanted}", (order, day)
