"""Find, load and ask plug-ins, so that a broken one is named and never stops the others.

pluggy's own loader ends at the first import error, lets the second of two equal names shadow the
first, and throws every answer away when one hook raises. So: entry points are read here, metadata
before import, one plug-in at a time, and each is asked alone.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from connectors.contract import API_VERSION
from plugins import api_version, builtin
from plugins.asking import (
    HOOKS,
    Offer,
    PluginProblem,
    ask,
    import_plugin,
    is_sound,
    new_manager,
    owner_of,
)
from plugins.guests import Guests

# The owner, the entry point, and the distribution that it stands in.
_Point: TypeAlias = "tuple[str, importlib.metadata.EntryPoint, importlib.metadata.Distribution]"
GROUP = "attain"
BUILTIN = "attain"  # the owner's name of what we ship ourselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugins:
    """Everything that plug-ins offer, and everything that is wrong with them."""

    names: tuple[str, ...]
    offers: Mapping[str, Mapping[str, Offer]]
    problems: tuple[PluginProblem, ...]

    def nouns(self, hook: str) -> Mapping[str, Any]:
        """Return what a hook brought, by name: ``plugins.nouns("connectors")["files"]``."""
        return {name: offer.noun for name, offer in self.offers[hook].items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which distributions may be loaded: None means all of them, an empty set is safe mode."""

    allowed: frozenset[str] | None = None


def read_choice(text: str) -> Choice:
    """Read a setting: ``all``, ``none`` or names of distributions with commas between."""
    if text.strip().lower() in ("", "all"):
        return Choice()
    if text.strip().lower() == "none":
        return Choice(allowed=frozenset())
    return Choice(allowed=frozenset(_plain(name) for name in text.split(",") if name.strip()))


def load_plugins(
    choice: Choice | None = None,
    path: Sequence[str] | None = None,
    guests: Guests | None = None,
) -> Plugins:
    """Load the built-in plug-in and every installed one that ``choice`` allows.

    ``path`` are the folders to search for distributions (default: where Python searches).
    ``guests`` says how those of others are run; without it they are imported into this process.
    """
    problems: list[PluginProblem] = []
    manager = new_manager()
    manager.register(builtin, name=BUILTIN)
    offered: list[Offer] = []
    names: list[str] = []
    for owner, point, distribution in _entry_points(choice or Choice(), path, problems):
        if guests is not None and not guests.may_come_in(owner):
            offers_of_guest = guests.offers(owner, point, distribution, problems)
            names += [owner] if offers_of_guest else []
            offered += offers_of_guest
            continue
        module = import_plugin(owner, point.value, problems)
        if module is not None and is_sound(owner, module, problems):
            if manager.is_registered(module):
                values = {"module": point.value}
                problems.append(PluginProblem(plugin=owner, code="plugin_twice", values=values))
            else:
                manager.register(module, name=f"{owner}:{point.name}")
    offered += [offer for hook in HOOKS for offer in ask(manager, hook, problems)]
    offers = _without_clashes(offered, problems)
    names += [owner_of(name) for name, _ in manager.list_name_plugin() if name != BUILTIN]
    names = list(dict.fromkeys(names))
    return Plugins(names=tuple(names), offers=MappingProxyType(offers), problems=tuple(problems))


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(".", "-")


def _entry_points(
    choice: Choice, path: Sequence[str] | None, problems: list[PluginProblem]
) -> list[_Point]:
    """List the entry points by name, without those that may not or must not be loaded."""
    found: dict[str, list[_Point]] = {}
    seen: set[str] = set()
    for distribution in _distributions(path):
        owner = _plain(distribution.metadata["Name"] or "")
        if owner in seen:
            continue  # a second copy further down the path, which Python would not import either
        seen.add(owner)
        points = [point for point in distribution.entry_points if point.group == GROUP]
        if not points or (choice.allowed is not None and owner not in choice.allowed):
            continue
        clauses = api_version.declared(distribution.requires)
        if clauses is None or not api_version.accepts(clauses):
            code = "plugin_api_undeclared" if clauses is None else "plugin_api_differs"
            values = {"wanted": clauses or "", "ours": API_VERSION}
            problems.append(PluginProblem(plugin=owner, code=code, values=values))
            continue
        for point in points:
            found.setdefault(point.name, []).append((owner, point, distribution))
    kept = []
    for name, points_of_name in sorted(found.items()):
        if len(points_of_name) > 1:
            _report_clash("entry point", name, [owner for owner, *_ in points_of_name], problems)
        else:
            kept.extend(points_of_name)
    return sorted(kept, key=lambda each: (each[0], each[1].name))


def _distributions(path: Sequence[str] | None) -> Iterable[importlib.metadata.Distribution]:
    if path is None:
        return importlib.metadata.distributions()
    return importlib.metadata.distributions(path=list(path))


def _without_clashes(
    offered: Iterable[Offer], problems: list[PluginProblem]
) -> dict[str, Mapping[str, Offer]]:
    """Refuse every name that two owners claim; what we ship ourselves keeps its own."""
    claims: dict[tuple[str, str], list[Offer]] = {}
    for offer in offered:
        for name in HOOKS[offer.hook][1](offer.noun):
            claims.setdefault((offer.hook, name), []).append(offer)
    kept: dict[str, dict[str, Offer]] = {hook: {} for hook in HOOKS}
    for (hook, name), offers in claims.items():
        if len(offers) > 1:
            _report_clash(hook, name, [offer.owner for offer in offers], problems)
        winner = [o for o in offers if o.owner == BUILTIN] if len(offers) > 1 else offers
        if len(winner) == 1:
            kept[hook][name] = winner[0]
    return {hook: MappingProxyType(names) for hook, names in kept.items()}


def _report_clash(what: str, name: str, owners: list[str], problems: list[PluginProblem]) -> None:
    values = {"what": what, "name": name, "owners": ", ".join(sorted(owners))}
    problems.extend(
        PluginProblem(plugin=owner, code="plugin_name_clash", values=values)
        for owner in sorted(set(owners) - {BUILTIN})
    )
