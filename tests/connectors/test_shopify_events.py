"""Shopify's webhooks: who sent them, and what they are about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from connectors.contract import HookAnswer, HookRequest
from connectors.shopify import ShopifyConnector
from connectors.signed_hooks import signature_of
from tests.support.reading_sources import context_for
from tests.support.shopify_sample import webhook
from tests.support.shopify_server import settings


def answered(request: HookRequest, **others: Any) -> HookAnswer:
    context = context_for(settings("https://acme.myshopify.com", **others))
    return ShopifyConnector().hook(context, request)


def test_the_signature_is_the_one_that_was_computed_elsewhere() -> None:
    wanted = "8Tu+aIo8sQ6cZVDxU16idP3gqwzOVF4NkQS2ibVFkDc="
    assert signature_of("shpss_demo", b'{"id":1}') == wanted
    request = webhook(b'{"id":1}')
    assert wanted in request.headers.values()
    assert answered(request).reread == {"orders": ("1",)}


def test_a_webhook_names_its_order_and_a_refund_besides() -> None:
    assert answered(webhook(b'{"id":451,"name":"#451"}')).reread == {"orders": ("451",)}
    refund = answered(webhook(b'{"id":71,"order_id":451}'))
    assert refund.reread == {"orders": ("451",), "refunds": ("71",)}
    few = answered(webhook(b'{"id":71,"order_id":451}'), streams=["refunds"])
    assert few.reread == {"refunds": ("71",)}
    assert answered(webhook(b'{"id":"gid"}')).reread == {}
    assert answered(webhook(b'{"id":true}')).reread == {}


def test_a_repeat_is_the_same_delivery() -> None:
    first = answered(webhook(b'{"id":1}')).delivery
    assert answered(webhook(b'{"id":1}')).delivery == first
    assert answered(webhook(b'{"id":2}')).delivery != first


def test_another_secret_or_body_is_not_signed() -> None:
    request = webhook(b'{"id":1}')
    assert answered(webhook(b'{"id":1}', "other-secret")).status == 403
    assert answered(replace(request, body=b'{"id": 1}')).status == 403
    assert answered(replace(request, headers={})).status == 403


def test_without_a_secret_there_are_no_webhooks() -> None:
    request = webhook(b'{"id":1}')
    assert answered(request, webhook_secret="").status == 404
    assert answered(replace(request, method="GET")).status == 405
    assert answered(webhook(b"[1]")).status == 400
    assert answered(webhook(b"\xff")).status == 400
