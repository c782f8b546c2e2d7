"""Platinum is measured: a fresh run of this very code, and the signature of somebody we trust."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.connectors import connector_from_domain
from attain import commands_grade
from attain.cli import app
from attain.commands_grade import graded_all, keep
from attain.platinum import Here, new_key, private_key
from attain.settings import read_settings
from attain.wiring import system_clock
from connectors.kit.sample import SampleConnector
from connectors.testing import CHECKS, MEASURED
from messages.render import Locale
from plugins.conformance import FILE, PlatinumLack, conformances, read_conformance
from plugins.live_note import LiveNote, Nearness, write_note
from plugins.origin import public_half
from plugins.seals import LIVE, fingerprint, seal_of
from tests.support.mapped_sources import three_kinds

TODAY = date(2026, 11, 26)
PRIVATE = "17" * 32  # of nobody
SHOP = {public_half(PRIVATE): "the shop"}
MAPPING = json.dumps(three_kinds("deals"))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The distribution of a vendor who has done all that the tiers ask, but for running it."""
    (tmp_path / "pyproject.toml").write_text('[project]\nauthors = [{ name = "Shop" }]\n', "utf-8")
    (tmp_path / "README.md").write_text("# Install\n\n# What the errors mean\n", "utf-8")
    folder = tmp_path / "attain_acme_platinum"
    folder.mkdir()
    (folder / "__init__.py").write_text('"""Nothing."""\n', "utf-8")
    (folder / "connector.py").write_text('"""Nothing."""\n', "utf-8")
    return folder


def note(folder: Path, **other: object) -> None:
    """Leave the note of a run that counts, or of one that differs."""
    right = LiveNote(
        connector="acme.crm",
        ran=datetime(2026, 11, 20, 9, tzinfo=UTC),
        source=Nearness.PUBLIC,
        streams={"deals": 120},
        files=fingerprint(folder),
    )
    write_note(folder, dataclasses.replace(right, **other))  # type: ignore[arg-type]


def outcomes(folder: Path, budget: str = "passed") -> list[dict[str, str]]:
    """What the kit says of a connector that keeps all of its promises."""
    said = {"attain_connector": "acme.crm", "attain_case": "case", "attain_mapping": MAPPING}
    said["attain_file"] = str(folder / "connector.py")
    found = [
        said | {"attain_check": each, "attain_outcome": "passed", "reason": ""} for each in CHECKS
    ]
    told = {"attain_outcome": budget, "reason": "9.1 x the time", "attain_measured": "2.0 0.3"}
    return [*found, said | {"attain_check": MEASURED} | told]


def graded(folder: Path, here: Here, *, budget: str = "passed") -> tuple[str, dict[str, str]]:
    """Grade what passes every check, sign what is written, and say the tier and what it lacks."""
    (made,) = graded_all(outcomes(folder, budget), folder.parent, here)
    if here.writes:
        keep([made], TODAY, PRIVATE if here.signs else None)
    return made.tier, dict(made.missing)


SIGNING = Here(today=TODAY, writes=True, signs=public_half(PRIVATE))


@pytest.fixture
def platinum(package: Path) -> Path:
    note(package)
    assert graded(package, SIGNING) == ("Platinum", {})
    return package


def test_a_vendor_who_ran_it_and_signs_it_is_platinum_and_it_is_shown(platinum: Path) -> None:
    found = read_conformance(platinum, SHOP)
    shown = connector_from_domain(SampleConnector(), "x", Locale.EN, found, TODAY).conformance
    assert shown is not None
    assert (shown.tier, shown.platinum_lacks, shown.unchanged) == ("Platinum", [], True)
    assert (shown.publisher, shown.signed_by) == ("the shop", public_half(PRIVATE))
    assert shown.live_run is not None
    assert (shown.live_run.days_old, shown.live_run.records) == (6, 120)
    assert (shown.live_run.streams, shown.live_run.source) == (["deals"], Nearness.PUBLIC)
    # Whoever trusts the vendor grades it again without a key of their own.
    assert graded(platinum, Here(today=TODAY, publishers=SHOP))[0] == "Platinum"


