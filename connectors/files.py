"""A source made of files: CSV and spreadsheets that a system exports into a folder.

Configuration::

    {"path": "exports",
     "streams": {"orders": {"pattern": "orders*.csv", "key": ["order_no"]}}}

Files are read in the order of their delivery names, digits counted as numbers. The cursor holds a
fingerprint for each file: an unchanged file is not read again, a changed one is read whole, and
the host sees by content what is new. The delivery name is the version of its records, so that a
correction delivered later wins in whatever order the files are read. When a file is read that
is not the last one, those behind it tell the rows of the same keys again: they have the last word.

Rows are read one at a time, so a CSV may be larger than memory; the reader of spreadsheets holds
the sheet itself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO

from connectors.contract import (
    API_VERSION,
    CHECKPOINT_RECORDS_MAX,
    Catalog,
    CheckCode,
    CheckFinding,
    Checkpoint,
    CheckReport,
    ConnectorInfo,
    Context,
    Cursor,
    Json,
    Message,
    Notice,
    Progress,
    ReadRequest,
    Ready,
    Record,
    Rejected,
    Scalar,
    StreamInfo,
    content_hash,
    join_key,
)
from connectors.delimited import DelimitedOptions, open_delimited
from connectors.doubles import KeyField, last_rows_of_doubles
from connectors.failures import ConfigurationRefused, KeysIncomplete, Transient
from connectors.file_settings import CONFIG_SCHEMA, Settings, StreamSettings, read_settings
from connectors.readiness import complete_through
from connectors.rows import Fault, Row, Table, Unreadable
from connectors.sheets import FILE_BYTES_MAX, SUFFIXES, address, open_sheet

_HIDDEN = (".", "~$")
_UNFINISHED = (".tmp", ".part", ".crdownload")
_DIGITS = re.compile(r"\d+")


def delivery_order(name: str) -> str:
    """Return a text that sorts file names as people count: ``orders_9`` before ``orders_10``."""
    return _DIGITS.sub(lambda found: found.group().zfill(12), name)


class FilesConnector:
    """The built-in connector ``files``; see the module for what it promises."""

    info = ConnectorInfo(
        id="files",
        title={"zh-CN": "文件（CSV 与 Excel）", "en": "Files (CSV and Excel)"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        capabilities={"keys": 1, "ready": 1},
    )

    def check(self, context: Context) -> CheckReport:
        """Look at the folder and at the header of each stream's newest file; read no rows."""
        try:
            settings = read_settings(context)
            findings = [_look(settings, stream) for stream in settings.streams]
        except ConfigurationRefused as refused:
            finding = CheckFinding(code=refused.code, values=refused.values)
            missing = refused.code == "source_path_missing"
            code = CheckCode.UNREACHABLE if missing else CheckCode.CONFIGURATION
            return CheckReport(code=code, findings=(finding,))
        except PermissionError:
            return CheckReport(code=CheckCode.PERMISSION)
        except Unreadable as unreadable:
            finding = CheckFinding(code=unreadable.code, values=unreadable.values)
            return CheckReport(code=CheckCode.CONFIGURATION, findings=(finding,))
        return CheckReport(code=CheckCode.OK, findings=tuple(f for f in findings if f is not None))

    def discover(self, context: Context) -> Catalog:
        """Return the configured streams with the columns of each one's newest file."""
        settings = read_settings(context)
        streams = []
        for stream in settings.streams:
            columns: tuple[str, ...] = ()
            for path in reversed(_files(settings, stream)):
                try:
                    with path.open("rb") as handle:
                        columns = _open(handle, path, stream).header
                    break
                except (Unreadable, OSError):
                    continue  # read() rejects it by name; another file may show the columns
            streams.append(
                StreamInfo(
                    name=stream.name,
                    entity=stream.name,
                    key=stream.key,
                    deletes=stream.deletes,
                    personal_fields=stream.personal_fields,
                    columns=columns,
                )
            )
        return Catalog(streams=tuple(streams))

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Read every new or changed file of the wanted streams."""
        settings = read_settings(context)
        if request.backfill is not None:
            raise ConfigurationRefused("source_backfill_unsupported")
        count = _Count()
        for name in request.streams:
            stream = settings.stream(name)
            yield from _Reading(settings, stream, request.cursors.get(name, {}), count).run()

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Emit the keys of all files of the stream, or raise KeysIncomplete."""
        settings = read_settings(context)
        wanted = settings.stream(stream)
        paths = _files(settings, wanted)
        if not paths:
            raise KeysIncomplete("keys_incomplete", {"place": settings.path.name})
        seen: set[str] = set()
        for path in paths:
            try:
                with path.open("rb") as handle:
                    for key in _keys(_open(handle, path, wanted), path, wanted):
                        if key not in seen:
                            seen.add(key)
                            yield key
            except (Unreadable, OSError) as error:
                raise KeysIncomplete("keys_incomplete", {"place": f"file:{path.name}"}) from error


