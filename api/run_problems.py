"""What somebody should look at in a run, with the names of people and metrics for their ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from api.asking import moment
from api.context import Context
from api.definitions import metric_names
from api.errors import DataProblem, data_problem
from domain.ids import noun_of
from domain.people import Person
from domain.problem import CODES, Problem, Severity
from storage.engine import Database
from storage.people import people

Texts = Mapping[str, str]
_METRIC = "metric"  # the value of a problem that is the key of a metric


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemNames:
    """Names by id of a person and key of a metric; whoever has none here keeps id or key."""

    people: Texts = field(default_factory=dict)
    metrics: Texts = field(default_factory=dict)

    def of(self, values: Texts) -> dict[str, str]:
        """Put names in the place of ids."""
        return {
            name: self.metrics.get(value, value)
            if name == _METRIC
            else self.people.get(value, value)
            for name, value in values.items()
        }


def names_in(
    database: Database,
    context: Context,
    entity_id: str,
    problems: Iterable[Texts],
    metrics: Mapping[str, Texts] | None = None,
) -> ProblemNames:
    """Read the names that the values of some problems need, of people whom the viewer may see."""
    kept = list(problems)
    ids = {value for each in kept for value in each.values() if noun_of(value) == "Person"}
    keys = {each[_METRIC] for each in kept if _METRIC in each}
    at = moment(context, None, None)
    seen: tuple[Person, ...] = ()
    if ids:
        seen = people(
            database,
            context.asker,
            valid_at=at.valid_at,
            known_at=at.known_at,
            ids=sorted(ids),
        )
    called = dict(metrics or {})
    if keys - called.keys():
        held = metric_names(database, entity_id, at)
        called = {key: each.name for key, each in held.items()} | called
    return ProblemNames(
        people={each.id: each.name for each in seen},
        metrics={key: called[key][context.locale.value] for key in sorted(keys & called.keys())},
    )


def problem_values(written: Mapping[str, object]) -> dict[str, str]:
    """Return the values of a problem as it was kept with a run."""
    values = written.get("values")
    if not isinstance(values, Mapping):
        return {}
    return {str(name): str(value) for name, value in values.items()}


def stored_problem(
    written: Mapping[str, object], names: ProblemNames, context: Context
) -> DataProblem:
    """Show a problem as it was kept with a run."""
    code = str(written["code"])
    return data_problem(
        Problem(
            code=code if code in CODES else "row_rejected",
            path=str(written.get("path", "")),
            values=names.of(problem_values(written)),
            severity=Severity(str(written.get("severity", "ERROR"))),
        ),
        context,
    )


def run_problems(
    database: Database, context: Context, entity_id: str, kept: Iterable[Mapping[str, object]]
) -> list[DataProblem]:
    """Show the problems of one run."""
    problems = list(kept)
    names = names_in(database, context, entity_id, map(problem_values, problems))
    return [stored_problem(each, names, context) for each in problems]
