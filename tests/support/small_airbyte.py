"""A small Airbyte source that keeps the protocol faithfully, or breaks it as its settings say.

A program of its own, standard library only: it is run by the process host, never imported. It reads
the same file as the small tap, which lies beside it and lends it the misdeeds of every program.
"""

from __future__ import annotations

import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tests.support import small_tap
else:
    sys.path.insert(0, os.path.dirname(__file__))  # noqa: PTH120
    import small_tap

say, raw = small_tap.say, small_tap.raw
_DENIED = {
    "wrong-key-000": "HTTP Status Code: 401. Error: Unauthorized. Please authenticate.",
    "narrow-key-000": "HTTP Status Code: 403. Error: Forbidden. You have no permission.",
}


def log(message: str, level: str = "INFO") -> None:
    say(type="LOG", log={"level": level, "message": message})


def record(data: object, stream: str = "orders", **more: object) -> None:
    say(type="RECORD", record={"stream": stream, "data": data, "emitted_at": 1_790_000_000, **more})


def status(word: str, stream: str = "orders", **more: object) -> None:
    told = {"stream_descriptor": {"name": stream}, "status": word, **more}
    say(type="TRACE", trace={"type": "STREAM_STATUS", "emitted_at": 1.5, "stream_status": told})


def fault(kind: str | None, message: str) -> None:
    error = {"message": message, "internal_message": "Response (body): 13800138000"}
    if kind:
        error["failure_type"] = kind
    say(type="TRACE", trace={"type": "ERROR", "emitted_at": 1.5, "error": error})


def state(since: str, count: int, kind: str = "STREAM", stream: str = "orders") -> None:
    own = {"stream_descriptor": {"name": stream}, "stream_state": {"since": since}}
    stats = {"sourceStats": {"recordCount": f"#{count}.0"}}
    if kind == "GLOBAL":
        told: dict[str, Any] = {"global": {"shared_state": {}, "stream_states": [own]}}
    else:
        told = {"stream": own} if kind == "STREAM" else {"data": {stream: {"since": since}}}
    say(type="STATE", state={**({"type": kind} if kind != "LEGACY" else {}), **told, **stats})


def since_of(name: str, path: str | None) -> str:
    found = small_tap.from_file(path)
    if isinstance(found, dict):
        kept = found.get(name, {})
    elif "global" in found[0]:
        kept = found[0]["global"]["stream_states"][0]["stream_state"]
    else:
        kept = found[0]["stream"]["stream_state"]
    return str(kept.get("since", ""))


def catalog(source: dict[str, Any]) -> None:
    streams = []
    for name, stream in source.items():
        mark = stream.get("bookmark")
        columns = sorted({column for row in stream["rows"] for column in row})
        entry: dict[str, Any] = {
            "name": name,
            "json_schema": {"properties": {each: {} for each in columns}},
        }
        modes = ["full_refresh", *(["incremental"] if mark else [])]
        keys = [key if isinstance(key, list) else [key] for key in stream["key"]]
        entry |= {"supported_sync_modes": modes, "source_defined_primary_key": keys}
        if mark and not stream.get("leaves_cursor"):
            entry |= {"source_defined_cursor": True, "default_cursor_field": [mark]}
        streams.append({**entry, **stream.get("more", {})})
    say(type="CATALOG", catalog={"streams": streams})


