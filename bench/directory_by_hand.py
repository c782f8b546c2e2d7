"""The measured directory read in by a script for this file alone: what a good engineer would write.

As ``bench/ingest_by_hand.py`` does with orders: it knows the columns, that nobody of them was ever
heard of and that every cell is in order, and fills the same columns of the same tables, encrypted
and indexed alike, a thousand people a transaction, by the quickest means of each database.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.ingest_by_hand import AT_ONCE, IDENTITY, RECORD, Rows, Script, content_mark

STREAM, NAMESPACE = "staff", "crm"
PERSON = (
    "id, revision, legal_entity_id, source_key, source_key_index, name, staff_number,"
    " staff_number_index, joined_on, left_on, known_at"
)
_DATED = "series_id, revision, valid_from, valid_to, voided, known_at, made_by, legal_entity_id"
ASSIGNMENT = f"{_DATED}, source_key, source_key_index, person_id, unit_id, position, role"
LINK = f"{_DATED}, source_key, source_key_index, identity_id, person_id"


@dataclass(slots=True, kw_only=True)
class StaffScript(Script):
    """Reads people in, each with one name in the CRM and one place in a unit that is there."""

    made_by: str

    def take(self, file: Path) -> None:
        """Read the file in."""
        mark = "%s" if self.postgresql else "?"
        found = self.base.execute(
            f"SELECT code, id FROM unit WHERE legal_entity_id = {mark}",
            (self.entity_id,),
        )
        units = dict(found.fetchall())
        cipher = AESGCM(self.content_key.secret)
        with file.open(encoding="utf-8", newline="") as handle:
            lines = csv.reader(handle)
            names = next(lines)
            while some := list(islice(lines, AT_ONCE)):
                self._people(names, some, cipher, file.name, units)

    def _people(
        self, names: list[str], lines: list[list[str]], cipher: AESGCM, file: str, units: Any
    ) -> None:
        now: Any = datetime.now(UTC)
        if not self.postgresql:
            now = now.strftime("%Y-%m-%dT%H:%M:%S.%f")
        rows: dict[str, Rows] = {table: [] for table in _TABLES}
        for line in lines:
            self.count += 1
            rows["record"].append(self._record(cipher, names, line, file, now))
            self._person(cipher, line, now, units, rows)
        write = self._copy if self.postgresql else self._insert
        self.base.execute("BEGIN")
        for table, columns in _TABLES.items():
            write(table, columns, rows[table])
        self.base.execute("COMMIT")

    def _record(
        self, cipher: AESGCM, names: list[str], line: list[str], file: str, now: Any
    ) -> tuple[Any, ...]:
        name = f"rec_h{self.count:025d}"
        text = json.dumps(dict(zip(names, line, strict=True)), ensure_ascii=False)
        place = json.dumps({"place": f"file:{file}/row:{self.count + 1}", "version": file})
        sealed = self._sealed(cipher, f"record|content|{name}", text)
        return (
            name, self.entity_id, self.connection_id, STREAM, line[0], 1,
            content_mark(names, line), sealed, place, now, "run_by_hand",
        )  # fmt: skip

    def _person(
        self, cipher: AESGCM, line: list[str], now: Any, units: Any, rows: dict[str, Rows]
    ) -> None:
        number, name, joined, left, unit, position, account, _ = line
        own = {each: f"{each}_h{self.count:025d}" for each in ("per", "idn", "lnk", "asg")}
        key = f"{self.connection_id}:{number}"
        begins, ends = self._day(joined), self._day(left)
        known = self._named(cipher, "person", "source_key", f"{own['per']}/1", key)
        staff = self._named(cipher, "person", "staff_number", f"{own['per']}/1", number)
        rows["person"].append(
            (own["per"], 1, self.entity_id, *known, name, *staff, begins, ends, now)
        )
        value = self._named(cipher, "identity", "value", own["idn"], account)
        rows["identity"].append((own["idn"], self.entity_id, NAMESPACE, *value, now))
        link = f"{self.connection_id}:{number}:{NAMESPACE}"
        dated = (begins, None, False, now, self.made_by, self.entity_id)
        known = self._named(cipher, "identity_link", "source_key", f"{own['lnk']}/1", link)
        rows["identity_link"].append((own["lnk"], 1, *dated, *known, own["idn"], own["per"]))
        work = f"{self.connection_id}:{STREAM}:work:{number}"
        dated = (begins, ends, False, now, self.made_by, self.entity_id)
        known = self._named(cipher, "assignment", "source_key", f"{own['asg']}/1", work)
        rows["assignment"].append(
            (own["asg"], 1, *dated, *known, own["per"], units[unit], position, "MEMBER")
        )

    def _named(
        self, cipher: AESGCM, table: str, column: str, row: str, text: str
    ) -> tuple[bytes, bytes]:
        told = f"{table}|{column}|{text}".encode()
        digest = hmac.new(self.index_key.secret, told, hashlib.sha256).digest()
        index = bytes.fromhex(self.index_key.name) + digest
        return self._sealed(cipher, f"{table}|{column}|{row}", text), index

    def _day(self, text: str) -> Any:
        if not text:
            return None
        return date.fromisoformat(text) if self.postgresql else text


_TABLES = {
    "record": RECORD,
    "person": PERSON,
    "identity": IDENTITY,
    "identity_link": LINK,
    "assignment": ASSIGNMENT,
}
