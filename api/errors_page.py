"""Writes docs/errors.md: every code with its sentences, and how each kind of error travels."""

from __future__ import annotations

import sys

from domain.problem import CODES
from messages.render import Catalogue, Locale, load

_HEAD = """# Errors

This page is printed from the list of codes in `domain/problem.py` and the sentences in `messages/`.
Programs switch on the code, which never changes; people read the sentence, in zh-CN or en.

- A **problem** is data that is not good enough: a typed list on the result, each with code, path,
  message and severity.
- A **refusal** is a rule that says no: a member of the mutation's result union (`InvalidProblem`,
  `ForbiddenProblem`, `NotFoundProblem`, `ConflictProblem`), or on a query an entry of `errors`
  with the code in `extensions.code`. Nothing was changed.
- A **fault** is ours: an entry of `errors` with the code `INTERNAL` and the id of the request; the
  cause is in the log of the server under this id and nowhere else.

Requests that are no GraphQL requests are answered in the same JSON form with the codes
`BODY_NOT_JSON`, `BODY_NOT_AN_OBJECT`, `BODY_TOO_LARGE`, `MEDIA_TYPE_UNSUPPORTED`,
`METHOD_NOT_ALLOWED`, `NOT_ACCEPTABLE`, `QUERY_MISSING`, `OPERATION_UNKNOWN`,
`MUTATION_NEEDS_POST`, `SUBSCRIPTION_UNSUPPORTED`, `RATE_LIMITED` and `DOCUMENT_ID_INVALID`;
documents that are wrong or too much with `GRAPHQL_INVALID`, `VALUE_INVALID` and
`QUERY_TOO_COMPLEX`; documents named by their hash with `DOCUMENT_UNKNOWN`,
`PERSISTED_QUERY_NOT_FOUND`, `PERSISTED_QUERY_NOT_SUPPORTED`
and `PERSISTED_QUERY_HASH_MISMATCH`.

| code | en | zh-CN |
|---|---|---|
"""


def errors_page(catalogue: Catalogue) -> str:
    """Return the whole page."""
    known = catalogue.codes
    rows = [
        f"| `{code}` | {' | '.join(_cell(catalogue, code, each) for each in reversed(Locale))} |"
        for code in sorted(CODES & known)
    ]
    return _HEAD + "\n".join(rows) + "\n"


def _cell(catalogue: Catalogue, code: str, locale: Locale) -> str:
    names = {name: f"‹{name}›" for name in catalogue.places(code)}
    return catalogue.text(code, names, locale).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(errors_page(load()))