@dataclass(slots=True)
class _Count:
    """The order of records in one read, across its streams."""

    order: int = 0

    def next(self) -> int:
        self.order += 1
        return self.order


class _Reading:
    """The read of one stream: its files in order, its cursor as it grows."""

    def __init__(
        self, settings: Settings, stream: StreamSettings, cursor: Cursor, count: _Count
    ) -> None:
        self._settings = settings
        self._stream = stream
        self._count = count
        self._done: dict[str, Json] = dict(_mapping(cursor.get("files")))
        self._before = dict(self._done)
        self._read_keys = KeyField()
        self._read_any = False
        self._has_later = False  # a file behind it, that may have to tell rows again
        self._open: Mapping[str, Json] = _mapping(cursor.get("open"))
        self._emitted = 0
        self._since_checkpoint = 0

    def run(self) -> Iterator[Message]:
        paths = _files(self._settings, self._stream)
        present = {path.name for path in paths}
        self._done = {name: mark for name, mark in self._done.items() if name in present}
        whole = True
        for place, path in enumerate(paths, 1):
            try:
                with path.open("rb") as handle:
                    yield from self._file(handle, path, paths[place:])
            except Unreadable as unreadable:
                position = f"file:{path.name}"
                yield Rejected(
                    stream=self._stream.name,
                    position=position,
                    reason=unreadable.code,
                    values={"file": path.name, **unreadable.values},
                )
            except FileNotFoundError as gone:
                raise Transient("file_changing", {"file": path.name}) from gone
            except OSError as error:
                values = {"file": path.name, "detail": type(error).__name__}
                whole = False
                yield Rejected(
                    stream=self._stream.name,
                    position=f"file:{path.name}",
                    reason="file_unreadable",
                    values=values,
                )
        whole = whole and not any(_mapping(mark).get("unread") for mark in self._done.values())
        through = complete_through(self._settings.path, self._stream, paths) if whole else None
        if through is not None:
            yield Ready(stream=self._stream.name, through=through)
        yield Checkpoint(stream=self._stream.name, cursor={"files": dict(self._done)})

    def _file(self, handle: BinaryIO, path: Path, later: list[Path]) -> Iterator[Message]:
        self._has_later = bool(later)
        mark = _fingerprint(handle)
        again = _mapping(self._before.get(path.name)).get("sha256") == mark["sha256"]
        if again and not self._read_any:
            return
        # What a former run told of it may have been before a file that was read just now.
        opened = {} if self._read_any else self._open
        resumed = opened.get("name") == path.name and opened.get("sha256") == mark["sha256"]
        if not again:
            self._read_any = True
            for each in later:  # a restart no longer knows which rows they have to tell again
                self._done.pop(each.name, None)
        skip = int(str(self._open.get("row", 0))) if resumed else 0
        try:
            table = _open(handle, path, self._stream)
            places = _key_places(table, self._stream, path)
        except Unreadable:
            self._done[path.name] = {**mark, "unread": True}
            raise
        if not skip and not again:
            yield from self._findings(table, path)
        yield from self._table(table, places, path, mark, skip, again=again)
        if _fingerprint(handle) == mark:
            self._done[path.name] = mark

    def _findings(self, table: Table, path: Path) -> Iterator[Message]:
        for finding in table.findings:
            position = _position(path, table, finding.row)
            yield Notice(
                stream=self._stream.name,
                position=position,
                code=finding.code,
                values={"file": path.name, **finding.values},
            )

    def _table(
        self,
        table: Table,
        places: tuple[int, ...],
        path: Path,
        mark: Mapping[str, Json],
        skip: int,
        *,
        again: bool,
    ) -> Iterator[Message]:
        last_rows = last_rows_of_doubles(_keyed(table, places))
        contents: dict[str, tuple[str, int]] = {}
        version, before_row = delivery_order(path.name), _position(path, table, "")
        numeric = False
        for row in table.rows():
            position = f"{before_row}{row.number}"
            key = _key(row, places)
            if again and key not in self._read_keys:
                continue
            if self._has_later:
                self._read_keys.add(key)
            if isinstance(row, Row) and key and key in last_rows:
                last = row.number == last_rows[key]
                if row.number > skip:
                    yield from self._double(row, key, table, position, contents)
                contents[key] = (content_hash(_content(table, row)), row.number)
                if not last:
                    continue
            if row.number <= skip:
                continue
            if isinstance(row, Fault) or not key:
                yield self._rejected(row, key, table, path)
            else:
                for place in places:
                    numeric = numeric or isinstance(row.cells[place], int)
                yield Record(
                    stream=self._stream.name,
                    key=key,
                    content=_content(table, row),
                    position=position,
                    order=self._count.next(),
                    version=version,
                )
            self._emitted += 1
            self._since_checkpoint += 1
            if self._since_checkpoint >= CHECKPOINT_RECORDS_MAX:
                yield from self._checkpoint(path, mark, row.number)
        if numeric:
            yield Notice(
                stream=self._stream.name,
                position=f"{before_row}1",
                code="key_is_number",
                values={"file": path.name, "column": ", ".join(self._stream.key)},
            )

    def _double(
        self,
        row: Row,
        key: str,
        table: Table,
        position: str,
        contents: Mapping[str, tuple[str, int]],
    ) -> Iterator[Message]:
        earlier = contents.get(key)
        if earlier is None:
            return
        same = earlier[0] == content_hash(_content(table, row))
        yield Notice(
            stream=self._stream.name,
            position=position,
            code="row_repeated" if same else "row_revised",
            values={"key": key, "earlier": str(earlier[1]), "row": str(row.number)},
        )

    def _rejected(self, row: Row | Fault, key: str, table: Table, path: Path) -> Rejected:
        if isinstance(row, Row):
            reason, values, column = "key_missing", {"column": ", ".join(self._stream.key)}, None
            payload = {n: str(c) for n, c in zip(table.header, row.cells, strict=True)}
        else:
            reason, values, column = row.reason, dict(row.values), row.column
            names = [*table.header, *(f"column#{i + 1}" for i in range(len(row.cells)))]
            payload = {n: _printable(c) for n, c in zip(names, row.cells, strict=False)}
        position = _position(path, table, row.number)
        if column is not None and column < len(table.header):
            position += f"/column:{table.header[column]}"
            values.setdefault("cell", address(column, row.number))
        return Rejected(
            stream=self._stream.name,
            position=position,
            reason=reason,
            values={"file": path.name, "row": str(row.number), **values},
            payload=payload,
            key=key,
        )

    def _checkpoint(self, path: Path, mark: Mapping[str, Json], row: int) -> Iterator[Message]:
        self._since_checkpoint = 0
        cursor: dict[str, Json] = {
            "files": dict(self._done),
            "open": {"name": path.name, "sha256": mark["sha256"], "row": row},
        }
        yield Checkpoint(stream=self._stream.name, cursor=cursor)
        yield Progress(stream=self._stream.name, done=self._emitted)