def read(asked: dict[str, Any], stream: dict[str, Any], path: str | None, mischief: str) -> None:
    name, kind = asked["stream"]["name"], stream.get("state", "STREAM")
    goes_on = asked["sync_mode"] == "incremental"
    if path and not goes_on:
        fault("system_error", "a state for a read that is whole")
    mark = asked["cursor_field"][0] if goes_on else None
    since = since_of(name, path) if path else ""
    rows = [r for r in stream["rows"] if not mark or not r.get(mark) or r[mark] >= since]
    rows.sort(key=lambda row: str(row.get(mark) or "") if mark else "")
    status("RUNNING", name)
    count = 0
    for number, row in enumerate(rows, 1):
        if mischief == "crash" and number > len(rows) // 2:
            small_tap.tear_off()
        record(row, name)
        count += 1
        since = max(since, row.get(mark) or "") if mark else ""
        if number % stream.get("step", 500) == 0 and mark:
            state(since, count, kind, name)
            count = 0
    if mischief == "exit":
        log("HTTP 500 Internal Server Error", "ERROR")
        sys.exit(1)
    state(since, count + (mischief == "miscounts"), kind, name)
    if mischief in {"incomplete", "waits"}:
        reasons = [{"type": "RATE_LIMITED"}] if mischief == "waits" else None
        status("INCOMPLETE", name, reasons=reasons)
    elif mischief != "leaves":
        status("COMPLETE", name)


# ------------------------------------------------------------- everything that can be done wrong


def access_ends(_config: dict[str, Any]) -> None:
    record({"id": "B1"})
    fault("config_error", _DENIED["wrong-key-000"])
    fault("system_error", "During the sync, the following streams did not sync: orders")
    sys.exit(1)


def rights_end(_config: dict[str, Any]) -> None:
    fault("config_error", _DENIED["narrow-key-000"])
    sys.exit(1)


def settings_wrong(_config: dict[str, Any]) -> None:
    fault("config_error", "The start date lies in the future")  # and it ends well


def source_down(_config: dict[str, Any]) -> None:
    fault("transient_error", "HTTP Status Code: 503. Error: Service unavailable")
    sys.exit(1)


def breaks(_config: dict[str, Any]) -> None:
    trace = (
        "Reading orders\nTraceback (most recent call last):\n  File x\n    amount[13800138000]\n"
    )
    log(trace + "KeyError: id. Response (body): '13800138000'", "ERROR")
    log("None", "FATAL")
    fault(None, "Something went wrong in the connector")
    sys.exit(1)


def flood_logs(_config: dict[str, Any]) -> None:
    line = json.dumps({"type": "LOG", "log": {"level": "INFO", "message": "x"}}) + "\n"
    while True:
        raw(line * 1000)


def secrets(config: dict[str, Any]) -> None:
    key = config["api_key"]
    print("my key is", key)
    log(f"signing in with {key}", "ERROR")
    record({"id": "B1", "note": f"Bearer {key}"})
    raw(f'{{"type": "RECORD", "record": {key}\n')
    say(type="CONTROL", control={"type": "CONNECTOR_CONFIG", "connectorConfig": {"config": config}})
    fault("config_error", f"cannot log in with {key}")
    sys.exit(f"cannot log in with {key}")


def tells_pin(config: dict[str, Any]) -> None:
    from urllib.parse import quote

    pin = config["login"]["pin"]
    record({"id": "B1", "note": pin})
    fault("config_error", f"sent {pin}, as {quote(pin)}")
    sys.exit(1)


def secret_state(config: dict[str, Any]) -> None:
    state(config["api_key"], 0)


def unknown_stream(_config: dict[str, Any]) -> None:
    record({"id": 1}, "salaries")


def unknown_state(_config: dict[str, Any]) -> None:
    state("2999", 0, stream="salaries")


def unknown_status(_config: dict[str, Any]) -> None:
    status("COMPLETE", "salaries")


def other_space(_config: dict[str, Any]) -> None:
    record({"id": 1}, namespace="payroll")


def nothing(_config: dict[str, Any]) -> None:
    status("COMPLETE")
    sys.exit(0)


def far_state(_config: dict[str, Any]) -> None:
    state("2999", 0)
    status("COMPLETE")
    sys.exit(0)


