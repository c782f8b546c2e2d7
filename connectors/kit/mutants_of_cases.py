"""Cases that lie: the connector is sound, but the case says that something cannot be that can.

Each would be an easy way to a grade; what the connector declares, or shows, must stand against it.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from connectors.kit.sample import STREAM, SampleConnector
from connectors.kit.sample_case import case_of
from connectors.kit.simulated import SimulatedWeb
from connectors.testing import Case, Faults

_REASON = "there is no such thing in this source, honestly"


def _lying(folder: Path, number: str, **besides: Any) -> Case:
    return dataclasses.replace(
        case_of(SampleConnector(), folder), absent={number: _REASON}, **besides
    )


def no_mapping_can_be(folder: Path) -> Case:
    """Says that nothing can be mapped, of streams that have names."""
    return _lying(folder, "mapping")


def no_two_times_are_equal(folder: Path) -> Case:
    """Says that no two rows share a time of change, of rows that carry one."""
    return _lying(folder, "K18", faults=Faults())


def nothing_ever_changes(folder: Path) -> Case:
    """Says that a row never changes, of rows that carry a time of change."""
    return _lying(folder, "K19", faults=Faults())


def every_row_has_a_time(folder: Path) -> Case:
    """Says that every row has a time of change, and one arrives without."""
    case = _lying(folder, "K20", faults=Faults())
    assert isinstance(case.web, SimulatedWeb)
    case.web.source.put(700, changed=None)
    return case


def there_is_no_future(folder: Path) -> Case:
    """Says that no cursor lies in the future, of cursors that hold a time."""
    return _lying(folder, "K21", future={})


def nothing_is_ever_deleted(folder: Path) -> Case:
    """Says that there are no deletions, of a stream that declares how it tells them."""
    assert STREAM.deletes.value != "none"
    return _lying(folder, "K26", faults=Faults())


def nobody_calls_back(folder: Path) -> Case:
    """Says that there are no callbacks, of a connector that declares them."""
    return _lying(folder, "K27", hook=None)
