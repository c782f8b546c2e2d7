"""Who gets what of a fact, written a second time and naively, over plain fractions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

Given = dict[str, Any]
Person = str


class Refuses(Exception):  # noqa: N818 - the oracle says no, which is an answer
    """This fact cannot be credited."""


def _rounded(number: Fraction) -> int:
    exact = Decimal(number.numerator) / Decimal(number.denominator)
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


class Oracle:
    """``rules`` are documents with ``from`` and ``to``; ``seats`` are (person, unit, leads)."""

    def __init__(
        self,
        rules: Sequence[tuple[Given, date, date | None]],
        seats: Sequence[tuple[str, str, str, bool]],
        parents: dict[str, str | None],
        names: dict[str, str],
    ) -> None:
        self.rules = rules
        self.seats = seats  # person, unit, position, leads
        self.parents = parents
        self.names = names

    def decide(self, fact: Given) -> tuple[str, dict[tuple[str, str, int], int]]:
        """Return the end of a fact, and quantities by person, kind and level."""
        try:
            return self._decide(fact)
        except Refuses:
            return "ERROR", {}

    def _decide(self, fact: Given) -> tuple[str, dict[tuple[str, str, int], int]]:
        if self._winner(fact, {"EXCLUDE"}):
            return "EXCLUDED", {}
        owner = self._winner(fact, {"DIRECT", "SPLIT"})
        roll_up = self._winner(fact, {"ROLL_UP"})
        overlay = self._winner(fact, {"OVERLAY"})
        sold = self._split(owner, fact) if owner and owner["kind"] == "SPLIT" else None
        found: dict[tuple[str, str, int], int] = {}
        if sold is None:
            sold = {self._named(fact): fact["quantity"]}
            found[self._named(fact), "DIRECT", 0] = fact["quantity"]
        else:
            found.update({(who, "SPLIT", 0): part for who, part in sold.items()})
        if roll_up:
            found.update(self._rolled(roll_up, sold, fact))
        if overlay:
            found.update(self._overlaid(overlay, sold, fact))
        return "CREDITED", dict(found.items())

    def _named(self, fact: Given) -> Person:
        if fact["named"] is None:
            raise Refuses
        return str(fact["named"])

    def _chain(self, unit: str) -> list[str]:
        found: list[str] = []
        at: str | None = unit
        while at is not None:
            found.append(at)
            at = self.parents[at]
        return found

    def _units(self, person: str) -> list[str]:
        return [seat[1] for seat in self.seats if seat[0] == person]

    def _winner(self, fact: Given, kinds: set[str]) -> Given | None:
        fitting = []
        for rule, since, until in self.rules:
            if rule["kind"] not in kinds or not since <= fact["day"] < (until or date.max):
                continue
            wanted = rule.get("where", [])
            if any(fact["attributes"].get(w["attribute"]) not in w["values"] for w in wanted):
                continue
            if rule["kind"] == "SPLIT" and self._is_between_two(rule):
                named = [fact["attributes"].get(r.get("attribute"), "") for r in rule["to"]]
                if not "".join(named).strip():
                    continue
            fitting.append(rule)
        scoped = []
        for rule in fitting:
            units = rule.get("scope", {}).get("units", [])
            if units:
                mine = self._units(self._named(fact))
                if not mine:
                    raise Refuses
                if not any(set(self._chain(unit)) & set(units) for unit in mine):
                    continue
            scoped.append(rule)
        if not scoped:
            return None
        top = max(rule["rank"] for rule in scoped)
        best = [rule for rule in scoped if rule["rank"] == top]
        if len(best) > 1:
            raise Refuses
        return best[0]

    def _is_between_two(self, rule: Given) -> bool:
        rest = [each for each in rule["to"] if each["who"] == "NAMED"]
        others = [each for each in rule["to"] if each["who"] != "NAMED"]
        return (
            rule["total"] == "1"
            and [each["shareOf"] for each in rest] == ["REST"]
            and all(each.get("absent") == "SKIP" for each in others)
        )

    def _split(self, rule: Given, fact: Given) -> dict[str, int] | None:
        total = Fraction(rule["total"])
        shares: dict[str, Fraction] = {}
        rest = None
        for receiver in rule["to"]:
            who = self._who(receiver, fact)
            if who is None:
                continue
            if receiver["shareOf"] == "REST":
                rest = who
                continue
            shares[who] = shares.get(who, Fraction(0)) + self._share(receiver, fact)
        if rest is not None:
            left = total - sum(shares.values())
            if left < 0:
                raise Refuses
            shares[rest] = shares.get(rest, Fraction(0)) + left
        shares = {who: share for who, share in shares.items() if share}
        if sum(shares.values()) != total or max(shares.values()) > 1:
            raise Refuses
        if shares == {fact["named"]: 1}:
            return None
        return self._remainders(_rounded(fact["quantity"] * total), shares, total)

    def _remainders(
        self, whole: int, shares: dict[str, Fraction], total: Fraction
    ) -> dict[str, int]:
        sign = -1 if whole < 0 else 1
        exact = {who: abs(whole) * share / total for who, share in shares.items()}
        parts = {who: number.numerator // number.denominator for who, number in exact.items()}
        for _ in range(abs(whole) - sum(parts.values())):
            most = max(exact[who] - parts[who] for who in parts)
            parts[min(who for who in parts if exact[who] - parts[who] == most)] += 1
        return {who: sign * part for who, part in parts.items()}

    def _who(self, receiver: Given, fact: Given) -> str | None:
        if receiver["who"] == "NAMED":
            return self._named(fact)
        if receiver["who"] == "PERSON":
            return str(receiver["person"])
        name = fact["attributes"].get(receiver["attribute"], "").strip()
        if not name and receiver["absent"] == "SKIP":
            return None
        if name not in self.names:
            raise Refuses
        return self.names[name]

    def _share(self, receiver: Given, fact: Given) -> Fraction:
        if receiver["shareOf"] == "FIXED":
            return Fraction(receiver["share"])
        try:
            share = Fraction(fact["attributes"].get(receiver["shareAttribute"], "").strip())
        except ValueError:
            raise Refuses from None
        if not 0 <= share <= 1:
            raise Refuses
        return share

    def _rolled(
        self, rule: Given, sold: dict[str, int], fact: Given
    ) -> dict[tuple[str, str, int], int]:
        how = rule["rollUp"]
        under: dict[tuple[str, int], int] = {}
        for who, part in sold.items():
            if not self._units(who):
                raise Refuses
            nearest: dict[str, int] = {}
            for unit in self._units(who):
                level = 0
                for above in self._chain(unit):
                    leaders = {s[0] for s in self.seats if s[1] == above and s[3]}
                    if who in leaders:
                        continue
                    if leaders or how["vacancy"] == "LAPSES":
                        level += 1
                    else:
                        continue
                    if "levels" in how and level > len(how["levels"]):
                        break
                    if len(leaders) > 1 and how["coLeaders"] == "REFUSE":
                        raise Refuses
                    for leader in leaders:
                        nearest[leader] = min(nearest.get(leader, 99), level)
            for leader, level in nearest.items():
                under[leader, level] = under.get((leader, level), 0) + part
        found = {}
        for leader in {each[0] for each in under}:
            left = abs(fact["quantity"])
            for level in sorted(each[1] for each in under if each[0] == leader):
                size = min(abs(under[leader, level]), left)
                left -= size
                share = how["every"] if "every" in how else how["levels"][level - 1]["share"]
                if Fraction(share):
                    sign = -1 if fact["quantity"] < 0 else 1
                    found[leader, "ROLL_UP", level] = _rounded(sign * size * Fraction(share))
        return found

    def _overlaid(
        self, rule: Given, sold: dict[str, int], fact: Given
    ) -> dict[tuple[str, str, int], int]:
        shares: dict[str, Fraction] = {}
        for receiver in rule["to"]:
            who = self._who(receiver, fact)
            if who is None or (who in sold and rule["ifOwner"] == "SKIP"):
                continue
            shares[who] = min(
                shares.get(who, Fraction(0)) + self._share(receiver, fact), Fraction(1)
            )
        return {
            (who, "OVERLAY", 0): _rounded(fact["quantity"] * share)
            for who, share in shares.items()
            if share
        }
