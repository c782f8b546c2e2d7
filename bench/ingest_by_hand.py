"""The measured file read in by a script for this file alone: what a good engineer would write.

It knows the columns, the table of sellers, that nothing of the file was ever read before and that
every cell is in order. Rows go in by the quickest means of each database, a thousand a transaction,
into the same columns as the product's: the content hashed and encrypted, so that the product reads
it back. It fits no other file, finds no fault in a row and cannot be run twice.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

AT_ONCE = 1_000
STREAM, KIND, NAMESPACE = "orders", "order", "crm"

RECORD = (
    "id, legal_entity_id, connection_id, stream, key, revision, content_hash, content, position,"
    " seen_at, run_id"
)
FACT = (
    "id, legal_entity_id, connection_id, stream, key, revision, record_id, kind, identity_id,"
    " business_date, instant, quantity, unit, subject, attributes, deleted, known_at"
)
IDENTITY = "id, legal_entity_id, namespace, value, value_index, first_seen_at"
ROLL_UP = """
SELECT l.person_id, sum(f.quantity) FROM fact f
JOIN identity_link l ON l.identity_id = f.identity_id AND l.valid_from <= f.business_date
WHERE f.legal_entity_id = {mark} AND f.kind = 'order' AND f.business_date >= '2026-09-01'
AND f.business_date < '2026-10-01' GROUP BY l.person_id
"""

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of the installation: its name, how values under it begin, and the secret."""

    name: str
    head: bytes
    secret: bytes


@dataclass(slots=True, kw_only=True)
class Script:
    """Where the rows go and under which names; ``base`` is an open connection of the driver."""

    base: Any
    postgresql: bool
    entity_id: str
    connection_id: str
    content_key: Key
    index_key: Key
    known: dict[bytes, str] = field(default_factory=dict)
    sellers: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def run(self, file: Path) -> dict[str, int]:
        """Read the file in and return the sum of every person."""
        mark = "%s" if self.postgresql else "?"
        self.known = {
            bytes(index): name
            for name, index in self.base.execute(
                "SELECT id, value_index FROM identity"
                f" WHERE legal_entity_id = {mark} AND namespace = '{NAMESPACE}'",
                (self.entity_id,),
            )
        }
        cipher = AESGCM(self.content_key.secret)
        with file.open(encoding="utf-8", newline="") as handle:
            lines = csv.reader(handle)
            names = next(lines)
            while some := list(islice(lines, AT_ONCE)):
                self._batch(names, some, cipher, file.name)
        rows = self.base.execute(ROLL_UP.format(mark=mark), (self.entity_id,)).fetchall()
        return {str(person): int(total) for person, total in rows}

    def _batch(self, names: list[str], lines: list[list[str]], cipher: AESGCM, file: str) -> None:
        now: Any = datetime.now(UTC)
        if not self.postgresql:
            now = now.strftime("%Y-%m-%dT%H:%M:%S.%f")
        records: Rows = []
        facts: Rows = []
        identities: Rows = []
        for line in lines:
            order, seller, customer, amount, day = line
            self.count += 1
            name = f"rec_h{self.count:025d}"
            text = json.dumps(dict(zip(names, line, strict=True)), ensure_ascii=False)
            place = json.dumps({"place": f"file:{file}/row:{self.count + 1}", "version": file})
            told = content_mark(names, line)
            sealed = self._sealed(cipher, f"record|content|{name}", text)
            records.append(
                (name, self.entity_id, self.connection_id, STREAM, order, 1, told, sealed, place,
                 now, "run_by_hand")
            )  # fmt: skip
            who = self.sellers.get(seller) or self._seller(seller, cipher, identities, now)
            whole, _, cents = amount.partition(".")
            on: Any = date.fromisoformat(day) if self.postgresql else day
            facts.append(
                (f"fact_h{self.count:025d}", self.entity_id, self.connection_id, STREAM,
                 f"{order}#order", 1, name, KIND, who, on, None, int(whole) * 100 + int(cents),
                 "CNY", customer, "{}", False, now)
            )  # fmt: skip
        write = self._copy if self.postgresql else self._insert
        self.base.execute("BEGIN")
        write("identity", IDENTITY, identities)
        write("record", RECORD, records)
        write("fact", FACT, facts)
        self.base.execute("COMMIT")

    def _seller(self, seller: str, cipher: AESGCM, identities: Rows, now: Any) -> str:
        told = f"identity|value|{seller}".encode()
        digest = hmac.new(self.index_key.secret, told, hashlib.sha256).digest()
        index = bytes.fromhex(self.index_key.name) + digest
        name = self.known.get(index)
        if name is None:
            name = f"idn_h{len(self.sellers):025d}"
            value = self._sealed(cipher, f"identity|value|{name}", seller)
            identities.append((name, self.entity_id, NAMESPACE, value, index, now))
        self.sellers[seller] = name
        return name

    def _sealed(self, cipher: AESGCM, about: str, text: str) -> bytes:
        plain = text.encode()
        nonce = os.urandom(12)
        filled = plain + b"\x80" + b"\0" * (-(len(plain) + 1) % 16)
        told = f"{about}|{self.content_key.name}".encode()
        return self.content_key.head + nonce + cipher.encrypt(nonce, filled, told)

    def _insert(self, table: str, names: str, rows: Rows) -> None:
        marks = ", ".join("?" * (names.count(",") + 1))
        self.base.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)

    def _copy(self, table: str, names: str, rows: Rows) -> None:
        if not rows:
            return
        with (
            self.base.cursor() as cursor,
            cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)


def content_mark(names: Sequence[str], line: Sequence[str]) -> str:
    """Hash a row's content as the product does."""
    cells = sorted(zip(names, line, strict=True))
    text = json.dumps(dict(cells), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
