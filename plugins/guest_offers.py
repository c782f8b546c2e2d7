"""What a plug-in offers, found within its own process and told in words."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, ListsKeys, ReceivesHooks
from connectors.guest_words import Amiss, Offered
from connectors.plain_values import write_plain
from plugins.asking import HOOKS, PluginProblem, ask, import_plugin, is_sound, new_manager

# What an object is needed for, and no description says: it lives in our own process or not at all.
INSIDE_ONLY = frozenset({"anchors", "channels"})
_OWNER = "guest"


def offers_of(module: str) -> Iterator[Offered | Amiss]:
    """Import the plug-in and ask it, hook by hook, as the host asks what it trusts."""
    problems: list[PluginProblem] = []
    plugin = import_plugin(_OWNER, module, problems)
    if plugin is not None and is_sound(_OWNER, plugin, problems):
        manager = new_manager()
        manager.register(plugin, name=_OWNER)
        for hook in HOOKS:
            for offer in ask(manager, hook, problems):
                yield _told(hook, offer.noun)
    for problem in problems:
        yield Amiss(code=problem.code, values=problem.values)


def _told(hook: str, noun: object) -> Offered | Amiss:
    if hook in INSIDE_ONLY:
        return Amiss(code="plugin_inside_only", values={"hook": hook})
    try:
        if isinstance(noun, Connector):
            verbs = ["keys"] if isinstance(noun, ListsKeys) else []
            verbs += ["hook"] if isinstance(noun, ReceivesHooks) else []
            return Offered(hook=hook, noun=write_plain(noun.info), verbs=tuple(verbs))
        return Offered(hook=hook, noun=write_plain(noun))
    except (TypeError, ValueError, AttributeError) as fault:
        wanted = HOOKS[hook][0].__name__
        values = {"hook": hook, "wanted": wanted, "error": str(fault)[:200]}
        return Amiss(code="plugin_noun_wrong", values=values)
