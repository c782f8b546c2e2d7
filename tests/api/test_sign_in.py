"""Signing in elsewhere: real flows through the whole application, against simulators over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.signing_in import INSIDE_WECOM, Place, code_of, place


@pytest.fixture
def there(database_url: str, tmp_path: Path) -> Iterator[Place]:
    """Anna, who is linked at every provider."""
    with place(database_url, tmp_path) as made:
        made.account("anna")
        made.link("anna", "main", "subject-of-anna")
        made.link("anna", "wecom", "Anna.Li")
        yield made


def test_somebody_who_is_linked_signs_in_with_openid_connect(there: Place) -> None:
    browser = there.browser()
    back = there.idp.authorise(browser.leave("main", "/explorer?tab=2"), "subject-of-anna")
    response = browser.get(back)
    assert (response.status_code, response.headers["location"]) == (303, "/explorer?tab=2")
    cookies = response.headers.get_list("set-cookie")
    session = next(each for each in cookies if each.startswith("attain_session="))
    assert {"HttpOnly", "SameSite=lax", "Secure", "Path=/"} <= set(session.split("; "))
    assert browser.account() == there.accounts["anna"]


def test_a_member_signs_in_with_wecom_inside_it_and_by_qr_code(there: Place) -> None:
    for user_agent, page in ((INSIDE_WECOM, "/inside"), ("Mozilla/5.0", "/outside")):
        browser = there.browser(user_agent=user_agent)
        away = browser.leave("wecom")
        assert away.startswith(f"{there.wecom.address}{page}?")
        # WeCom compares userids without case, and so do we.
        response = browser.get(there.wecom.authorise(away, userid="ANNA.li"))
        assert response.headers["location"] == "/"
        assert browser.account() == there.accounts["anna"]
    assert there.wecom.calls("/cgi-bin/gettoken") == 1


def test_a_sign_in_never_makes_an_account(there: Place) -> None:
    browser = there.browser()
    response = browser.get(there.idp.authorise(browser.leave("main"), "subject-of-nobody"))
    assert (response.status_code, code_of(response)) == (403, "SIGN_IN_REFUSED")
    assert browser.account() is None
