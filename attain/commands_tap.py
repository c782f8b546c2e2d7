"""``attain tap install``: what was fetched is shown, and exactly that is installed, offline.

The programs are Singer taps and Airbyte sources, the latter as packages or as a manifest that
Airbyte's own kit carries out.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from itertools import groupby
from pathlib import Path
from typing import Any

import typer

from attain.tap_manifest import Manifest, settings_of
from connectors.failures import ConnectorFailure
from connectors.process_host import can_fence, running
from connectors.secret_forms import TELLING_NAMES
from connectors.taps import ABOUT, FILE, NAME, Protocols, Tap, read_tap, tap_names

_PINNED = re.compile(
    r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)==([A-Za-z0-9][A-Za-z0-9.!+_-]*)"
)
_SECONDS = 1800
_KIT, _OF_MANIFESTS = "airbyte-cdk", "source-declarative-manifest"
_LICENCE = "License :: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the operator asks for."""

    package: str
    version: str
    reads: tuple[Path, ...] = ()
    program: str | None = None
    builds: bool = False
    replace: bool = False
    called: str | None = None
    protocol: Protocols | None = None
    manifest: Manifest | None = None

    @classmethod
    def read(cls, requirement: str, **more: Any) -> Wish:
        """Read NAME==VERSION; without a version nobody knows what will run."""
        found = _PINNED.fullmatch(requirement)
        if found is None:
            raise typer.BadParameter(f"{requirement} is not NAME==VERSION with one exact version")
        wish = cls(package=found[1], version=found[2], **more)
        if wish.manifest is not None and wish.called is None:
            raise typer.BadParameter("--name says what connections call the manifest's source")
        if wish.manifest is not None and _plain(wish.package) != _KIT:
            raise typer.BadParameter(f"a manifest is carried out by {_KIT}, not by {wish.package}")
        return wish

    @property
    def name(self) -> str:
        """The name under which connections know it."""
        return self.called or _plain(self.package)

    @property
    def speaks(self) -> Protocols:
        """What it speaks: said, or told by its name."""
        plain = _plain(self.package)
        told: Protocols = "airbyte" if plain.startswith(("airbyte-", "source-")) else "singer"
        return self.protocol or told

    @property
    def started(self) -> str:
        """The name of its program."""
        if self.manifest is not None:
            return self.program or _OF_MANIFESTS
        return self.program or _plain(self.package).removeprefix("airbyte-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One file that was fetched."""

    name: str
    version: str
    licence: str
    sha256: str
    summary: str


def install_tap(folder: Path, wish: Wish, agrees: Callable[[], bool]) -> None:
    """Fetch, show, ask, install, and put it in its place in one step."""
    place = folder / wish.name
    if not NAME.match(wish.name):
        raise typer.BadParameter(f"{wish.name} cannot be the name of a tap")
    if place.exists() and not wish.replace:
        raise typer.BadParameter(
            f"{wish.name} is there already; --replace puts another in its place"
        )
    with tempfile.TemporaryDirectory(prefix=".attain-", dir=folder) as made:
        fresh, wheels = Path(made) / "tap", Path(made) / "wheels"
        fresh.mkdir()
        packages = _fetched(wish, wheels)
        own = next((p for p in packages if _plain(p.name) == _plain(wish.package)), None)
        if own is None:
            raise typer.BadParameter(f"the index gave no {wish.package} {wish.version}")
        _show(own, packages)
        if wish.manifest is not None:
            typer.echo(f"{wish.manifest.file.name} is its author's: see under which licence.")
        if not agrees():
            raise typer.Exit(1)
        _environment(fresh, wheels, packages)
        manifest = _describe(fresh, wish, own)
        old = Path(made) / "old"
        if place.exists():
            place.rename(old)
        fresh.rename(place)
    ask_about(folder, wish.name, manifest)
    typer.echo(f"{wish.name} {own.version} is installed in {place}")
    if not can_fence():
        typer.echo("This machine has no fence for it: no connection runs it; see docs/settings.md")


def _pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode:
        typer.echo(done.stderr[-2_000:], err=True)
        raise typer.Exit(1)


def _fetched(wish: Wish, wheels: Path) -> list[Package]:
    what = f"{wish.package}=={wish.version}"
    if wish.builds:
        _pip("wheel", "--wheel-dir", str(wheels), what)
    else:
        _pip("download", "--only-binary", ":all:", "--dest", str(wheels), what)
    found = [_package(path) for path in wheels.glob("*.whl")]
    return sorted(found, key=lambda package: package.name.lower())


def _package(path: Path) -> Package:
    with zipfile.ZipFile(path) as wheel:
        name = next(n for n in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n))
        told = HeaderParser().parsestr(wheel.read(name).decode("utf-8", "replace"))
    return Package(
        name=_said(told, "Name"),
        version=_said(told, "Version"),
        licence=_licence(told),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        summary=_said(told, "Summary"),
    )


def _said(told: Message, name: str) -> str:
    return " ".join(str(told.get(name, "")).split())


