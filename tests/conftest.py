"""What every test may ask for: a migrated database on SQLite and on PostgreSQL.

A database test takes ``database_url`` and so runs twice, once on each. Every test has a database
of its own, copied from a template that was migrated once: it may commit, use threads and kill
processes. There is no ``__init__.py`` under ``tests/``: a package ``tests/domain`` would be
imported as ``domain`` and hide ours.
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings

from tests.support.postgres import Cluster, find_binaries, start_cluster

# A data set that nobody of the project made; it stays beside the project, never in it.
_CRM_DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "crm-sales-opportunities"
_NO_CRM_DATA = not _CRM_DATA.is_dir() and os.environ.get("CI") != "true"
_POSTGRES_FIXTURES = frozenset({"postgres_cluster", "postgres_url", "durable_postgres"})
# A laptop may lack PostgreSQL and says so loudly; the machine that decides may not.
_IS_MISSING = find_binaries() is None and os.environ.get("CI") != "true"
_KINDS = ["sqlite"] if _IS_MISSING else ["sqlite", "postgresql"]

# A long file that begins last keeps everybody waiting: these begin first, the longest before all.
_LONGEST = (
    "test_tryton.py",
    "test_campaign.py",
    "test_sales_year.py",
    "test_benches.py",
    "test_any_order.py",
    "test_exactly_once.py",
    "test_demo_story.py",
    "test_crm_data_set.py",
    "test_any_input.py",
    "test_many_roots.py",
    "test_row_security.py",
    "test_streams.py",
    "test_aborted_streams.py",
    "test_sync_killed.py",
    "test_tampering.py",
    "test_keys.py",
)

# ``./run test --long`` (ATTAIN_LONG=1) runs the tests marked ``long`` too, and generates more.
_IS_LONG = os.environ.get("ATTAIN_LONG") == "1"
settings.register_profile(
    "attain",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
    max_examples=2_000 if _IS_LONG else 100,
    # The machine that decides gives the same answer twice; new cases are found everywhere else.
    derandomize=os.environ.get("CI") == "true" and not _IS_LONG,
)
settings.load_profile("attain")


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_synced() -> Iterator[None]:
    """Leave out the wait for the disk, as on PostgreSQL: what is killed here is never the power.

    Programs that a test starts are not touched: they sync as they do at home.
    """
    with mock.patch("storage.engine.SYNCHRONOUS", "OFF"):
        yield


@pytest.fixture(params=_KINDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database of the test's own, on each kind in turn."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture(params=_KINDS)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table, on each kind in turn: for tests of migrations."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    name = cluster.create_database()
    yield cluster.url(name)
    cluster.drop_database(name)


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite file of the test's own."""
    copy = tmp_path / "attain.db"
    shutil.copyfile(_sqlite_template, copy)
    return f"sqlite:///{copy}"


@pytest.fixture
def postgres_url(postgres_cluster: Cluster, _postgres_template: str) -> Iterator[str]:
    """A migrated PostgreSQL database of the test's own."""
    name = postgres_cluster.create_database(template=_postgres_template)
    yield postgres_cluster.url(name)
    postgres_cluster.drop_database(name)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """One fast server per test session (nothing is synced to disk)."""
    cluster = start_cluster()
    yield cluster
    cluster.stop()


@pytest.fixture
def durable_postgres() -> Iterator[Cluster]:
    """A server of the test's own that syncs to disk and may be killed and started again."""
    cluster = start_cluster(durable=True)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from storage.migrate import upgrade

    template = tmp_path_factory.mktemp("template") / "attain.db"
    upgrade(f"sqlite:///{template}")
    left = template.with_name("attain.db-wal")
    assert not left.exists(), "the template must be one closed file, or its copies lack rows"
    return template


@pytest.fixture(scope="session")
def crm_data() -> Path:
    """The folder of the CRM data set; without it the machine that decides goes red."""
    assert _CRM_DATA.is_dir(), f"the CRM data set is missing: {_CRM_DATA}"
    return _CRM_DATA


@pytest.fixture(scope="session")
def _postgres_template(postgres_cluster: Cluster) -> str:
    from storage.migrate import upgrade

    name = postgres_cluster.create_database()
    upgrade(postgres_cluster.url(name))
    return name


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, visibly, the long runs, and what needs PostgreSQL on a laptop that has none."""
    left_out = [item for item in items if _is_left_out(item)]
    if left_out:
        items[:] = [item for item in items if not _is_left_out(item)]
        config.hook.pytest_deselected(items=left_out)
    places = {name: place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Keep the collector of garbage away from what lives as long as the process.

    Millions of objects were imported and collected by now: to walk them again and again took
    longer than many a test. Most of what a test makes is gone before anybody looks for it.
    """
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _is_left_out(item: pytest.Item) -> bool:
    if item.get_closest_marker("long") and not _IS_LONG:
        return True
    wanted = set(getattr(item, "fixturenames", ()))
    if _NO_CRM_DATA and "crm_data" in wanted:
        return True
    return _IS_MISSING and bool(_POSTGRES_FIXTURES & wanted)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what did not run: the long runs in a line, half of the database tests loudly."""
    if not _IS_LONG:
        terminalreporter.write_line("Tests marked long were left out: ./run test --long has them.")
    if _NO_CRM_DATA:
        terminalreporter.write_sep("!", "the CRM data set was NOT imported", red=True, bold=True)
        terminalreporter.write_line(f"It was not found at {_CRM_DATA}; see its tests in actions/.")
    if _IS_MISSING:
        terminalreporter.write_sep("!", "PostgreSQL was NOT tested", red=True, bold=True)
        terminalreporter.write_line(
            "Its programs were not found: install PostgreSQL 15 or newer, or set PG_BIN. "
            "Every database test ran on SQLite only; the machine that accepts changes runs both."
        )
