"""HubSpot's callbacks: who sent them, when, and what they are about."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.contract import HookAnswer, HookRequest
from connectors.hubspot import HubSpotConnector
from connectors.hubspot_events import signed_text
from connectors.signed_hooks import is_fresh, is_signed, signature_of
from tests.support.hubspot_sample import callback
from tests.support.hubspot_server import CALLBACK, settings
from tests.support.reading_sources import context_for
from tests.support.source_web import NOW

ADDRESS = "https://api.hubapi.com"


def answered(request: HookRequest, now: datetime = NOW, **others: Any) -> HookAnswer:
    context = context_for(settings(ADDRESS, **others), now=now)
    return HubSpotConnector().hook(context, request)


def test_the_signature_is_the_one_that_was_computed_elsewhere() -> None:
    text = signed_text("POST", CALLBACK, b'[{"eventId":1}]', "1767225600000")
    assert text == b'POSThttps://kpi.example.com/hooks/hubspot[{"eventId":1}]1767225600000'
    wanted = "unAAdCGmcKhliSYFUo11qXV+DPyOfQVJIj/DUkuqXPM="
    assert signature_of("client-secret-demo", text) == wanted
    assert is_signed("client-secret-demo", text, wanted)
    assert not is_signed("client-secret-demo", text + b" ", wanted)
    assert not is_signed("", text, signature_of("", text))
    headers = {"x-hubspot-signature-v3": wanted, "x-hubspot-request-timestamp": "1767225600000"}
    body = b'[{"eventId":1}]'
    genuine = HookRequest(method="POST", query={}, headers=headers, body=body)
    assert answered(genuine, datetime(2026, 1, 1, tzinfo=UTC)).status == 200


def test_events_name_the_rows_of_the_streams_that_are_read() -> None:
    events = [
        {"eventId": 1, "subscriptionType": "deal.propertyChange", "objectId": 9001},
        {"eventId": 2, "subscriptionType": "deal.deletion", "objectId": 9002},
        {"eventId": 3, "subscriptionType": "deal.propertyChange", "objectId": 9001},
        {"eventId": 4, "subscriptionType": "object.creation", "objectTypeId": "0-1", "objectId": 5},
        {"eventId": 5, "subscriptionType": "company.creation", "objectId": 7},
        {
            "eventId": 6,
            "subscriptionType": "deal.merge",
            "primaryObjectId": 9003,
            "mergedObjectIds": [9004, "x"],
            "newObjectId": 9005,
        },
        {"subscriptionType": "deal.creation", "objectId": "9' OR 1"},
        "no event",
    ]
    answer = answered(callback(events, NOW))
    assert answer.status == 200
    assert answer.reread == {
        "deals": ("9001", "9002", "9003", "9005", "9004"),
        "contacts": ("5",),
    }


def test_a_repeat_is_the_same_delivery_and_another_event_is_another() -> None:
    event = {"eventId": 1, "subscriptionType": "deal.creation", "objectId": 1, "attemptNumber": 0}
    first = answered(callback([event], NOW)).delivery
    assert answered(callback([{**event, "attemptNumber": 3}], NOW)).delivery == first
    assert answered(callback([{**event, "eventId": 2}], NOW)).delivery != first


@pytest.mark.parametrize(
    ("late", "status"), [(0, 200), (300, 200), (301, 403), (-300, 200), (-301, 403)]
)
def test_what_is_older_than_five_minutes_or_from_the_future_is_refused(
    late: int, status: int
) -> None:
    request = callback([{"objectId": 1}], NOW - timedelta(seconds=late))
    assert answered(request).status == status


def test_a_time_that_is_none_is_not_fresh() -> None:
    for text in ("", "now", "-1", "1e12", "\u0661", "9" * 15):
        assert not is_fresh(text, NOW, timedelta(days=9_999))


def test_another_secret_address_body_or_time_is_not_signed() -> None:
    request = callback([{"objectId": 1}], NOW)
    assert answered(callback([{"objectId": 1}], NOW, "other-secret")).status == 403
    assert answered(request, callback_address="https://kpi.example.com/hooks/other").status == 403
    assert answered(replace(request, body=request.body + b"\n")).status == 403
    assert answered(replace(request, headers={})).status == 403
    later = {**request.headers, "x-hubspot-request-timestamp": "1"}
    assert answered(replace(request, headers=later)).status == 403
    odd = {**request.headers, "x-hubspot-signature-v3": "\u4f60\ud800"}
    assert answered(replace(request, headers=odd)).status == 403


def test_without_an_address_for_callbacks_there_are_none() -> None:
    request = callback([], NOW)
    assert answered(request, callback_address="").status == 404
    assert answered(replace(request, method="GET")).status == 405
    assert answered(callback({"objectId": 1}, NOW)).status == 400
    assert json.loads(request.body) == []
