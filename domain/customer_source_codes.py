"""The codes of sources that keep customers, deals and online orders, one kind of source each."""

from __future__ import annotations

CUSTOMER_SOURCE_CODES: frozenset[str] = frozenset(
    {
        "hubspot_object_missing",
        "hubspot_refused",
        "hubspot_scope_missing",
        "shopify_parts_cut",
        "shopify_row_unseen",
        "shopify_scope_missing",
        "shopify_shop_frozen",
        "shopify_shop_unknown",
        "shopify_too_costly",
        "shopify_version_old",
    }
)
