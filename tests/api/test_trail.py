"""The trail over GraphQL: read by those who may, page by page, and proven without the server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from actions.deed import perform
from actions.prove_trail import check_proof
from actions.trail_key import public_key
from attain.sealer import seal_everything
from domain.access import Viewer
from domain.ids import AccountId
from tests.api.company import Served, served

EVENTS = (
    "query($after: String, $action: String) { auditEvents(first: 2, after: $after, action: $action)"
    " { totalCount nodes { id at action subject account { id login } details }"
    " pageInfo { hasNextPage endCursor } } }"
)


@pytest.fixture(scope="module")
def company(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("trail")
    (folder / "attain.db").write_bytes(_sqlite_template.read_bytes())
    with served(f"sqlite:///{folder / 'attain.db'}", folder) as made:
        hr = AccountId(made.data("hr", "{ viewer { account } }")["viewer"]["account"])
        actor = Viewer(account_id=hr, person_id=None, grants=())
        for number in range(5):
            perform(made.runtime, actor, made.entity, f"do{number}", {}, lambda _w: "per_a")
        yield made


def test_the_trail_says_who_did_what_the_newest_first_page_by_page(company: Served) -> None:
    seen: list[str] = []
    after = None
    while True:
        found = company.data("auditor", EVENTS, after=after)["auditEvents"]
        seen += [row["id"] for row in found["nodes"]]
        assert found["totalCount"] is not None
        if not found["pageInfo"]["hasNextPage"]:
            break
        after = found["pageInfo"]["endCursor"]
    assert seen == sorted(seen, key=int, reverse=True)
    assert len(seen) == len(set(seen)) == found["totalCount"]
    (row,) = company.data("auditor", EVENTS, action="do3")["auditEvents"]["nodes"]
    assert (row["account"]["login"], row["subject"]) == ("hr", "per_a")
    assert set(json.loads(row["details"])) == {"request"}


def test_who_may_not_read_the_trail_is_refused(company: Served) -> None:
    for who in ("fang", "meng"):
        assert company.codes(who, EVENTS) == ["FORBIDDEN"]
        assert company.codes(who, "{ auditCheckpoints { totalCount } }") == ["FORBIDDEN"]
        assert company.codes(who, '{ auditProof(event: "1") { document } }') == ["FORBIDDEN"]
        assert company.codes(who, "{ auditGrowth(older: 1, newer: 1) { document } }") == [
            "FORBIDDEN"
        ]
    assert company.codes(None, EVENTS) == ["SIGN_IN_REQUIRED"]


def test_a_proof_from_the_api_is_checked_without_the_server(company: Served) -> None:
    assert seal_everything(company.runtime) == 1
    (row, *_) = company.data("auditor", EVENTS)["auditEvents"]["nodes"]
    found = company.data(
        "auditor", "query($e: ID!) { auditProof(event: $e) { document } }", e=row["id"]
    )
    key = public_key(company.runtime.data_folder)
    assert key is not None
    check_proof(json.loads(found["auditProof"]["document"]), [key])
    (checkpoint,) = company.data(
        "auditor",
        "{ auditCheckpoints { nodes { number size root hash publicKey signature anchorings"
        " { anchor } } } }",
    )["auditCheckpoints"]["nodes"]
    assert (checkpoint["number"], checkpoint["publicKey"]) == (1, key)
    document = company.data("auditor", "{ auditGrowth(older: 1, newer: 1) { document } }")
    check_proof(json.loads(document["auditGrowth"]["document"]), [key])


@pytest.mark.parametrize("event", ["x", "-1", "9" * 30, "999999999"])
def test_a_row_that_is_not_there_is_not_found(company: Served, event: str) -> None:
    asked = "query($e: ID!) { auditProof(event: $e) { document } }"
    code = company.codes("auditor", asked, e=event)
    assert code[0] in {"NOT_FOUND", "TRAIL_CHECKPOINT_MISSING"}
