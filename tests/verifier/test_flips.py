"""Flip any digit of a statement: the verifier names the line, or what the line rests on."""

from __future__ import annotations

import copy
import io
import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from shutil import copy as copy_file
from typing import Any

import pytest

from actions.calculate import Mode
from actions.seal_trail import seal_trail
from actions.trail_key import public_key
from domain.merkle import inclusion_proof, root_of
from tests.actions.test_prove_statement import calculated, proof
from tests.support.company import SYSTEM, office
from tests.support.proving import crew
from tests.support.verifier import load

V = load()
IS_LONG = os.environ.get("ATTAIN_LONG") == "1"
Place = tuple[str | int, ...]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path) -> dict[str, Any]:
    """Make the proofs of a posted run and of a trial, and the key they are signed with."""
    folder = tmp_path_factory.mktemp("proof")
    copy_file(_sqlite_template, folder / "attain.db")
    with office(f"sqlite:///{folder / 'attain.db'}", folder) as runtime:
        company, ids = crew(runtime)
        calculated(company, Mode.TRIAL)
        trial = proof(company, ids["anna"])
        calculated(company)
        waiting = proof(company, ids["anna"])
        seal_trail(runtime, SYSTEM, company.entity_id)
        found = {
            "sealed": proof(company, ids["anna"]),
            "alone": proof(company, ids["eve"]),
            "trial": trial,
            "waiting": waiting,
            "key": public_key(folder),
        }
    return dict(json.loads(json.dumps(found)))


def leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """List every text and number of a document with its place."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from leaves(each, (*place, name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from leaves(each, (*place, index))
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield place, value


def flips(value: str | int) -> Iterator[str | int]:
    """Flip digits of a text or number: each in turn, or in a short run only the last one."""
    text = str(value)
    places = [index for index, sign in enumerate(text) if sign.isdigit()]
    for index in places if IS_LONG else places[-1:]:
        flipped = "1" if text[index] == "0" else str((int(text[index]) + 1) % 10)
        if index == 0 and flipped == "0" and len(text) > 1:
            flipped = "5"
        changed = text[:index] + flipped + text[index + 1 :]
        yield int(changed) if isinstance(value, int) else changed


def put(document: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    found = copy.deepcopy(document)
    inner: Any = found
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return found


def wanted(document: dict[str, Any], place: Place) -> str:
    """Say by which name a change at a place has to be called."""
    top = place[0]
    if top == "statement" and place[1] in {"score", "pay"}:
        return f"line {document['statement'][place[1]][place[2]]['name']}"
    if top in {"statement", "run"}:
        return ".".join(str(step) for step in place)
    if top == "shown":
        return f"shown {place[2]}"
    if top == "documents":
        return f"documents.{place[1]}"
    if top == "seal":
        if place[1] == "cohorts":
            return f"seal.cohorts[{place[2]}]"
        if place[1] == "trail":
            return f"seal.trail.{'checkpoint' if place[2] == 'checkpoint' else 'row'}"
        return f"seal.{place[1]}"
    return str(top)


def top(place: Place) -> bool:
    """Say whether a text lies outside of the statement: there it may stop the reading itself."""
    return place[0] not in {"statement", "shown", "run"}


def named(changed: dict[str, Any]) -> str:
    try:
        report = V.verify(changed)
    except V.Unreadable:
        return "unreadable"
    return report.wrong.where if report.wrong else "nothing"


@pytest.fixture
def _signatures_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(V, "ed25519_is_signed", cache(V.ed25519_is_signed))


@pytest.mark.usefixtures("_signatures_once")
@pytest.mark.parametrize("which", ["sealed", "alone"])
def test_every_flipped_digit_is_found_and_its_place_named(made: dict[str, Any], which: str) -> None:
    document, count = made[which], 0
    assert named(document) == "nothing"
    for place, value in leaves(document):
        if place[0] == "labels":
            continue  # names for the reader, and said to be no more
        for flipped in flips(value):
            found, count = named(put(document, place, flipped)), count + 1
            if place[-1] in {"format", "name"} or (top(place) and found == "unreadable"):
                assert found != "nothing", place
            else:
                assert found == wanted(document, place), (place, value, flipped)
    assert count > 300


def test_a_proof_that_holds_says_so_in_both_languages(made: dict[str, Any]) -> None:
    for language, last in (("en", "Everything holds."), ("zh", "全部成立。")):
        out = io.StringIO()
        report = V.verify(made["sealed"], [made["key"]])
        assert V.tell(made["sealed"], report, V.TEXTS[language], out) == V.HOLDS
        assert out.getvalue().splitlines()[-1] == last
        assert made["key"] in out.getvalue()


def test_a_key_that_nobody_trusts_is_named(made: dict[str, Any]) -> None:
    report = V.verify(made["sealed"], ["00" * 32])
    assert (report.wrong.where, report.wrong.what) == ("seal.trail.checkpoint", "untrusted")


@pytest.mark.parametrize(("which", "gap"), [("trial", "not_sealed"), ("waiting", "not_yet")])
def test_what_is_not_sealed_is_never_fine(
    made: dict[str, Any], tmp_path: Path, which: str, gap: str
) -> None:
    report = V.verify(made[which])
    assert (report.wrong, [code for code, _ in report.gaps]) == (None, [gap])
    file = tmp_path / "statement.json"
    file.write_text(json.dumps(made[which]), "utf-8")
    assert V.main([str(file)], io.StringIO()) == V.INCOMPLETE


def test_a_line_of_a_kind_it_does_not_know_is_never_fine(made: dict[str, Any]) -> None:
    document = copy.deepcopy(made["trial"])
    part = document["documents"]["plan"]["components"][0]
    part["kind"] = "HOROSCOPE"
    changed = V.sha256_hex(V.canonical(document["documents"]["plan"]))
    document["content"]["plan"] = document["statement"]["subject"]["plan"] = changed
    document["hash"] = V.sha256_hex(V.canonical(document["statement"]))
    report = V.verify(document)
    assert report.wrong is None
    lines = [values["line"] for code, values in report.gaps if code == "cannot"]
    # Nor are those fine that lean on it: the kicker on everything before it, and the totals.
    assert lines == [
        "base_bonus.met", "base_bonus.amount", "retention_kicker.condition",
        "retention_kicker.base", "retention_kicker.amount", "subtotal", "payout",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found["statement"]["pay"].pop(),
        lambda found: found["statement"]["pay"].pop(0),
        lambda found: found["statement"]["pay"].append(found["statement"]["pay"][0]),
        lambda found: found["statement"]["pay"][0].update(code="nonsense"),
        lambda found: found["statement"]["pay"][0].update(unit="USD"),
        lambda found: found["statement"]["pay"][0]["problems"].append(["input_missing", "x"]),
        lambda found: found["documents"].pop("plan"),
        lambda found: found["seal"]["cohorts"].pop(),
        lambda found: found["seal"]["result"]["path"].append("00" * 32),
        lambda found: found["statement"]["subject"].update(more="1"),
        lambda found: found.update(seal={**found["seal"], "trail": {}}),
    ],
)
def test_what_is_taken_out_or_added_is_found(made: dict[str, Any], change: Any) -> None:
    changed = copy.deepcopy(made["sealed"])
    change(changed)
    assert named(changed) != "nothing"


def test_one_persons_seal_does_not_fit_another(made: dict[str, Any]) -> None:
    changed = {**made["sealed"], "seal": made["alone"]["seal"]}
    assert named(changed) != "nothing"


def resealed(document: dict[str, Any], change: Any) -> dict[str, Any]:
    """Seal changed contents anew, as somebody could who holds the keys: all hashes are right."""
    found = copy.deepcopy(document)
    seal = found["seal"]
    seal["trail"] = None
    result, cohorts = seal["result"], seal["cohorts"]
    change(result["document"]["content"], [each["document"]["content"] for each in cohorts])
    for each in cohorts:
        facts = each["document"]["content"]
        wanted = V.sha256_hex(V.canonical(facts))
        result["document"]["content"]["cohorts"][facts["component"]] = wanted
    parts = [result, *cohorts]
    hashes = sorted(V.leaf_hash(V.canonical(each["document"])) for each in parts)
    for each in parts:
        each["index"] = hashes.index(V.leaf_hash(V.canonical(each["document"])))
        each["path"] = [step.hex() for step in inclusion_proof(each["index"], hashes)]
    seal["root"], seal["size"] = root_of(hashes).hex(), len(hashes)
    return found


def _add(place: dict[str, Any], name: str) -> None:
    place[name] = str(int(place[name]) + 1)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda _own, _facts: None, "nothing"),
        (lambda _own, facts: _add(facts[0]["facts"], "peers.size"), "seal.cohorts[0]"),
        (lambda _own, facts: _add(facts[1]["facts"], "pool.keys"), "seal.cohorts[1]"),
        (lambda _own, facts: facts[0].update(peerGroup="COMPANY"), "seal.cohorts[0]"),
        (lambda own, _facts: _add(own, "payout"), "seal.result"),
        (lambda own, _facts: _add(own, "score"), "seal.result"),
        (lambda own, _facts: _add(own["amounts"], "above.amount"), "seal.result"),
        (lambda own, _facts: _add(own["inputs"], "sales.num"), "line sales.actual"),
        (lambda own, _facts: own.update(person="per_other"), "statement.subject.person"),
        (lambda own, _facts: own.update(plan="00" * 32), "documents.plan"),
        (lambda own, _facts: own.update(currency="USD"), "seal.result"),
    ],
)
def test_what_is_sealed_falsely_with_all_keys_contradicts_itself(
    made: dict[str, Any], change: Any, where: str
) -> None:
    assert named(resealed(made["sealed"], change)) == where


def test_another_engine_is_not_taken_for_this_one(made: dict[str, Any]) -> None:
    document = copy.deepcopy(made["trial"])
    document["content"]["engine"] = document["statement"]["engine"] = "2"
    document["hash"] = V.sha256_hex(V.canonical(document["statement"]))
    report = V.verify(document)
    assert report.wrong is None
    lines = document["statement"]["score"] + document["statement"]["pay"]
    assert sum(code == "cannot" for code, _ in report.gaps) == len(lines)


def test_a_period_that_was_cut_is_not_called_fine(made: dict[str, Any]) -> None:
    def cut(own: dict[str, Any], _facts: Any) -> None:
        own["shape"] = "segments"

    document = resealed(made["sealed"], cut)
    document["statement"]["subject"]["s1.start"] = "2026-09-01"
    document["hash"] = V.sha256_hex(V.canonical(document["statement"]))
    report = V.verify(document)
    assert report.wrong is None
    lines = document["statement"]["score"] + document["statement"]["pay"]
    assert sum(code == "cannot" for code, _ in report.gaps) == len(lines)


@pytest.mark.parametrize("name", ["scorecard", "plan"])
def test_a_field_that_it_does_not_know_is_never_fine(made: dict[str, Any], name: str) -> None:
    document = copy.deepcopy(made["trial"])
    document["documents"][name]["weather"] = {"sunny": "1.5"}
    changed = V.sha256_hex(V.canonical(document["documents"][name]))
    document["content"][name] = document["statement"]["subject"][name] = changed
    document["hash"] = V.sha256_hex(V.canonical(document["statement"]))
    report = V.verify(document)
    assert report.wrong is None
    said = {values["line"] for code, values in report.gaps if code == "cannot"}
    part = "pay" if name == "plan" else "score"
    assert {line["name"] for line in document["statement"][part]} <= said
