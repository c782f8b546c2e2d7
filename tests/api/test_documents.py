"""Documents by their hashes, over HTTP: open, apq and trusted."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.demand import Demand, DocumentName
from api.documents import (
    LONGEST,
    MOST_CHARACTERS,
    MOST_EACH,
    MOST_KEPT,
    OPEN,
    DocumentListInvalid,
    DocumentMode,
    DocumentRefused,
    DocumentRules,
    DocumentStore,
    read_rules,
)
from api.view import GRAPHQL
from tests.support import shared

TEXT = "{ languages }"
OTHER = "{ __typename }"
CHANGE = "mutation { sessionRevoke(input: {}) { __typename } }"
ANSWER = {"data": {"languages": ["zh-CN", "en"]}}
APQ = DocumentRules(DocumentMode.APQ)
HR = {"authorization": "Bearer hr"}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def listed(*texts: str) -> DocumentRules:
    return DocumentRules(
        DocumentMode.TRUSTED,
        frozenset(map(sha256, texts)),
        {sha256(text): text for text in texts},
    )


def client(runtime: Any, rules: DocumentRules) -> TestClient:
    return TestClient(shared.app(runtime, documents=rules), client=("127.0.0.1", 50000))


def apollo(text: str, **more: Any) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(text)}}, **more}


def draft(text: str, **more: Any) -> dict[str, Any]:
    return {"documentId": f"sha256:{sha256(text)}", **more}


def code(response: Any) -> str:
    (error,) = response.json()["errors"]
    found: str = error["extensions"]["code"]
    return found


@pytest.mark.parametrize("named", [apollo, draft])
def test_apq_learns_a_text_with_its_name_and_then_runs_the_name_by_post_and_get(
    runtime: Any, named: Any
) -> None:
    asked = client(runtime, APQ)
    missed = asked.post("/graphql", json=named(TEXT), headers=HR)
    assert code(missed) == ("PERSISTED_QUERY_NOT_FOUND" if named is apollo else "DOCUMENT_UNKNOWN")
    assert asked.post("/graphql", json=named(TEXT, query=TEXT), headers=HR).json() == ANSWER
    assert asked.post("/graphql", json=named(TEXT)).json() == ANSWER
    packed = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in named(TEXT).items()
    }
    assert asked.get("/graphql", params=packed).json() == ANSWER


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_clients_read_the_two_words_of_the_protocol_in_every_language(
    runtime: Any, language: str
) -> None:
    words = []
    for rules in (APQ, OPEN):
        response = client(runtime, rules).post(
            "/graphql", json=apollo(TEXT), headers={"accept-language": language}
        )
        words.append((response.json()["errors"][0]["message"], code(response)))
    assert words == [
        ("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND"),
        ("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED"),
    ]


def test_a_miss_is_a_request_error_in_both_media_types(runtime: Any) -> None:
    asked = client(runtime, APQ)
    plain = asked.post("/graphql", json=apollo(TEXT))
    new = asked.post("/graphql", json=apollo(TEXT), headers={"accept": GRAPHQL})
    assert (plain.status_code, new.status_code) == (200, 400)
    assert "data" not in plain.json()


@pytest.mark.parametrize("rules", [OPEN, APQ, listed(TEXT, OTHER)])
@pytest.mark.parametrize("named", [apollo, draft])
def test_a_hash_of_another_text_is_refused_in_every_mode(
    runtime: Any, rules: DocumentRules, named: Any
) -> None:
    asked = client(runtime, rules)
    wrong = asked.post("/graphql", json=named(TEXT, query=OTHER), headers=HR)
    assert code(wrong) == "PERSISTED_QUERY_HASH_MISMATCH"
    assert asked.post("/graphql", json=named(TEXT, query=TEXT)).json() == ANSWER


def test_open_keeps_nothing(runtime: Any) -> None:
    asked = client(runtime, OPEN)
    assert asked.post("/graphql", json=draft(TEXT, query=TEXT), headers=HR).json() == ANSWER
    assert code(asked.post("/graphql", json=draft(TEXT), headers=HR)) == "DOCUMENT_UNKNOWN"


def test_apq_learns_nothing_from_strangers_and_no_text_that_does_not_run(runtime: Any) -> None:
    asked = client(runtime, APQ)
    assert asked.post("/graphql", json=apollo(TEXT, query=TEXT)).json() == ANSWER
    assert code(asked.post("/graphql", json=apollo(TEXT))) == "PERSISTED_QUERY_NOT_FOUND"
    wrong = apollo("{ nope }", query="{ nope }")
    assert code(asked.post("/graphql", json=wrong, headers=HR)) == "GRAPHQL_INVALID"
    again = asked.post("/graphql", json=apollo("{ nope }"), headers=HR)
    assert code(again) == "PERSISTED_QUERY_NOT_FOUND"


def test_a_change_by_its_name_still_needs_post(runtime: Any) -> None:
    asked = client(runtime, listed(CHANGE))
    got = asked.get("/graphql", params=draft(CHANGE), headers=HR)
    assert (got.status_code, code(got)) == (405, "MUTATION_NEEDS_POST")
    posted = asked.post("/graphql", json=draft(CHANGE), headers=HR).json()
    assert posted["data"]["sessionRevoke"]["__typename"] == "SessionRevokeSuccess"


def test_trusted_runs_its_list_and_nothing_else(runtime: Any) -> None:
    asked = client(runtime, listed(TEXT))
    for body in ({"query": TEXT}, apollo(TEXT), draft(TEXT), apollo(TEXT, query=TEXT)):
        assert asked.post("/graphql", json=body).json() == ANSWER
    assert asked.get("/graphql", params=draft(TEXT)).json() == ANSWER
    spaced = TEXT + " "
    for body in ({"query": OTHER}, apollo(OTHER), draft(OTHER), {"query": spaced}):
        assert code(asked.post("/graphql", json=body, headers=HR)) == "DOCUMENT_UNKNOWN"
    for body in (apollo(OTHER, query=OTHER), draft(OTHER, query=OTHER)):
        assert code(asked.post("/graphql", json=body, headers=HR)) == "DOCUMENT_UNKNOWN"
    assert code(asked.get("/graphql", params={"query": OTHER})) == "DOCUMENT_UNKNOWN"


def test_a_list_of_hashes_alone_learns_its_texts_from_anybody(runtime: Any) -> None:
    rules = DocumentRules(DocumentMode.TRUSTED, frozenset({sha256(TEXT)}))
    asked = client(runtime, rules)
    assert code(asked.post("/graphql", json=apollo(TEXT))) == "PERSISTED_QUERY_NOT_FOUND"
    assert asked.post("/graphql", json=apollo(TEXT, query=TEXT)).json() == ANSWER
    assert asked.post("/graphql", json=apollo(TEXT)).json() == ANSWER
    assert code(asked.post("/graphql", json=apollo(OTHER))) == "DOCUMENT_UNKNOWN"


@pytest.mark.parametrize(
    "body",
    [
        {"documentId": "md5:" + "0" * 32},
        {"documentId": "sha256:" + "0" * 63},
        {"documentId": "sha256:" + "Z" * 64, "query": TEXT},
        {"documentId": ""},
        {"extensions": {"persistedQuery": 5}},
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "0" * 64}}},
        {"extensions": {"persistedQuery": {"version": 1}}, "query": TEXT},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": ["0"]}}},
        apollo(TEXT, documentId=f"sha256:{sha256(OTHER)}"),
        apollo(TEXT, documentId="sha256:no"),
        {**draft(TEXT), "extensions": {"persistedQuery": {"version": 1}}},
    ],
)
def test_a_name_that_is_none_is_refused(runtime: Any, body: dict[str, Any]) -> None:
    response = client(runtime, APQ).post("/graphql", json=body)
    assert (response.status_code, code(response)) == (400, "DOCUMENT_ID_INVALID")


def test_both_names_may_be_given_when_they_agree(runtime: Any) -> None:
    body = {**apollo(TEXT), **draft(TEXT), "query": TEXT}
    assert client(runtime, APQ).post("/graphql", json=body).json() == ANSWER


def demand(query: str, name: str) -> Demand:
    return Demand(query, None, None, None, DocumentName(sha256(name), is_apollo=True))


def learn(store: DocumentStore, text: str, account: str = "one") -> None:
    store.keep(demand(text, text), text, account)


def is_known(store: DocumentStore, text: str) -> bool:
    try:
        return store.text_of(demand("", text)) == text
    except DocumentRefused:
        return False


def test_the_store_is_bounded_in_number_and_drops_what_was_least_lately_used() -> None:
    store = DocumentStore(APQ)
    for number in range(MOST_KEPT):
        learn(store, str(number), account=str(number // 100))
    assert is_known(store, "0")
    learn(store, "one more")
    assert len(store) == MOST_KEPT
    assert [is_known(store, text) for text in ("0", "1", "2", "one more")] == [
        True,
        False,
        True,
        True,
    ]


def test_one_account_pushes_out_its_own_texts_and_never_those_of_others() -> None:
    store = DocumentStore(APQ)
    learn(store, "of another", account="other")
    for number in range(2 * MOST_KEPT):
        learn(store, f"{number:>{LONGEST}}")
    assert len(store) == MOST_EACH + 1
    assert is_known(store, "of another")
    assert is_known(store, f"{2 * MOST_KEPT - 1:>{LONGEST}}")
    assert not is_known(store, f"{2 * MOST_KEPT - 1 - MOST_EACH:>{LONGEST}}")


def test_the_store_is_bounded_in_characters_however_often_a_text_comes() -> None:
    store = DocumentStore(APQ)
    for number in range(MOST_KEPT):
        learn(store, f"{number % 300:>{LONGEST}}", account=str(number % 3))
    assert len(store) == MOST_CHARACTERS // LONGEST
    learn(store, " " * (LONGEST + 1))
    assert not is_known(store, " " * (LONGEST + 1))


def test_a_list_is_read_as_hashes_or_as_texts_by_their_hashes(tmp_path: Path) -> None:
    file = tmp_path / "documents.json"
    file.write_text(json.dumps([sha256(TEXT)]))
    assert read_rules("trusted", file) == DocumentRules(
        DocumentMode.TRUSTED, frozenset({sha256(TEXT)})
    )
    file.write_text(json.dumps({sha256(TEXT): TEXT}))
    assert read_rules("trusted", file) == listed(TEXT)
    assert read_rules("open", None) == OPEN


@pytest.mark.parametrize(
    "content",
    ["", "5", "[]", "{}", '["no"]', "[5]", '{"no": "{ a }"}', json.dumps({sha256(TEXT): OTHER})],
)
def test_a_list_that_proves_nothing_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "documents.json"
    file.write_text(content)
    with pytest.raises(DocumentListInvalid, match=r"documents\.json"):
        read_rules("trusted", file)
    with pytest.raises(DocumentListInvalid, match="cannot be read"):
        read_rules("trusted", tmp_path / "missing.json")
