"""Suggestions about people are found anew after every posted run, and the same ones only once.

What is due by the rules of the day is compared with what has been suggested: new evidence becomes a
suggestion, evidence that was corrected away withdraws one that nobody has decided, and one that
nobody decided for too long expires. What a person has decided keeps its evidence; when the results
no longer say so it is marked, and somebody may decide it anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from actions.deed import demand_entity
from actions.identifiers import new_id
from actions.note_leads import note_with, renew_note, withdraw_note
from actions.periods import business_day
from actions.talent_looks import Looks
from domain.access import Actor, Deed, Resource
from domain.period import period_named
from domain.problem import Refused
from domain.talent import DECIDED, SuggestionState, TalentOutcome, TalentRule
from domain.talent_due import due_for
from domain.talent_evidence import Due
from storage.engine import Writing
from storage.talent import (
    StoredRules,
    Suggestion,
    add_step,
    add_suggestion,
    all_suggestions,
    talent_rules,
)

_GONE, _LATE = "evidence_gone", "nobody_decided"
_CHANGED, _BACK = "evidence_changed", "evidence_back"
Identity = tuple[str, str, str, str, str]


def refresh_suggestions(writing: Writing, actor: Actor) -> str:
    """Find suggestions anew as somebody asks for it; return the id of the legal entity."""
    _demand(writing, actor)
    suggest_within(writing)
    return writing.entity_id


def suggest_for(writing: Writing, actor: Actor) -> None:
    """Find suggestions anew within another deed of somebody, if that is theirs to do.

    Who may not leaves it to the next posted run: the same results find the same suggestions.
    """
    try:
        _demand(writing, actor)
    except Refused:
        return
    suggest_within(writing)


def _demand(writing: Writing, actor: Actor) -> None:
    demand_entity(actor, Resource.TALENT, writing.entity_id)
    demand_entity(actor, Resource.PERFORMANCE, writing.entity_id, Deed.READ)


def suggest_within(writing: Writing) -> None:
    """Bring the suggestions of a legal entity in line with its frozen results."""
    held = talent_rules(
        writing.connection,
        writing.entity_id,
        valid_at=business_day(writing),
        known_at=writing.known_at,
    )
    known = all_suggestions(writing.connection, writing.entity_id)
    if not held and not known:
        return
    stored = {each.identity: each for each in known}
    due: dict[Identity, tuple[StoredRules, TalentRule, Due]] = {}
    for document, rule, each in _due(writing, held):
        identity = (
            document.rules.key,
            rule.id,
            each.person_id,
            each.period,
            each.metric or "",
        )
        due[identity] = (document, rule, each)
    for identity, (document, rule, each) in due.items():
        _keep(writing, document, rule, each, stored.get(identity))
    days = {document.rules.key: document.rules.open_days for document in held}
    hashes = {document.hash for document in held}
    for identity, suggestion in stored.items():
        if suggestion.state in DECIDED and suggestion.rule_hash in hashes:
            found = due.get(identity)
            _mark(writing, suggestion, None if found is None else found[-1])
        if suggestion.state is not SuggestionState.SUGGESTED:
            continue
        if identity not in due:
            add_step(writing, suggestion, state=SuggestionState.WITHDRAWN, reason=_GONE)
            withdraw_note(writing, suggestion)
        elif writing.known_at - suggestion.known_at > timedelta(days=days[suggestion.rule_key]):
            add_step(writing, suggestion, state=SuggestionState.EXPIRED, reason=_LATE)


def _due(
    writing: Writing, held: Sequence[StoredRules]
) -> Iterator[tuple[StoredRules, TalentRule, Due]]:
    looks = Looks(
        connection=writing.connection, entity_id=writing.entity_id, known_at=writing.known_at
    )
    for document in held:
        for rule in document.rules.rules:
            for each in due_for(rule, looks.for_rule(rule)):
                if period_named(each.period).last_day >= document.valid_from:
                    yield document, rule, each


def _keep(
    writing: Writing,
    document: StoredRules,
    rule: TalentRule,
    due: Due,
    before: Suggestion | None,
) -> None:
    """Add a suggestion, open a withdrawn one again, or renew the evidence of an open one."""
    evidence = _evidence(due)
    if before is not None:
        same = list(before.evidence) == evidence
        if before.state is SuggestionState.WITHDRAWN or (
            before.state is SuggestionState.SUGGESTED and not same
        ):
            add_step(
                writing,
                before,
                state=SuggestionState.SUGGESTED,
                evidence=evidence,
                rule_hash=document.hash,
            )
            renew_note(writing, before)
        return
    course = None
    if rule.outcome is TalentOutcome.TRAINING:
        course = document.rules.course_for(due.metric or rule.measure)
    identifier = new_id("sug", writing.known_at)
    add_suggestion(
        writing,
        id=identifier,
        revision=1,
        person_id=due.person_id,
        rule_key=document.rules.key,
        rule_id=rule.id,
        rule_hash=document.hash,
        kind=rule.kind.value,
        outcome=rule.outcome.value,
        period=due.period,
        metric_key=due.metric,
        course=None if course is None else course.id,
        evidence=evidence,
        evidence_holds=True,
        state=SuggestionState.SUGGESTED.value,
    )
    if rule.note_to_manager:
        note_with(writing, person_id=due.person_id, suggestion_id=identifier)


def _mark(writing: Writing, decided: Suggestion, due: Due | None) -> None:
    """Say of a decided suggestion whether the results of today still give its evidence.

    Which run said it does not matter: the same results, calculated once more, are the same.
    """
    holds = due is not None and _said(decided.evidence) == _said(_evidence(due))
    if holds is not decided.evidence_holds:
        reason = _BACK if holds else _CHANGED
        add_step(writing, decided, evidence_holds=holds, reason=reason)


def _evidence(due: Due) -> list[dict[str, object]]:
    return [
        {"period": each.period, "run": each.run_id, "values": dict(each.values)}
        for each in due.evidence
    ]


def _said(evidence: Sequence[Mapping[str, object]]) -> list[tuple[object, object]]:
    return [(each["period"], each["values"]) for each in evidence]
