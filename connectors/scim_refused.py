"""What a SCIM server of ours refuses, by the words of RFC 7644 (3.12), with a sentence's code."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_NO_VALUES: Mapping[str, str] = MappingProxyType({})


class ScimRefused(Exception):  # noqa: N818 - a refusal is an answer, not an error of the program
    """``kind`` is the ``scimType`` ("" for none), ``code`` and ``values`` make the detail."""

    def __init__(
        self, kind: str, code: str, values: Mapping[str, str] | None = None, status: int = 400
    ) -> None:
        self.kind = kind
        self.code = code
        self.values = values or _NO_VALUES
        self.status = status
        super().__init__(code)
