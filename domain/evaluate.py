"""The one way a plan is calculated: for everyone on columns, for one person line by line.

Order of the stages: `compile_score` and `run`, then `compare_everyone` (`domain/compare.py`) for
each of `Program.cohorts`, then `compile_pay` and `run`. `explain` walks the very same lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from domain.columns import COLUMNS, Column, Lane, Numbers, Truths, lane_of
from domain.exact import INTS, Value, shared_out
from domain.pay_lines import check_together, compile_pay
from domain.problem import Problem, Severity
from domain.program import TRUTH, Line, LineKind, LineSpec, Program
from domain.score_lines import compile_score

__all__ = ["check_together", "compile_pay", "compile_score", "explain", "run"]

CHUNK = 32_768  # people at a time: their lines stay in the processor's cache
WORKERS = 2  # NumPy lets go of the interpreter while it computes

Table = Mapping[str, Column | int | None]


def run(program: Program, table: Table, keep: Sequence[str] | None = None) -> dict[str, Column]:
    """Calculate everyone. ``keep`` names the lines wanted; None keeps all of them.

    A plain int in the table is the same for everyone, None or an absent name is missing for
    everyone. Order and number of people change nobody's result.
    """
    wanted = tuple(line.name for line in program.lines) if keep is None else tuple(keep)
    lines = lines_needed(program, wanted)
    columns = [each for each in table.values() if isinstance(each, Column)]
    count = len(columns[0]) if columns else 1
    units = {line.name: line.unit for line in program.lines}
    results: dict[str, tuple[Numbers, Truths]] = {
        name: (
            np.zeros(count, dtype=np.bool_ if units[name] == TRUTH else np.int64),
            np.ones(count, dtype=np.bool_),
        )
        for name in wanted
    }

    def chunk(piece: tuple[int, int]) -> None:
        _run_chunk(program, lines, table, piece, results)

    pieces = shared_out(count, CHUNK)
    if pieces[1:]:
        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            list(pool.map(chunk, pieces))
    else:
        for piece in pieces:
            chunk(piece)
    return {
        name: Column(values, None if present.all() else present)
        for name, (values, present) in results.items()
    }


def lines_needed(program: Program, wanted: Sequence[str]) -> tuple[LineSpec, ...]:
    """Leave out the lines that nothing wanted depends on."""
    needed = set(wanted)
    for line in reversed(program.lines):
        if line.name in needed:
            needed.update(line.inputs)
    return tuple(line for line in program.lines if line.name in needed)


def _run_chunk(
    program: Program,
    lines: Sequence[LineSpec],
    table: Table,
    piece: tuple[int, int],
    results: Mapping[str, tuple[Numbers, Truths]],
) -> None:
    start, end = piece
    read = {name for line in lines for name in line.inputs}
    values: dict[str, Value] = {}
    for given in program.inputs:
        if given.name in read:
            found = table.get(given.name)
            values[given.name] = lane_of(found, start, end) if isinstance(found, Column) else found
    for line in lines:
        given_values = [values[name] for name in line.inputs]
        value = COLUMNS.settle(line.work(COLUMNS, *given_values))
        values[line.name] = value
        if line.name in results:
            _store(value, results[line.name], slice(start, end))


def _store(value: Value, into: tuple[Numbers, Truths], rows: slice) -> None:
    numbers, present = into
    if value is None:
        present[rows] = False
    elif not isinstance(value, Lane):
        numbers[rows] = value
    elif value.present is None:
        numbers[rows] = value.values
    else:
        numbers[rows] = np.where(value.present, value.values, 0)
        present[rows] = value.present


def explain(program: Program, inputs: Mapping[str, int | None]) -> tuple[Line, ...]:
    """Calculate one person and keep every line. A name that is not given is missing."""
    values: dict[str, int | None] = {each.name: inputs.get(each.name) for each in program.inputs}
    units = {each.name: each.unit for each in program.inputs}
    units.update((line.name, line.unit) for line in program.lines)
    found = []
    for line in program.lines:
        raw = line.work(INTS, *(values[name] for name in line.inputs))
        value = INTS.settle(raw)
        values[line.name] = value
        named = dict.fromkeys((*line.inputs, *line.shown))
        shown = [(name, values.get(name), units.get(name, "")) for name in named]
        shown.extend((each.name, each.value, each.unit) for each in line.constants)
        found.append(
            Line(
                name=line.name,
                code=_code(line, value),
                unit=line.unit,
                kind=line.kind,
                key=line.key,
                value=value,
                inputs=tuple(shown),
                problems=_problems(line, raw, value, values),
            )
        )
    return tuple(found)


def _code(line: LineSpec, value: int | None) -> str:
    """Choose the sentence: a truth is said or denied, an amount is paid or not, or unknown."""
    if value is None:
        if line.unit == TRUTH:
            return f"{line.code}_missing"
        return "line_missing" if line.key else "line_total_missing"
    if line.unit == TRUTH:
        return f"{line.code}_yes" if value else f"{line.code}_no"
    if value == 0 and _is_amount(line):
        return f"{line.code}_none"
    if line.kind is LineKind.REASON:
        return f"{line.code}_{'won' if value > 0 else 'lost' if value < 0 else 'full'}"
    return line.code


def _is_amount(line: LineSpec) -> bool:
    """Say whether a line is an amount, paid as it is or in part."""
    # the whole of a pool is a step: only what is paid has a sentence for nothing
    whole = line.name.endswith((".whole", ".amount")) and "_amount" in line.code
    return line.kind is LineKind.PAY or (whole and bool(line.key))


def _problems(
    line: LineSpec, raw: Value, value: int | None, values: Mapping[str, int | None]
) -> tuple[Problem, ...]:
    """Say what was missing; a line that a policy filled all the same gets a warning."""
    if value is None and raw is not None:
        return (Problem(code="line_out_of_range", path=line.name, values={"line": line.name}),)
    severity = Severity.ERROR if value is None else Severity.WARNING
    missing = [name for name in line.inputs if values[name] is None]
    if value is not None:
        # a group too small for a median, or a KPI left out by policy, is an answer, not a gap
        missing = [name for name in missing if ".peers." not in name or name.endswith(".size")]
    found = [
        Problem(code="input_missing", path=name, values={"name": name}, severity=severity)
        for name in missing
    ]
    if value is None and not found:
        found.append(Problem(code="line_undefined", path=line.name, values={"line": line.name}))
    return tuple(found)
