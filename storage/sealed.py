"""The column type of what is kept encrypted, and what it says about its values."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import Dialect, LargeBinary, TypeDecorator

from storage.cipher import is_sealed


class Purpose(StrEnum):
    """What a data key is for: each legal entity has one of each."""

    PAY = "PAY"
    IDENTITY = "IDENTITY"
    SECRET = "SECRET"  # noqa: S105 - the name of a class of data
    INDEX = "INDEX"  # makes the values by which IDENTITY columns are looked up; encrypts nothing


class Form(StrEnum):
    """How a value becomes bytes before it is sealed."""

    WHOLE = "WHOLE"  # a 64-bit number, always 8 bytes: the length must not tell the amount
    TEXT = "TEXT"  # padded to 16 bytes: a length tells little
    DOCUMENT = "DOCUMENT"  # JSON, padded alike
    RAW = "RAW"


class Sealed(TypeDecorator[bytes]):
    """Bytes that only the installation's keys open; anything else is refused on its way in.

    ``row`` names the columns that tell the row apart: what was sealed for one row opens in no
    other. ``index`` names the column of the keyed hash by which equal values are found.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(
        self, purpose: Purpose, form: Form, row: tuple[str, ...], index: str | None = None
    ) -> None:
        super().__init__()
        self.purpose = purpose
        self.form = form
        self.row = row
        self.index = index

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """Let sealed bytes through: a plain value that comes this way is a bug, not a row."""
        if value is None or is_sealed(value):
            return value  # type: ignore[no-any-return]
        raise TypeError("a plain value for a column that is kept encrypted")
