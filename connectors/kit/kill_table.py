"""The kit tries itself: every mutant before every check, and the page that says which one died."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from unittest import SkipTest

from connectors.kit import mutants_of_cases, mutants_of_cassettes
from connectors.kit.case import Case
from connectors.kit.mutants import MUTANTS
from connectors.kit.sample_case import sample_case
from connectors.testing import CHECKS

# What the checks are called where they come from; K05, K08 and K09 have no counterpart there.
PLANNED: Mapping[str, str] = {
    "K01": "C02, C04", "K02": "C06", "K03": "C06", "K04": "C07", "K06": "C10", "K07": "C09",
    "K10": "C24", "K11": "C08", "K12": "C05", "K13": "C20", "K14": "C01", "K15": "C03",
    "K16": "C08", "K17": "C11", "K18": "C12", "K19": "C13", "K20": "C14", "K21": "C15",
    "K22": "C16", "K23": "C17", "K24": "C18", "K25": "C19", "K26": "C20", "K27": "C21",
    "K28": "C22", "K29": "C23", "K30": "C24", "K31": "C25", "K32": "C26", "K33": "C27",
    "K34": "C28", "K35": "C05",
}  # fmt: skip
# Each costs a process or thousands of rows, so it looks at its own mutants only.
COSTLY = frozenset({"K14", "K28"})
# These mutants read hundreds of rows in every check, so only their own looks at them.
_LARGE = frozenset({"K07", "K08", "K28"})
# The connector of such a case is the sound sample: no other check could fail.
_OF_CASES = frozenset({mutants_of_cases.__name__, mutants_of_cassettes.__name__})


def dies(number: str, make: Callable[[Path], Case]) -> bool:
    """Say whether the check fails the case."""
    with tempfile.TemporaryDirectory() as folder:
        case = make(Path(folder))
        try:
            CHECKS[number](case)
        except SkipTest:
            return False
        except Exception:  # noqa: BLE001 - a mutant may break in any way; it is dead
            return True
    return False


def kills() -> Iterator[tuple[str, str, str, bool, list[str]]]:
    """Try every mutant: its check, name, sentence, whether it died there, and where else."""
    for number, makers in MUTANTS.items():
        for make in makers:
            alone = number in _LARGE or make.__module__ in _OF_CASES
            tried = () if alone else set(CHECKS) - {number, *COSTLY}
            others = [other for other in sorted(tried) if dies(other, make)]
            sentence = (make.__doc__ or "").split("\n")[0]
            yield number, make.__name__, sentence, dies(number, make), others


def page() -> str:
    """Write docs/connector-checks.md."""
    alive = [number for number in CHECKS if dies(number, sample_case)]
    found = list(kills())
    dead = sum(died for *_, died, _ in found)
    lines = [
        "# The checks of the kit, and what they kill",
        "",
        "Printed by `attain plugin checks`. Each check was tried on broken connectors: one that",
        "does not fail its own check would mean that the check proves nothing. They are all in",
        "`connectors/kit/mutants.py`.",
        "",
        f"{len(CHECKS)} checks. {dead} of {len(found)} broken connectors",
        f"fail their own check; the sound sample fails {len(alive)}.",
        "",
        "| id | a connector | planned as |",
        "|---|---|---|",
    ]
    for number, check in CHECKS.items():
        promise = " ".join((check.__doc__ or "").split()).removeprefix(f"{number}: ")
        lines.append(f"| {number} | {promise} | {PLANNED.get(number, '')} |")
    lines += [
        "",
        "## The broken connectors",
        "",
        "| check | broken connector | what it does | fails it | also fails |",
        "|---|---|---|---|---|",
    ]
    for number, name, sentence, died, others in found:
        told = "yes" if died else "**NO**"
        lines.append(f"| {number} | `{name}` | {sentence} | {told} | {', '.join(others)} |")
    costly = " and ".join(sorted(COSTLY))
    lines += [
        "",
        f"{costly} cost too much to try on every broken connector: they were tried on their own.",
        f"The broken connectors of {', '.join(sorted(_LARGE))} were tried on their own check only.",
        "So were the cases that lie (`connectors/kit/mutants_of_cases.py`): they say of the sound",
        "sample that something cannot be there (`absent`); and the cassettes that tell",
        "(`connectors/kit/mutants_of_cassettes.py`), which stand beside the sound sample.",
    ]
    return "\n".join(lines) + "\n"