def wrong_types(_config: dict[str, Any]) -> None:
    for told in (
        {"type": "RECORD", "record": {"stream": "orders", "data": "a text"}},
        {"type": "RECORD", "record": {"stream": 7, "data": {"id": "B1"}}},
        {"type": "RECORD", "record": ["orders"]},
        {"type": "RECORD"},
        {"type": "STATE", "state": "2026"},
        {"type": "STATE", "state": {"type": "STREAM"}},
        {"type": "STATE", "state": {"type": "STREAM", "stream": {"stream_descriptor": None}}},
        {"type": "TRACE", "trace": {"type": 5}},
        {"type": ["RECORD"]},
    ):
        print(json.dumps(told))


def nulls(_config: dict[str, Any]) -> None:
    lost = {"field": "amount", "change": "NULLED", "reason": "SOURCE_FIELD_SIZE_LIMITATION"}
    record({"id": "B1", "amount": None}, meta={"changes": [lost]})
    record({"id": "B2", "amount": 1})
    state("2026", 2)
    nothing(_config)


def torn(_config: dict[str, Any]) -> None:
    raw('{"type": "RECORD", "record": {"stream": "orders", "data": {"id": "B7", "am')
    sys.exit(0)


def looks(_config: dict[str, Any]) -> None:
    places = (".", "config.json", "catalog.json")
    modes = [oct(os.stat(place).st_mode & 0o777) for place in places]  # noqa: PTH116
    sys.exit(json.dumps([os.environ["HOME"], sorted(os.environ), modes, sorted(sys.argv[2:])]))


def talks(_config: dict[str, Any]) -> None:
    print("Loading 42 things ...")
    say(type="SOMETHING_NEW", something={})
    for _ in range(2):
        config = {"refresh_token": "fresh-0123456789"}
        control = {"type": "CONNECTOR_CONFIG", "emitted_at": 1.5}
        say(type="CONTROL", control={**control, "connectorConfig": {"config": config}})
    guess = {"name": "orders", "type": "STREAM", "row_estimate": 8}
    say(type="TRACE", trace={"type": "ESTIMATE", "emitted_at": 1.5, "estimate": guess})
    say(type="TRACE", trace={"type": "ANALYTICS", "emitted_at": 1.5, "analytics": {"type": "x"}})


MISCHIEF: dict[str, Callable[[dict[str, Any]], None]] = {
    "hang": small_tap.hang,
    "flood": small_tap.flood,
    **{
        each.__name__: each
        for each in (
            *(access_ends, rights_end, settings_wrong, source_down, breaks, flood_logs, secrets),
            *(secret_state, unknown_stream, unknown_state, unknown_status, other_space, nothing),
            *(tells_pin, far_state, wrong_types, nulls, talks, torn, looks),
        )
    },
}


def check(config: dict[str, Any]) -> None:
    told = _DENIED.get(config["api_key"], "")
    if not told and not os.path.exists(config["data"]):  # noqa: PTH110
        told = "No such file or directory"
    log("a word before the answer")
    answer = {"status": "FAILED", "message": told} if told else {"status": "SUCCEEDED"}
    say(type="CONNECTION_STATUS", connectionStatus=answer)


def main() -> None:
    verb, *words = sys.argv[1:]
    asked = dict(zip(words[::2], words[1::2], strict=True))
    if verb == "spec":
        secret = {"type": "string", "airbyte_secret": True, "description": "The key"}
        schema = {"required": ["data"], "properties": {"data": {}, "pin": secret}}
        say(type="SPEC", spec={"connectionSpecification": schema})
        return
    config = small_tap.from_file(asked["--config"])
    if verb == "check":
        check(config)
        return
    if config["api_key"] in _DENIED:
        fault("config_error", _DENIED[config["api_key"]])
        sys.exit(1)
    source = small_tap.from_file(config["data"])
    if verb == "discover":
        catalog(source)
        return
    mischief = small_tap.mischief_of(config)
    for each in small_tap.from_file(asked["--catalog"])["streams"]:
        status("STARTED", each["stream"]["name"])
        if mischief in MISCHIEF:
            MISCHIEF[mischief](config)
        read(each, source[each["stream"]["name"]], asked.get("--state"), mischief)


if __name__ == "__main__":
    main()
