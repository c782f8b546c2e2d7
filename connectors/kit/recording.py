"""Recording: a connector is run against the real source once, and what went over the wire is kept.

Nothing is written before it is hidden, scanned and replayed: a recording that would tell a secret,
or that does not bring the same again without the source, is refused as a whole.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connectors.contract import Connector, Context, Json, Message, Record, Rejected, StreamInfo
from connectors.failures import ConnectorFailure
from connectors.kit.cassettes import (
    ANSWERED_HEADERS,
    IGNORED,
    Body,
    Cassette,
    CassetteRefused,
    Exchange,
    asked_of,
    cassette_of,
    document_of,
    exact_json,
    read_body,
    sent_body,
    written,
)
from connectors.kit.hiding import (
    PERSONAL,
    Hider,
    fields_in,
    is_hidden,
    is_telling,
    rewritten,
)
from connectors.kit.meeting import chosen, demand_ok
from connectors.kit.replaying import Replayed, masked, taken, told_by_check, told_by_kind
from connectors.kit.scanning import Allowed, demand_clean, is_plain
from connectors.secret_forms import LEAST_SECRET, tells
from connectors.web import Pairs, Web, WebAnswer

MOST_EXCHANGES = 200
MOST_BYTES = 256 * 1024
_TELLING_PERSON = re.compile(r".*\d{7,}.*|.*@.*")


@dataclass(slots=True, kw_only=True)
class RecordingWeb:
    """A way out that keeps what goes through it."""

    inner: Web
    kept: tuple[str, ...] = ()
    exchanges: list[Exchange] = field(default_factory=list)

    def get(self, address: str, query: Pairs = (), headers: Pairs = ()) -> WebAnswer:
        """Read, and keep it."""
        answer = self.inner.get(address, query, headers)
        return self._keep(("GET", address, query, headers, Body()), answer)

    def post(
        self,
        address: str,
        *,
        json: object = None,
        form: Pairs | None = None,
        body: bytes | None = None,
        query: Pairs = (),
        headers: Pairs = (),
        reads: bool = False,
    ) -> WebAnswer:
        """Send, and keep it."""
        answer = self.inner.post(
            address, json=json, form=form, body=body, query=query, headers=headers, reads=reads
        )
        return self._keep(("POST", address, query, headers, sent_body(json, form, body)), answer)

    def _keep(self, asked: tuple[str, str, Pairs, Pairs, Body], answer: WebAnswer) -> WebAnswer:
        if len(self.exchanges) >= MOST_EXCHANGES:
            raise CassetteRefused(f"it asks more than {MOST_EXCHANGES} times: record fewer rows")
        if len(answer.body) > MOST_BYTES:
            raise CassetteRefused(f"an answer has more than {MOST_BYTES} bytes: take smaller pages")
        chosen = ANSWERED_HEADERS | {name.lower() for name in self.kept}
        exchange = Exchange(
            asked=asked_of(*asked, kept=self.kept),
            status=answer.status,
            headers={name: v for name, v in sorted(answer.headers.items()) if name in chosen},
            body=read_body(answer.body),
        )
        self.exchanges.append(exchange)
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is recorded, with which settings (secrets put in), and what is known to be secret.

    ``secrets`` are the secret settings by their names. ``hides`` are names of fields that are
    secrets too, ``ignores`` of values that are other ones each time, ``keeps`` of headers that the
    connector reads. ``records``: a read ends at the first checkpoint after so many.
    """

    connector: Connector
    config: Mapping[str, Json]
    secrets: tuple[tuple[str, str], ...]
    now: datetime
    streams: tuple[str, ...] = ()
    records: int = 100
    hides: tuple[str, ...] = ()
    ignores: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    allowed: tuple[Allowed, ...] = ()


def record(wish: Wish, open_web: Callable[[], Web]) -> dict[str, str]:
    """Run the connector and return the cassettes by the names of their files."""
    with tempfile.TemporaryDirectory() as folder:
        taking = _Taking(wish=wish, open_web=open_web, folder=Path(folder))
        try:
            taking.run()
        except ConnectorFailure as failure:
            raise CassetteRefused(f"the source or its settings: {failure.code}") from None
        texts = taking.hidden()
        for name, text in texts.items():
            _demand_replays(wish, name, text, taking.raw[name], Path(folder))
    return texts


