"""Signing in elsewhere: real flows through the whole application, against simulators over HTTP."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from sqlalchemy import select

from actions.sign_in_elsewhere import safe_return
from connectors.oidc import Oidc
from domain.problem import Refused
from storage import tables
from storage.engine import reading
from tests.support.company import SYSTEM, Ticking
from tests.support.loopback import Told
from tests.support.oidc_provider import SECRET as OIDC_SECRET
from tests.support.oidc_provider import key, signed_with_the_public_key, unsigned
from tests.support.signing_in import INSIDE_WECOM, Browser, Place, code_of, place
from tests.support.wecom_server import SECRET as WECOM_SECRET

ANNA = "subject-of-anna"
PROVIDERS = "{ signInProviders { id kind label startPath } }"


@pytest.fixture
def there(database_url: str, tmp_path: Path) -> Iterator[Place]:
    """Anna, who is linked at two providers."""
    with place(database_url, tmp_path) as made:
        made.account("anna")
        made.link("anna", "main", ANNA)
        made.link("anna", "wecom", "Anna.Li")
        yield made


def later(there: Place, by: timedelta) -> None:
    """Let time pass for everybody."""
    clock = cast("Ticking", there.runtime.clock)
    clock.now += by


def signed_in(there: Place, subject: str = ANNA) -> Browser:
    """Sign somebody in."""
    browser = there.browser()
    response = browser.get(there.idp.authorise(browser.leave("main"), subject))
    assert response.status_code == 303, response.text
    return browser


# ---- who comes in --------------------------------------------------------------------------------


def test_somebody_who_is_linked_signs_in_with_openid_connect(there: Place) -> None:
    browser = there.browser()
    back = there.idp.authorise(browser.leave("main", "/explorer?tab=2"), ANNA)
    response = browser.get(back)
    assert (response.status_code, response.headers["location"]) == (303, "/explorer?tab=2")
    assert response.headers["cache-control"] == "no-store"
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


def test_a_sign_in_never_makes_an_account_and_tells_nobody_whether_there_is_one(
    there: Place,
) -> None:
    there.account("bo")
    there.link("bo", "main", "subject-of-bo")
    with there.runtime.writing(there.company.entity_id, SYSTEM) as writing:
        writing.connection.execute(
            tables.account.update()
            .where(tables.account.c.id == there.accounts["bo"])
            .values(disabled_at=writing.known_at)
        )
    there.account("chen")
    there.link("chen", "main", "subject-of-chen", valid_from=date(2027, 1, 1))
    there.link("chen", "other", "subject-of-chen")
    told = []
    # Unknown, disabled, not yet linked, linked at another provider; and a stranger in WeCom.
    for subject in ("subject-of-nobody", "subject-of-bo", "subject-of-chen", "Subject-Of-Anna"):
        browser = there.browser()
        told.append(browser.get(there.idp.authorise(browser.leave("main"), subject)))
        assert browser.account() is None
    browser = there.browser()
    told.append(browser.get(there.wecom.authorise(browser.leave("wecom"), openid="o-stranger")))
    said = {(each.status_code, code_of(each)) for each in told}
    assert said == {(403, "SIGN_IN_REFUSED")}
    assert len({each.json()["errors"][0]["message"] for each in told}) == 1
    with reading(there.runtime.engine, SYSTEM) as connection:
        accounts = connection.execute(select(tables.account.c.login)).scalars().all()
    assert sorted(accounts) == ["anna", "bo", "chen"]


def test_a_link_holds_for_the_issuer_for_which_it_was_made(there: Place) -> None:
    # The administrator points the same provider at another directory: its people are strangers.
    provider = there.runtime.sign_in.providers["main"]
    assert isinstance(provider, Oidc)
    provider.settings = replace(provider.settings, issuer=there.other.issuer)
    browser = there.browser()
    response = browser.get(there.other.authorise(browser.leave("main"), ANNA))
    assert code_of(response) == "SIGN_IN_REFUSED"


# ---- who does not --------------------------------------------------------------------------------


def test_a_callback_that_another_browser_began_is_refused(there: Place) -> None:
    mallory, anna = there.browser(), there.browser()
    forged = there.idp.authorise(mallory.leave("main"), "subject-of-mallory")
    # Without an attempt of her own, and with one under way: she is not signed in as Mallory.
    assert code_of(anna.get(forged)) == "SIGN_IN_EXPIRED"
    away = anna.leave("main")
    assert code_of(anna.get(forged)) == "SIGN_IN_EXPIRED"
    assert anna.account() is None
    # Nobody even showed the forged code to the provider.
    assert not [each for each in there.idp.asked if each.path == "/token"]
    # And her own attempt is not spoilt by it.
    assert anna.get(there.idp.authorise(away, ANNA)).status_code == 303


def test_a_state_without_its_browser_is_worth_nothing(there: Place) -> None:
    mallory, anna = there.browser(), there.browser()
    stolen = there.idp.authorise(anna.leave("main"), ANNA)
    assert code_of(mallory.get(stolen)) == "SIGN_IN_EXPIRED"
    assert mallory.account() is None
    assert anna.get(stolen).status_code == 303


def test_a_callback_is_taken_once(there: Place) -> None:
    browser = there.browser()
    back = there.idp.authorise(browser.leave("main"), ANNA)
    kept = browser.client.cookies["attain_sign_in"]
    assert browser.get(back).status_code == 303
    assert "attain_sign_in" not in browser.client.cookies
    again = there.browser()
    response = again.get(back, cookie=f"attain_sign_in={kept}")
    assert code_of(response) == "SIGN_IN_EXPIRED"
    assert again.account() is None
    assert sum(each.path == "/token" for each in there.idp.asked) == 1


def test_an_attempt_lasts_ten_minutes(there: Place) -> None:
    browser = there.browser()
    away = browser.leave("main")
    kept = browser.client.cookies["attain_sign_in"]
    later(there, timedelta(minutes=11))
    response = browser.get(there.idp.authorise(away, ANNA), cookie=f"attain_sign_in={kept}")
    assert code_of(response) == "SIGN_IN_EXPIRED"
    browser.leave("main")
    with reading(there.runtime.engine, SYSTEM) as connection:
        rows = connection.execute(select(tables.sign_in_attempt)).all()
    assert len(rows) == 1, "what nobody finished in time is forgotten"


def test_an_answer_of_one_provider_is_not_taken_for_that_of_another(there: Place) -> None:
    browser = there.browser()
    back = there.idp.authorise(browser.leave("main"), ANNA)
    kept = browser.client.cookies["attain_sign_in"]
    crossed = back.replace("/auth/main/", "/auth/other/")
    assert code_of(browser.get(crossed)) == "SIGN_IN_EXPIRED"
    # Not even when the browser gives the secret of the attempt away.
    response = browser.get(crossed, cookie=f"attain_sign_in={kept}")
    assert code_of(response) == "SIGN_IN_EXPIRED"
    assert not [each for each in there.other.asked if each.path == "/token"]
    # With an attempt of its own at the other one the states differ.
    browser.leave("other")
    assert code_of(browser.get(crossed)) == "SIGN_IN_EXPIRED"
    assert not [each for each in there.other.asked if each.path == "/token"]


def test_a_provider_that_names_itself_has_to_be_the_one_that_was_asked(there: Place) -> None:
    there.idp.names_issuer = True
    browser = there.browser()
    back = there.idp.authorise(browser.leave("main"), ANNA, iss=there.other.issuer)
    assert code_of(browser.get(back)) == "SIGN_IN_REFUSED"
    assert not [each for each in there.idp.asked if each.path == "/token"]
    assert signed_in(there).account() == there.accounts["anna"]


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example", "evil",
     "javascript:alert(1)", "/\t/evil.example", "/ /evil", "/\r\nset-cookie: a=b", "/\x00", "",
     "http:/evil.example", "///evil.example", "/é", "/" + "a" * 600],
)  # fmt: skip
def test_after_signing_in_nobody_is_sent_to_another_server(path: str) -> None:
    with pytest.raises(Refused) as caught:
        safe_return(path)
    assert caught.value.code == "return_to_invalid"


def test_a_wrong_return_is_refused_before_anybody_leaves(there: Place) -> None:
    response = there.browser().get(f"/auth/main/start?return_to={quote('//evil.example')}")
    assert (response.status_code, code_of(response)) == (400, "RETURN_TO_INVALID")
    assert there.idp.asked == []
    assert "set-cookie" not in response.headers


def test_a_forged_token_signs_nobody_in(there: Place) -> None:
    for forge in (unsigned, signed_with_the_public_key(there.idp.signing)):
        there.idp.forge = forge
        browser = there.browser()
        response = browser.get(there.idp.authorise(browser.leave("main"), ANNA))
        assert code_of(response) == "SIGN_IN_REFUSED"
        assert browser.account() is None
    there.idp.forge = None
    for wrong in ({"nonce": "x"}, {"aud": "x"}, {"iss": "https://x.example"}, {"exp": 1}):
        there.idp.claims = wrong
        browser = there.browser()
        response = browser.get(there.idp.authorise(browser.leave("main"), ANNA))
        assert code_of(response) == "SIGN_IN_REFUSED"
        assert browser.account() is None
    there.idp.claims = {}
    there.idp.signing = key("EC", 2)
    assert signed_in(there).account() == there.accounts["anna"]


def test_a_look_ahead_uses_nothing_up(there: Place) -> None:
    browser = there.browser()
    back = there.idp.authorise(browser.leave("main"), ANNA)
    parts = urlsplit(back)
    looked = browser.client.head(f"{parts.path}?{parts.query}")
    assert (looked.status_code, looked.headers["allow"]) == (405, "GET")
    assert browser.get(back).status_code == 303


@pytest.mark.parametrize("change", ["code", "state"])
def test_a_parameter_that_comes_twice_is_no_parameter(there: Place, change: str) -> None:
    browser = there.browser()
    back = there.idp.authorise(browser.leave("main"), ANNA)
    given = parse_qs(urlsplit(back).query)[change][0]
    assert browser.get(f"{back}&{change}={quote(given)}").status_code == 400
    assert browser.account() is None


def test_whoever_gives_up_at_the_provider_reads_so(there: Place) -> None:
    browser = there.browser()
    back = there.idp.authorise(browser.leave("main"), ANNA, code="", error="access_denied")
    response = browser.get(back)
    assert (response.status_code, code_of(response)) == (400, "SIGN_IN_UNFINISHED")


# ---- how it is said ------------------------------------------------------------------------------


def test_a_provider_that_is_out_says_when_to_come_back(there: Place) -> None:
    there.idp.broken["/.well-known/openid-configuration"] = Told(
        status=503, headers={"retry-after": "30"}
    )
    response = there.browser().get("/auth/main/start")
    assert (response.status_code, code_of(response)) == (503, "SIGN_IN_UNAVAILABLE")
    assert response.headers["retry-after"] == "30"
    browser = there.browser()
    back = there.wecom.authorise(browser.leave("wecom"), userid="anna.li")
    there.wecom.next_errors["/cgi-bin/auth/getuserinfo"] = [45009]
    response = browser.get(back)
    assert (response.status_code, response.headers["retry-after"]) == (503, "60")
    assert "203.0.113.7" not in response.text


def test_a_person_reads_a_page_in_their_language_and_can_begin_again(there: Place) -> None:
    for language, sentence in (("zh-CN", "重新登录"), ("en", "Begin again")):
        browser = there.browser(language=language)
        response = browser.get("/auth/main/callback?code=1&state=2", accept="text/html")
        assert response.status_code == 400
        assert response.headers["content-type"].startswith("text/html")
        assert response.headers["content-language"] == language
        assert f'<a href="/auth/main/start">{sentence}</a>' in response.text
        assert "SIGN_IN_EXPIRED" in response.text
    nothing = there.browser().get("/auth/%3Cscript%3E/start", accept="text/html")
    assert nothing.status_code == 404
    assert "<script>" not in nothing.text


def test_everybody_sees_the_ways_of_signing_in(there: Place) -> None:
    answer = there.browser(language="zh-CN").client.post("/graphql", json={"query": PROVIDERS})
    found = answer.json()["data"]["signInProviders"]
    assert [each["id"] for each in found] == ["main", "other", "wecom"]
    assert found[2] == {
        "id": "wecom", "kind": "WECOM", "label": "企业微信", "startPath": "/auth/wecom/start",
    }  # fmt: skip


# ---- what is kept and what is said of it ---------------------------------------------------------


def test_the_database_holds_nothing_with_which_an_attempt_could_be_finished(there: Place) -> None:
    browser = there.browser()
    query = parse_qs(urlsplit(browser.leave("main")).query)
    kept = browser.client.cookies["attain_sign_in"]
    with reading(there.runtime.engine, SYSTEM) as connection:
        row = connection.execute(select(tables.sign_in_attempt)).one()
    written = " ".join(str(value) for value in row)
    for secret in (kept, query["state"][0], query["nonce"][0], query["code_challenge"][0]):
        assert secret not in written


def test_no_secret_of_a_sign_in_is_logged_or_shown(
    there: Place, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets, shown = {OIDC_SECRET, quote(OIDC_SECRET, safe=""), WECOM_SECRET}, []
    for broken in (None, Told(status=500), Told(body=b"<html>"), Told(status=400, body={})):
        there.idp.broken = {} if broken is None else {"/token": broken}
        there.wecom.broken = {} if broken is None else {"/cgi-bin/auth/getuserinfo": broken}
        for provider in ("main", "wecom"):
            browser = there.browser()
            away = browser.leave(provider)
            secrets |= {browser.client.cookies["attain_sign_in"]}
            if provider == "main":
                back = there.idp.authorise(away, ANNA)
            else:
                back = there.wecom.authorise(away, userid="anna.li")
            query = parse_qs(urlsplit(back).query)
            secrets |= {query["code"][0], query["state"][0]}
            response = browser.get(back)
            secrets |= {browser.client.cookies.get("attain_session") or OIDC_SECRET}
            shown.append(response.text)
    secrets |= set(there.wecom.tokens)
    secrets |= {each.form["code_verifier"] for each in there.idp.asked if "code" in each.form}
    out, err = capfd.readouterr()
    ours = [
        record for record in caplog.records if not record.name.startswith(("asyncio", "httpx2"))
    ]
    logged = " ".join(record.getMessage() for record in ours)
    assert "login_unlinked" not in logged
    for secret in secrets:
        assert secret not in out + err + logged + " ".join(shown)


def test_a_legal_entity_that_is_not_there_lets_nobody_in(there: Place) -> None:
    provider = there.runtime.sign_in.providers["main"]
    assert isinstance(provider, Oidc)
    provider.settings = replace(provider.settings, legal_entity="Nobody")
    response = there.browser().get("/auth/main/start")
    assert (response.status_code, code_of(response)) == (503, "SIGN_IN_UNAVAILABLE")
