"""An identity provider pushes people and groups: rows of a connection, like those that are read.

There is no second model of people: what is pushed becomes a record of the connection's stream
``users``, ``groups`` or ``members``, and the connection's mapping makes people and units of it.
A row that the mapping cannot use is refused to whoever pushes it, and nothing is kept of it.

The provider's token has the right to one source. What follows from a row (people, names, units) is
put down by the product itself, in the token's name: the token reads none of it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from actions.deed import perform
from actions.identifiers import new_id
from actions.pushed_directory import MEMBERS, Desk, Pushed, one_pushed, source_row
from actions.pushed_names import PUSHED_NAMES
from actions.source_zones import Zones
from actions.sync_source import Outcome
from actions.take_records import Stream, take_messages
from connectors.contract import Message, Record, Tombstone
from connectors.form import zone_of
from connectors.scim_intake import checked, taken_in
from connectors.scim_kept import (
    ended,
    group_content,
    is_member,
    is_placed,
    member_content,
    member_key,
    member_part,
    member_prefix,
    rested,
    user_content,
)
from connectors.scim_patch import patched
from connectors.scim_refused import ScimRefused
from connectors.scim_schemas import GROUPS, USERS, Kind
from domain.access import Deed, Resource, System, name_of
from domain.mapping import SourceMapping, StreamMapping
from domain.mapping_document import decode_mapping
from domain.problem import Refused
from storage.engine import Writing
from storage.people import legal_entity
from storage.pushed import pushed_rows, reaches_pushed
from storage.records import StoredRecord
from storage.syncs import (
    StoredCursor,
    add_whole_run,
    cursor_of,
    mapping_row,
    put_cursor,
)

STREAMS = (USERS.stream, GROUPS.stream, MEMBERS)
Fits = Callable[[int], bool]  # whether a version is the one that whoever asks has seen


def create(desk: Desk, kind: Kind, said: Any) -> Pushed:
    """Take in a new user or group."""
    new = taken_in(kind, said)
    if kind is USERS:
        new.setdefault("active", True)
    checked(kind, new)
    key = new_id("push", desk.runtime.clock())
    return _done(desk, f"scim{kind.name}Create", said, lambda taking: taking.put(kind, key, new))


def replace(desk: Desk, kind: Kind, key: str, said: Any, fits: Fits) -> Pushed:
    """Put another state in the place of the one that is known.

    A user of whom it is not said whether he is active stays what he was.
    """
    new = taken_in(kind, said)

    def deed(taking: _Taking) -> Pushed:
        before = taking.found(kind, key, fits)
        if kind is USERS:
            new.setdefault("active", before.resource["active"])
        checked(kind, new)
        return taking.put(kind, key, new, before)

    return _done(desk, f"scim{kind.name}Replace", said, deed)


def change(desk: Desk, kind: Kind, key: str, said: Any, fits: Fits) -> Pushed:
    """Carry out the operations of a PATCH, all or none."""

    def deed(taking: _Taking) -> Pushed:
        before = taking.found(kind, key, fits)
        return taking.put(kind, key, patched(kind, before.resource, said), before)

    return _done(desk, f"scim{kind.name}Change", said, deed)


def remove(desk: Desk, kind: Kind, key: str, fits: Fits) -> Pushed:
    """Take a resource away. Whom it stands for has left from today, and is erased nowhere."""

    def deed(taking: _Taking) -> Pushed:
        before = taking.found(kind, key, fits)
        if kind is USERS and before.resource["active"]:
            taking.put(kind, key, {**before.resource, "active": False}, before)
        taking.end_stays(kind, key)
        gone = Tombstone(stream=kind.stream, key=key, position=_place(kind.endpoint, key), order=1)
        taking.take(kind.stream, [gone])
        return before

    return _done(desk, f"scim{kind.name}Delete", key, deed)


def _done(desk: Desk, operation: str, said: Any, deed: Callable[[_Taking], Pushed]) -> Pushed:
    """Do it in one transaction, with its line in the trail; it is answered after the commit."""
    if not reaches_pushed(desk.viewer, *desk.source, Deed.WRITE):
        raise Refused("forbidden", {"resource": Resource.DIRECTORY.value, "deed": Deed.WRITE.value})
    made: list[Pushed] = []
    actor = System(name=name_of(desk.viewer))

    def work(writing: Writing) -> str:
        taking = _Taking(desk, writing, actor)
        made.append(deed(taking))
        taking.close()
        return made[-1].id

    told = json.dumps(said, sort_keys=True).encode()
    request = {"connection": desk.connection_id, "said": hashlib.sha256(told).hexdigest()}
    perform(desk.runtime, actor, desk.entity_id, operation, request, work)
    return made[-1]


class _Taking:
    """One push, inside its transaction."""

    def __init__(self, desk: Desk, writing: Writing, actor: System) -> None:
        self._desk = desk
        self._writing = writing
        self._actor = actor
        row = source_row(desk, writing.connection, actor, writing.known_at)
        stored = mapping_row(writing.connection, desk.connection_id)
        mapping = None if stored is None else decode_mapping(stored.document)[0]
        if stored is None or mapping is None:
            raise Refused("mapping_missing", {"connection": row.name})
        entity = legal_entity(writing.connection, desk.entity_id)
        if entity is None:
            raise Refused("not_found", {"id": desk.entity_id})
        self._entity = entity
        self._mapping: SourceMapping = mapping
        self._mapping_hash = str(stored.hash)
        self._zones = Zones(entity.zone)
        self._zone: ZoneInfo = zone_of(row.config, otherwise=entity.zone)
        self._run_id = new_id("run", writing.known_at)
        self._counts: Counter[str] = Counter()

    @property
    def _today(self) -> date:
        return self._writing.known_at.astimezone(self._zone).date()

    def found(self, kind: Kind, key: str, fits: Fits) -> Pushed:
        """Return what is there, if it is what whoever asks has seen."""
        before = one_pushed(self._desk, self._writing.connection, self._actor, kind, key)
        if not fits(before.version):
            raise ScimRefused("", "scim_version_passed", {"version": str(before.version)}, 412)
        return before

    def put(
        self, kind: Kind, key: str, new: Mapping[str, Any], before: Pushed | None = None
    ) -> Pushed:
        """Keep a state; the same one again is nothing."""
        if before is not None and _compared(new) == _compared(before.resource):
            return before
        now = self._writing.known_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        created = now if before is None else before.created
        meta = {"resourceType": kind.name, "created": created, "lastModified": now}
        whole = {"id": key, **new, "meta": meta}
        if kind is USERS:
            self._refuse_taken(key, str(new["userName"]))
            known = None if before is None else before.content
            content = user_content(whole, known, self._writing.known_at, self._zone)
        else:
            content = group_content(whole)
        self.take(kind.stream, [self._record(kind.stream, key, content)])
        if kind is GROUPS:
            self._keep_members(key, whole, before)
        elif before is not None and new["active"] != before.resource["active"]:
            self._rest_or_wake(key, is_active=bool(new["active"]))
        return one_pushed(self._desk, self._writing.connection, self._actor, kind, key)

    def _refuse_taken(self, key: str, name: str) -> None:
        writing, source, wanted = self._writing, self._desk.source, {"userName": name}
        found = PUSHED_NAMES.called(
            writing.connection, self._actor, source, USERS.stream, wanted, writing.known_at
        )
        if any(each != key for each in found):
            raise ScimRefused("uniqueness", "scim_user_taken", {"name": name}, 409)

    def _keep_members(self, key: str, group: Mapping[str, Any], before: Pushed | None) -> None:
        """Begin and end the stays by which the lists of members differ; rename all of them."""
        wanted = {str(each.get("value")): each for each in group.get("members", ())}
        known = self._known_users(wanted)
        name, messages, staying = group["displayName"], list[Message](), set[str]()
        rows = self._members(under=member_prefix(key)) if before is not None else {}
        for own, content in rows.items():
            user = str(content["user"])
            staying.add(user)
            now = {**content, "group.name": name}
            messages.append(
                self._record(MEMBERS, own, now if user in wanted else ended(now, self._today))
            )
        for user in sorted(wanted.keys() - staying):
            is_active = (known[user].content or {}).get("is_active") is True
            messages.append(self._stay(key, name, user, is_active=is_active))
        self.take(MEMBERS, messages)

    def _stay(self, group: str, name: Any, user: str, *, is_active: bool) -> Record:
        since = self._today if is_active else None
        own = member_key(group, user, self._today)
        return self._record(MEMBERS, own, member_content(group, name, user, since))

    def _known_users(self, wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, StoredRecord]:
        known = self._rows(USERS.stream, keys=list(wanted)) if wanted else {}
        for user, each in wanted.items():
            if str(each.get("type", USERS.name)).lower() != USERS.name.lower():
                raise ScimRefused("invalidValue", "scim_group_in_group")
            if user not in known:
                raise ScimRefused("invalidValue", "scim_member_unknown", {"member": user[:40]})
        return known

    def _rest_or_wake(self, user: str, *, is_active: bool) -> None:
        """Who is switched off works in no team from today, and stays a member for the provider.

        Nobody tells us to put him back when he is switched on again: his stays begin anew.
        """
        messages = list[Message]()
        for own, content in self._members(within=member_part(user)).items():
            if content.get("user") != user:
                continue
            if not is_active:
                messages.append(self._record(MEMBERS, own, rested(content, self._today)))
            elif not is_placed(content):
                fresh = self._stay(
                    str(content["group"]), content.get("group.name"), user, is_active=True
                )
                if fresh.key != own:
                    messages.append(self._record(MEMBERS, own, ended(content, self._today)))
                messages.append(fresh)
        self.take(MEMBERS, messages)

    def end_stays(self, kind: Kind, key: str) -> None:
        """End every stay of a group, or of a user in whatever groups."""
        column = "group" if kind is GROUPS else "user"
        if kind is GROUPS:
            rows = self._members(under=member_prefix(key))
        else:
            rows = self._members(within=member_part(key))
        self.take(
            MEMBERS,
            [
                self._record(MEMBERS, own, ended(content, self._today))
                for own, content in rows.items()
                if content.get(column) == key
            ],
        )

    def _members(self, **narrower: str) -> dict[str, Mapping[str, Any]]:
        rows = self._rows(MEMBERS, **narrower)
        return {
            own: row.content
            for own, row in rows.items()
            if row.content is not None and is_member(row.content)
        }

    def take(self, stream: str, messages: Sequence[Message]) -> None:
        """Keep rows and make of them what the mapping says; one that cannot be used is refused."""
        if not messages:
            return
        taken = take_messages(self._writing, self._stream(stream), messages)
        if taken.bad:
            raise Refused(taken.bad[0].code, dict(taken.bad[0].values), path=taken.bad[0].place)
        self._counts.update(taken.counts)

    def close(self) -> None:
        """Note the run, and by which mapping its rows were understood."""
        if not self._counts["records"] + self._counts["tombstones"]:
            return
        writing, connection_id = self._writing, self._desk.connection_id
        add_whole_run(
            writing, connection_id, self._run_id, Outcome.SUCCEEDED.value, dict(self._counts)
        )
        for stream in STREAMS:
            # Rows from before a change of the mapping wait for a sync, which makes them anew.
            if cursor_of(writing.connection, connection_id, stream) is None:
                new = StoredCursor(cursor={}, mapping_hash=self._mapping_hash)
                put_cursor(writing, connection_id, stream, new)

    def _rows(self, stream: str, **narrower: Any) -> dict[str, StoredRecord]:
        return pushed_rows(
            self._writing.connection, self._actor, self._desk.source, stream, **narrower
        )

    def _record(self, stream: str, key: str, content: Mapping[str, Any]) -> Record:
        return Record(
            stream=stream, key=key, content=content, position=_place(stream, key), order=1
        )

    def _stream(self, name: str) -> Stream:
        found = self._mapping.streams.get(name)
        if found is None:  # kept, though nothing is made of it
            found = StreamMapping(name=name, zone=None, choices=(), targets=())
        return Stream(
            connection_id=self._desk.connection_id,
            run_id=self._run_id,
            mapping=found,
            entity=self._entity,
            zone=self._zones.named(found.zone) if found.zone else self._zones.home,
            home=self._zones.home,
        )


def _compared(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Members are a set: whatever the order, and whether it is said that they are users."""
    members = resource.get("members", ())
    held = {(each.get("value"), str(each.get("type", USERS.name)).lower()) for each in members}
    return {**resource, "members": held}


def _place(name: str, key: str) -> str:
    return f"scim:{name}/{key}"
