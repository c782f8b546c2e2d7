"""Getting the numbers ready of those whose rules are applied by days, by segments or with a ramp.

Everything comes in under the names of the inputs that the composed programs read
(`domain/segments.py`), as columns in the order of the variant's people, beside those that everybody
has. Nobody else pays for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from actions.gather import TARGETS, metric_columns, target_columns
from actions.participants import Participant
from actions.scoring import Calculation, Variant, input_names
from actions.segmenting import document_of
from actions.work_calendar import work_calendar
from domain.columns import Column
from domain.component import SCORE
from domain.evaluate import compile_score, run
from domain.knowledge import Knowledge
from domain.measure import looks_beyond
from domain.metric import Metric
from domain.period import Period
from domain.proration import Ramp
from domain.ramping import ramp_share
from domain.scorecard import Scorecard
from domain.workdays import Span, WorkCalendar, calendar_days
from storage.engine import Writing
from storage.measures import Grouping

_SEGMENT = re.compile(r"s(\d+)\.(.+)")
_DAYS = frozenset({"calendar_days", "working_days"})


def add_segments(writing: Writing, calculation: Calculation, period: Period) -> None:
    """Fill what the variants with a shape of their own read beside what everybody reads."""
    shaped = [variant for variant in calculation.variants if variant.is_shaped]
    if not shaped:
        return
    years = range(period.start.year, period.last_day.year + 1)
    known_at = calculation.knowledge
    gathering = _Gathering(
        writing=writing,
        calculation=calculation,
        period=period,
        known_at=known_at,
        calendar=work_calendar(
            writing.connection, writing.entity_id, years=years, known_at=known_at.rules
        ),
    )
    for variant in shaped:
        people = [calculation.people[row] for row in variant.rows.tolist()]
        for name in input_names(variant):
            if calculation.frozen and name.endswith("team.score"):
                continue  # of a group, and a closed period's groups do not move
            column = gathering.column(name, variant, people)
            if column is not None:
                variant.own[name] = column


@dataclass(slots=True, kw_only=True)
class _Gathering:
    """Finds the column of a name; facts are added up once per window and metric."""

    writing: Writing
    calculation: Calculation
    period: Period
    known_at: Knowledge
    calendar: WorkCalendar
    _facts: dict[tuple[str, Span], Mapping[str, tuple[int | None, int | None]]] = field(
        default_factory=dict
    )
    _scores: dict[tuple[str, int], Mapping[str, int | None]] = field(default_factory=dict)

    def column(self, name: str, variant: Variant, people: Sequence[Participant]) -> Column | None:
        """Return an input of a variant's people; None where everybody's own column serves."""
        match = _SEGMENT.fullmatch(name)
        place = int(match[1]) - 1 if match else None
        rest = match[2] if match else name
        subject, _, part = rest.rpartition(".")
        if subject in _DAYS:
            return _column([self._days(person, place, subject, part) for person in people])
        if subject.startswith("ramp."):
            ramp = _ramp_of(variant, place, subject)
            return _column([self._ramped(ramp, person, part) for person in people])
        if rest == "team.score" and place is not None:
            return self._team_scores(variant, place, people)
        metric = self.calculation.metrics.get(subject)
        if metric is None:
            return None  # peers come later, when everybody is compared
        plain = part.removeprefix("full_")
        if plain in TARGETS:
            return self._targets(subject, plain, place, variant, people)
        if place is not None and part in {"num", "den", "achieved"}:
            return self._facts_of(metric, part, place, people)
        return None

    def _days(self, person: Participant, place: int | None, basis: str, part: str) -> int:
        if part == "period":
            spans: Sequence[Span] = ((self.period.start, self.period.end),)
        else:
            spans = person.spans if place is None else person.segments[place].spans
        if basis == "calendar_days" or not self._has_workdays():
            return calendar_days(spans)
        return self.calendar.working_days(spans)

    def _has_workdays(self) -> bool:
        """A week of holidays alone has no working days to share: its calendar days count then."""
        return self.calendar.working_days([(self.period.start, self.period.end)]) > 0

    def _ramped(self, ramp: Ramp | None, person: Participant, part: str) -> int:
        if ramp is None or person.joined_on is None:
            return 1
        share, full = ramp_share(ramp, person.joined_on, self.period)
        return share if part == "share" else full

    def _targets(
        self,
        metric: str,
        part: str,
        place: int | None,
        variant: Variant,
        people: Sequence[Participant],
    ) -> Column | None:
        column = self.calculation.columns.get(f"{metric}.{part}")
        if column is None:
            return None
        numbers = [column.at(row) for row in variant.rows.tolist()]
        if place is not None:
            for row, person in enumerate(people):
                asked = person.segments[place].goal
                if asked is not None:
                    by_metric = {each[0]: each[1:] for each in asked}
                    theirs = by_metric.get(metric, (None,) * len(TARGETS))
                    numbers[row] = theirs[TARGETS.index(part)]
        return _column(numbers)

    def _facts_of(
        self, metric: Metric, part: str, place: int, people: Sequence[Participant]
    ) -> Column:
        """Read the facts of a segment's days; what looks beyond them is the whole period's."""
        found: list[int | None] = []
        for person in people:
            segment = person.segments[place]
            window = (segment.start, segment.end)
            if looks_beyond(metric):
                window = (self.period.start, self.period.end)
            num, den = self._added_up(metric, window)[person.person_id]
            found.append(den if part == "den" else num)
        return _column(found)

    def _added_up(
        self, metric: Metric, window: Span
    ) -> Mapping[str, tuple[int | None, int | None]]:
        key = (metric.key, window)
        if key not in self._facts:
            groups = self._people_with(window) or [
                person.person_id for person in self.calculation.people if person.segments
            ]
            span = replace(self.period, start=window[0], end=window[1])
            columns = metric_columns(
                self.writing.connection,
                self.writing.entity_id,
                [metric],
                span,
                known_at=self.known_at,
                groups=groups,
                named=True,
                crediting=self.calculation.crediting,
            )
            num, den = columns[f"{metric.key}.num"], columns[f"{metric.key}.den"]
            self._facts[key] = {
                person: (num.at(row), den.at(row)) for row, person in enumerate(groups)
            }
        return self._facts[key]

    def _people_with(self, window: Span) -> list[str]:
        if window == (self.period.start, self.period.end):
            return []
        return [
            person.person_id
            for person in self.calculation.people
            if any((each.start, each.end) == window for each in person.segments)
        ]

    def _team_scores(
        self, variant: Variant, place: int, people: Sequence[Participant]
    ) -> Column | None:
        """Score the unit of the segment by the segment's card, over the whole period."""
        stored = variant.cards[place]
        if stored is None or stored.scorecard.team is None:
            return None
        key = (stored.id, stored.version)
        units = sorted({person.segments[place].assignment.unit_id for person in people})
        known = dict(self._scores.get(key, {}))
        missing = [unit for unit in units if unit not in known]
        if missing:
            known.update(self._scored(stored.scorecard, missing))
            self._scores[key] = known
        return _column([known[person.segments[place].assignment.unit_id] for person in people])

    def _scored(self, card: Scorecard, units: Sequence[str]) -> dict[str, int | None]:
        alone = replace(card, team=None)  # a team has no team of its own
        connection, entity_id = self.writing.connection, self.writing.entity_id
        columns = metric_columns(
            connection,
            entity_id,
            [self.calculation.metrics[key] for key in alone.metrics],
            self.period,
            known_at=self.known_at,
            groups=units,
            grouping=Grouping.UNIT,
            crediting=self.calculation.crediting,
        )
        columns.update(
            target_columns(
                connection,
                entity_id,
                alone.metrics,
                self.period,
                known_at=self.known_at,
                owners=units,
                named=True,
            )
        )
        found = run(compile_score(alone), columns, [SCORE])[SCORE]
        return {unit: found.at(row) for row, unit in enumerate(units)}


def _ramp_of(variant: Variant, place: int | None, subject: str) -> Ramp | None:
    documents = variant.cards if subject == "ramp.score" else variant.plans
    stored = documents[-1 if place is None else place]
    return None if stored is None else document_of(stored).ramp


def _column(numbers: Sequence[int | None]) -> Column:
    present = np.array([number is not None for number in numbers], dtype=np.bool_)
    values = np.array([number or 0 for number in numbers], dtype=np.int64)
    return Column(values, None if present.all() else present)
