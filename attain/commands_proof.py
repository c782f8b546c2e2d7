"""``attain verify`` and ``attain evidence``: payouts that anybody checks without this server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import typer

from actions.gather_evidence import gather_evidence
from actions.pack_evidence import pack_evidence, verifier_file, zipped
from actions.seal_trail import seal_trail
from actions.trail_key import public_key
from attain.choosing import (
    SYSTEM,
    chosen_entity,
    chosen_person,
    ready_runtime,
    refusals_told,
    sentences,
)
from attain.settings import Settings
from domain.access import Resource
from domain.period import period_named
from domain.problem import Refused
from messages.render import Locale
from storage.engine import reading
from storage.results import latest_run, results

_LANGUAGES = {Locale.EN: "en", Locale.ZH_CN: "zh"}


def verify(settings: Settings, *, file: Path, keys: list[str], lang: str | None) -> int:
    """Run the stand-alone verifier; trusted are the keys given, else this folder's own."""
    own = public_key(settings.data)
    trusted = keys or ([own] if own else [])
    language = lang or _LANGUAGES[Locale(settings.locale)]
    with refusals_told(settings.locale):
        verifier = _loaded(verifier_file())
    words = [str(file), "--lang", language]
    for key in trusted:
        words += ["--key", key]
    return int(verifier.main(words))


def _loaded(file: Path) -> ModuleType:
    """Load the very file that is handed to others."""
    verifier = ModuleType("attain_verify")
    code = compile(file.read_text("utf-8"), str(file), "exec")
    exec(code, verifier.__dict__)  # noqa: S102 - our own file, named by us
    return verifier


def evidence(
    settings: Settings, *, person: str, period: str, out: Path, entity: str | None
) -> None:
    """Write the pack of a person and period into a new folder, or a new file ending in .zip."""
    runtime = ready_runtime(settings)
    with refusals_told(settings.locale):
        span = period_named(period)
        entity_id = chosen_entity(runtime, entity).id
        whose = chosen_person(runtime, entity_id, person, span.last_day)
        seal_trail(runtime, SYSTEM, entity_id)  # what was posted a moment ago can be proved at once
        with reading(runtime.engine, SYSTEM) as connection:
            now = runtime.clock()
            run = latest_run(
                connection, entity_id, period=span.name, known_at=now, mode="POSTED"
            ) or latest_run(connection, entity_id, period=span.name, known_at=now)
            if run is None:
                raise Refused("run_missing", {"period": span.name})
            found = results(
                connection,
                SYSTEM,
                run,
                day=span.last_day,
                resource=Resource.PAY,
                person_ids=[whose.id],
            )
            if not found:
                raise Refused("result_missing", {"period": span.name})
            asked = gather_evidence(
                connection, SYSTEM, run, found[0], person_name=whose.name, known_at=now
            )
        files = pack_evidence(runtime, sentences(), asked)
    _write(out, files)
    for name, content in files.items():
        typer.echo(f"{len(content):>9}  {name}")
    typer.echo(f"{out}")


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    """Write what is somebody's pay for its owner's eyes only, over nothing that is there."""
    if out.exists():
        raise typer.BadParameter(f"{out} is there already")
    if out.suffix == ".zip":
        _create(out, zipped(files))
        return
    out.mkdir(mode=0o700, parents=True)
    for name, content in files.items():
        (out / name).parent.mkdir(mode=0o700, exist_ok=True)
        _create(out / name, content)


def _create(file: Path, content: bytes) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