def _licence(told: Message) -> str:
    """Read the licence where packages write it, newest way first."""
    expression = _said(told, "License-Expression")
    classes = [str(each) for each in told.get_all("Classifier", [])]
    named = [each.rpartition(" :: ")[2] for each in classes if each.startswith(_LICENCE)]
    plain = _said(told, "License")
    return expression or (plain if 0 < len(plain) < 80 else "") or ", ".join(named) or "not told"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _show(own: Package, packages: list[Package]) -> None:
    typer.echo(f"{own.name} {own.version}: {own.summary}")
    typer.echo(f"Licence: {own.licence}")
    typer.echo("It is not ours: you take it under its own licence. It brings along:")
    rest = sorted((p for p in packages if p is not own), key=lambda p: p.licence)
    for licence, several in groupby(rest, key=lambda p: p.licence):
        typer.echo(f"  {licence}: {', '.join(f'{p.name} {p.version}' for p in several)}")


def _environment(fresh: Path, wheels: Path, packages: list[Package]) -> None:
    """Make the environment of the very files that were shown, without the index."""
    lock = fresh / "lock.txt"
    lines = [f"{p.name}=={p.version} --hash=sha256:{p.sha256}\n" for p in packages]
    lock.write_text("".join(lines), "utf-8")
    environment = fresh / "env"
    command = [sys.executable, "-m", "venv", "--without-pip", str(environment)]
    subprocess.run(command, check=True, timeout=_SECONDS)
    _pip(
        *("--python", str(environment / "bin" / "python"), "install", "--no-index"),
        *("--find-links", str(wheels), "--no-deps", "--require-hashes", "-r", str(lock)),
    )


def _describe(fresh: Path, wish: Wish, own: Package) -> Mapping[str, Any]:
    """Write ``tap.json``; return the manifest, if it has one."""
    if not (fresh / "env" / "bin" / wish.started).is_file():
        known = sorted(p.name for p in (fresh / "env" / "bin").iterdir() if "python" not in p.name)
        raise typer.BadParameter(
            f"it has no program {wish.started}; --program names one of {known}"
        )
    words, manifest = wish.manifest.place(fresh) if wish.manifest else ({}, {})
    document = {
        "format": "attain.tap/1",
        "protocol": wish.speaks,
        "version": f"{own.name} {own.version}, manifest" if manifest else own.version,
        "licence": own.licence,
        # Not through the first line of the program: it leads to where the folder was made.
        "command": ["{tap}/env/bin/python", f"{{tap}}/env/bin/{wish.started}"],
        "reads": [sys.base_prefix, *(str(path.resolve()) for path in wish.reads)],
        **words,
    }
    text = json.dumps(document, ensure_ascii=False, indent=2)
    (fresh / FILE).write_text(text + "\n", "utf-8")
    return manifest


def ask_about(folder: Path, name: str, manifest: Mapping[str, Any] | None = None) -> None:
    """Keep what the tap says of itself; older ones say nothing."""
    found = {"settings": settings_of(manifest)} if manifest else _said_of(read_tap(folder, name))
    if not found:
        typer.echo(f"{name} says nothing about its settings: see its own page")
        return
    (folder / name / ABOUT).write_text(json.dumps(found, ensure_ascii=False, indent=2), "utf-8")


def _said_of(tap: Tap) -> Mapping[str, Any]:
    asks = ("spec",) if tap.file.protocol == "airbyte" else ("--about", "--format=json")
    try:
        with running(tap.program, asks) as started:
            said = [line.decode("utf-8", "replace") for line in started.lines()]
        if tap.file.protocol == "singer":
            text = "\n".join(said)
            found: Mapping[str, Any] = json.loads(text[text.index("{") :])
            return found
        told = next(line for line in said if '"SPEC"' in line and line.startswith("{"))
        return {"settings": json.loads(told)["spec"]["connectionSpecification"]}
    except (ConnectorFailure, ValueError, KeyError, StopIteration):
        return {}


def tell_taps(folder: Path) -> None:
    """Print what is there."""
    for name in tap_names(folder):
        try:
            tap = read_tap(folder, name)
        except ConnectorFailure as failure:
            typer.echo(f"{name}  broken: {failure.values.get('error', failure.code)}")
            continue
        kept = "fenced" if tap.program.fenced else "NOT FENCED"
        spoken = "" if tap.file.protocol == "singer" else f"  {tap.file.protocol}"
        typer.echo(f"{name}  {tap.file.version}  {tap.file.licence}  {kept}{spoken}")


def tell_settings(folder: Path, name: str) -> None:
    """Print the settings of a tap, those that are secret marked."""
    try:
        tap = read_tap(folder, name)
    except ConnectorFailure as failure:
        raise typer.BadParameter(f"{failure.code} {dict(failure.values)}") from None
    found = list(_settings_of(tap))
    if not found:
        typer.echo(f"{name} says nothing about its settings: see its own page")
    for setting, marks, text in found:
        typer.echo(f"{setting}{marks}  {text}")


def _settings_of(tap: Tap) -> Iterator[tuple[str, str, str]]:
    schema = tap.about.get("settings")
    properties = schema.get("properties") if isinstance(schema, dict) else None
    for name, about in (properties if isinstance(properties, Mapping) else {}).items():
        own = about if isinstance(about, dict) else {}
        marks = " (required)" if name in tap.required else ""
        if re.search(TELLING_NAMES, name):
            marks += " (secret)"
        elif own.get("secret") or own.get("writeOnly") or own.get("airbyte_secret"):
            marks += " (secret: give it by reference, its name does not tell)"
        yield name, marks, " ".join(str(own.get("description", "")).split())[:150]