def _files(settings: Settings, stream: StreamSettings) -> list[Path]:
    path = settings.path
    candidates = [path] if path.is_file() else list(path.iterdir())
    found = [
        candidate
        for candidate in candidates
        if fnmatchcase(candidate.name, stream.pattern)
        and not candidate.name.startswith(_HIDDEN)
        and not candidate.name.endswith(_UNFINISHED)
        and candidate.is_file()
    ]
    return sorted(found, key=lambda each: (delivery_order(each.name), each.name))


def _open(handle: BinaryIO, path: Path, stream: StreamSettings) -> Table:
    handle.seek(0)
    if path.suffix.lower() in SUFFIXES:
        size = handle.seek(0, 2)
        handle.seek(0)
        if size > FILE_BYTES_MAX:
            raise Unreadable("file_too_large", {"limit": str(FILE_BYTES_MAX)})
        return open_sheet(handle, stream.sheet, stream.header_row)
    options = DelimitedOptions(
        encoding=stream.encoding, delimiter=stream.delimiter, header_row=stream.header_row
    )
    return open_delimited(handle, options)


def _look(settings: Settings, stream: StreamSettings) -> CheckFinding | None:
    paths = _files(settings, stream)
    if not paths:
        values = {"stream": stream.name, "pattern": stream.pattern}
        return CheckFinding(code="stream_without_files", values=values)
    with paths[-1].open("rb") as handle:
        _key_places(_open(handle, paths[-1], stream), stream, paths[-1])
    return None


