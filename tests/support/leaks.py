"""Finding out whether an answer depends on what its reader may not see.

Two ways, because each misses what the other finds. *Twins*: two worlds that differ only in numbers
and texts about people whom the viewer may not see must answer the same, errors, counts, order and
cursors included. *Canaries*: an amount or a text that belongs to somebody hidden may stand in no
answer. Who may see whom is written down here by hand; the policy table is not asked.
"""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from graphql import GraphQLSchema
from sqlalchemy import func, select

from storage.engine import reading
from storage.tables import audit_event
from tests.support.company import SYSTEM
from tests.support.questions import Pools, question
from tests.support.world import (
    BRANCH,
    LEADS,
    OFFICE,
    PERIOD,
    PERIODS,
    SELLERS,
    TEAMS,
    Numbers,
    World,
    ordinary,
    world,
)

EVERYBODY = (*SELLERS, *BRANCH)
_WHOLE = frozenset(SELLERS)
_NORTH, _SOUTH = frozenset(TEAMS["north"]), frozenset(TEAMS["south"])
_B = frozenset(BRANCH)
_NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Whose performance and whose pay a viewer may see, and in which twin the rest is changed."""

    performance: frozenset[str]
    pay: frozenset[str]
    twin: str


def _own(name: str) -> Sight:
    return Sight(performance=frozenset({name}), pay=frozenset({name}), twin="others")


SIGHTS: Mapping[str | None, Sight] = {
    "anna": _own("anna"),
    "fang": _own("fang"),
    "tina": _own("tina"),
    "meng": Sight(performance=_NORTH, pay=_NOBODY, twin="not_north"),
    "sun": Sight(performance=_SOUTH, pay=_NOBODY, twin="not_south"),
    "dora": Sight(performance=_WHOLE, pay=_NOBODY, twin="branch"),
    "hr": Sight(performance=_WHOLE, pay=_WHOLE, twin="branch"),
    "auditor": Sight(performance=_WHOLE, pay=_NOBODY, twin="branch"),  # without a reason
    "examiner": Sight(performance=_WHOLE, pay=_WHOLE, twin="branch"),  # with one
    "deputy": Sight(performance=_NORTH, pay=_NOBODY, twin="not_north"),
    "payer": Sight(performance=_WHOLE, pay=_WHOLE, twin="branch"),
    "south_hr": Sight(performance=_SOUTH, pay=_SOUTH, twin="not_south"),
    "admin": Sight(performance=_NOBODY, pay=_NOBODY, twin="everything"),
    "b_hr": Sight(performance=_B, pay=_B, twin="head_office"),
    "bea": Sight(performance=frozenset({"bea"}), pay=frozenset({"bea"}), twin="head_office"),
    "vendor": Sight(performance=_NOBODY, pay=_NOBODY, twin="branch"),
    None: Sight(performance=_NOBODY, pay=_NOBODY, twin="everything"),
}

# By how many cents somebody sold more or less. What a viewer may know about groups stays as it is:
# nobody passes anybody, nobody in the middle moves, and what moves adds up to nothing in the own
# team and in the company, but not in a team that the viewer has nothing to do with.
_STEP = 123_456
_MOVES: Mapping[str, Mapping[str, int]] = {
    "others": {"dai": 1, "eve": -1, "kai": 2, "lan": -1, "ou": -1, "tom": 1, "tess": -1},
    "not_north": {"kai": 2, "gao": 1, "ou": -2, "lan": -1, "tina": 1, "tom": -1},
    "not_south": {"dai": 2, "anna": 1, "ou": -2, "lan": -1, "tina": 1, "tom": -1},
    "branch": {},
    "everything": {name: 1 + place for place, name in enumerate(EVERYBODY)},
    "head_office": {name: 1 + place for place, name in enumerate(SELLERS)},
}


def twisted(name: str, numbers: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """Make the numbers of a twin."""
    moves = dict(_MOVES[name])
    more: dict[str, Numbers] = {}
    if name in {"others", "not_north", "not_south", "branch"}:
        moves |= {each: 1 + place for place, each in enumerate(BRANCH)}
        more = {"bzz": Numbers(sold=99_999_999, target=77_777_777, mark="Z99Q")}
    return _moved(numbers, moves) | more


def _moved(numbers: Mapping[str, Numbers], moves: Mapping[str, int]) -> dict[str, Numbers]:
    """Give some people other numbers and another mark."""
    return {
        each: replace(
            secret,
            sold=secret.sold + _STEP * moves[each],
            target=secret.target + 1_000 * moves[each],
            mark=secret.mark[::-1],
        )
        if each in moves
        else secret
        for each, secret in numbers.items()
    }


# Of each person the texts that betray the performance, and those that betray the pay.
Canaries: TypeAlias = Mapping[str, tuple[frozenset[str], frozenset[str]]]


@dataclass(slots=True)
class Campaign:
    """The world, its twins, and what has been asked."""

    schema: GraphQLSchema
    one: World
    twins: Mapping[str, World]
    canaries: Canaries
    rows: Canaries  # of rows alone, without the staff number
    pools: Pools
    asked: int = 0
    answered: int = 0  # with something else than null
    trail: int = 0  # rows of the trail when the examiner asked last

    def leak_of(
        self, who: str | None, text: str, variables: Mapping[str, Any] | None = None
    ) -> str | None:
        """Ask in both worlds; say what leaked, if anything did."""
        sight = SIGHTS[who]
        first = self.one.ask(who, text, variables=variables)
        second = self.twins[sight.twin].ask(who, text, variables=variables)
        self._read_everywhere(who, text, variables)
        self.asked += 1
        self.answered += any(value is not None for value in (first.get("data") or {}).values())
        one, other = plain(first), plain(second)
        if one != other:
            return f"{who}: the twins differ: {_difference(one, other)}"
        return self._canary(who, one, self.canaries)

    def _read_everywhere(
        self, who: str | None, text: str, variables: Mapping[str, Any] | None = None
    ) -> None:
        """Let what was read with a reason stand in the trail of every world alike."""
        if who == "examiner" and self._trail_grew():
            for name, twin in self.twins.items():
                if name != SIGHTS[who].twin:
                    twin.ask(who, text, variables=variables)

    def _trail_grew(self) -> bool:
        """Say whether the trail has become longer since the last time that this was asked."""
        with reading(self.one.served.runtime.engine, SYSTEM) as connection:
            rows = connection.execute(select(func.count()).select_from(audit_event)).scalar_one()
        before, self.trail = self.trail, int(rows)
        return self.trail != before

    def net_leak_of(self, who: str | None, text: str) -> str | None:
        """Say what the database alone lets through, while our own predicates are away.

        What is of another legal entity must not show at all, so the twins of those who differ only
        in that are exact. Inside the company names, staff numbers and totals of groups are open to
        the net by design: there the judge is whether rows and amounts of hidden people come out.
        """
        if SIGHTS[who].twin in {"branch", "head_office"}:
            one = plain(self.one.ask(who, text))
            other = plain(self.twins[SIGHTS[who].twin].ask(who, text))
            self._read_everywhere(who, text)
            if one != other:
                return f"{who}: the twins differ: {_difference(one, other)}"
        else:
            one = plain(self.one.ask(who, text))
        self.asked += 1
        return self._canary(who, one, self.rows)

    def ask_number(
        self,
        who: str | None,
        number: int,
        roots: Sequence[str] = (),
        owners: Sequence[str] = (),
    ) -> str | None:
        """Ask the question of a number; of some fields of the root and some owners if named."""
        pools = self.pools
        if owners:
            ids = [self.one.ids[each] for each in owners]
            pools = replace(pools, by_name={**pools.by_name, "owner": ids})
        text = question(self.schema, pools, number, roots)
        found = self.leak_of(who, text)
        return None if found is None else f"question {number}: {found}\n{text}"

    def _canary(self, who: str | None, answer: str, canaries: Canaries) -> str | None:
        sight = SIGHTS[who]
        for name in EVERYBODY:
            performance, pay = canaries[name]
            found = set() if name in sight.performance else {c for c in performance if c in answer}
            found |= set() if name in sight.pay else {c for c in pay if c in answer}
            if found:
                return f"{who}: {sorted(found)} of {name} is in the answer"
        return None


@contextmanager
def campaign(schema: GraphQLSchema, urls: Iterator[str], folder: Path) -> Iterator[Campaign]:
    """Build the world and its twins, each on a database of its own."""
    numbers = ordinary()
    with ExitStack() as stack:
        made: dict[str, World] = {}
        for name in ("one", *_MOVES):
            place = folder / name
            place.mkdir()
            secrets = numbers if name == "one" else twisted(name, numbers)
            made[name] = stack.enter_context(world(next(urls), place, secrets))
        one = made.pop("one")
        # The branch was founded last: of what came before it the twins have the same ids.
        before = list(one.ids)[: list(one.ids).index("branch")]
        for twin in made.values():
            assert all(twin.ids[name] == one.ids[name] for name in before)
        canaries = _canaries(one)
        yield Campaign(
            schema=schema,
            one=one,
            twins=made,
            canaries=canaries,
            rows={
                # A customer is the mark and a digit: no staff number looks like that.
                name: (performance - {mark} | {f"{mark}{digit}" for digit in "01239"}, pay)
                for name, (performance, pay) in canaries.items()
                for mark in (one.numbers[name].mark,)
            },
            pools=_pools(one),
        )


def _canaries(one: World) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Of each person the texts that betray the performance and, by the books, the pay."""
    found = {}
    middle = _middle(one.numbers)
    for name in EVERYBODY:
        reader = "b_hr" if name in BRANCH else "hr"
        answer = one.ask(
            reader,
            f'{{ statement(period: "{PERIOD}", person: "{one.ids[name]}") {{ payout {{ amount }}'
            f' amounts {{ number {{ value }} }} }} ledger(period: "{PERIOD}", person:'
            f' "{one.ids[name]}") {{ entries {{ amount {{ amount }} }} }} }}',
        )["data"]
        amounts = [answer["statement"]["payout"]["amount"]]
        amounts += [each["amount"]["amount"] for each in answer["ledger"]["entries"]]
        secret = one.numbers[name]
        sold = f"{secret.sold // 100}.{secret.sold % 100:02d}"
        # A round amount is everybody's; one with cents is one person's alone.
        pay = frozenset(f'"{each}"' for each in amounts if not each.endswith(".00"))
        performance = {secret.mark} if name in middle else {secret.mark, sold}
        found[name] = (frozenset(performance), pay)
    return found


