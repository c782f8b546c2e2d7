"""Plug-ins of others at start: asked once what they offer, without importing them.

What a plug-in said is kept for the version that said it, so that a start does not wait for it
again. A plug-in in a checkout may change without a new version: it is asked each time.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.contract import API_VERSION, ConnectorInfo
from connectors.failures import ConnectorFailure
from connectors.guest_words import Amiss, Offered, read_word, write_word
from connectors.plain_values import read_plain
from connectors.process_host import can_cut_network, can_fence
from plugins.asking import HOOKS, Offer, PluginProblem
from plugins.nouns import PackFile
from plugins.outside import LIMITS, Plugin, describe, outside

_FORM = "attain.guests/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guests:
    """How plug-ins of others are run.

    ``inside`` names the distributions that are trusted with our own process (None: all). ``kept``
    is the file in which is kept what plug-ins said of themselves. ``fenced`` False is for tests on
    machines without a fence.
    """

    inside: frozenset[str] | None = frozenset()
    kept: Path | None = None
    fenced: bool = True
    limits: Any = LIMITS
    _said: dict[str, Any] = field(default_factory=dict)

    def may_come_in(self, owner: str) -> bool:
        """Say whether a distribution is imported into our own process."""
        return self.inside is None or owner in self.inside

    def offers(
        self,
        owner: str,
        point: importlib.metadata.EntryPoint,
        distribution: importlib.metadata.Distribution,
        problems: list[PluginProblem],
    ) -> list[Offer]:
        """Return what a plug-in offers, as it says now or as its version said before."""
        if self.fenced and not (can_fence() and can_cut_network()):
            problems.append(PluginProblem(plugin=owner, code="plugin_no_fence"))
            return []
        try:
            plugin = self._plugin(owner, point.value)
            words = self._words(plugin, distribution)
        except (ConnectorFailure, ImportError, ValueError) as failure:
            error = _told(failure)
            problems.append(
                PluginProblem(plugin=owner, code="plugin_outside_failed", values={"error": error})
            )
            return []
        return _offers(plugin, words, problems)

    def _plugin(self, owner: str, module: str) -> Plugin:
        top = module.partition(":")[0].partition(".")[0].strip()
        spec = importlib.util.find_spec(top)  # of a name without dots: nothing is run
        if spec is None:
            raise ImportError(f"there is no module {top}")
        folders = tuple(spec.submodule_search_locations or ())
        file = spec.origin if spec.has_location else None
        places = {top: file} if file else {}
        return Plugin(
            owner=owner,
            module=module,
            places=places,
            reads=folders or ((file,) if file else ()),
            fenced=self.fenced,
            limits=self.limits,
        )

    def _words(self, plugin: Plugin, distribution: importlib.metadata.Distribution) -> list[Any]:
        stamp = _stamp(plugin, distribution)
        before = self._read_kept().get(f"{plugin.owner}:{plugin.module}")
        if stamp and isinstance(before, dict) and before.get("stamp") == stamp:
            with suppress(ValueError, TypeError, KeyError):
                return [read_word(line) for line in before["said"]]
        words = describe(plugin)
        if stamp and all(isinstance(word, Offered) for word in words):
            said = [write_word(word).decode("utf-8", "surrogatepass") for word in words]
            self._keep(f"{plugin.owner}:{plugin.module}", {"stamp": stamp, "said": said})
        return words

    def _read_kept(self) -> dict[str, Any]:
        if not self._said and self.kept is not None:
            with suppress(OSError, ValueError):
                found = json.loads(self.kept.read_bytes())
                if isinstance(found, dict) and found.get("form") == _FORM:
                    self._said.update(found["guests"])
        return self._said

    def _keep(self, name: str, said: dict[str, Any]) -> None:
        """Write it down; a folder that takes nothing only costs the next start its time."""
        self._said[name] = said
        if self.kept is None:
            return
        with suppress(OSError):
            self.kept.parent.mkdir(parents=True, exist_ok=True)
            new = self.kept.with_suffix(".new")
            new.write_text(json.dumps({"form": _FORM, "guests": self._said}), "utf-8")
            new.replace(self.kept)


def _stamp(plugin: Plugin, distribution: importlib.metadata.Distribution) -> str:
    """Name the version that speaks; nothing for one that changes without a new one."""
    link = distribution.read_text("direct_url.json") or ""
    record = distribution.read_text("RECORD") or ""
    if not record or '"editable"' in link:
        return ""
    parts = (API_VERSION, distribution.version, plugin.module, record)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def _told(failure: Exception) -> str:
    if not isinstance(failure, ConnectorFailure):
        return f"{failure}"[:500]
    values = {"error": "", "limit": "", "said": "", **failure.values}
    parts = (failure.code, values["error"], values["limit"], values["said"])
    return " ".join(part for part in parts if part)[:500]


def _offers(plugin: Plugin, words: list[Any], problems: list[PluginProblem]) -> list[Offer]:
    found: list[Offer] = []
    for word in words:
        if isinstance(word, Offered) and word.hook in HOOKS:
            try:
                noun = _noun(plugin, word)
            except (ValueError, TypeError) as fault:
                values = {"hook": word.hook, "wanted": f"{fault}"[:200]}
                problems.append(
                    PluginProblem(plugin=plugin.owner, code="plugin_noun_wrong", values=values)
                )
            else:
                found.append(Offer(hook=word.hook, owner=plugin.owner, noun=noun))
        elif isinstance(word, Amiss):
            values = {name[:60]: value[:500] for name, value in word.values.items()}
            code = word.code if word.code in _CODES else "plugin_outside_failed"
            problems.append(PluginProblem(plugin=plugin.owner, code=code, values=values))
        else:
            values = {"error": "it offers what nobody asked for"}
            problems.append(
                PluginProblem(plugin=plugin.owner, code="plugin_outside_failed", values=values)
            )
    return found


_CODES = frozenset(
    {
        "plugin_import_failed",
        "plugin_hook_unknown",
        "plugin_hook_failed",
        "plugin_inside_only",
        "plugin_noun_wrong",
        "plugin_offers_nothing",
    }
)


def _noun(plugin: Plugin, word: Offered) -> Any:
    if word.hook == "connectors":
        return outside(plugin, read_plain(ConnectorInfo, dict(word.noun)), word.verbs)
    noun: Any = read_plain(HOOKS[word.hook][0], dict(word.noun))
    if isinstance(noun, PackFile):
        own = [Path(place).resolve() for place in (sys.prefix, *plugin.reads)]
        if not any(noun.path.resolve().is_relative_to(place) for place in own):
            raise ValueError("PackFile in its own folder")
    return noun