@dataclass(slots=True, kw_only=True)
class _Taking:
    """A recording in the making, all in memory: ``raw`` still tells everything."""

    wish: Wish
    open_web: Callable[[], Web]
    folder: Path
    raw: dict[str, Cassette] = field(default_factory=dict)
    streams: dict[str, StreamInfo] = field(default_factory=dict)
    people: dict[str, list[object]] = field(default_factory=dict)
    columns: dict[str, set[str]] = field(default_factory=dict)

    def run(self) -> None:
        """Check, discover and read each stream, every one with a way out of its own."""
        connector = self.wish.connector
        with self._deed("check") as (context, told):
            report = connector.check(context)
            demand_ok(report)
            told.update(told_by_check(report))
        with self._deed("discover") as (context, told):
            found = connector.discover(context).streams
            told["streams"] = len(found)
        self.streams = {info.name: info for info in (*connector.info.streams, *found)}
        for stream in chosen(self.wish.streams, connector.info.streams, found):
            self._read(stream)
        if not any(cassette.exchanges for cassette in self.raw.values()):
            raise CassetteRefused("the connector asks nothing over the web: nothing to record")

    def _read(self, stream: str) -> None:
        with self._deed(f"read.{stream}", (stream,)) as (context, told):
            messages = list(taken(self.wish.connector, context, (stream,), self.wish.records))
            told.update(told_by_kind(messages))
            self._learn(stream, messages)

    def _deed(self, name: str, streams: tuple[str, ...] = ()) -> _Deed:
        return _Deed(taking=self, name=name, streams=streams)

    def _learn(self, stream: str, messages: list[Message]) -> None:
        """Remember what the personal columns of the stream say."""
        own = set(self.streams[stream].personal_fields)
        columns = {*self.streams[stream].columns}
        found: list[object] = []
        for message in messages:
            row: Mapping[str, Any] = {}
            if isinstance(message, Record):
                row = message.content
            elif isinstance(message, Rejected):
                row = message.payload
            columns |= set(row)
            found += [row[name] for name in own if name in row]
        self.people[stream] = found
        self.columns[stream] = columns

    # -- hiding ----------------------------------------------------------------------------------

    def hidden(self) -> dict[str, str]:
        """Hide, scan, and write down."""
        wish = self.wish
        documents = {name: document_of(each) for name, each in self.raw.items()}
        texts = [written(each) for each in documents.values()]
        hider = Hider(taken=lambda stand_in: any(stand_in in text for text in texts))
        for name, value in wish.secrets:
            hider.secret(name, value)
        for document in documents.values():
            self._learn_secrets(hider, document)
        hider.rename()
        self._learn_places(hider)
        for stream in self.people:
            for cell in self.people[stream]:
                _learn_person(hider, cell)
        for document in documents.values():
            _learn_found(hider, document)
        found = {}
        secrets = tuple(value for value in hider.secrets if len(value) >= LEAST_SECRET)
        people = [text for text in hider.people if _TELLING_PERSON.fullmatch(text)]
        for name, document in documents.items():
            clean = self._clean(hider, document)
            demand_clean(name, clean, secrets, wish.allowed)
            if tells(written(clean), people):
                raise CassetteRefused(f"{name} is refused: a personal value is left in it")
            found[name] = written(clean) + "\n"
        return found

    def _hides(self, name: str, value: object) -> bool:
        if name in self.wish.hides:
            return True
        return is_telling(name) and not is_plain(name, str(value), self.wish.allowed)

    def _learn_secrets(self, hider: Hider, document: Mapping[str, Any]) -> None:
        """Take for secret what stands under a name of secrets, in settings, requests, answers."""
        parts = [document["config"]]
        for each in document["exchanges"]:
            parts += [each["asked"], each["answered"]]
        for name, value in (pair for part in parts for pair in fields_in(part)):
            found = isinstance(value, str | int) and not is_hidden(value)
            if found and self._hides(name, value) and not self._is_composed(value):
                hider.secret(name, value)

    def _is_composed(self, value: object) -> bool:
        """Say whether a secret of the settings is a part of it: then that part is replaced."""
        return any(
            secret != str(value) and len(secret) >= LEAST_SECRET and secret in str(value)
            for _, secret in self.wish.secrets
        )

    def _learn_places(self, hider: Hider) -> None:
        for host in self.wish.connector.info.allowed_hosts:
            if host.startswith("{"):
                said: Any = self.wish.config
                for step in host[1:-1].split("."):
                    said = said.get(step) if isinstance(said, Mapping) else None
                text = str(said or "")
                parts = urlsplit(text if "://" in text else f"//{text}")
                for named in (parts.netloc, parts.hostname or ""):
                    if named:
                        hider.place(host[1:-1], named)

    def _clean(self, hider: Hider, document: Mapping[str, Any]) -> dict[str, Any]:
        streams = [self.streams[name] for name in document["streams"]]
        own = {name.casefold() for info in streams for name in info.personal_fields}
        columns = {name for info in streams for name in self.columns.get(info.name, ())}

        def field_of(name: str, value: Any) -> Any:
            if isinstance(value, str | int) and self._hides(name, value):
                return _hide_all(hider, name, value)
            if isinstance(value, list) and self._hides(name, ""):
                return _hide_all(hider, name, value)
            return ...

        def person_of(name: str, value: Any) -> Any:
            said = field_of(name, value)
            if said is ... and name.casefold() in own:
                return hider.person_leaf(value)
            return said

        def part(value: Any) -> Any:
            return rewritten(value, hider.leaf, field_of)

        def answered(value: Any) -> Any:
            """Take an object for a row where it has two columns of the stream."""
            if isinstance(value, Mapping):
                of = person_of if len(columns & set(value)) > 1 else field_of
                return {
                    str(hider.leaf(name)): answered(each)
                    if (said := of(name, each)) is ...
                    else said
                    for name, each in value.items()
                }
            if isinstance(value, list):
                return [answered(each) for each in value]
            return hider.leaf(value)

        # Twice: what the fields of people bring is then replaced wherever else it stands.
        for each in document["exchanges"]:
            answered(each["answered"])
        exchanges = [
            {"asked": part(each["asked"]), "answered": answered(each["answered"])}
            for each in document["exchanges"]
        ]
        return {**document, "config": part(document["config"]), "exchanges": exchanges}


