"""Rules about people: what earns the suggestion of a promotion, a course or public thanks.

A rule never decides. It finds evidence in frozen results and makes a suggestion; a named person
accepts or declines it. Nothing here knows a dismissal, a demotion or a loss of pay: a rank says who
sold less than others, not that somebody cannot do the work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.component import CutTie, PeerGroup, ShareRounding
from domain.period import PeriodKind


class TalentKind(StrEnum):
    """What a rule looks for."""

    TOP_SHARE_STREAK = "TOP_SHARE_STREAK"  # in the best share of the group, so often in a row
    SCORE_STREAK = "SCORE_STREAK"  # a score of at least so much, so often in a row
    BOTTOM_SHARE_STREAK = "BOTTOM_SHARE_STREAK"  # who may need help: coaching or training only
    FIRST_ABOVE_MEDIAN = "FIRST_ABOVE_MEDIAN"  # over the median of the group for the first time
    PLATFORM_LEAD = "PLATFORM_LEAD"  # several platforms, and above the average of each
    MISS_STREAK = "MISS_STREAK"  # the target of a KPI missed, so often in a row: a course
    WEAKEST_KPI = "WEAKEST_KPI"  # the KPI that lost the most points: a course


class TalentOutcome(StrEnum):
    """What a suggestion may be about. Nothing that takes something away."""

    PROMOTION = "PROMOTION"
    TRAINING = "TRAINING"
    COACHING = "COACHING"
    RECOGNITION = "RECOGNITION"


class Counts(StrEnum):
    """Which results are evidence."""

    POSTED = "POSTED"  # a posted run, closed or not
    CLOSED = "CLOSED"  # the final run of a closed period


class Leave(StrEnum):
    """What a period does in which somebody had no result at all, such as a leave of absence."""

    BREAKS = "BREAKS"
    SKIPPED = "SKIPPED"


class Average(StrEnum):
    """What the average of a platform is."""

    MEDIAN = "MEDIAN"  # of its people
    POOLED = "POOLED"  # all numerators by all denominators: the platform's own figure


class Against(StrEnum):
    """What points are lost against."""

    TARGET = "TARGET"  # the full points of the KPI
    MEDIAN = "MEDIAN"  # the median of the points in the group


class Provider(StrEnum):
    """Who gives a course."""

    INTERNAL = "INTERNAL"
    EXTERNAL = "EXTERNAL"


HELP = frozenset({TalentOutcome.COACHING, TalentOutcome.TRAINING})
# Kinds that look at weakness: whatever follows from them helps, or it does not follow.
OF_WEAKNESS = frozenset(
    {TalentKind.BOTTOM_SHARE_STREAK, TalentKind.MISS_STREAK, TalentKind.WEAKEST_KPI}
)
FITTING: Mapping[TalentKind, frozenset[TalentOutcome]] = {
    TalentKind.TOP_SHARE_STREAK: frozenset({TalentOutcome.PROMOTION, TalentOutcome.RECOGNITION}),
    TalentKind.SCORE_STREAK: frozenset({TalentOutcome.PROMOTION, TalentOutcome.RECOGNITION}),
    TalentKind.BOTTOM_SHARE_STREAK: HELP,
    TalentKind.FIRST_ABOVE_MEDIAN: frozenset({TalentOutcome.RECOGNITION}),
    TalentKind.PLATFORM_LEAD: frozenset({TalentOutcome.PROMOTION}),
    TalentKind.MISS_STREAK: HELP,
    TalentKind.WEAKEST_KPI: HELP,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The best (or last) share of a group: how many places that is, and who shares the last."""

    share: int
    rounding: ShareRounding
    least: int
    tie: CutTie


@dataclass(frozen=True, slots=True, kw_only=True)
class TalentRule:
    """One rule. What a kind does not use is empty."""

    id: str
    kind: TalentKind
    name: Mapping[str, str]
    outcome: TalentOutcome
    counts: Counts
    cadence: PeriodKind = PeriodKind.MONTH
    leave: Leave = Leave.BREAKS
    periods: int = 1
    measure: str | None = None
    peer_group: PeerGroup | None = None
    minimum_cohort: int = 1
    share: Share | None = None
    score: int | None = None
    metrics: tuple[str, ...] = ()
    against: Against | None = None
    least_lost: int = 0  # so many points, at least, are worth a word
    average: Average | None = None
    platforms: int = 0
    above: int = 0  # in this share of the periods, a ratio
    note_to_manager: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A course that may be recommended."""

    id: str
    name: Mapping[str, str]
    provider: Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class TalentRules:
    """A document of rules with the courses they recommend."""

    key: str
    name: Mapping[str, str]
    open_days: int  # a suggestion that nobody decided for so long expires
    rules: tuple[TalentRule, ...]
    courses: tuple[Course, ...] = ()
    training: Mapping[str, str] = field(default_factory=dict)  # by metric the id of a course

    def rule(self, rule_id: str) -> TalentRule | None:
        """Return the rule with this id."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)

    def course(self, course_id: str | None) -> Course | None:
        """Return the course with this id."""
        return next((course for course in self.courses if course.id == course_id), None)

    def course_for(self, metric: str | None) -> Course | None:
        """Return the course that is recommended for a metric."""
        return self.course(self.training.get(metric or ""))


class SuggestionState(StrEnum):
    """How far a suggestion has come."""

    SUGGESTED = "SUGGESTED"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"  # nobody decided in time
    WITHDRAWN = "WITHDRAWN"  # its evidence was corrected before anybody decided
    COMPLETED = "COMPLETED"  # the course was taken
    PUBLISHED = "PUBLISHED"  # the person agreed to be thanked in public
    KEPT_PRIVATE = "KEPT_PRIVATE"  # the person did not


# What lies before a decider, or has been decided and may be decided anew: the person may object.
OBJECTED_TO = frozenset(
    {SuggestionState.SUGGESTED, SuggestionState.ACCEPTED, SuggestionState.DECLINED}
)
# What a person decided. Its evidence is never changed; when results are corrected it is marked.
DECIDED = frozenset(
    {
        SuggestionState.ACCEPTED,
        SuggestionState.DECLINED,
        SuggestionState.COMPLETED,
        SuggestionState.PUBLISHED,
        SuggestionState.KEPT_PRIVATE,
    }
)


class NoteState(StrEnum):
    """Whether a note to whoever leads somebody was read."""

    UNREAD = "UNREAD"
    READ = "READ"
    WITHDRAWN = "WITHDRAWN"  # the suggestion it is about was withdrawn


class RecognitionAudience(StrEnum):
    """Who sees a recognition once the person has agreed."""

    UNIT = "UNIT"
    COMPANY = "COMPANY"
