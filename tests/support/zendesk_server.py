"""A Zendesk as it behaves towards callers: lists without order, exports, users who are gone."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.support.loopback import Asked, Told
from tests.support.source_web import NOW

CLIENT_SECRET = "zendesk-client-secret-4d1a"
TOKEN = "zendesk-key-of-old-77aa"
STAYING = "zendesk-staying-token-90b1"
NARROW = "zendesk-narrow-token-33e7"  # of an agent who is no administrator
EMAIL = "hr@acme.example"
_API = "/api/v2/"
_SECONDS_NONE = 10**12


@dataclass
class ZendeskServer:
    """Tables by number or id: ``ratings``, ``surveys``, ``tickets``, ``users``, ``deleted_users``.

    ``by_change``: the ratings are asked by their change, and not by when they were made;
    ``exclusive``: the end of a question is not part of it. Nobody says which it is. ``trouble`` are
    answers that come before anything else; ``forbidden`` and ``missing`` are paths; ``ends_at`` is
    the number of the call at which the token ends; ``most`` is how many tickets a page of an export
    has at most; ``large`` refuses pages of more tickets by being too large; ``repeats`` makes each
    page of an export begin with the last ticket before it.
    """

    ratings: dict[int, dict[str, Any]] = field(default_factory=dict)
    surveys: dict[str, dict[str, Any]] = field(default_factory=dict)
    tickets: dict[int, dict[str, Any]] = field(default_factory=dict)
    users: dict[int, dict[str, Any]] = field(default_factory=dict)
    deleted_users: dict[int, dict[str, Any]] = field(default_factory=dict)
    by_change: bool = False
    exclusive: bool = False
    trouble: list[Told] = field(default_factory=list)
    after: Callable[[str], None] = lambda _path: None
    forbidden: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    spoilt: set[int] = field(default_factory=set)
    ends_at: int = -1
    tokens: int = 0
    asked_for_tokens: int = 0
    page: int = 100
    most: int = 1_000
    large: int = 10_000
    repeats: bool = False
    calls: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    # ---------------------------------------------------------------------- what happens there

    def rate(self, number: int, agent: int | None, score: str, at: datetime, **more: Any) -> None:
        """Offer, give or change a rating."""
        row = self.ratings.setdefault(number, {"id": number, "created_at": written(at)})
        row |= {"assignee_id": agent, "group_id": 44, "requester_id": 7_881, "score": score}
        row |= {"ticket_id": number + 1_000, "updated_at": written(at), "reason": None, **more}

    def ask(self, number: int, ticket: int, at: datetime) -> None:
        """Offer a survey."""
        told = {"id": survey_id(number), "responder_id": 7_881, "_at": millis(at), "answers": []}
        subjects = [{"id": str(ticket), "type": "ticket", "zrn": f"zen:ticket:{ticket}"}]
        told |= {"subjects": subjects, "subject_zrns": [f"zen:ticket:{ticket}"]}
        told |= {"survey": {"id": "S1", "version": 3, "state": "enabled"}}
        self.surveys[survey_id(number)] = {**told, "expires_at": "2026-12-31T00:00:00Z"}

    def reply(self, number: int, rating: int, at: datetime, comment: str = "") -> None:
        """Answer a survey, or change the answer."""
        row = self.surveys[survey_id(number)]
        known = {each["type"]: each["created_at"] for each in row["answers"]}
        answers: list[dict[str, Any]] = [{"type": "rating_scale", "rating": rating}]
        answers[0]["question"] = {"id": "Q1", "type": "rating_scale_numeric"}
        answers[0]["rating_category"] = "good" if rating > 3 else "bad"
        answers.append({"type": "closed_ended", "selections": [{"option_id": "O1"}]})
        answers.append({"type": "open_ended", "value": comment} if comment else {"type": "skipped"})
        for each in answers:
            each["updated_at"] = written(at)
            each["created_at"] = known.get(each["type"], written(at))
        row["answers"] = answers

    def ticket(
        self, number: int, agent: int | None, status: str, at: datetime, **more: Any
    ) -> None:
        """Open, solve or delete a ticket."""
        row = self.tickets.setdefault(number, {"id": number, "created_at": written(at)})
        row |= {"assignee_id": agent, "status": status, "subject": f"Printer {number}"}
        row |= {"description": "on fire", "tags": ["vip"], "updated_at": written(at)}
        row |= {"via": {"channel": "email", "source": {"from": {"address": "wu@client.cn"}}}}
        metrics = row.setdefault("metric_set", {"solved_at": None, "reopens": 0, "replies": 2})
        if status == "solved":
            metrics["solved_at"] = written(at)
            metrics["reply_time_in_minutes"] = {"calendar": 42, "business": 30}
            metrics["full_resolution_time_in_minutes"] = {"calendar": 600, "business": 120}
        row |= {"generated_timestamp": int(at.timestamp()), **more}

    def hire(self, number: int, email: str, role: str = "agent", **more: Any) -> None:
        """Make a user."""
        own = {"id": number, "name": f"Agent {number}", "email": email, "role": role}
        own |= {"external_id": f"A{number}", "active": True, "suspended": False, "phone": None}
        self.users[number] = {**own, "updated_at": "2026-01-05T00:00:00Z", **more}

    def dismiss(self, number: int, *, for_ever: bool = False) -> None:
        """Delete a user: he is in no list any more but that of the deleted, or in none at all."""
        row = self.users.pop(number)
        if not for_ever:
            self.deleted_users[number] = {**row, "active": False}

    # ------------------------------------------------------------------------ what it answers

    def answer(self, asked: Asked) -> Told:
        """Answer one request."""
        if asked.path == "/oauth/tokens":
            return self._token(json.loads(asked.body))
        if self.ends_at == len(self.calls):
            self.ends_at, self.tokens = -1, self.tokens + 1
        pair = base64.b64encode(f"{EMAIL}/token:{TOKEN}".encode()).decode()
        good = {
            f"Bearer zd-token-{self.tokens}",
            f"Bearer {STAYING}",
            f"Bearer {NARROW}",
            f"Basic {pair}",
        }
        if asked.headers.get("authorization") not in good:
            return no(401, "invalid_token")
        path = asked.path.removeprefix(_API)
        self.calls.append((path, asked.query))
        if self.trouble:
            return self.trouble.pop(0)
        if path in self.forbidden or NARROW in asked.headers["authorization"]:
            return no(403, "Forbidden")
        if path in self.missing:
            return no(404, "InvalidEndpoint")
        told = self._told(path, asked.query)
        self.after(path)
        return told

    def _token(self, told: Mapping[str, str]) -> Told:
        self.asked_for_tokens += 1
        wanted = {
            "grant_type": "client_credentials",
            "client_id": "attain",
            "client_secret": CLIENT_SECRET,
            "scope": "read",
        }
        if told != wanted:
            return no(401, "invalid_client")
        value = {"access_token": f"zd-token-{self.tokens}", "token_type": "bearer"}
        return Told(body={**value, "scope": "read", "expires_in": 1_800})

    def _told(self, path: str, query: Mapping[str, str]) -> Told:
        if path == "satisfaction_ratings":
            return self._ratings(query)
        if path == "guide/survey_responses":
            return self._surveys(query)
        if path == "incremental/tickets/cursor.json":
            return self._export(query)
        if path == "users":
            rows = [row for _, row in sorted(self.users.items()) if row["role"] == query["role"]]
            return self._page("users", rows, query)
        head, _, rest = path.partition("/")
        if rest == "show_many.json":
            table = {"users": self.users, "tickets": self.tickets}[head]
            numbers = [int(each) for each in query["ids"].split(",")]
            assert len(numbers) <= 100
            found = [table[number] for number in numbers if number in table]
            return Told(body={head: [row for row in found if row.get("status") != "deleted"]})
        assert head == "deleted_users", path
        row = self.deleted_users.get(int(rest.removesuffix(".json")))
        return no(404, "RecordNotFound") if row is None else Told(body={"deleted_user": row})

    def _ratings(self, query: Mapping[str, str]) -> Told:
        since, until = (int(query.get(name, otherwise)) for name, otherwise in _BOUNDS)
        stamp = "updated_at" if self.by_change else "created_at"
        rows = []
        # By no order that means anything.
        for number, row in sorted(self.ratings.items(), key=lambda each: (each[0] % 3, each[0])):
            at = row.get(stamp)
            seconds = since if at is None else _seconds(at)
            if since <= seconds <= until - int(self.exclusive):
                rows.append(without(row, "id") if number in self.spoilt else row)
        return self._page("satisfaction_ratings", rows, query)

    def _surveys(self, query: Mapping[str, str]) -> Told:
        since = int(query.get("filter[created_at_start]", 0))
        until = int(query.get("filter[created_at_end]", _SECONDS_NONE * 1_000))
        rows = [
            without(row, "_at")
            for _, row in sorted(self.surveys.items())
            if since <= row["_at"] <= until
        ]
        return self._page("survey_responses", rows, query)

    def _page(self, name: str, rows: list[dict[str, Any]], query: Mapping[str, str]) -> Told:
        """Turn a page; the address of the next one leads astray, the mark does not."""
        size = min(int(query["page[size]"]), self.page)
        after = query.get("page[after]", "")
        keys = [str(row.get("id", f"spoilt-{place}")) for place, row in enumerate(rows)]
        begin = keys.index(after) + 1 if after in keys else 0
        shown = keys[begin : begin + size]
        more = begin + size < len(rows)
        meta = {"has_more": more, "after_cursor": shown[-1] if shown else None}
        links = {"next": "https://astray.example/api/v2/next" if more else None}
        return Told(body={name: rows[begin : begin + size], "meta": meta, "links": links})

    def _export(self, query: Mapping[str, str]) -> Told:
        size = min(int(query["per_page"]), self.most)
        assert query["include"] == "metric_sets"
        if size > self.large:
            return Told(body=b"{" + b" " * (33 * 1024 * 1024) + b"}")
        after = query.get("cursor", "")
        if not after and int(query["start_time"]) > NOW.timestamp() - 60:
            return no(422, "StartTimeTooRecent")
        bound = cursor_at(after) if after else (int(query["start_time"]), -1)
        rows = sorted(self.tickets.values(), key=_place)
        begin = next((at for at, row in enumerate(rows) if _place(row) > bound), len(rows))
        if self.repeats and after and begin:
            begin -= 1
        shown = rows[begin : begin + size]
        mark = cursor_of(*_place(shown[-1])) if shown else after or None
        said = {"tickets": shown, "after_cursor": mark, "end_of_stream": begin + size >= len(rows)}
        return Told(body={**said, "after_url": "https://astray.example/next"})


_BOUNDS = (("start_time", 0), ("end_time", _SECONDS_NONE))


@functools.cache
def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def _place(row: Mapping[str, Any]) -> tuple[int, int]:
    return row.get("generated_timestamp") or 2_000_000_000, row["id"]


def cursor_of(seconds: int, number: int) -> str:
    """Write the mark of an export."""
    return base64.b64encode(f"{seconds}.0||{number}|".encode()).decode()


def cursor_at(mark: str) -> tuple[int, int]:
    """Read the mark of an export."""
    seconds, _, number, _ = base64.b64decode(mark).decode().split("|")
    return int(float(seconds)), int(number)


def survey_id(number: int) -> str:
    """Write an id that sorts by its number."""
    return f"01J{number:023d}"


def without(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a row without a column."""
    return {key: value for key, value in row.items() if key != name}


def written(at: datetime) -> str:
    """Write an instant as Zendesk does."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def millis(at: datetime) -> int:
    """Write an instant in milliseconds."""
    return round(at.timestamp() * 1_000)


def no(status: int, word: str) -> Told:
    """Refuse, as Zendesk does."""
    return Told(status=status, body={"error": word, "description": f"refused {TOKEN}"})


def settings(address: str, **others: Any) -> dict[str, Any]:
    """Write the settings of a connection to the server."""
    return {
        "address": address,
        "client_id": "attain",
        "client_secret": CLIENT_SECRET,
        "zone": "Asia/Shanghai",
        "begin": "2026-08-31",
        "streams": ["ratings", "surveys", "tickets", "agents"],
        **others,
    }