@pytest.mark.parametrize(("days", "tier"), [(24, "Platinum"), (25, "Gold")])
def test_a_live_run_counts_for_thirty_days(platinum: Path, days: int, tier: str) -> None:
    later = TODAY + timedelta(days=days)
    found = read_conformance(platinum, SHOP)
    assert found is not None
    assert found.tier_on(later) == tier
    shown = connector_from_domain(SampleConnector(), "x", Locale.EN, found, later).conformance
    assert shown is not None
    assert shown.live_run is not None
    assert (shown.tier, shown.live_run.counts) == (tier, tier == "Platinum")
    assert (PlatinumLack.LIVE_RUN_OLD in shown.platinum_lacks) is (tier == "Gold")
    assert graded(platinum, Here(today=later, publishers=SHOP))[0] == tier


def test_the_key_of_somebody_unknown_is_worth_nothing_here(platinum: Path) -> None:
    stranger = {public_half("18" * 32): "somebody else"}
    found = read_conformance(platinum, stranger)
    assert found is not None
    assert found.lacks(TODAY) == [PlatinumLack.UNKNOWN_PUBLISHER]
    assert found.tier_on(TODAY) == "Gold"
    tier, lacks = graded(platinum, Here(today=TODAY, publishers=stranger))
    assert (tier, list(lacks)) == ("Gold", ["provenance"])


def test_changed_code_takes_the_run_and_the_signature_away(platinum: Path) -> None:
    (platinum / "connector.py").write_text('"""Better."""\n', "utf-8")
    found = read_conformance(platinum, SHOP)
    assert found is not None
    assert (found.tier_on(TODAY), found.live) == ("Gold", None)
    assert PlatinumLack.CHANGED in found.lacks(TODAY)
    tier, lacks = graded(platinum, Here(today=TODAY, publishers=SHOP))
    assert (tier, set(lacks)) == ("Gold", {"live", "provenance"})
    assert lacks["live"] == "the code is another one than in the run that is noted"


@pytest.mark.parametrize(
    ("field", "value"),
    [("ran", "2026-11-25T09:00:00+00:00"), ("streams", {"deals": 9}), ("connector", "shop.crm")],
)
def test_a_note_that_was_edited_is_none(package: Path, field: str, value: object) -> None:
    note(package)
    document = json.loads((package / LIVE).read_text("utf-8"))
    (package / LIVE).write_text(json.dumps(document | {field: value}), "utf-8")
    tier, lacks = graded(package, SIGNING)
    assert (tier, lacks) == ("Gold", {"live": "live.json was edited: it counts for nothing"})
    kept = read_conformance(package, SHOP)
    assert kept is not None
    assert kept.live is None


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"ran": datetime(2026, 10, 26, 23, tzinfo=UTC)}, "was on 2026-10-26; it counts for 30"),
        ({"ran": datetime(2026, 11, 27, 1, tzinfo=UTC)}, "was on 2026-11-27; it counts for 30"),
        ({"streams": {"deals": 0}}, "read no record"),
        ({"connector": "shop.crm"}, "was of shop.crm"),
        ({"files": "0" * 64}, "the code is another one"),
    ],
)
def test_a_run_that_proves_nothing_of_this_code_today_does_not_count(
    package: Path, other: dict[str, object], why: str
) -> None:
    note(package, **other)
    tier, lacks = graded(package, SIGNING)
    assert (tier, list(lacks)) == ("Gold", ["live"])
    assert why in lacks["live"]


def test_a_grade_that_is_written_anew_without_a_key_is_not_that_of_the_old_signature(
    platinum: Path,
) -> None:
    again = Here(today=TODAY, publishers=SHOP, writes=True)
    assert list(graded(platinum, again)[1]) == ["provenance"]


def test_without_a_run_or_a_signature_or_within_a_budget_it_is_gold(package: Path) -> None:
    assert graded(package, SIGNING)[1] == {
        "live": "no run against the real source is noted (attain plugin live)"
    }
    note(package)
    assert list(graded(package, Here(today=TODAY, writes=True))[1]) == ["provenance"]
    unsigned = read_conformance(package, SHOP)
    assert unsigned is not None
    assert unsigned.lacks(TODAY) == [PlatinumLack.UNSIGNED]
    assert graded(package, SIGNING, budget="failed") == (
        "Gold",
        {"budget": "fails: 9.1 x the time"},
    )


def forged(folder: Path, *, sealed: bool, **other: object) -> None:
    """Edit a grade as somebody would who can compute the seal but has no key."""
    document = json.loads((folder / FILE).read_text("utf-8")) | other
    if sealed:
        signature = document.pop("signature")
        document.pop("seal")
        document |= {"seal": seal_of(document), "signature": signature}
    (folder / FILE).write_text(json.dumps(document), "utf-8")


