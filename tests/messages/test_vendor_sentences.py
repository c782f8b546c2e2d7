"""What plug-ins say of their own codes: kept where it can be said, never in our place."""

from __future__ import annotations

import pytest

from messages.render import Locale
from messages.vendor_sentences import LENGTH_MOST, vendor_sentences


def _of(code: str, english: str, chinese: str) -> list[tuple[str, dict[str, str]]]:
    return [("en", {code: english}), ("zh-CN", {code: chinese})]


def test_a_code_of_a_plug_in_is_said_in_the_language_of_the_reader() -> None:
    found = vendor_sentences(_of("acme_quota", "{calls} calls are used up.", "{calls} 次已用完。"))
    assert found.has("acme_quota")
    assert found.text("acme_quota", {"calls": "500"}, Locale.ZH_CN) == "500 次已用完。"
    assert found.text("acme_quota", {}, Locale.EN) == "– calls are used up."
    assert found.text("acme_other", {}, Locale.EN) is None


@pytest.mark.parametrize(
    ("code", "english", "chinese"),
    [
        ("not_found", "Gone.", "没有了。"),  # ours
        ("acme_places", "{a} is late.", "{b} 迟了。"),
        ("acme_reach", "{a.__class__}", "{a.__class__}"),
        ("acme_brace", "{a", "{a"),
        ("acme_empty", " ", " "),
        ("acme_long", "x" * (LENGTH_MOST + 1), "短"),
    ],
)
def test_what_cannot_be_said_is_left_out(code: str, english: str, chinese: str) -> None:
    found = vendor_sentences([*_of(code, english, chinese), *_of("acme_good", "Late.", "迟了。")])
    assert (found.has(code), found.has("acme_good")) == (False, True)


def test_one_language_is_not_enough() -> None:
    assert not vendor_sentences([("en", {"acme_late": "Late."}), ("fr", {})]).has("acme_late")
