"""What plug-ins say of their own codes: beside our sentences, never in their place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from domain.problem import CODES
from messages.render import CatalogueError, Locale, faults_of, fill

LENGTH_MOST = 500  # of a sentence; a page of somebody else's text is no reason


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorSentences:
    """Sentences by language and code."""

    texts: Mapping[Locale, Mapping[str, str]] = field(default_factory=dict)

    def has(self, code: str) -> bool:
        """Say whether a plug-in has said what a code of its own means."""
        return code in self.texts.get(Locale.EN, {})

    def text(self, code: str, values: Mapping[str, str], locale: Locale) -> str | None:
        """Say it, or nothing."""
        sentence = self.texts.get(locale, {}).get(code)
        return None if sentence is None else fill(sentence, values, locale)


def vendor_sentences(offered: Iterable[tuple[str, Mapping[str, str]]]) -> VendorSentences:
    """Keep what can be said: in both languages, with the same places, of a code that is not ours.

    What is left out shows as before: as a fault of a row, by our own sentence.
    """
    found: dict[Locale, dict[str, str]] = {locale: {} for locale in Locale}
    for language, sentences in offered:
        if language in {each.value for each in Locale}:
            found[Locale(language)].update(sentences)
    both = found[Locale.EN].keys() & found[Locale.ZH_CN].keys()
    sound = [code for code in both if code not in CODES and _is_sound(code, found)]
    return VendorSentences(
        texts={locale: {code: found[locale][code] for code in sound} for locale in Locale}
    )


def _is_sound(code: str, found: Mapping[Locale, Mapping[str, object]]) -> bool:
    texts = {locale: found[locale][code] for locale in Locale}
    said = {each: text for each, text in texts.items() if isinstance(text, str) and text.strip()}
    if len(said) < len(texts) or any(len(text) > LENGTH_MOST for text in said.values()):
        return False
    try:
        return not faults_of({locale: {code: text} for locale, text in said.items()})
    except (CatalogueError, ValueError):  # a brace that nobody closed
        return False
