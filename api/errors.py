"""The one place that maps what went wrong to an answer.

A refusal becomes a member of the mutation's result union, or a coded error on a query. A fault
becomes a masked error with the id of the request; its cause is logged once and never shown.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

import strawberry
from graphql import FieldNode, GraphQLError
from strawberry.types.enum import EnumValueDefinition

from api.access import Audience, output, shown
from api.context import Context
from api.disclosure import is_masked
from api.scalars import closed_set
from domain.problem import CODES, Problem, Refused, Severity
from messages.render import Catalogue, Locale, load

if TYPE_CHECKING:
    from strawberry.types.field import StrawberryField

log = logging.getLogger("attain.api")


def _codes(catalogue: Catalogue) -> type[Enum]:
    """Build the closed set of codes, each described by its sentence."""
    known = catalogue.codes
    values = {
        code.upper(): EnumValueDefinition(
            value=code,
            description=_plain(catalogue, code) if code in known else f"{code}.",
        )
        for code in sorted(CODES)
    }
    return Enum("ProblemCode", values)  # type: ignore[return-value]


def _plain(catalogue: Catalogue, code: str) -> str:
    names = {name: f"‹{name}›" for name in catalogue.places(code)}
    return catalogue.text(code, names, Locale.EN)


ProblemCode = strawberry.enum(
    _codes(load()),
    description="Every code of a problem or a refusal. Programs switch on it; it never changes.",
)

closed_set(
    Severity,
    "How much a problem stops.",
    {
        Severity.ERROR: "The thing it names is not used.",
        Severity.WARNING: "The thing is used; a person should look.",
    },
)


@strawberry.interface(description="Something that was refused or is wrong, with a stable code.")
class ProblemInterface:
    """What every problem has, so that old clients can read new ones."""

    code: ProblemCode = strawberry.field(description="The stable code.")  # type: ignore[valid-type]
    message: str = strawberry.field(description="The sentence, in the language of the request.")
    path: str = strawberry.field(
        description="The place in the input, as a JSON path; empty when it concerns the whole."
    )


ProblemInterface.__strawberry_definition__.name = "Problem"  # type: ignore[attr-defined]
ProblemInterface.__access__ = Audience.EVERYBODY  # type: ignore[attr-defined]


@output(access=Audience.EVERYBODY, description="One fault of the data, with its place.")
class DataProblem(ProblemInterface):
    """A problem of ``domain/problem.py``."""

    severity: Severity = shown("Whether the thing it names is used nevertheless.")


@output(access=Audience.EVERYBODY, description="The input breaks a rule.")
class InvalidProblem(ProblemInterface):
    """The general refusal."""

    problems: list[DataProblem] = shown("Every single fault found in the input; may be empty.")


@output(access=Audience.EVERYBODY, description="The viewer lacks the right, or is not signed in.")
class ForbiddenProblem(ProblemInterface):
    """No right."""


@output(access=Audience.EVERYBODY, description="Nothing with this id is visible to the viewer.")
class NotFoundProblem(ProblemInterface):
    """Not there, or not for this viewer: the two look alike on purpose."""


@output(access=Audience.EVERYBODY, description="Somebody else was faster, or a key was reused.")
class ConflictProblem(ProblemInterface):
    """A conflict with the state of the data."""


Refusal = InvalidProblem | ForbiddenProblem | NotFoundProblem | ConflictProblem

_KINDS: Mapping[str, type[ForbiddenProblem | NotFoundProblem | ConflictProblem]] = {
    "forbidden": ForbiddenProblem,
    "reason_required": ForbiddenProblem,
    "acting_beyond": ForbiddenProblem,
    "sign_in_required": ForbiddenProblem,
    "sign_in_failed": ForbiddenProblem,
    "session_over": ForbiddenProblem,
    "attempts_exceeded": ForbiddenProblem,
    "vendor_scope_beyond_maker": ForbiddenProblem,
    "vendor_token_twice": ConflictProblem,
    "refresh_token_reused": ForbiddenProblem,
    "not_found": NotFoundProblem,
    "version_conflict": ConflictProblem,
    "idempotency_key_reused": ConflictProblem,
}


def data_problem(problem: Problem, context: Context) -> DataProblem:
    """Show one problem in the language of the request."""
    return DataProblem(
        code=ProblemCode(problem.code),
        message=context.say(problem.code, **problem.values),
        path=problem.path,
        severity=problem.severity,
    )


def refusal(refused: Refused, context: Context) -> Refusal:
    """Show a refusal as the union member that fits its code."""
    message = context.say(refused.code, **refused.values)
    code = ProblemCode(refused.code)
    kind = _KINDS.get(refused.code)
    if kind is not None:
        return kind(code=code, message=message, path=refused.path)
    return InvalidProblem(
        code=code,
        message=message,
        path=refused.path,
        problems=[data_problem(problem, context) for problem in refused.problems],
    )


class RefusedHandler(strawberry.ExceptionHandler[Refused, InvalidProblem]):
    """Turns a refusal into data on every field whose union has the problems."""

    def handle(
        self,
        exception: Refused,
        *,
        field: StrawberryField,
        info: strawberry.Info,
    ) -> InvalidProblem:
        """Return the member; the unions hold all kinds, the annotation names the one they share."""
        return cast("InvalidProblem", refusal(exception, info.context))


def reasons(context: Context) -> list[dict[str, Any]]:
    """Say for every field that a rule left null why it is, in the order of the paths."""
    noted = sorted(context.problems, key=lambda each: [str(step) for step in each[0]])
    return [
        {
            "path": path,
            "code": refused.code.upper(),
            "message": context.say(refused.code, **refused.values),
            "problems": _listed(refused, context),
        }
        for path, refused in noted
    ]


def present(error: GraphQLError, context: Context) -> dict[str, Any]:
    """Write one entry of ``errors``: a refusal, the client's own mistake, or a masked fault."""
    entry: dict[str, Any]
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if isinstance(cause, Refused):
        entry = _refused(error, cause, context)
    elif cause is None or isinstance(cause, GraphQLError):
        entry = dict(error.formatted)
        code = "VALUE_INVALID" if error.path else "GRAPHQL_INVALID"
        entry["extensions"] = {"code": code, **(error.extensions or {})}
        if is_masked(error, context.introspection, context.viewer):
            entry = {"message": "", "extensions": {"code": code, "sentence": "question_unfit"}}
        _translate(entry, context)
    else:
        entry = _fault(error, cause, context)
    entry["extensions"]["requestId"] = context.request_id
    return entry


