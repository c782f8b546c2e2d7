"""Publishing rules about people, and deciding what they suggest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

import strawberry

from actions.decide_suggestion import (
    answer_recognition,
    complete_course,
    decide_suggestion,
    object_to,
)
from actions.publish_talent_rules import publish_talent_rules
from actions.suggest import refresh_suggestions
from api.access import Audience, output, resolved, shown
from api.asking import ALL_KNOWN, REASON, Key, act, entity_of, key_field, version_field
from api.context import Info
from api.errors import Refusal
from api.paging import described
from api.scalars import Document, closed_set
from api.talent import Suggestion, TalentRules, rules_of, suggestion_by_id
from domain.access import Deed, Resource
from domain.talent import RecognitionAudience
from storage.engine import Database, Writing
from storage.talent import talent_rules


class SuggestionDecision(StrEnum):
    """What a person decides about a suggestion."""

    ACCEPT = "ACCEPT"
    DECLINE = "DECLINE"


class RecognitionAnswer(StrEnum):
    """What the person recognised says."""

    PUBLISH = "PUBLISH"
    KEEP_PRIVATE = "KEEP_PRIVATE"


closed_set(
    SuggestionDecision,
    "What a person decides about a suggestion.",
    {
        SuggestionDecision.ACCEPT: "It is accepted.",
        SuggestionDecision.DECLINE: "It is declined.",
    },
)
closed_set(
    RecognitionAnswer,
    "What the person recognised says.",
    {
        RecognitionAnswer.PUBLISH: "The thanks may be public.",
        RecognitionAnswer.KEEP_PRIVATE: "They are never shown to others.",
    },
)


@strawberry.input(description="Rules about people hold from a day on.")
class TalentRulesPublishInput:
    """Input of ``talentRulesPublish``."""

    idempotency_key: Key = key_field()
    document: Document = strawberry.field(description="The rules, format attain.talent/1.")
    valid_from: date = strawberry.field(
        description="The first day; periods that end before are not looked at."
    )
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version the client last saw, when it changes what exists.",
    )


@strawberry.input(description="Suggestions are found anew.")
class SuggestionRefreshInput:
    """Input of ``suggestionRefresh``."""

    idempotency_key: Key = key_field()


@strawberry.input(description="Thanks in both languages of the company.")
class RecognitionWordsInput:
    """Words that everybody of the audience can read."""

    zh_cn: str = strawberry.field(name="zhCN", description="The Chinese text.")
    en: str = strawberry.field(description="The English text.")


@strawberry.input(description="A named person decides a suggestion.")
class SuggestionDecideInput:
    """Input of ``suggestionDecide``."""

    idempotency_key: Key = key_field()
    suggestion: strawberry.ID = strawberry.field(description="The suggestion.")
    decision: SuggestionDecision = strawberry.field(description="What is decided.")
    reason: str = strawberry.field(description="Why; the person concerned reads it.")
    expected_version: int = version_field()
    words: RecognitionWordsInput | None = strawberry.field(
        default=None, description="Thanks in public: your own words, without amounts of money."
    )
    audience: RecognitionAudience | None = strawberry.field(
        default=None, description="Thanks in public: who reads them."
    )


@strawberry.input(description="The person concerned objects to a suggestion or a decision.")
class SuggestionObjectInput:
    """Input of ``suggestionObject``."""

    idempotency_key: Key = key_field()
    suggestion: strawberry.ID = strawberry.field(description="The suggestion.")
    objection: str = strawberry.field(description="What is wrong with it.")
    expected_version: int = version_field()


@strawberry.input(description="The person recognised answers.")
class RecognitionAnswerInput:
    """Input of ``recognitionAnswer``."""

    idempotency_key: Key = key_field()
    suggestion: strawberry.ID = strawberry.field(description="The suggestion.")
    answer: RecognitionAnswer = strawberry.field(description="Whether it may be public.")
    expected_version: int = version_field()


@strawberry.input(description="A recommended course was taken.")
class SuggestionCompleteInput:
    """Input of ``suggestionComplete``."""

    idempotency_key: Key = key_field()
    suggestion: strawberry.ID = strawberry.field(description="The suggestion.")
    reason: str = strawberry.field(description=REASON)
    expected_version: int = version_field()


@output(access=Resource.TALENT, description="The rules are published.")
class TalentRulesPublishSuccess:
    """Published."""

    rules: TalentRules = shown("The rules.")


@output(access=Resource.TALENT, description="Suggestions are up to date.")
class SuggestionRefreshSuccess:
    """Found."""

    legal_entity: strawberry.ID = shown("The legal entity.")


@output(access=Resource.TALENT, description="The suggestion is decided.")
class SuggestionDecideSuccess:
    """Decided."""

    suggestion: Suggestion = shown("The suggestion as it is now.")


@output(access=Resource.TALENT, description="The objection lies before the decider.")
class SuggestionObjectSuccess:
    """Objected."""

    suggestion: Suggestion = shown("The suggestion as it is now.")


@output(access=Resource.TALENT, description="The answer is written down.")
class RecognitionAnswerSuccess:
    """Answered."""

    suggestion: Suggestion = shown("The suggestion as it is now.")


@output(access=Resource.TALENT, description="The course is written down as taken.")
class SuggestionCompleteSuccess:
    """Completed."""

    suggestion: Suggestion = shown("The suggestion as it is now.")


TalentRulesPublishResult = Annotated[
    TalentRulesPublishSuccess | Refusal,
    strawberry.union("TalentRulesPublishResult", description="Published, or why not."),
]
SuggestionRefreshResult = Annotated[
    SuggestionRefreshSuccess | Refusal,
    strawberry.union("SuggestionRefreshResult", description="Found, or why not."),
]
SuggestionDecideResult = Annotated[
    SuggestionDecideSuccess | Refusal,
    strawberry.union("SuggestionDecideResult", description="Decided, or why not."),
]
SuggestionObjectResult = Annotated[
    SuggestionObjectSuccess | Refusal,
    strawberry.union("SuggestionObjectResult", description="Objected, or why not."),
]
RecognitionAnswerResult = Annotated[
    RecognitionAnswerSuccess | Refusal,
    strawberry.union("RecognitionAnswerResult", description="Answered, or why not."),
]
SuggestionCompleteResult = Annotated[
    SuggestionCompleteSuccess | Refusal,
    strawberry.union("SuggestionCompleteResult", description="Completed, or why not."),
]


async def _step(
    info: Info, operation: str, given: Any, deed: Callable[[Writing], str]
) -> Suggestion:
    context = info.context
    done = await act(context, operation, given, deed)
    entity = entity_of(context.asker, None)
    return await suggestion_by_id(context, entity, done.id)


@output(access=Audience.SIGNED_IN, description="Changes of rules and suggestions about people.")
class TalentMutation:
    """Part of the mutation root."""

    @resolved(
        "Publish rules about people. None draws anything but help from ranking last.",
        access=Resource.TALENT,
        deed=Deed.WRITE,
        graphql_type=TalentRulesPublishResult,
    )
    async def talent_rules_publish(
        self,
        info: Info,
        input: Annotated[TalentRulesPublishInput, described("The rules and their day.")],  # noqa: A002
    ) -> TalentRulesPublishSuccess:
        """Publish."""
        context = info.context
        given: Any = input.document
        done = await act(
            context,
            "talentRulesPublish",
            input,
            lambda writing: publish_talent_rules(
                writing,
                context.asker,
                given,
                valid_from=input.valid_from,
                expected_version=input.expected_version,
            ),
        )
        entity = entity_of(context.asker, None)

        def work(database: Database) -> TalentRules:
            rows = talent_rules(database, entity, valid_at=input.valid_from, known_at=ALL_KNOWN)
            return next(rules_of(row) for row in rows if row.id == done.id)

        return TalentRulesPublishSuccess(rules=await context.read(work))

    @resolved(
        "Find suggestions anew; a posted run and a close do it by themselves.",
        access=Resource.TALENT,
        deed=Deed.WRITE,
        graphql_type=SuggestionRefreshResult,
    )
    async def suggestion_refresh(
        self,
        info: Info,
        input: Annotated[SuggestionRefreshInput, described("Nothing but the key.")],  # noqa: A002
    ) -> SuggestionRefreshSuccess:
        """Find."""
        context = info.context
        done = await act(
            context,
            "suggestionRefresh",
            input,
            lambda writing: refresh_suggestions(writing, context.asker),
        )
        return SuggestionRefreshSuccess(legal_entity=strawberry.ID(done.id))

    @resolved(
        "Accept or decline a suggestion, with a reason; after an objection once more.",
        access=Resource.TALENT,
        deed=Deed.WRITE,
        graphql_type=SuggestionDecideResult,
    )
    async def suggestion_decide(
        self,
        info: Info,
        input: Annotated[SuggestionDecideInput, described("Which one, what, and why.")],  # noqa: A002
    ) -> SuggestionDecideSuccess:
        """Decide."""
        found = await _step(
            info,
            "suggestionDecide",
            input,
            lambda writing: decide_suggestion(
                writing,
                info.context.asker,
                input.suggestion,
                accept=input.decision is SuggestionDecision.ACCEPT,
                reason=input.reason,
                expected_version=input.expected_version,
                audience=input.audience,
                words=None
                if input.words is None
                else {"zh-CN": input.words.zh_cn, "en": input.words.en},
            ),
        )
        return SuggestionDecideSuccess(suggestion=found)

    @resolved(
        "Object to what is suggested or was decided about oneself; a person looks at it again.",
        access=Resource.TALENT,
        deed=Deed.WRITE,
        graphql_type=SuggestionObjectResult,
    )
    async def suggestion_object(
        self,
        info: Info,
        input: Annotated[SuggestionObjectInput, described("Which one, and why.")],  # noqa: A002
    ) -> SuggestionObjectSuccess:
        """Object."""
        found = await _step(
            info,
            "suggestionObject",
            input,
            lambda writing: object_to(
                writing,
                info.context.asker,
                input.suggestion,
                objection=input.objection,
                expected_version=input.expected_version,
            ),
        )
        return SuggestionObjectSuccess(suggestion=found)

    @resolved(
        "Agree to be thanked in public, or not.",
        access=Resource.TALENT,
        deed=Deed.WRITE,
        graphql_type=RecognitionAnswerResult,
    )
    async def recognition_answer(
        self,
        info: Info,
        input: Annotated[RecognitionAnswerInput, described("Which one, and the answer.")],  # noqa: A002
    ) -> RecognitionAnswerSuccess:
        """Answer."""
        found = await _step(
            info,
            "recognitionAnswer",
            input,
            lambda writing: answer_recognition(
                writing,
                info.context.asker,
                input.suggestion,
                agree=input.answer is RecognitionAnswer.PUBLISH,
                expected_version=input.expected_version,
            ),
        )
        return RecognitionAnswerSuccess(suggestion=found)

    @resolved(
        "Write down that a recommended course was taken.",
        access=Resource.TALENT,
        deed=Deed.WRITE,
        graphql_type=SuggestionCompleteResult,
    )
    async def suggestion_complete(
        self,
        info: Info,
        input: Annotated[SuggestionCompleteInput, described("Which one.")],  # noqa: A002
    ) -> SuggestionCompleteSuccess:
        """Complete."""
        found = await _step(
            info,
            "suggestionComplete",
            input,
            lambda writing: complete_course(
                writing,
                info.context.asker,
                input.suggestion,
                reason=input.reason,
                expected_version=input.expected_version,
            ),
        )
        return SuggestionCompleteSuccess(suggestion=found)
