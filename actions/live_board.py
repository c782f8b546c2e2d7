"""The board of a unit as of now, with pay: what a calculation of everybody would come to.

The last run of the period and whoever was touched since are enough for it: nobody else is gathered,
scored or paid. Where they are not enough (a rule changed, the organisation, who gets credit for
whom), it says that the period must be calculated, and shows no number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from actions.deed import Runtime
from actions.gather_needs import gather_group_needs
from actions.live_state import LivePeriod
from actions.periods import state_now
from actions.scoring import Board, Calculation, board_of, columns_listed, pay_all
from domain.access import System
from domain.component import SCORE, PeerGroup
from domain.period import Period
from domain.period_state import PeriodState
from domain.problem import Refused
from domain.program import NeedKind
from domain.statement import ENGINE_VERSION
from storage.crediting import TooManyRuled
from storage.engine import Connection, Writing, reading
from storage.live import last_learned
from storage.results import Run
from storage.runs import RunState, last_run_of

_READER = System(name="live board")
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEntry:
    """Where somebody stands now, and what the period pays him so far."""

    person_id: str
    rank: int
    value: Pair
    score: int | None
    payout: int | None
    currency: str | None
    is_touched: bool  # something was learned about him since the run


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveBoard:
    """The people of a unit by rank and id, and their middle."""

    run: Run
    known_at: datetime  # everything learned until then is in it
    unit_id: str
    measure: str
    unit: str
    entries: tuple[LiveEntry, ...]
    lo: Pair | None
    hi: Pair | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedBoard:
    """Which board is asked for. Without a unit it is the person's own, else one that is led."""

    measure: str = SCORE
    unit_id: str | None = None
    person_id: str | None = None
    led: tuple[str, ...] = ()
    posted: bool = False  # start from what was posted: trials are not for everybody


def live_board(runtime: Runtime, entity_id: str, period: Period, asked: AskedBoard) -> LiveBoard:
    """Say where everybody of a unit stands now; who may see what of it is decided by the caller."""
    with (
        runtime.looks.at(entity_id, f"{period.name} {asked.posted}") as look,
        reading(runtime.engine, _READER) as connection,
    ):
        turn = _turn(connection, entity_id)
        base = last_run_of(turn, period.name, posted=asked.posted)
        if base is None:
            raise Refused("run_missing", {"period": period.name})
        _demand_live(turn, period, base)
        live = look.kept
        if not isinstance(live, LivePeriod) or live.base.id != base.id:
            live = LivePeriod.opened(turn, period, base)
        look.kept = live
        return _as_of_now(turn, live, asked)


def _as_of_now(turn: Writing, live: LivePeriod, asked: AskedBoard) -> LiveBoard:
    if not live.is_beyond:
        try:
            live.catch_up(turn)
            return _board(turn, live, asked)
        except TooManyRuled:
            live.is_beyond = True
    raise Refused("live_board_needs_run", {"period": live.period.name})


def _turn(connection: Connection, entity_id: str) -> Writing:
    """Know what the entity's last write left; of a turn of writing only the connection is read."""
    learned = last_learned(connection, entity_id)
    if learned is None:
        raise Refused("not_found", {"id": entity_id})
    return Writing(connection=connection, entity_id=entity_id, known_at=learned, actor=_READER.name)


def _demand_live(turn: Writing, period: Period, base: Run) -> None:
    if base.state == RunState.FINAL and state_now(turn, period)[0] is PeriodState.CLOSED:
        raise Refused("period_closed", {"period": period.name})
    if base.engine_version != ENGINE_VERSION:
        raise Refused("live_board_needs_run", {"period": period.name})


def _board(turn: Writing, live: LivePeriod, asked: AskedBoard) -> LiveBoard:
    measure, missing = asked.measure, {"measure": asked.measure, "period": live.period.name}
    if measure not in live.measures:
        raise Refused("board_missing", missing)
    own = None if asked.person_id is None else live.unit_of(turn, asked.person_id)
    wanted = [asked.unit_id] if asked.unit_id else [*([own] if own else ()), *asked.led]
    if not wanted:
        raise Refused("board_unit_needed", {"period": live.period.name}, path="unit")
    for unit_id in wanted:
        kept: LiveBoard | None = live.boards.get((unit_id, measure))
        if kept is not None:
            return replace(kept, known_at=live.known_at)
        calculation = live.people_of(turn, unit_id)
        if calculation.people:
            found = _shown(turn, live, calculation, unit_id, measure)
            live.boards[unit_id, measure] = found
            return found
    if asked.unit_id:
        raise Refused("not_found", {"id": asked.unit_id})
    raise Refused("board_missing", missing)


def _shown(
    turn: Writing, live: LivePeriod, calculation: Calculation, unit_id: str, measure: str
) -> LiveBoard:
    board = board_of(calculation, measure, live.measures[measure], PeerGroup.UNIT)
    assert board is not None
    _pay(turn, live, calculation)
    lo, hi = _middle(board)
    return LiveBoard(
        run=live.base,
        known_at=live.known_at,
        unit_id=unit_id,
        measure=measure,
        unit=live.measures[measure],
        entries=_entries(live, calculation, board),
        lo=lo,
        hi=hi,
    )


def _pay(turn: Writing, live: LivePeriod, calculation: Calculation) -> None:
    programs = [each.pay_program for each in calculation.variants if each.pay_program is not None]
    needs = [need for program in programs for need in program.needs]
    if any(each.kind is NeedKind.POOL and each.peer_group is not PeerGroup.UNIT for each in needs):
        # A pool is cut among people whose keys no run has frozen.
        raise Refused("live_board_needs_run", {"period": live.period.name})
    gather_group_needs(turn, calculation, live.period)
    if any(program.cohorts for program in programs):
        live.beside(turn, calculation)
    pay_all(calculation)


def _middle(board: Board) -> tuple[Pair | None, Pair | None]:
    compared, found = board.compared, []
    for above, below in (
        (compared.lo_num, compared.lo_den),
        (compared.hi_num, compared.hi_den),
    ):
        num, den = above.at(0), below.at(0)
        found.append(None if num is None or den is None else (num, den))
    return found[0], found[1]


def _entries(live: LivePeriod, calculation: Calculation, board: Board) -> tuple[LiveEntry, ...]:
    paid: dict[int, tuple[int | None, str | None]] = {}
    for each in calculation.paid:
        if each.payout is None or each.variant.plan is None:
            continue
        amounts = columns_listed(each.payout)
        for row, amount in zip(each.variant.rows.tolist(), amounts, strict=True):
            paid[row] = (amount, each.variant.plan.plan.currency)
    scores = columns_listed(calculation.score)
    ranks, nums = (columns_listed(each) for each in (board.compared.rank, board.own.num))
    den = board.own.den
    dens = [den] * len(nums) if isinstance(den, int) else columns_listed(den)
    found = []
    for row, person in enumerate(calculation.people):
        num, rank = nums[row], ranks[row]
        if num is None or rank is None:
            continue
        payout, currency = paid.get(row, (None, None))
        found.append(
            LiveEntry(
                person_id=person.person_id,
                rank=rank,
                value=(num, dens[row] or 1),
                score=scores[row],
                payout=payout,
                currency=currency,
                is_touched=person.person_id in live.touched,
            )
        )
    return tuple(sorted(found, key=lambda each: (each.rank, each.person_id)))