@pytest.mark.parametrize("sealed", [True, False])
def test_a_signed_grade_that_somebody_edited_is_none_even_under_a_right_seal(
    platinum: Path, sealed: bool
) -> None:
    forged(platinum, sealed=sealed, graded="2026-11-25")
    assert read_conformance(platinum, SHOP) is None


@pytest.mark.parametrize(
    "signature", ["", {}, {"key": "zz", "value": ""}, {"key": public_half("18" * 32)}, 7]
)
def test_what_is_no_signature_stops_nothing_and_is_none(platinum: Path, signature: object) -> None:
    forged(platinum, sealed=False, signature=signature)
    assert read_conformance(platinum, SHOP) is None


def test_a_signature_that_is_taken_away_leaves_gold(platinum: Path) -> None:
    document = json.loads((platinum / FILE).read_text("utf-8"))
    del document["signature"]
    (platinum / FILE).write_text(json.dumps(document), "utf-8")
    found = read_conformance(platinum, SHOP)
    assert found is not None
    assert found.tier_on(TODAY) == "Gold"


def installed(package: Path, files: Iterable[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Install the package as pip writes it down, and return what it lacks and its tier."""
    told = package.parent / "attain_acme-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.4\nName: attain-acme\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text(f"[attain]\nacme = {package.name}\n")
    record = ["attain_acme-1.0.dist-info/RECORD,,", f"{package.name}/__init__.py,,"]
    (told / "RECORD").write_text("\n".join([*record, *(f"{each},," for each in files)]))
    monkeypatch.syspath_prepend(str(package.parent))
    found = conformances({"acme.crm": "attain-acme"}, SHOP)["acme.crm"]
    return " ".join([found.tier_on(TODAY), *found.lacks(TODAY)])


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ([], "Platinum"),
        (["attain_acme.pth"], "Gold FILES_BESIDE"),
        (["other_package/__init__.py"], "Gold FILES_BESIDE"),
        (["../../../bin/acme"], "Gold FILES_BESIDE"),
    ],
)
def test_what_a_distribution_installs_beside_the_signed_package_is_seen(
    platinum: Path, files: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert installed(platinum, files, monkeypatch) == told


@pytest.mark.parametrize(
    ("place", "flags"), [("connector/__init__.pyc", 0), ("__pycache__/connector.cpython.pyc", 1)]
)
def test_byte_code_that_runs_in_the_place_of_its_source_is_a_changed_file(
    platinum: Path, place: str, flags: int
) -> None:
    for number in (0, 3):  # what Python makes itself and compares with the source
        made = platinum / "__pycache__" / f"made{number}.pyc"
        made.parent.mkdir(exist_ok=True)
        made.write_bytes(b"\xa7\x0d\x0d\x0a" + number.to_bytes(4, "little"))
    sound = read_conformance(platinum, SHOP)
    assert sound is not None
    assert sound.sound
    (platinum / place).parent.mkdir(exist_ok=True)
    (platinum / place).write_bytes(b"\xa7\x0d\x0d\x0a" + flags.to_bytes(4, "little"))
    found = read_conformance(platinum, SHOP)
    assert found is not None
    assert not found.sound


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "shop.key"
    public = new_key(file)
    assert public == public_half(private_key(file))
    assert file.stat().st_mode & 0o077 == 0
    assert public not in file.read_text("ascii")
    with pytest.raises(Exception, match="never written over"):
        new_key(file)


def test_a_key_a_signed_grade_and_whoever_trusts_the_key_at_the_command(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands_grade, "run", lambda *_: outcomes(package))
    trusted = ""

    def says(*words: str) -> Result:
        given = {"ATTAIN_DATA": str(package.parent / "data"), "ATTAIN_PUBLISHERS": trusted}
        monkeypatch.setattr("attain.cli.settings_or_stop", lambda: read_settings(given))
        return CliRunner().invoke(app, ["plugin", *words])

    key = package.parent / "shop.key"
    public = says("key", str(key)).output.strip()
    note(package, ran=system_clock())
    asked = ("grade", str(package.parent), "--at-least", "Platinum")
    assert says(*asked, "--sign", str(key)).exit_code == 2
    assert "--sign KEYFILE" in says(*asked, "--write").output
    done = says(*asked, "--write", "--sign", str(key))
    assert done.exit_code == 0, done.output
    assert "10,000 records: 2.0 x the time and 0.3 x the memory" in done.output
    assert key.read_text("ascii").strip() not in (package / FILE).read_text("utf-8")
    assert says(*asked).exit_code == 1
    trusted = public
    assert says(*asked).exit_code == 0
