"""What a sync leaves behind is the same to the last character, however quickly it is done.

The digest is of the rows as a plainer host wrote them, one statement a row: three deliveries with
corrections, repeats, refused rows, repairs, odd texts and numbers, then another mapping.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from storage import tables
from tests.support.syncing import ORDER_MAPPING, Company, write_orders

_DIGEST = "734e30ca2204f62e10e0dea3ff618c4590d1bc56547cadcae950650b1ed5e159"
_ODD = [
    'q1,"Li ""the"" Wei",C-1,12.30,2026-09-01',
    "q2,李伟,客户|一,0012,2026-9-2",
    "q3,back\\slash,\\u0000,-.5,2026-09-03",
    "q4,😀,C-4,１２．３４,2026-09-04",
    "q5,seller, ,1200.,2026-09-05",
    "q6,seller,C-6,12.345,2026-09-06",
    "q7,seller,C-7,9000000000000000,2026-09-07",
    "q8,seller,C-8,abc,2026-09-08",
    "q9,,C-9,1,2026-09-09",
    "q10,seller,C-10,1,2026-02-30",
    "q11,seller,C-11,1,1960-01-01",
    "q12,seller,C-12",
    "q13,seller,C-13,+7.00,2026-09-13",
    "q14,seller,C-14,12.30,2026-09-14",
    "q14,seller,C-14,12.40,2026-09-14",
]
_MORE = [f"m{n},s{n % 7},C-{n},{n}.{n % 100:02d},2026-09-{n % 28 + 1:02d}" for n in range(60)]


def test_a_sync_leaves_the_same_rows_as_one_that_takes_its_time(
    database_url: str, tmp_path: Path
) -> None:
    company = Company(database_url, tmp_path)
    connection_id = company.connect()
    write_orders(tmp_path, "orders-1.csv", [*_MORE, *_ODD])
    company.sync(connection_id)
    write_orders(
        tmp_path,
        "orders-2.csv",
        [*_MORE[:20], "m21,s9,C-x,5,2026-09-09", "q8,seller,C-8,8,2026-09-08", "q10,,C-10,1,x"],
    )
    company.sync(connection_id)
    write_orders(tmp_path, "orders-3.csv", ["q9,seller,C-9,9,2026-09-09", "q2,李伟,C,1,2026-13-1"])
    company.sync(connection_id)
    target: dict[str, Any] = ORDER_MAPPING["streams"]["orders"]["targets"][0]
    where = [{"column": "customer", "comparison": "NOT_IN", "values": ["C-3", "C-14"]}]
    attributes = {"day": {"column": "day"}}
    target = target | {"where": where, "attributes": attributes}
    company.map(connection_id, {**ORDER_MAPPING, "streams": {"orders": {"targets": [target]}}})
    company.sync(connection_id)
    found = _digest(company)
    company.runtime.engine.dispose()
    assert found == _DIGEST


def _digest(company: Company) -> str:
    names = {row.id: row.value for row in company.all(tables.identity)}
    records = {row.id: row for row in company.all(tables.record)}
    lines = [
        f"{row.key} {row.revision} {row.content_hash} {sorted((row.content or {}).items())}"
        f" {sorted(row.position.items())}"
        for row in records.values()
    ]
    for row in company.all(tables.fact):
        made_of = records[row.record_id]
        lines.append(
            f"{row.key} {row.revision} {row.kind} {names[row.identity_id]} {row.business_date}"
            f" {row.instant} {row.quantity} {row.unit} {row.subject}"
            f" {sorted(row.attributes.items())} {row.deleted} {made_of.key} {made_of.revision}"
        )
    lines += [
        f"{row.fingerprint} {sorted(row.position.items())} {row.code}"
        f" {sorted(row.code_values.items())} {sorted((row.payload or {}).items())}"
        f" {row.resolved_at is None}"
        for row in company.all(tables.quarantine)
    ]
    lines += [
        f"{run.outcome} {sorted(run.counts.items())} {run.problem_code}"
        for run in company.all(tables.sync_run)
    ]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
