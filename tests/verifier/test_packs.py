"""A pack of evidence holds together: whatever is changed in it is named, in both languages."""

from __future__ import annotations

import copy
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from shutil import copy as copy_file
from typing import Any

import pytest

from actions.pack_evidence import zipped
from actions.trail_key import public_key
from domain.document import canonical
from tests.support.company import office
from tests.support.packing import JUNE, MAY, packed, quarter
from tests.support.verifier import load
from tests.verifier.test_flips import IS_LONG, flips, leaves, put

V = load()
Files = dict[str, bytes]
JSON_OF = "statement.json", "earlier/2026-05.json", "pay/2026-06.CNY.json", "pay/2026-05.CNY.json"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path) -> dict[str, Any]:
    """Make the packs of two people for June and of one for May, with their key."""
    folder = tmp_path_factory.mktemp("packs")
    copy_file(_sqlite_template, folder / "attain.db")
    with office(f"sqlite:///{folder / 'attain.db'}", folder) as runtime:
        paying = quarter(runtime)
        ann, ben = paying.ids["ann"], paying.ids["ben"]
        return {
            "ann": packed(paying.company, ann, JUNE),
            "ben": packed(paying.company, ben, JUNE),
            "may": packed(paying.company, ann, MAY),
            "key": public_key(folder),
        }


@pytest.fixture(autouse=True)
def _signatures_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(V, "ed25519_is_signed", cache(V.ed25519_is_signed))


def checked(files: Files, *keys: str, language: str = "en") -> tuple[int, str]:
    """Check a pack; return the status and the last lines that are printed."""
    out = io.StringIO()
    status = V.tell_pack(V.verify_pack(files, keys), V.TEXTS[language], out)
    return status, "\n".join(out.getvalue().splitlines()[-2:])


def codes(files: Files, *keys: str) -> list[str]:
    """Name what was checked of the pack as a whole, and what was taken as sealed."""
    pack = V.verify_pack(files, keys)
    assert pack.report.wrong is None, pack.report.wrong.values
    taken = [code for _, report in pack.proofs.values() for code, _ in report.taken]
    return [code for code, _ in pack.report.said] + taken


def rewritten(files: Files, name: str, change: Callable[[Any], object]) -> Files:
    document = json.loads(files[name])
    change(document)
    return {**files, name: json.dumps(document, ensure_ascii=False).encode()}


def corrections(files: Files) -> list[str]:
    return [name for name in files if name.startswith("corrections/") and "statement" not in name]


def test_a_pack_holds_together_from_the_statement_to_what_is_paid(made: dict[str, Any]) -> None:
    said = codes(made["ann"], made["key"])
    assert said[:8] == [
        "ok_to_date",
        "ok_corrected",
        "ok_corrected",
        "ok_chained",
        "ok_paid",
        "ok_booked",
        "ok_left",
        "ok_ledger",
    ]
    assert "taken_sheet" in said
    # What a run of an earlier period, or a correction, took as earned is not followed any further.
    taken = [
        (name, values["name"])
        for name, (_, report) in V.verify_pack(made["ann"]).proofs.items()
        for code, values in report.taken
        if code == "taken_earned"
    ]
    assert "statement.json" not in {name for name, _ in taken}
    assert checked(made["ann"], made["key"])[0] == V.HOLDS


def test_what_no_statement_shows_is_said_to_be_taken_as_sealed(made: dict[str, Any]) -> None:
    pack = V.verify_pack(made["may"], [made["key"]])
    own = [code for code, _ in pack.proofs["statement.json"][1].taken]
    # May has no sealed statement of April before it.
    assert (pack.report.wrong, own) == (None, ["taken_earned"])


def _named(files: Files) -> str:
    pack = V.verify_pack(files)
    wrong = [
        f"{name}: {report.wrong.where}" for name, (_, report) in pack.proofs.items() if report.wrong
    ]
    if pack.report.wrong is not None:
        wrong.append(pack.report.wrong.where)
    return wrong[0] if wrong else "nothing"


def _wanted(name: str, document: Any, place: tuple[Any, ...]) -> str:
    """Say by which name a change in a sheet or a correction has to be called."""
    top = place[0]
    if top == "sheet":
        if place[1] == "lines" and place[3] != 2:
            return f"{name}: line "  # another name is another line
        if place[1] == "lines":
            return f"{name}: line {document['sheet']['lines'][place[2]][0]}"
        if place[1] == "inputs":
            return f"{name}: sheet.inputs.{place[2]}"
        if place[1] in {"settlement", "policy", "causes"}:
            return f"{name}: sheet.{place[1]}"
        if place[1] == "subject" and place[2] in {"person", "period", "entity"}:
            return f"{name}: sheet.subject.{place[2]}"
        return f"{name}: "
    if top == "correction" and place[1] in {"lines", "amounts"}:
        row = document["correction"][place[1]][place[2]]
        return f"{name}: correction {row['component']} {row.get('cause', '')}".strip()
    if top == "correction":
        return f"{name}: correction.{place[1]}"
    return f"{name}: {top}" if top in {"hash", "shown", "run"} else f"{name}"