def _translate(entry: dict[str, Any], context: Context) -> None:
    """Say in the reader's language what we ourselves found wrong with the request."""
    sentence = entry["extensions"].pop("sentence", None)
    values = entry["extensions"].pop("values", {})
    if isinstance(sentence, str):
        entry["message"] = context.say(sentence, **values)


def _refused(error: GraphQLError, cause: Refused, context: Context) -> dict[str, Any]:
    entry = dict(error.formatted)
    entry["message"] = context.say(cause.code, **cause.values)
    entry["extensions"] = {
        "code": cause.code.upper(),
        "problems": _listed(cause, context),
    }
    return entry


def _listed(refused: Refused, context: Context) -> list[dict[str, str]]:
    return [
        {
            "code": problem.code.upper(),
            "path": problem.path,
            "message": context.say(problem.code, **problem.values),
        }
        for problem in refused.problems
    ]


def _fault(error: GraphQLError, cause: BaseException, context: Context) -> dict[str, Any]:
    log.error(
        "request %s failed at %s",
        context.request_id,
        _field(error),
        exc_info=cause,
        extra={"request_id": context.request_id},
    )
    entry = dict(error.formatted)
    entry["message"] = context.say("fault", request=context.request_id)
    entry["extensions"] = {"code": "INTERNAL"}
    return entry


def _field(error: GraphQLError) -> str:
    """Name the field by the schema's word: the path has aliases of the client."""
    node = error.nodes[0] if error.nodes else None
    return node.name.value if isinstance(node, FieldNode) else "-"
