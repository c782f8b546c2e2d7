"""Documents as the text that is stored, by the quick encoder where it can."""

from __future__ import annotations

import json
from typing import Any

import orjson

# What the plain encoder refuses, or writes in its own way, is left to it.
_OPTIONS = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)


def json_text(value: Any) -> bytes:
    """Write a document as JSON with sorted columns.

    Numbers beyond 64 bits and halves of characters are nothing for the quick encoder.
    """
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except orjson.JSONEncodeError:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
        return text.encode("utf-8", "surrogatepass")
