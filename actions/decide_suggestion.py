"""A suggestion is decided by a named person; whoever is concerned may object, agree or decline."""

from __future__ import annotations

import re
from collections.abc import Mapping

from actions.deed import demand_entity
from actions.periods import business_day
from domain.access import Actor, Deed, Resource, Viewer
from domain.document import LANGUAGES
from domain.problem import Refused
from domain.talent import (
    OBJECTED_TO,
    RecognitionAudience,
    SuggestionState,
    TalentOutcome,
)
from storage.engine import Writing
from storage.talent import Suggestion, add_recognition, add_step, rule_of, suggestions_seen
from storage.talent_history import people_scored

_MOST_WORDS = 1_000
_MONEY = re.compile(
    r"[¥￥$€£]|\d\s*(?:元|块|万|亿|rmb|cny|usd|yuan)|(?:rmb|cny|usd|人民币)\s*\d", re.IGNORECASE
)


def decide_suggestion(
    writing: Writing,
    actor: Actor,
    suggestion_id: str,
    *,
    accept: bool,
    reason: str,
    expected_version: int,
    audience: RecognitionAudience | None = None,
    words: Mapping[str, str] | None = None,
) -> str:
    """Accept or decline a suggestion, or decide it anew; return its id.

    Anew: after an objection, or after results were corrected so that its evidence does not hold.

    Nobody decides about oneself; what changes somebody's position is decided by HR.
    """
    found = _found(writing, actor, suggestion_id, expected_version)
    _demand_text("reason", reason)
    if isinstance(actor, Viewer) and found.person_id in actor.persons:
        raise Refused("suggestion_own")
    if found.outcome is TalentOutcome.PROMOTION:
        demand_entity(actor, Resource.TALENT, writing.entity_id)
    again = (found.objection is not None or not found.evidence_holds) and found.state in {
        SuggestionState.ACCEPTED,
        SuggestionState.DECLINED,
    }
    if found.state is not SuggestionState.SUGGESTED and not again:
        raise Refused("suggestion_decided", {"state": found.state.value})
    changes: dict[str, object] = {}
    if accept and found.outcome is TalentOutcome.RECOGNITION:
        changes = _worded(writing, found, audience, words)
    add_step(
        writing,
        found,
        state=SuggestionState.ACCEPTED if accept else SuggestionState.DECLINED,
        reason=reason.strip(),
        decided_by=writing.actor,
        objection=None,
        **changes,
    )
    return suggestion_id


def object_to(
    writing: Writing, actor: Actor, suggestion_id: str, *, objection: str, expected_version: int
) -> str:
    """Object to what is suggested or was decided about oneself: it lies before the decider."""
    found = _found(writing, actor, suggestion_id, expected_version)
    _demand_own(actor, found)
    _demand_text("objection", objection)
    if found.state not in OBJECTED_TO:
        raise Refused("suggestion_not_decided", {"state": found.state.value})
    if found.objection is not None:
        raise Refused("suggestion_objected")
    add_step(writing, found, objection=objection.strip())
    return suggestion_id


def answer_recognition(
    writing: Writing, actor: Actor, suggestion_id: str, *, agree: bool, expected_version: int
) -> str:
    """Agree to be thanked in public, or not; without a yes nothing is ever shown."""
    found = _found(writing, actor, suggestion_id, expected_version)
    _demand_own(actor, found)
    if (
        found.outcome is not TalentOutcome.RECOGNITION
        or found.state is not SuggestionState.ACCEPTED
    ):
        raise Refused("suggestion_not_decided", {"state": found.state.value})
    state = SuggestionState.PUBLISHED if agree else SuggestionState.KEPT_PRIVATE
    add_step(writing, found, state=state)
    if agree:
        rule = rule_of(writing.connection, writing.entity_id, found)
        add_recognition(writing, found, rule.name)
    return suggestion_id


def complete_course(
    writing: Writing, actor: Actor, suggestion_id: str, *, reason: str, expected_version: int
) -> str:
    """Write down that a recommended course was taken: that closes the suggestion."""
    found = _found(writing, actor, suggestion_id, expected_version)
    _demand_text("reason", reason)
    if isinstance(actor, Viewer) and found.person_id in actor.persons:
        raise Refused("suggestion_own")
    if found.outcome is not TalentOutcome.TRAINING:
        raise Refused("suggestion_no_course")
    if found.state is not SuggestionState.ACCEPTED:
        raise Refused("suggestion_not_decided", {"state": found.state.value})
    add_step(writing, found, state=SuggestionState.COMPLETED, reason=reason.strip())
    return suggestion_id


def _found(writing: Writing, actor: Actor, suggestion_id: str, expected_version: int) -> Suggestion:
    rows = suggestions_seen(
        writing.connection,
        actor,
        writing.entity_id,
        day=business_day(writing),
        deed=Deed.WRITE,
        suggestion_id=suggestion_id,
    )
    if not rows:
        raise Refused("not_found", {"id": suggestion_id})
    if rows[0].revision != expected_version:
        raise Refused("version_conflict", {"current": str(rows[0].revision)})
    return rows[0]


def _demand_own(actor: Actor, found: Suggestion) -> None:
    """Refuse everybody but the person concerned: nobody agrees or objects in their name."""
    if not isinstance(actor, Viewer) or actor.person_id != found.person_id or actor.acting:
        raise Refused("suggestion_not_ones_own")


def _demand_text(field: str, text: str) -> None:
    if not text.strip():
        raise Refused("text_empty", {"field": field}, path=field)
    if len(text) > _MOST_WORDS:
        raise Refused("text_too_long", {"field": field, "most": str(_MOST_WORDS)}, path=field)


def _worded(
    writing: Writing,
    found: Suggestion,
    audience: RecognitionAudience | None,
    words: Mapping[str, str] | None,
) -> dict[str, object]:
    """Demand the words of whoever thanks, without a word of money, and say who will read them."""
    if (
        audience is None
        or words is None
        or any(not words.get(each, "").strip() for each in LANGUAGES)
    ):
        raise Refused("recognition_words_missing", path="words")
    for language in LANGUAGES:
        _demand_text("words", words[language])
        if _MONEY.search(words[language]):
            raise Refused("recognition_money", path="words")
    run = str(found.evidence[-1]["run"])
    unit = people_scored(writing.connection, run).get(found.person_id, (None, None))[1]
    return {
        "audience": audience,
        "words": {each: words[each].strip() for each in LANGUAGES},
        "unit_id": unit,
    }
