"""Suggestions about people with their evidence, the rules behind them, and thanks in public."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import strawberry

from api.access import Audience, output, resolved, shown
from api.asking import ALL_KNOWN, Entity, ValidAt, entity_of, moment
from api.context import Context, Info
from api.paging import described
from api.scalars import Document, PeriodName, closed_set
from api.values import LocalText, local_text
from domain.access import Resource, Viewer
from domain.problem import Refused
from domain.talent import (
    Course,
    Provider,
    RecognitionAudience,
    SuggestionState,
    TalentKind,
    TalentOutcome,
)
from domain.talent import TalentRules as Rules
from messages.talent_words import evidence_text, explained
from storage import talent as stored
from storage.engine import Database
from storage.people import assignments
from storage.talent import StoredRules

closed_set(
    TalentKind,
    "What a rule about people looks for.",
    {
        TalentKind.TOP_SHARE_STREAK: "In the best share of the group, so often in a row.",
        TalentKind.SCORE_STREAK: "A score of at least so much, so often in a row.",
        TalentKind.BOTTOM_SHARE_STREAK: "In the last share, so often in a row: who may need help.",
        TalentKind.FIRST_ABOVE_MEDIAN: "Over the median of the group for the first time.",
        TalentKind.PLATFORM_LEAD: "Several platforms, and above the average of each.",
        TalentKind.MISS_STREAK: "The target of a KPI missed, so often in a row: a course.",
        TalentKind.WEAKEST_KPI: "The KPI that lost the most points: a course.",
    },
)
closed_set(
    TalentOutcome,
    "What a suggestion is about; nothing that takes something away.",
    {
        TalentOutcome.PROMOTION: "A promotion.",
        TalentOutcome.TRAINING: "A course.",
        TalentOutcome.COACHING: "Coaching by the manager.",
        TalentOutcome.RECOGNITION: "Thanks in public.",
    },
)
closed_set(
    SuggestionState,
    "How far a suggestion has come.",
    {
        SuggestionState.SUGGESTED: "It waits for a person to decide.",
        SuggestionState.ACCEPTED: "Somebody accepted it.",
        SuggestionState.DECLINED: "Somebody declined it.",
        SuggestionState.EXPIRED: "Nobody decided in time.",
        SuggestionState.WITHDRAWN: "Its evidence was corrected before anybody decided.",
        SuggestionState.COMPLETED: "The course was taken.",
        SuggestionState.PUBLISHED: "The person agreed to be thanked in public.",
        SuggestionState.KEPT_PRIVATE: "The person did not agree.",
    },
)
closed_set(
    Provider,
    "Who gives a course.",
    {
        Provider.INTERNAL: "The company itself.",
        Provider.EXTERNAL: "Somebody outside.",
    },
)
closed_set(
    RecognitionAudience,
    "Who reads thanks in public.",
    {
        RecognitionAudience.UNIT: "People of the same unit.",
        RecognitionAudience.COMPANY: "Everybody in the legal entity.",
    },
)


@output(access=Resource.TALENT, description="Rules about people, from a day on.")
class TalentRules:
    """A document."""

    id: strawberry.ID = shown("The id of the rules.")
    key: str = shown("The permanent key.")
    valid_from: date = shown("The first day.")
    valid_to: date | None = shown("The first day after.")
    hash: str = shown("SHA-256 of the document, as suggestions name it.")
    document: Document = shown("The rules and courses, format attain.talent/1.")
    version: int = shown("Grows with every change; send it back as expectedVersion.")


@output(access=Resource.TALENT, description="A course of the company's list.")
class TalentCourse:
    """A course."""

    key: str = shown("Its id in the document of rules.")
    name: LocalText = shown("What it is called.")
    provider: Provider = shown("Who gives it.")


@output(access=Resource.TALENT, description="One period of the evidence.")
class SuggestionEvidence:
    """What a frozen run found."""

    period: PeriodName = shown("The period.")
    run: strawberry.ID = shown("The run whose frozen result it is.")
    text: str = shown("What it found, in the language of the request.")


@output(access=Resource.TALENT, description="What a rule suggests and what people decided.")
class Suggestion:
    """A suggestion; a named person decides it."""

    id: strawberry.ID = shown("The id of the suggestion.")
    person: strawberry.ID = shown("Whom it is about.")
    kind: TalentKind = shown("What the rule looks for.")
    outcome: TalentOutcome = shown("What is suggested.")
    rules: str = shown("The key of the document of rules.")
    rule: str = shown("The rule in that document.")
    rules_hash: str = shown("The document's hash.")
    period: PeriodName = shown("The period that completed the evidence.")
    title: LocalText = shown("What the rule is called.")
    explanation: list[str] = shown(
        "What the rule looks for and how it is decided, at most six sentences."
    )
    course: TalentCourse | None = shown("The course that is recommended.")
    evidence: list[SuggestionEvidence] = shown("The frozen results it rests on; at most 120.")
    evidence_holds: bool = shown(
        "Whether the results of today still say so; false: somebody decided before a correction."
    )
    state: SuggestionState = shown("How far it has come.")
    decided_by: strawberry.ID | None = shown("The account that decided.")
    reason: str | None = shown("Why, in the words of whoever took the last step.")
    objection: str | None = shown("What the person concerned objects; it lies before the decider.")
    audience: RecognitionAudience | None = shown("Who is to read thanks in public.")
    words: LocalText | None = shown("The words of thanks.")
    known_at: datetime = shown("When the last step was taken.")
    version: int = shown("Grows with every step; send it back as expectedVersion.")


@output(access=Audience.SIGNED_IN, description="Thanks in public; the person has agreed.")
class Recognition:
    """An entry of the board; never an amount of money."""

    id: strawberry.ID = shown("The id of the entry.")
    person: strawberry.ID = shown("Who is thanked.")
    kind: TalentKind = shown("What for.")
    period: PeriodName = shown("The period.")
    title: LocalText = shown("What it is called.")
    words: LocalText = shown("The words of whoever thanks.")
    audience: RecognitionAudience = shown("Who reads it.")
    published_at: datetime = shown("When it became public.")


def course_of(course: Course, context: Context) -> TalentCourse:
    """Show a course."""
    return TalentCourse(
        key=course.id, name=local_text(course.name, context), provider=course.provider
    )


def rules_of(row: StoredRules) -> TalentRules:
    """Show a document of rules."""
    return TalentRules(
        id=strawberry.ID(row.id),
        key=row.rules.key,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        hash=row.hash,
        document=Document(row.document),
        version=row.version,
    )


def _evidence(context: Context, kind: TalentKind, each: Mapping[str, Any]) -> SuggestionEvidence:
    return SuggestionEvidence(
        period=PeriodName(each["period"]),
        run=strawberry.ID(each["run"]),
        text=evidence_text(context.words, kind, each["period"], each["values"]),
    )


_BY_THE_PRODUCT = frozenset(
    {"evidence_gone", "nobody_decided", "evidence_changed", "evidence_back"}
)


def suggestions_of(
    database: Database, entity_id: str, rows: Sequence[stored.Suggestion], context: Context
) -> list[Suggestion]:
    """Show suggestions in the language of the request, with the rules that made them."""
    documents = stored.rules_by_hash(database, entity_id, {row.rule_hash for row in rows})
    return [_suggestion_of(row, documents[row.rule_hash], context) for row in rows]


def _suggestion_of(row: stored.Suggestion, rules: Rules, context: Context) -> Suggestion:
    said, rule = row.reason, rules.rule(row.rule_id)
    if rule is None:
        raise ValueError(f"the rule of suggestion {row.id} is not in its document")
    course = rules.course(row.course)
    return Suggestion(
        id=strawberry.ID(row.id),
        person=strawberry.ID(row.person_id),
        kind=row.kind,
        outcome=row.outcome,
        rules=row.rule_key,
        rule=row.rule_id,
        title=local_text(rule.name, context),
        explanation=explained(context.words, rule, row.outcome),
        rules_hash=row.rule_hash,
        period=PeriodName(row.period),
        course=None if course is None else course_of(course, context),
        evidence=[_evidence(context, row.kind, each) for each in row.evidence],
        state=row.state,
        decided_by=None if row.decided_by is None else strawberry.ID(row.decided_by),
        reason=context.say(said) if said in _BY_THE_PRODUCT else said,
        objection=row.objection,
        audience=row.audience,
        words=None if row.words is None else local_text(row.words, context),
        evidence_holds=row.evidence_holds,
        known_at=row.known_at,
        version=row.revision,
    )


async def suggestion_by_id(context: Context, entity_id: str, suggestion_id: str) -> Suggestion:
    """Read one suggestion that the viewer may see."""

    def work(database: Database) -> Suggestion:
        rows = stored.suggestions_seen(
            database, context.asker, entity_id, day=context.today, suggestion_id=suggestion_id
        )
        if not rows:
            raise Refused("not_found", {"id": suggestion_id})
        return suggestions_of(database, entity_id, rows[:1], context)[0]

    return await context.read(work)


def _own_units(database: Database, viewer: Viewer, entity_id: str, day: date) -> list[str]:
    """List the units to which the viewer belongs on a day."""
    if viewer.person_id is None:
        return []
    held = assignments(
        database,
        entity_id,
        start=day,
        end=day + timedelta(days=1),
        known_at=ALL_KNOWN,
        person_ids=[viewer.person_id],
    )
    return sorted({each.unit_id for each in held})


@output(access=Audience.SIGNED_IN, description="Queries about suggestions and thanks.")
class TalentQuery:
    """Part of the query root."""

    @resolved(
        "The rules about people that hold on a day; a few documents, at most 200.",
        access=Resource.TALENT,
    )
    async def talent_rules(
        self, info: Info, valid_at: ValidAt = None, legal_entity: Entity = None
    ) -> list[TalentRules] | None:
        """Read what holds."""
        context = info.context
        entity, at = entity_of(context.asker, legal_entity), moment(context, valid_at, None)

        def work(database: Database) -> list[TalentRules]:
            rows = stored.talent_rules(database, entity, valid_at=at.valid_at, known_at=ALL_KNOWN)
            return [rules_of(row) for row in rows]

        return await context.read(work)

    @resolved(
        "Suggestions about people one may decide for, and about oneself;"
        " the newest first, at most 200.",
        access=Resource.TALENT,
    )
    async def suggestions(
        self,
        info: Info,
        person: Annotated[strawberry.ID | None, described("Only about this person.")] = None,
        state: Annotated[SuggestionState | None, described("Only in this state.")] = None,
        legal_entity: Entity = None,
    ) -> list[Suggestion] | None:
        """Read the newest."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)

        def work(database: Database) -> list[Suggestion]:
            rows = stored.suggestions_seen(
                database,
                context.asker,
                entity,
                day=context.today,
                person_id=person,
                states=() if state is None else (state,),
            )
            return suggestions_of(database, entity, rows, context)

        return await context.read(work)

    @resolved(
        "Thanks in public as the viewer may read them: of the legal entity and of the own unit;"
        " the newest first, at most 200.",
        access=Resource.LEADERBOARD,
    )
    async def recognitions(
        self, info: Info, legal_entity: Entity = None
    ) -> list[Recognition] | None:
        """Read the board."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)

        def work(database: Database) -> list[Recognition]:
            units = _own_units(database, context.asker, entity, context.today)
            return [
                Recognition(
                    id=strawberry.ID(row.id),
                    person=strawberry.ID(row.person_id),
                    kind=row.kind,
                    period=PeriodName(row.period),
                    title=local_text(row.title, context),
                    words=local_text(row.words, context),
                    audience=row.audience,
                    published_at=row.known_at,
                )
                for row in stored.recognitions(database, entity, units=units)
            ]

        return await context.read(work)
