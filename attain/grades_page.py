"""The page of grades: what every check came to for each built-in connector, and what follows.

The page holds the outcomes themselves, so that they can be read back: a test then computes the
tiers from them anew, and every run of the kit compares each check with what the page says of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path

from attain.commands_grade import ROOT, Outcome, graded_all, own_suites, run
from connectors.testing import CHECKS, MEASURED
from plugins import builtin

PAGE = ROOT / "docs" / "connector-grades.md"
_MARKS: Mapping[str, str] = {"passed": "✓", "not applicable": "–", "not proven": "?", "failed": "✗"}
_OUTCOMES: Mapping[str, str] = {mark: outcome for outcome, mark in _MARKS.items()}
_INTRODUCTION = """\
# What the built-in connectors reach in the kit

Written by `attain plugin grades`, never by hand: every run of the tests compares each check with
this page, and the tiers are computed from it anew. What a tier asks stands in
[write-a-connector.md](write-a-connector.md#the-grade), what a check is in
[connector-checks.md](connector-checks.md). **None of ours can be Platinum**: that is for a package
of its own, with a dated run of its very code against the real source (live) and its publisher's
signature (provenance). Ours share one package, which nobody signs.

A grade says what was tried against a simulated source. What was tried against a real one stands at
the end of each connector's page.
"""


def built_in_files() -> dict[str, str]:
    """Return the file of each built-in connector by its id."""
    return {each.info.id: inspect.getfile(type(each)) for each in builtin.connectors()}


def outcomes_now(only: str = "") -> list[Outcome]:
    """Run the kit over all built-in connectors, or over one; the others stand as on the page."""
    known = built_in_files()
    found = [each for each in run(own_suites(only), ROOT) if each["attain_connector"] in known]
    if not only:
        return found
    own = [each for each in found if each["attain_connector"] == only]
    others = set(known) - {only}
    kept = [
        each for each in read_page(PAGE.read_text("utf-8")) if each["attain_connector"] in others
    ]
    return [*own, *kept]


def page_of(found: list[Outcome]) -> str:
    """Write docs/connector-grades.md."""
    lines = [
        _INTRODUCTION,
        "| connector | tier | what it lacks for the next one |",
        "|---|---|---|",
    ]
    # A reason that stands nowhere on the page could not be read back from it.
    plain = [each | {"reason": each["attain_outcome"]} for each in found]
    for grade in graded_all(plain, ROOT):
        short = grade.tier == "Gold"  # the same two of each, and said above
        said = (rule if short else f"{rule}: {reason}" for rule, reason in grade.missing)
        lacks = ", ".join(said)
        lines.append(f"| `{grade.connector}` | **{grade.tier}** | {lacks} |")
    lines += ["", "## Check by check", ""]
    lines.append("✓ passes, – cannot be in this source, ? is not proven. One line for each case.")
    lines += [
        "",
        f"| connector | case | {' | '.join(CHECKS)} |",
        "|---|---|" + "---|" * len(CHECKS),
    ]
    cases = {(each["attain_connector"], each["attain_case"]) for each in found}
    for connector, case in sorted(cases):
        own = _of_case(found, connector, case)
        marks = " | ".join(_MARKS[own[number]["attain_outcome"]] for number in CHECKS)
        lines.append(f"| `{connector}` | `{case}` | {marks} |")
    lines += _costs(found)
    lines += ["", "## What cannot be, and why", "", "| connector | case | check | why |"]
    lines.append("|---|---|---|---|")
    for connector, case in sorted(cases):
        for number, why in _reasons(_of_case(found, connector, case)):
            lines.append(f"| `{connector}` | `{case}` | {number} | {why} |")
    return "\n".join(lines) + "\n"


def _costs(found: list[Outcome]) -> list[str]:
    """Say what 10,000 records cost, as it was measured when the line was printed."""
    lines = ["", "## What 10,000 records cost", ""]
    lines.append(
        "Each figure is a share of a plain reading of the same answers, as it was measured"
    )
    lines.append("when the line was printed. ✓ is within the budget.")
    lines += ["", "| connector | case | time | memory | budget |"]
    lines.append("|---|---|---|---|---|")
    own = [each for each in found if each["attain_check"] == MEASURED]
    for each in sorted(own, key=lambda one: (one["attain_connector"], one["attain_case"])):
        time, _, memory = str(each.get("attain_measured", "")).partition(" ")
        name, case = each["attain_connector"], each["attain_case"]
        mark = _MARKS[each["attain_outcome"]]
        lines.append(f"| `{name}` | `{case}` | {time} | {memory} | {mark} |")
    return lines


def _of_case(found: list[Outcome], connector: str, case: str) -> dict[str, Outcome]:
    return {
        each["attain_check"]: each
        for each in found
        if (each["attain_connector"], each["attain_case"]) == (connector, case)
    }


def _reasons(own: Mapping[str, Outcome]) -> Iterator[tuple[str, str]]:
    for number in CHECKS:
        if own[number]["attain_outcome"] == "not applicable":
            yield number, str(own[number]["reason"]).removeprefix("not applicable because ")
    no_mapping = str(own["K01"].get("attain_no_mapping", ""))
    if no_mapping:
        yield "mapping", no_mapping


def read_page(text: str) -> list[Outcome]:
    """Read the outcomes back that the page was written from."""
    files = built_in_files()
    rows = [_cells(line) for line in text.splitlines() if line.startswith("| `")]
    why = {(row[0], row[1], row[2]): row[3] for row in rows if len(row) == 4}
    found: list[Outcome] = []

    def read(connector: str, case: str, rule: str, mark: str, cost: str = "") -> None:
        outcome = _OUTCOMES[mark]
        found.append(
            {
                "attain_connector": connector,
                "attain_case": case,
                "attain_check": rule,
                "attain_outcome": outcome,
                "attain_file": files.get(connector, str(Path(__file__))),
                "attain_no_mapping": why.get((connector, case, "mapping"), ""),
                "attain_measured": cost,
                "reason": why.get((connector, case, rule), outcome),
            }
        )

    for connector, case, *marks in (row for row in rows if len(row) == 2 + len(CHECKS)):
        for number, mark in zip(CHECKS, marks, strict=True):
            read(connector, case, number, mark)
    for connector, case, time, memory, mark in (row for row in rows if len(row) == 5):
        read(connector, case, MEASURED, mark, f"{time} {memory}".strip())
    return found


def _cells(line: str) -> list[str]:
    return [cell.strip().strip("`") for cell in line.strip("|").split("|")]