def _middle(numbers: Mapping[str, Numbers]) -> frozenset[str]:
    """Name those whose amount is the median of an odd group: every board shows it to its group."""
    groups = [group for group in (SELLERS, BRANCH, *TEAMS.values()) if len(group) % 2]
    ordered = (sorted(group, key=lambda name: numbers[name].sold) for group in groups)
    return frozenset(group[len(group) // 2] for group in ordered if len(group) >= 5)


def _pools(one: World) -> Pools:
    ids = one.ids
    people = [ids[name] for name in (*EVERYBODY, *LEADS)]
    units = [ids[name] for name in (*TEAMS, "company", "b_company", "hejia", "branch")]
    accounts = [ids[f"account:{name}"] for name in ("anna", "meng", "b_hr", *OFFICE)]
    goals = [value for name, value in ids.items() if name.startswith("goal:")]
    entities = [ids["hejia"], ids["hejia"], ids["branch"]]
    return Pools(
        by_type={
            "ID": list(ids.values()),
            "Period": [PERIOD, PERIOD, *PERIODS],
            "BusinessDate": ["2026-09-30", "2026-10-01", "2026-08-01"],
            "Instant": ["2026-10-01T08:00:00Z", "2026-10-01T07:59:59Z"],
            "String": ["sales", "score", "retention", "anna", *(f"{n}.crm" for n in BRANCH)],
            "Decimal": ["1.00"],
            "Language": ["en", "zh-CN"],
            "UnitCode": ["CNY"],
            "Document": ["no document"],
        },
        by_name={
            "pack": ["pilot"],
            "person": people,
            "persons": people,
            "people": people,
            "owner": [*people, *units],
            "group": units,
            "unit": units,
            "legalEntity": entities,
            "run": [ids["run"], ids["run"], ids["b_run"]],
            "connection": [ids["connection"], ids["b_connection"]],
            "account": accounts,
            "subject": [*people, *accounts, *goals],
            "measure": ["sales", "score", "retention"],
            "metric": ["sales", "retention", "visits"],
            "amount": ["1.00", "7000.00"],
            "high": ["2000000.00"],
            "search": ["a", "an", *(secret.staff_number for secret in one.numbers.values())],
            "event": ["1", "5", "40"],
        },
    )


def plain(answer: Mapping[str, Any]) -> str:
    """Write an answer so that two of them can be compared: without what every request has anew."""
    said = dict(answer)
    extensions = dict(said.pop("extensions", {}))
    extensions.pop("cost", None)
    # Fields of the root are read side by side: in which order they fail is chance.
    problems = sorted(json.dumps(each, sort_keys=True) for each in extensions.pop("problems", ()))
    errors = sorted(json.dumps(each, sort_keys=True) for each in said.pop("errors", ()))
    whole = {**said, "errors": errors, "problems": problems, "extensions": extensions}
    text = json.dumps(whole, sort_keys=True, ensure_ascii=False)
    text = re.sub(r'requestId\\*": \\*"[0-9a-f]*|Quote request [0-9a-f]+', "requestId", text)
    text = re.sub(r'"(?:zip|content)": "(UEsD[A-Za-z0-9+/=]*)"', _unpacked, text)
    # A run's seal is salted by chance: hashes of it say nothing, whatever they are hashes of.
    text = re.sub(r'(root|salt|signature)\\*": \\*"[0-9a-f]*', r"\1", text)
    text = re.sub(r'(path\\*": \[)[^]]*|(index\\*": )[0-9]+', r"\1\2", text)
    # Sessions and tokens are drawn by chance; when they were used last depends on who asked before.
    text = re.sub(r'"last(Used|Seen)At": ("[^"]*"|null)', "lastUsed", text)
    return re.sub(r"\b(ses|vtk)_[0-9a-z]+", r"\1", text)


def _unpacked(found: re.Match[str]) -> str:
    """Write the files of a pack out: what leaks in an archive leaks all the same."""
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(found[1]))) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    files.pop("attain_verify.py", None)
    text = " ".join(f"{name} {content}" for name, content in files.items())
    # Of files in which salted hashes stand: the files themselves are compared.
    text = re.sub(r'("[^"]+\.\w+": )"[0-9a-f]{64}"', r"\1", text)
    # In a workbook the salted hashes have no names: they stand in the cells after their headings.
    headings = "Root of the run|Root of the checkpoint|核算的根|检查点的根"
    text = re.sub(rf"({headings})</t></si><si><t>[0-9a-f]{{64}}", r"\1", text)
    return re.sub(r"[0-9a-f]{64} \([^)]*\)", "leaf", text)


def _difference(one: str, other: str) -> str:
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    return f"{one[max(0, start - 80) : start + 60]!r} / {other[max(0, start - 20) : start + 60]!r}"
