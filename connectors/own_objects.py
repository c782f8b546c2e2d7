"""What a company made in its CRM itself: objects that settings name, columns that hold people."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

from connectors.contract import Json
from connectors.form import Named, chosen, wrong

N = TypeVar("N", bound=Named)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
OWN_OBJECTS_SCHEMA: Mapping[str, Json] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["stream", "object"],
        "properties": {
            "stream": {"type": "string"},
            "object": {"type": "string"},
            "entity": {"type": "string"},
            "day": {"type": "string"},
        },
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnObject:
    """One of the company's objects; ``day`` is the field that says when it happened."""

    stream: str
    object: str
    entity: str
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnObjectForm:
    """How objects and fields are named in a CRM; ``day`` is taken when nobody says one.

    ``may_be_empty`` are the settings that may be there without saying anything.
    """

    object_name: re.Pattern[str]
    field_name: re.Pattern[str]
    day: str
    may_be_empty: Collection[str] = ()

    def read(self, told: object) -> OwnObject:
        """Read ``{"stream": "trainings", "object": "Training__c", "day": "Held_On__c"}``."""
        rules = {
            "stream": _NAME,
            "object": self.object_name,
            "entity": _NAME,
            "day": self.field_name,
        }
        if not isinstance(told, Mapping) or not told.keys() <= rules.keys():
            raise wrong("own_objects")
        texts = {"entity": told.get("stream"), "day": self.day, **told}
        for name, rule in rules.items():
            value = texts.get(name)
            empty = value == "" and name in self.may_be_empty
            if not empty and not (isinstance(value, str) and rule.fullmatch(value)):
                raise wrong("own_objects")
        return OwnObject(
            stream=str(texts["stream"]),
            object=str(texts["object"]),
            entity=str(texts["entity"] or texts["stream"]),
            day=str(texts["day"]),
        )


def streams_of(
    config: Mapping[str, Json],
    known: Mapping[str, N],
    form: OwnObjectForm,
    stream: Callable[[OwnObject], N],
) -> tuple[N, ...]:
    """Read the streams of a connection, those of the company's own objects behind the others."""
    own = config.get("own_objects") or []
    if not isinstance(own, list):
        raise wrong("own_objects")
    found = [*chosen(config, known), *(stream(form.read(told)) for told in own)]
    names = [each.name for each in found]
    if not found or len(set(names)) < len(names):
        raise wrong("streams")
    return tuple(found)


def people_in(
    types: Mapping[str, str], ours: Collection[str], kinds: Collection[str]
) -> tuple[str, ...]:
    """Name the columns of people: ours, and those of the company that say so by their type."""
    own = [name for name, kind in types.items() if kind in kinds]
    return tuple(name for name in dict.fromkeys([*ours, *own]) if name in types)
