"""What a percentage, a factor or a gate is taken of: components that stand before it.

A component counts with its amount, its own cap and floor, and without what an earlier gate took
away. So a kicker on a bonus that a gate has shut is a kicker on nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.exact import Value, Words
from domain.kinds.base import Component


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    pay: tuple[int, ...]  # where its pay lines stand among the inputs
    gates: tuple[tuple[int, bool], ...]  # where the gates on it stand, and whether a loss is kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The lines that a base is made of (``inputs``), and how to add them up."""

    inputs: tuple[str, ...]
    parts: tuple[_Part, ...]

    def each(self, words: Words, values: Sequence[Value]) -> list[Value]:
        """Give what each component pays so far."""
        return [_standing(words, part, values) for part in self.parts]

    def total(self, words: Words, values: Sequence[Value]) -> Value:
        """Add up what they pay so far."""
        return words.total(self.each(words, values))


def base_of(names: Sequence[str], earlier: Sequence[Component]) -> Base:
    """Find the lines of a base; no name means everything that stands before."""
    inputs: dict[str, int] = {}

    def at(name: str) -> int:
        return inputs.setdefault(name, len(inputs))

    parts = []
    places = {component.id: place for place, component in enumerate(earlier)}
    # without names a gate is left out: it is counted with each component that it takes from
    for name in names or [each.id for each in earlier if not each.takes_away]:
        place = places[name]
        pay = tuple(at(line) for line in earlier[place].pay_names)
        gates = tuple(
            (at(gate.passed), gate.keeps_losses) for gate in earlier[place:] if gate.stops(name)
        )
        parts.append(_Part(pay=pay, gates=gates))
    return Base(inputs=tuple(inputs), parts=tuple(parts))


def _standing(words: Words, part: _Part, values: Sequence[Value]) -> Value:
    pay = words.total([values[place] for place in part.pay])
    for place, keeps in part.gates:
        pay = words.choose(values[place], pay, kept_when_shut(words, pay, keeps=keeps))
    return pay


def kept_when_shut(words: Words, pay: Value, *, keeps: bool) -> Value:
    """Say what is left of an amount when a gate is shut: a loss if losses are kept, or nothing."""
    if keeps:
        return words.lowest(pay, 0)
    return words.choose(words.present(pay), 0, None)
