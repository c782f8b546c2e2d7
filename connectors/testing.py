"""The conformance kit, shipped: a vendor proves a connector with one line of test.

    TestAcme = contract_suite(acme_case)

``acme_case(folder)`` puts sample data into a folder (or starts a simulator) and returns a ``Case``.
Each check has a permanent id. For each of them ``connectors/kit/mutants.py`` holds a broken
connector that fails it: a check that cannot fail proves nothing. A check that does not apply, or
that the case gives nothing to try with, is skipped with the reason; it never passes. What a source
cannot have at all the case says in ``absent``, with the reason.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from connectors.kit import failing, kept, moving, reads, said
from connectors.kit.absent import with_absence
from connectors.kit.budget import reads_within_budget
from connectors.kit.case import (
    NOW,
    Case,
    Earlier,
    Faults,
    NotApplicable,
    NotProven,
    Place,
    WatchedWeb,
)
from connectors.kit.cassettes import CassetteRefused
from connectors.kit.fixtures import Player
from connectors.kit.replaying import NotRecorded, Replayed

__all__ = [
    "CHECKS",
    "MEASURE",
    "MEASURED",
    "NOW",
    "Case",
    "CassetteRefused",
    "Check",
    "Earlier",
    "Faults",
    "NotApplicable",
    "NotProven",
    "NotRecorded",
    "Place",
    "Player",
    "Replayed",
    "WatchedWeb",
    "contract_suite",
]

Check = Callable[[Case], None]
MEASURE = "measure_budget"  # no test: ``attain plugin grade`` collects it beside them
MEASURED = "budget"  # what it is called in a grade
_CHECKS: Mapping[str, Check] = {
    "K01": said.info_is_valid,
    "K02": said.check_tells_errors_apart,
    "K03": said.check_changes_nothing,
    "K04": reads.keys_are_unique,
    "K05": reads.reading_twice_is_the_same,
    "K06": reads.resuming_loses_nothing,
    "K07": reads.nothing_new_gives_nothing_new,
    "K08": reads.checkpoints_cover_everything,
    "K09": reads.bad_rows_are_rejected,
    "K10": reads.unknown_columns_arrive,
    "K11": reads.contents_are_exact,
    "K12": said.secrets_stay_secret,
    "K13": reads.keys_name_every_row,
    "K14": said.importing_is_quiet,
    "K15": said.optional_settings_are_optional,
    "K16": said.times_have_a_zone,
    "K17": reads.killed_anywhere_nothing_is_lost,
    "K18": moving.equal_times_all_arrive,
    "K19": moving.a_change_while_reading_is_not_lost,
    "K20": moving.undated_rows_arrive,
    "K21": reads.the_far_future_is_empty,
    "K22": reads.backfill_is_half_open,
    "K23": failing.outages_are_told_and_survived,
    "K24": failing.refused_access_is_told_once,
    "K25": moving.drift_loses_nothing,
    "K26": moving.deletions_show_as_declared,
    "K27": said.callbacks_are_verified,
    "K28": moving.memory_stays_flat,
    "K29": failing.only_declared_hosts_are_asked,
    "K30": moving.columns_may_come_and_go,
    "K31": failing.cancelling_stops,
    "K32": said.earlier_releases_go_on,
    "K33": said.personal_columns_are_declared,
    "K34": said.standard_output_is_the_hosts,
    "K35": kept.cassettes_hold_no_secret,
}
CHECKS: Mapping[str, Check] = {
    number: with_absence(number, check) for number, check in _CHECKS.items()
}


def contract_suite(make_case: Callable[[Path], Case]) -> type:
    """Return a class of tests, one for each check, for pytest to collect.

    What 10,000 records cost is measured by ``attain plugin grade``, and without Attain by
    ``pytest -o python_functions=measure_budget``.
    """
    tests: dict[str, Callable[..., None]] = {
        f"test_{number}_{check.__name__}": _method(make_case, number, check)
        for number, check in CHECKS.items()
    }
    tests[MEASURE] = _method(make_case, MEASURED, reads_within_budget)
    return type("TestConnectorContract", (), tests)


def _method(
    make_case: Callable[[Path], Case], number: str, check: Callable[[Case], object]
) -> Callable[..., None]:
    def test(self: object, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
        case = make_case(tmp_path)
        info = case.connector.info
        record_property("attain_connector", info.id)
        record_property("attain_check", number)
        record_property("attain_file", inspect.getfile(type(case.connector)))
        record_property("attain_case", make_case.__name__)
        record_property("attain_no_mapping", case.absent.get("mapping", ""))
        record_property("attain_mapping", json.dumps(info.mapping, default=dict))
        try:
            measured = check(case)
        except NotProven:
            record_property("attain_outcome", "not proven")
            raise
        except NotApplicable:
            record_property("attain_outcome", "not applicable")
            raise
        record_property("attain_measured", str(measured or ""))

    test.__doc__ = check.__doc__
    return test
