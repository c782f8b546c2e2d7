"""Whatever the schema allows, no input makes the server fail."""

from __future__ import annotations

import os
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import parse_value
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import mutations, nodes, queries

from tests.api.company import Served, calculated, served
from tests.support import shared
from tests.support.source import ROOT

IS_LONG = os.environ.get("ATTAIN_LONG") == "1"
QUERIES, EACH_DEED = (1_000, 120) if IS_LONG else (100, 12)
PRINTED = (ROOT / "schema.graphql").read_text("utf-8")  # what a client reads; a test keeps it true
NAMES = st.text(alphabet=string.ascii_lowercase + "_", min_size=1, max_size=12)
SCALARS = {
    "Decimal": st.decimals(
        allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4
    ).map(lambda value: nodes.String(f"{value:f}")),
    "BusinessDate": st.dates().map(lambda value: nodes.String(value.isoformat())),
    "Instant": st.datetimes().map(lambda value: nodes.String(f"{value.isoformat()}Z")),
    "Period": st.sampled_from(
        ["2026-09", "2026-Q3", "2026-H2", "2026", "2026-W37", "2026-09@26", "2026-13", "0000"]
    ).map(nodes.String),
    "UnitCode": st.sampled_from(["CNY", "RATIO", "COUNT", "POINT", "NONE"]).map(nodes.String),
    "Language": st.sampled_from(["zh-CN", "en"]).map(nodes.String),
    "IdempotencyKey": st.text(
        alphabet=string.ascii_letters + string.digits, min_size=8, max_size=12
    ).map(nodes.String),
    "Document": st.dictionaries(NAMES, NAMES, max_size=3).map(
        lambda value: parse_value(
            "{" + ", ".join(f'{name}: "{text}"' for name, text in value.items()) + "}"
        )
    ),
}
# Large documents and rare cases are what is wanted here, slow and filtered as they are.
CHECKS = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
TRIES = settings(
    max_examples=QUERIES,
    derandomize=True,
    phases=[Phase.generate],  # shrinking such large documents takes minutes and helps nobody
    suppress_health_check=CHECKS,
)
# Signing out would turn every later try away at the door.
DEEDS = sorted(set(shared.schema().core.mutation_type.fields) - {"sessionRevoke"})  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def made(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One calculated company for all tries: a try that changes something is a try as well."""
    folder = tmp_path_factory.mktemp("any")
    copy = folder / "any.db"
    copy.write_bytes(_sqlite_template.read_bytes())
    with served(f"sqlite:///{copy}", folder) as found:
        calculated(found)
        yield found


def _no_fault(made: Served, who: str, text: str) -> None:
    answer = made.ask(who, text)
    codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
    assert "INTERNAL" not in codes, (codes, text)


@TRIES
@given(text=queries(PRINTED, custom_scalars=SCALARS), who=st.sampled_from(["hr", "meng", "anna"]))
def test_no_query_makes_the_server_fail(made: Served, text: str, who: str) -> None:
    _no_fault(made, who, text)


@pytest.mark.parametrize("deed", DEEDS)
def test_no_mutation_makes_the_server_fail(made: Served, deed: str) -> None:
    @settings(TRIES, max_examples=EACH_DEED)
    @given(
        text=mutations(PRINTED, fields=(deed,), custom_scalars=SCALARS),
        who=st.sampled_from(["hr", "meng"]),
    )
    def attempt(text: str, who: str) -> None:
        _no_fault(made, who, text)

    attempt()
