"""Before a close: has everybody whom a plan pays accepted it?"""

from __future__ import annotations

from collections.abc import Iterator

from actions.closing import Closing
from actions.participants import Participant
from domain.checklist import ChecklistItem, Weight
from domain.plan_life import Acceptance
from storage.plan_life import accepted_by, offered_versions, plan_policy_on


def plans_are_accepted(closing: Closing) -> Iterator[ChecklistItem]:
    """Warn of those who have not accepted; nobody's pay waits for it unless the entity says so.

    Where the legal entity asks nobody, only what was offered all the same is waited for.
    """
    policy = plan_policy_on(closing.connection, closing.entity_id, closing.today)
    acceptance = Acceptance.NOT_ASKED if policy is None else policy.acceptance
    paid = {(plan, each.person_id) for each in closing.people for plan in _plans(each)}
    versions = sorted({plan for plan, _ in paid})
    if acceptance is Acceptance.NOT_ASKED:
        offered = offered_versions(closing.connection, versions)
        paid = {each for each in paid if each[0] in offered}
    waiting = paid - accepted_by(closing.connection, versions)
    if waiting:
        required = acceptance is Acceptance.REQUIRED
        yield ChecklistItem(
            code="check_plans_unaccepted",
            count=len({person for _, person in waiting}),
            weight=Weight.BLOCKING if required else Weight.WARNING,
        )


def _plans(person: Participant) -> set[str]:
    held = [person.plan, *(segment.plan for segment in person.segments)]
    return {plan.id for plan in held if plan is not None}