def _flipped(files: Files, name: str) -> Iterator[tuple[tuple[Any, ...], str, str]]:
    document = json.loads(files[name])
    for place, value in leaves(document):
        if place[0] in {"labels", "seal"}:
            continue  # names for the reader; seals are flipped in test_flips
        for flipped in flips(value):
            changed = json.dumps(put(document, place, flipped)).encode()
            yield place, _wanted(name, document, place), _named({**files, name: changed})


@pytest.mark.parametrize("which", ["sheet", "correction"])
def test_a_flipped_digit_of_a_sheet_or_correction_is_found_and_its_line_named(
    made: dict[str, Any], which: str
) -> None:
    files, count = made["ann"], 0
    names = ["pay/2026-06.CNY.json"] if which == "sheet" else corrections(files)
    for name in names if IS_LONG else names[-1:]:
        for place, wanted, found in _flipped(files, name):
            count += 1
            assert found.startswith(wanted), (name, place)
    assert count > (40 if which == "sheet" else 10)


def test_a_flip_in_any_other_file_names_the_file(made: dict[str, Any]) -> None:
    files = made["ann"]
    for name in files:
        if name in JSON_OF or name.startswith(("corrections/", "earlier/", "pay/")):
            continue
        text = files[name]
        place = next(at for at in range(len(text) // 2, len(text)) if text[at : at + 1].isdigit() or
                     text[at : at + 1].isalpha())  # fmt: skip
        changed = text[:place] + (b"7" if text[place] != ord("7") else b"8") + text[place + 1 :]
        status, said = checked({**files, name: changed})
        assert status == V.WRONG, name
        assert name in said or (name == "manifest.json" and "! WRONG" in said), said


@pytest.mark.parametrize("language", ["en", "zh"])
def test_whatever_is_taken_out_is_named_in_both_languages(
    made: dict[str, Any], language: str
) -> None:
    files = made["ann"]
    for name in files:
        left = {other: content for other, content in files.items() if other != name}
        status, said = checked(left, language=language)
        assert (status, V.TEXTS[language]["lost_file"] in said) == (V.WRONG, True), (name, said)
        assert f"{name}" in said
        assert said.endswith(V.TEXTS[language]["verdict_pack"])


def test_a_file_that_nobody_packed_is_named(made: dict[str, Any]) -> None:
    assert _named({**made["ann"], "more.txt": b"hello"}) == "more.txt"


def test_a_document_of_another_person_is_named(made: dict[str, Any]) -> None:
    ann, ben = made["ann"], made["ben"]
    for name in (*JSON_OF, *(each for each in corrections(ann) if each in ben)):
        assert _named({**ann, name: ben[name]}) == f"{name}: person", name


def test_an_older_checkpoint_does_not_cover_what_came_later(made: dict[str, Any]) -> None:
    def older(document: Any) -> None:
        row = json.loads(made["ann"]["pay/2026-05.CNY.json"])["seal"]["trail"]
        document["seal"]["trail"]["checkpoint"] = {
            **row["checkpoint"],
            "size": 2,
            "number": 1,
        }

    changed = rewritten(made["ann"], "pay/2026-06.CNY.json", older)
    assert _named(changed) == "pay/2026-06.CNY.json: seal.trail.checkpoint"


def test_a_pack_of_another_key_is_refused(made: dict[str, Any]) -> None:
    status, said = checked(made["ann"], "00" * 32)
    assert (status, "not a key you trust" in said) == (V.WRONG, True)


def test_a_forged_manifest_is_no_manifest(made: dict[str, Any]) -> None:
    files = {**made["ann"], "facts.json": b"{}"}

    def forged(document: Any) -> None:
        document["files"]["facts.json"] = V.sha256_hex(b"{}")

    assert _named(rewritten(files, "manifest.json", forged)) == "manifest.json"


def resealed(files: Files, name: str, change: Callable[[Any], object]) -> Files:
    """Change what is sealed of one document, as somebody could who holds all keys."""

    def forge(document: Any) -> None:
        seal = document["seal"]
        change(document)
        content = seal["result"]["document"]["content"]
        if "sheet" in document:
            document["hash"] = content["sheet"] = V.sha256_hex(canonical(document["sheet"]))
        leaf = V.leaf_hash(V.canonical(seal["result"]["document"]))
        seal.update(root=leaf.hex(), size=1, trail=None)
        seal["result"].update(index=0, path=[])

    return rewritten(files, name, forge)


def _sealed(document: Any) -> Any:
    return document["seal"]["result"]["document"]["content"]


def _entry(place: int, value: str) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        _sealed(document)["entries"][0][place] = value

    return change


def _raised(name: str) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for inputs in (_sealed(document)["inputs"], document["sheet"]["inputs"]):
            inputs[name] = str(int(inputs[name]) + 1)

    return change


def _delta(document: Any) -> None:
    for rows, place in (
        (_sealed(document)["lines"], 4),
        (document["correction"]["lines"], "delta"),
    ):
        rows[0][place] = str(int(rows[0][place]) + 1)


@pytest.mark.parametrize(
    ("name", "change", "where"),
    [
        ("pay/2026-06.CNY.json", lambda _document: None, "run"),
        ("pay/2026-06.CNY.json", _raised("sheet.earned_net"), "line sheet.earned"),
        ("pay/2026-06.CNY.json", _raised("draw.draw_before"), "line draw.balance"),
        ("pay/2026-06.CNY.json", _entry(7, "50001"), "sheet.inputs.adjusted"),
        ("pay/2026-06.CNY.json", _entry(6, "calc_other"), "ledger.json entry led_"),
        ("corrections", _delta, "correction tiers.amount"),
    ],
)
def test_what_is_sealed_falsely_with_all_keys_contradicts_the_rest(
    made: dict[str, Any], name: str, change: Callable[[Any], object], where: str
) -> None:
    file = corrections(made["ann"])[0] if name == "corrections" else name
    found = _named(resealed(made["ann"], file, change))
    if where == "run":
        # Nothing was changed: only the manifest tells that it is another file.
        assert found == file
    else:
        assert where in found


def test_a_pack_is_read_from_a_file_and_from_a_folder(made: dict[str, Any], tmp_path: Path) -> None:
    pack = tmp_path / "pack.zip"
    pack.write_bytes(zipped(made["ann"]))
    with zipfile.ZipFile(pack) as archive:
        archive.extractall(tmp_path / "folder")
    for place in (pack, tmp_path / "folder"):
        out = io.StringIO()
        assert V.main([str(place), "--key", made["key"], "--lang", "zh"], out) == V.HOLDS
        assert out.getvalue().splitlines()[-1] == "全部成立。"
    pack.write_bytes(pack.read_bytes()[:-40])
    assert V.main([str(pack)], io.StringIO()) == V.UNREADABLE


def test_two_statements_of_one_run_name_the_same_facts_of_a_group() -> None:
    def proof(size: str, root: str = "aa") -> dict[str, Any]:
        content = {"plan": "p", "component": "top", "peerGroup": "UNIT", "group": "unit_1",
                   "facts": {"peers.size": size}}  # fmt: skip
        seal = {"root": root, "cohorts": [{"document": {"content": content}}]}
        return {"run": {"id": "calc_1"}, "seal": seal}

    V.same_groups([(proof("5"), None), (copy.deepcopy(proof("5")), None)])
    for other, code in ((proof("6"), "two_facts"), (proof("5", "bb"), "two_roots")):
        with pytest.raises(V.Wrong) as wrong:
            V.same_groups([(proof("5"), None), (other, None)])
        assert wrong.value.what == code


@pytest.mark.parametrize(
    ("inputs", "where"),
    [
        ({"size": "5", "rank": "5", "tied": "1"}, None),
        ({"size": "5", "rank": "6", "tied": "1"}, "the input a.peers.rank"),
        ({"size": "5", "rank": "0", "tied": "1"}, "the input a.peers.rank"),
        ({"size": "5", "rank": "4", "tied": "3"}, "the input a.peers.tied"),
        ({"size": "5", "rank": "6", "tied": "1", "counted": "0"}, None),
        ({"size": "2", "lo_num": "2", "lo_den": "1", "hi_num": "3", "hi_den": "2"},
         "the input a.peers.lo_num"),
    ],
)  # fmt: skip
def test_facts_of_a_group_do_not_contradict_each_other(
    inputs: dict[str, str], where: str | None
) -> None:
    given = {f"a.peers.{name}": value for name, value in inputs.items()}
    if where is None:
        V._possible(given)
        return
    with pytest.raises(V.Wrong) as wrong:
        V._possible(given)
    assert wrong.value.where == where
