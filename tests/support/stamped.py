"""Databases that are built once and then copied: the second company costs what a file costs.

Building a company through the actions takes a second or more, and most tests begin with the same
one. What ``build`` put into a database is kept as a template for as long as this process lives;
whoever asks again is given a copy, with the clock where the building left it.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import make_url

from actions.deed import Runtime
from tests.support.company import Ticking, office
from tests.support.postgres import cluster_of

T = TypeVar("T")
_folder = Path(tempfile.mkdtemp(prefix="attain-stamps-"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What a builder left: a template, and what it returned with the runtime it worked on."""

    template: str
    made: Any
    runtime: Runtime
    now: datetime


_kept: dict[tuple[Callable[..., Any], str], _Kept] = {}


@contextmanager
def office_with(build: Callable[[Runtime], T], database_url: str, folder: Path) -> Iterator[T]:
    """Open the test's database with all that ``build`` puts into one, and give what it returned.

    ``build`` is a function of a module. Where its result holds the runtime that it was given, the
    copy of the result holds the runtime of the test.
    """
    key = (build, _kind(database_url))
    if key in _kept:
        _fill(database_url, _kept[key].template)
    else:
        with office(database_url, folder) as runtime:
            made = build(runtime)
        _kept[key] = _Kept(
            template=_template_of(database_url), made=made, runtime=runtime, now=_now(runtime)
        )
    before = _kept[key]
    with office(database_url, folder, before.now) as runtime:
        yield deepcopy(before.made, {id(before.runtime): runtime})


def _kind(database_url: str) -> str:
    """Name the kind of database and, for a server, which: a template lives on one of them."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        return "sqlite"
    return f"{url.get_backend_name()} {_place(database_url)}"


def _now(runtime: Runtime) -> datetime:
    assert isinstance(runtime.clock, Ticking)
    return runtime.clock.now


def _template_of(database_url: str) -> str:
    url = make_url(database_url)
    assert url.database is not None
    if url.get_backend_name() == "sqlite":
        assert not Path(f"{url.database}-wal").exists(), "the template must be one closed file"
        template = _folder / f"{len(_kept)}.db"
        shutil.copyfile(url.database, template)
        return str(template)
    return cluster_of(*_place(database_url)).create_database(template=url.database)


def _fill(database_url: str, template: str) -> None:
    url = make_url(database_url)
    assert url.database is not None
    if url.get_backend_name() == "sqlite":
        assert not Path(f"{url.database}-wal").exists(), "somebody is at work in this database"
        shutil.copyfile(template, url.database)
    else:
        cluster_of(*_place(database_url)).fill_database(url.database, template)


def _place(database_url: str) -> tuple[str, int]:
    query = make_url(database_url).query
    return str(query["host"]), int(str(query["port"]))