def _fingerprint(handle: BinaryIO) -> dict[str, Json]:
    handle.seek(0)
    digest = hashlib.sha256()
    while block := handle.read(1 << 20):
        digest.update(block)
    return {"size": handle.tell(), "sha256": digest.hexdigest()}


def _key_places(table: Table, stream: StreamSettings, path: Path) -> tuple[int, ...]:
    missing = [column for column in stream.key if column not in table.header]
    if missing:
        values = {"file": path.name, "column": ", ".join(missing)}
        raise Unreadable("key_column_missing", {**values, "found": ", ".join(table.header)})
    return tuple(table.header.index(column) for column in stream.key)


def _key(row: Row | Fault, places: tuple[int, ...]) -> str:
    """Return the row's key, or "" when a part of it is empty or cannot be read."""
    if isinstance(row, Fault) and row.column in places:
        return ""
    if len(places) == 1 and places[0] < len(row.cells):
        only = row.cells[places[0]]
        text = "" if only is None else str(only).strip()
        return join_key((text,)) if text.isprintable() else ""
    parts = [
        "" if place >= len(row.cells) or row.cells[place] is None else str(row.cells[place]).strip()
        for place in places
    ]
    return join_key(parts) if all(part and part.isprintable() for part in parts) else ""


def _keys(table: Table, path: Path, stream: StreamSettings) -> Iterator[str]:
    places = _key_places(table, stream, path)
    for row in table.rows():
        key = _key(row, places)
        if not key:
            raise KeysIncomplete("keys_incomplete", {"place": _position(path, table, row.number)})
        yield key


def _keyed(table: Table, places: tuple[int, ...]) -> Iterator[tuple[str, int]]:
    for row in table.rows():
        key = _key(row, places) if isinstance(row, Row) else ""
        if key:
            yield key, row.number


def _content(table: Table, row: Row) -> dict[str, Scalar]:
    return dict(zip(table.header, row.cells, strict=True))


def _position(path: Path, table: Table, row: int | str) -> str:
    sheet = f"/sheet:{table.sheet}" if table.sheet else ""
    return f"file:{path.name}{sheet}/row:{row}"


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}
