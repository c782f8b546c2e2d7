"""Shopify's webhooks: signed over the body as it came, about an order or about a refund of one."""

from __future__ import annotations

import hashlib

from connectors.contract import HookAnswer, HookRequest
from connectors.shopify_settings import ShopifySettings
from connectors.signed_hooks import body_of, id_in, is_signed

SIGNATURE = "x-shopify-hmac-sha256"


def answer_webhook(settings: ShopifySettings, request: HookRequest) -> HookAnswer:
    """Answer a webhook; only the body is signed, so nothing else of it is believed."""
    if not settings.webhook_secret:
        return HookAnswer(status=404)
    if request.method.upper() != "POST":
        return HookAnswer(status=405)
    signature = request.headers.get(SIGNATURE, "")
    if not is_signed(settings.webhook_secret, request.body, signature):
        return HookAnswer(status=403)
    event = body_of(request.body)
    if not isinstance(event, dict):
        return HookAnswer(status=400)
    own, order = id_in(event, "id"), id_in(event, "order_id")
    named = {"orders": order or own, "refunds": own if order else ""}
    wanted = {stream.name for stream in settings.streams}
    reread = {name: (key,) for name, key in named.items() if key and name in wanted}
    digest = hashlib.sha256(request.body).hexdigest()
    return HookAnswer(status=200, reread=reread, delivery=f"shopify-{digest[:40]}")
