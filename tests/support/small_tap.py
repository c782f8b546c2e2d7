"""A small Singer tap that keeps the protocol faithfully, or breaks it as its settings say.

A program of its own, standard library only: it is run by the process host, never imported. Its
source is a JSON file: streams, each with ``key``, ``bookmark`` and ``rows``. A text ``"#1.10"`` in
a row is written as the number 1.10, digit by digit.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # it starts hundreds of times: it imports what it must
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Document: TypeAlias = dict[str, Any]


def say(**message: object) -> None:
    text = json.dumps(message, ensure_ascii=False)
    print(re.sub(r'"#(-?[0-9][0-9.]*)"', r"\1", text))


def announce(stream: str, key: str = "id", *columns: str) -> None:
    schema: Document = {"properties": {column: {} for column in columns}}
    say(type="SCHEMA", stream=stream, schema=schema, key_properties=[key])


def mischief_of(config: Document) -> str:
    """Say how to behave: as somebody wrote beside the file, or else as the settings say."""
    beside = os.path.join(os.path.dirname(config.get("data", "")), "mischief")  # noqa: PTH118, PTH120
    if not os.path.exists(beside):  # noqa: PTH110
        return str(config.get("mischief", ""))
    with open(beside, encoding="utf-8") as file:  # noqa: PTH123
        return file.read()


def raw(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def tear_off() -> None:
    raw('{"type": "RECORD", "stream": "orders", "rec')
    os.kill(os.getpid(), signal.SIGKILL)


def catalog(source: Document) -> Document:
    streams = []
    for name, stream in source.items():
        columns = sorted({column for row in stream["rows"] for column in row})
        about: Document = {"inclusion": "available", "table-key-properties": stream["key"]}
        if stream.get("bookmark"):
            about["valid-replication-keys"] = [stream["bookmark"]]
        schema = {"type": "object", "properties": {column: {} for column in columns}}
        entry = {"tap_stream_id": name, "stream": name, "schema": schema}
        streams.append({**entry, "metadata": [{"breadcrumb": [], "metadata": about}]})
    return {"streams": streams}


def read(entry: Document, stream: Document, state: Document, mischief: str) -> None:
    name, mark = entry["stream"], stream.get("bookmark")
    since = state.get("bookmarks", {}).get(name, "")
    say(type="SCHEMA", stream=name, schema=entry["schema"], key_properties=stream["key"])
    rows = [r for r in stream["rows"] if not mark or not r.get(mark) or r[mark] >= since]
    rows.sort(key=lambda row: str(row.get(mark) or "") if mark else "")
    for number, row in enumerate(rows, 1):
        if mischief == "crash" and number > len(rows) // 2:
            tear_off()
        say(type="RECORD", stream=name, record=row)
        if mark:
            since = max(since, row.get(mark) or "")
        if number % 500 == 0:
            say(type="STATE", value={"bookmarks": {name: since}})
    say(type="STATE", value={"bookmarks": {name: since} if mark else {}})
    if mischief == "exit":
        sys.exit("HTTP 500 Internal Server Error for url")


# ------------------------------------------------------------- everything that can be done wrong


def hang(_config: Document) -> None:
    time.sleep(600)


def deaf(_config: Document) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)


def child(_config: Document) -> None:
    import subprocess

    program = "import os, time; os.setsid(); time.sleep(600)"
    started = subprocess.Popen([sys.executable, "-I", "-S", "-c", program])
    print("child", started.pid)


def flood(_config: Document) -> None:
    while True:
        raw("lots and lots of words\n" * 1000)


def flood_errors(_config: Document) -> None:
    while True:
        sys.stderr.write("lots and lots of words\n" * 1000)


def endless_line(_config: Document) -> None:
    while True:
        raw("x" * 100_000)


def greedy(_config: Document) -> None:
    held = []
    while True:
        held.append("x" * 10_000_000)


def secrets(config: Document) -> None:
    key = config["api_key"]
    print("my key is", key)
    print(key, file=sys.stderr)
    announce("orders")
    say(type="RECORD", stream="orders", record={"id": "B1", "note": f"Bearer {key}"})
    raw(f'{{"type": "RECORD", "stream": "orders", "record": {key}\n')
    sys.exit(f"cannot log in with {key}")


def secret_state(config: Document) -> None:
    say(type="STATE", value={"token": config["api_key"]})


def environment(config: Document) -> None:
    seen: dict[str, str] = dict(os.environ)
    for process in (os.getppid(), config["host"]):
        try:
            with open(f"/proc/{process}/environ", encoding="utf-8") as file:  # noqa: PTH123
                seen[str(process)] = file.read()
        except OSError as fault:
            seen[str(process)] = type(fault).__name__
    sys.exit(json.dumps(seen))


def outside(config: Document) -> None:
    for place in config["places"]:
        try:
            with open(place, "a", encoding="utf-8") as file:  # noqa: PTH123
                file.write("was here")
            print(place, "written", file=sys.stderr)
        except OSError as fault:
            print(place, type(fault).__name__, file=sys.stderr)
    sys.exit(3)


def unknown_stream(_config: Document) -> None:
    announce("salaries")
    say(type="RECORD", stream="salaries", record={"id": 1})


def no_schema(_config: Document) -> None:
    say(type="RECORD", stream="orders", record={"id": 1})


def batch(_config: Document) -> None:
    announce("orders")
    say(type="BATCH", stream="orders", encoding={"format": "jsonl"}, manifest=["file:///x"])


def key_changes(_config: Document) -> None:
    announce("orders")
    say(type="RECORD", stream="orders", record={"id": "B1"})
    announce("orders", "number")


def columns_change(_config: Document) -> None:
    announce("orders", "id", "id", "former")


def far_state(_config: Document) -> None:
    announce("orders")
    say(type="STATE", value={"bookmarks": {"orders": "2999"}})
    sys.exit(0)


def nothing(_config: Document) -> None:
    sys.exit(0)


def torn(_config: Document) -> None:
    announce("orders")
    say(type="RECORD", stream="orders", record={"id": "B6"})
    raw('{"type": "RECORD", "stream": "orders", "record": {"id": "B7", "am')
    sys.exit(0)


def prints(_config: Document) -> None:
    print("Loading 42 things ...")
    print('{"level": "info", "message": "a log beside the messages"}')
    say(type="ACTIVATE_VERSION", stream="orders", version=1)
    say(type="LOG", message="a kind that nobody knows")


MISCHIEF: dict[str, Callable[[Document], None]] = {
    each.__name__: each
    for each in (
        *(hang, deaf, child, flood, flood_errors, endless_line, greedy, secrets, secret_state),
        *(environment, outside, unknown_stream, no_schema, batch, key_changes, columns_change),
        *(far_state, nothing, torn, prints),
    )
}


def from_file(path: str | None) -> Any:
    if path is None:
        return {}
    with open(path, encoding="utf-8") as file:  # noqa: PTH123
        return json.load(file)


def main() -> None:
    words = iter(sys.argv[1:])
    asked = {word: "" if word == "--discover" else next(words) for word in words}
    config = from_file(asked["--config"])
    if config.get("api_key") == "wrong-key-000":
        sys.exit("HTTP 401 Unauthorized for url")
    if config.get("api_key") == "narrow-key-000":
        sys.exit("HTTP 403 Forbidden for url")
    source = from_file(config["data"])
    if "--discover" in asked:
        print("a word before the catalogue")
        print(json.dumps(catalog(source), indent=2))
        return
    mischief = mischief_of(config)
    if mischief in MISCHIEF:
        MISCHIEF[mischief](config)
    for entry in from_file(asked["--catalog"])["streams"]:
        if entry["metadata"][0]["metadata"]["selected"]:
            name = entry["tap_stream_id"]
            read(entry, source[name], from_file(asked.get("--state")), mischief)


if __name__ == "__main__":
    main()