@dataclass(slots=True, kw_only=True)
class _Deed:
    """One deed: what it asks becomes a cassette when it has ended well."""

    taking: _Taking
    name: str
    streams: tuple[str, ...]
    web: RecordingWeb | None = None
    told: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> tuple[Context, dict[str, int]]:
        wish = self.taking.wish
        self.web = RecordingWeb(inner=self.taking.open_web(), kept=wish.keeps)
        context = Context(config=wish.config, folder=self.taking.folder, now=wish.now, web=self.web)
        return context, self.told

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None or self.web is None:
            return
        wish = self.taking.wish
        ignored = (*IGNORED, *wish.ignores)
        exchanges = (
            replace(each, asked=masked(each.asked, ignored)) for each in self.web.exchanges
        )
        self.taking.raw[f"{self.name}.json"] = Cassette(
            connector=wish.connector.info.id,
            recorded=wish.now,
            deed=self.name.partition(".")[0],
            streams=self.streams,
            records=wish.records if self.streams else 0,
            config=wish.config,
            told=self.told,
            kept=wish.keeps,
            ignored=ignored,
            exchanges=tuple(exchanges),
        )


def _hide_all(hider: Hider, name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_hide_all(hider, name, each) for each in value]
    if isinstance(value, Mapping):
        return {own: _hide_all(hider, own, each) for own, each in value.items()}
    inside = hider.text(value) if isinstance(value, str) else value
    return inside if is_hidden(inside) else hider.secret(name, value)


def _learn_person(hider: Hider, cell: object) -> None:
    """Take the value of a personal column; one that is JSON itself is taken part by part."""
    if cell is None or isinstance(cell, bool) or cell == "":
        return
    if isinstance(cell, str) and cell[:1] in ("{", "["):
        try:
            inner = exact_json(cell)
        except ValueError:
            inner = None
        if inner is not None:
            hider.person_leaf(inner)
            return
    hider.person(cell)


def _learn_found(hider: Hider, value: Any) -> None:
    """Take for people what names one wherever it stands: no stream declares all of a source."""
    if isinstance(value, Mapping):
        for each in value.values():
            _learn_found(hider, each)
    elif isinstance(value, list | tuple):
        for each in value:
            _learn_found(hider, each)
    elif isinstance(value, str):
        for pattern in PERSONAL.values():
            for found in pattern.findall(value):
                hider.person(found)


def _demand_replays(wish: Wish, name: str, text: str, raw: Cassette, folder: Path) -> None:
    """Run the connector on the cassette alone: it has to say as much as it said to the source."""
    replayed = Replayed(cassette=cassette_of(exact_json(text)), name=name, folder=folder)
    again = f"{name} is refused: it does not replay"
    try:
        told = replayed.run(wish.connector)
        if told == raw.told:
            replayed.demand_all_asked()
    except ConnectorFailure as failure:
        raise CassetteRefused(f"{again}: the connector says {failure.code}") from None
    except CassetteRefused as refused:
        raise CassetteRefused(
            f"{again}: {refused}\nA value that is another one each time is named with --ignore, "
            "a header that the connector reads with --keep-header."
        ) from None
    if told != raw.told:
        raise CassetteRefused(f"{again}: it said {dict(raw.told)}, and now {told}")


def write_all(texts: Mapping[str, str], folder: Path) -> Iterator[Path]:
    """Write the cassettes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        path = folder / name
        path.write_text(text, "utf-8")
        yield path
