"""Every sentence reaches its reader, whatever the names of its places are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from api.context import Context
from api.errors import data_problem, refusal
from domain.problem import CODES, Problem, Refused
from messages.render import Locale, load

CATALOGUE = load()


@pytest.mark.parametrize("locale", list(Locale))
def test_every_problem_can_be_said_with_all_its_values(locale: Locale) -> None:
    runtime = SimpleNamespace(catalogue=CATALOGUE)
    said = SimpleNamespace(runtime=runtime, locale=locale)
    said.say = lambda *words, **values: Context.say(cast("Any", said), *words, **values)
    context = cast("Context", said)
    for code in sorted(CODES & CATALOGUE.codes):
        values = {place: f"<{place}>" for place in CATALOGUE.places(code)}
        shown = data_problem(Problem(code=code, values=values), context)
        refused = refusal(Refused(code, values), context)
        for place in values:
            assert f"<{place}>" in shown.message
            assert f"<{place}>" in refused.message
