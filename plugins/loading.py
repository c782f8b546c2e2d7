"""Find, load and ask plug-ins, so that a broken one is named and never stops the others.

pluggy's own loader ends at the first import error, lets the second of two equal names shadow the
first, and throws every answer away when one hook raises. So: entry points are read here, metadata
before import, one plug-in at a time, and each is asked alone.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pluggy

from connectors.contract import API_VERSION, Connector
from connectors.outlets import Anchor, Channel
from plugins import api_version, builtin, hookspecs
from plugins.nouns import DocumentNoun, HolidayCalendar, PackFile, Question, Sentences
from plugins.vendor_names import lend_names

GROUP = "attain"
BUILTIN = "attain"  # the owner's name of what we ship ourselves

# For each hook: what it must hand over, and the name by which two of them would clash.
HOOKS: Mapping[str, tuple[type, Callable[[Any], Iterable[str]]]] = {
    "connectors": (Connector, lambda noun: [noun.info.id]),
    "channels": (Channel, lambda noun: [noun.info.id]),
    "anchors": (Anchor, lambda noun: [noun.info.id]),
    "kpi_packs": (PackFile, lambda noun: [noun.id]),
    "metrics": (DocumentNoun, lambda noun: [noun.key]),
    "curves": (DocumentNoun, lambda noun: [noun.key]),
    "calendars": (HolidayCalendar, lambda noun: [noun.key]),
    "messages": (Sentences, lambda noun: [f"{noun.locale}:{code}" for code in noun.sentences]),
    "questions": (Question, lambda noun: [noun.key]),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginProblem:
    """What is wrong with one plug-in (or one thing it offers); the others are not touched."""

    plugin: str
    code: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One noun with its owner: the distribution that handed it over."""

    hook: str
    owner: str
    noun: Any


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


def load_plugins(choice: Choice | None = None, path: Sequence[str] | None = None) -> Plugins:
    """Load the built-in plug-in and every installed one that ``choice`` allows.

    ``path`` are the folders to search for distributions (default: where Python searches).
    """
    problems: list[PluginProblem] = []
    manager = _new_manager()
    manager.register(builtin, name=BUILTIN)
    for owner, point in _entry_points(choice or Choice(), path, problems):
        module = _import(owner, point, problems)
        if module is not None and _is_sound(owner, module, problems):
            if manager.is_registered(module):
                values = {"module": point.value}
                problems.append(PluginProblem(plugin=owner, code="plugin_twice", values=values))
            else:
                manager.register(module, name=owner)
    offered = [offer for hook in HOOKS for offer in _ask(manager, hook, problems)]
    offers = _without_clashes(offered, problems)
    names = tuple(name for name, _ in manager.list_name_plugin() if name != BUILTIN)
    return Plugins(names=names, offers=MappingProxyType(offers), problems=tuple(problems))


def _new_manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(".", "-")


def _entry_points(
    choice: Choice, path: Sequence[str] | None, problems: list[PluginProblem]
) -> list[tuple[str, importlib.metadata.EntryPoint]]:
    """List (owner, entry point) by name, without those that may not or must not be loaded."""
    found: dict[str, list[tuple[str, importlib.metadata.EntryPoint]]] = {}
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
            found.setdefault(point.name, []).append((owner, point))
    kept = []
    for name, points_of_name in sorted(found.items()):
        if len(points_of_name) > 1:
            _report_clash("entry point", name, [owner for owner, _ in points_of_name], problems)
        else:
            kept.extend(points_of_name)
    return sorted(kept, key=lambda each: (each[0], each[1].name))


def _distributions(path: Sequence[str] | None) -> Iterable[importlib.metadata.Distribution]:
    if path is None:
        return importlib.metadata.distributions()
    return importlib.metadata.distributions(path=list(path))


def _import(
    owner: str, point: importlib.metadata.EntryPoint, problems: list[PluginProblem]
) -> Any | None:
    lend_names()
    try:
        return point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a plug-in that exits must not end the host
        values = {"module": point.value, "error": _told(error)}
        problems.append(PluginProblem(plugin=owner, code="plugin_import_failed", values=values))
        return None


def _is_sound(owner: str, module: Any, problems: list[PluginProblem]) -> bool:
    """Try the plug-in in a manager of its own: misspelt hooks and wrong arguments show here."""
    trial = _new_manager()
    try:
        trial.register(module)
        trial.check_pending()
    except pluggy.PluginValidationError as error:
        values = {"error": _told(error)}
        problems.append(PluginProblem(plugin=owner, code="plugin_hook_unknown", values=values))
        return False
    if not trial.get_hookcallers(module):
        problems.append(PluginProblem(plugin=owner, code="plugin_offers_nothing"))
        return False
    return True


def _ask(manager: pluggy.PluginManager, hook: str, problems: list[PluginProblem]) -> list[Offer]:
    """Call one hook plug-in by plug-in, so that one which raises loses only its own answer."""
    kind, _ = HOOKS[hook]
    offers: list[Offer] = []
    everyone = list(manager.list_name_plugin())
    for owner, plugin in everyone:
        others = [other for _, other in everyone if other is not plugin]
        try:
            answers = manager.subset_hook_caller(hook, remove_plugins=others)()
            nouns = [noun for answer in answers for noun in answer]
            names = [list(HOOKS[hook][1](noun)) for noun in nouns if isinstance(noun, kind)]
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - reported by name, the others are asked on
            values = {"hook": hook, "error": _told(error)}
            problems.append(PluginProblem(plugin=owner, code="plugin_hook_failed", values=values))
            continue
        wrong = [noun for noun in nouns if not isinstance(noun, kind)]
        if wrong or not all(isinstance(name, str) for each in names for name in each):
            values = {"hook": hook, "wanted": kind.__name__}
            problems.append(PluginProblem(plugin=owner, code="plugin_noun_wrong", values=values))
        offers.extend(
            Offer(hook=hook, owner=owner, noun=noun) for noun in nouns if isinstance(noun, kind)
        )
    return offers


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


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:500]
