"""One plug-in is imported and asked what it offers; whatever it does is told as its problem."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pluggy

from connectors.contract import Connector
from connectors.outlets import Anchor, Channel
from plugins import hookspecs
from plugins.nouns import DocumentNoun, HolidayCalendar, PackFile, Question, Sentences
from plugins.vendor_names import import_named

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


def new_manager() -> pluggy.PluginManager:
    """Make a manager that knows our hooks."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def import_plugin(owner: str, value: str, problems: list[PluginProblem]) -> Any | None:
    """Import what an entry point names, or say why not."""
    try:
        return import_named(value)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a plug-in that exits must not end the host
        values = {"module": value, "error": _told(error)}
        problems.append(PluginProblem(plugin=owner, code="plugin_import_failed", values=values))
        return None


def owner_of(name: str) -> str:
    """Return the distribution of a registered name: ``owner``, or ``owner:entry point``."""
    return name.partition(":")[0]


def is_sound(owner: str, module: Any, problems: list[PluginProblem]) -> bool:
    """Try the plug-in in a manager of its own: misspelt hooks and wrong arguments show here."""
    trial = new_manager()
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


def ask(manager: pluggy.PluginManager, hook: str, problems: list[PluginProblem]) -> list[Offer]:
    """Call one hook plug-in by plug-in, so that one which raises loses only its own answer."""
    kind, _ = HOOKS[hook]
    offers: list[Offer] = []
    everyone = list(manager.list_name_plugin())
    for name_of_plugin, plugin in everyone:
        owner = owner_of(name_of_plugin)
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


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:500]
