"""The generalist's best base level for a contract, and its best alternative, in many games at once.

The generalist's profit, with the responses inside, is smooth between the base levels at which a
specialist changes state, and may jump there. It is scanned on a grid. A zero of its slope between
two nodes is placed by a secant method; where states change between two nodes, the change is
magnified, and a change that the equations of a branch can describe is placed by these.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opt_games.branch import Branch, Closure
from opt_games.engines.grids import Grids
from opt_games.engines.many_games import ManyGames, Rows
from opt_games.engines.responses import Answers, Money, States, hold, respond
from opt_games.kernels.array_function import Array
from opt_games.kernels.leader import LeaderState
from opt_games.kernels.response import State

_SIDE = 8
_APART = 1e-6
_LEADER = {
    LeaderState.STATIONARY: Closure.STATIONARY,
    LeaderState.FLOOR: Closure.LOWER,
    LeaderState.CAP: Closure.UPPER,
    LeaderState.EDGE: Closure.FOLLOWER,
}
_FOLLOWER = {
    State.BASE: (Closure.LOWER,),
    State.STATIONARY: (Closure.STATIONARY,),
    State.CAP: (Closure.UPPER,),
    State.ABSTAIN: None,
}


@dataclass(frozen=True)
class Effort:
    """How finely to search.

    Attributes
    ----------
    responses : int
        Newton steps of a response on the grid.
    zeros : int
        Secant steps to a zero of the slope.
    rounds : int
        Magnifications of a change of state.
    halvings : int
        Of the stretch that is left then.
    """

    responses: int = 2
    zeros: int = 3
    rounds: int = 2
    halvings: int = 12


@dataclass(frozen=True)
class Peaks:
    """One peak for each case; specialists' arrays are (specialists, cases).

    Attributes
    ----------
    base, payoff, turnover : ndarray, shape (cases,)
        `payoff` is ``-inf`` where there is no such peak.
    pull : ndarray, shape (cases,)
        What the generalist would gain by a higher base level, all else smooth, relative to both:
        elasticity of its profit, with the turnover in the denominator.
    leader : ndarray, shape (cases,)
        `LeaderState` codes.
    contribution, state, profit : ndarray
    changed : ndarray of bool
        The specialists whose change of state the generalist stops at.
    """

    base: Array
    payoff: Array
    turnover: Array
    pull: Array
    leader: NDArray[np.int8]
    contribution: Array
    state: States
    profit: Array
    changed: NDArray[np.bool_]

    def take(self, cases: Any) -> Peaks:
        """Return the peaks of some of the cases."""
        return Peaks(*(getattr(self, each.name)[..., cases] for each in fields(Peaks)))

    def branch(self, case: int) -> Branch:
        """Return the branch of one case."""
        state, changed = self.state[:, case], self.changed[:, case]
        leader = LeaderState(int(self.leader[case]))
        binding: tuple[int, ...] = ()
        turning: tuple[int, ...] = ()
        if leader is LeaderState.EDGE:
            where = np.flatnonzero(changed)
            turns = [
                int(k)
                for k in where
                if self.contribution[k, case] == 0.0 and state[k] == State.STATIONARY
            ]
            turning = tuple(turns)
            binding = tuple(int(k) for k in where if int(k) not in turns)
        return Branch(
            (_LEADER[leader],),
            tuple(_FOLLOWER[State(int(each))] for each in state),
            binding,
            turning,
        )


def join(parts: list[Peaks]) -> Peaks:
    """Put peaks behind each other."""
    return Peaks(
        *(np.concatenate([getattr(p, each.name) for p in parts], axis=-1) for each in fields(Peaks))
    )


@dataclass
class _Found:
    """Candidates, in a list of rows; several rows may be of one case."""

    case: Rows
    peaks: Peaks


def leader_peaks(
    games: ManyGames,
    share: Array,
    grids: Grids,
    effort: Effort,
    money: tuple[Money, ...] | None = None,
) -> tuple[Peaks, Peaks]:
    """Find the best base level and the best other local peak of every case."""
    scan = respond(games, share, grids.base, grids.steps, rounds=effort.responses, money=money)
    every = np.arange(games.size)
    found: list[_Found] = []
    _collect(games, share, grids, effort, every, grids.base, scan, found, effort.rounds)
    # the ends of the line: doing nothing, and the largest level allowed
    found.append(_Found(every, _at_node(games, share, scan, grids.base, 0, LeaderState.FLOOR)))
    if np.isfinite(games.cap):
        found.append(_Found(every, _at_node(games, share, scan, grids.base, -1, LeaderState.CAP)))
    case = np.concatenate([each.case for each in found])
    return _choose(games.size, case, join([each.peaks for each in found]))


def _collect(
    games: ManyGames,
    share: Array,
    grids: Grids,
    effort: Effort,
    case: Rows,
    base: Array,
    at: Answers,
    found: list[_Found],
    rounds: int,
) -> None:
    """Add the peaks between the nodes of each row to those found; `case` names the rows' cases."""
    same = at.key[:, 1:] == at.key[:, :-1]
    slope, payoff = at.slope, at.payoff
    with np.errstate(invalid="ignore"):
        turns = same & (slope[:, :-1] > 0.0) & ~(slope[:, 1:] > 0.0)
        width = np.diff(base, axis=1)
        rise = payoff[:, :-1] + np.maximum(slope[:, :-1], 0.0) * width
        fall = payoff[:, 1:] + np.maximum(-slope[:, 1:], 0.0) * width
        hope = np.fmax(np.fmax(rise, fall), np.maximum(payoff[:, :-1], payoff[:, 1:]))
    top = payoff.max(axis=1, keepdims=True)
    row, node = np.nonzero(turns & (hope >= top - 0.2 * at.turnover.max(axis=1, keepdims=True)))
    if row.size:
        found.append(_stationary(games, share, case[row], base, at, row, node, effort))
    row, node = np.nonzero(~same & (hope >= top))
    if row.size == 0:
        return
    if rounds == 0:
        found.extend(_edges(games, share, case[row], base, at, row, node, effort.halvings))
        return
    inside = base[row, node][:, None] + width[row, node][:, None] * np.linspace(0, 1, _SIDE + 1)
    some = games.take(case[row])
    steps = tuple(each[:, case[row]] for each in grids.steps)
    closer = respond(some, share[case[row]], inside, steps, rounds=effort.responses)
    _collect(games, share, grids, effort, case[row], inside, closer, found, rounds - 1)


def _stationary(
    games: ManyGames,
    share: Array,
    case: Rows,
    base: Array,
    at: Answers,
    row: Rows,
    node: Rows,
    effort: Effort,
) -> _Found:
    """Place zeros of the slope between nodes (Illinois method), states held."""
    some, part = games.take(case), share[case]
    state = at.state[:, row, node]
    left, right = base[row, node], base[row, node + 1]
    fl, fr = at.slope[row, node], at.slope[row, node + 1]
    yl, yr = at.contribution[:, row, node], at.contribution[:, row, node + 1]
    with np.errstate(all="ignore"):
        x = _between(left, right, fl, fr)
        y = yl + (yr - yl) * ((x - left) / (right - left))
    side = np.zeros(x.size, dtype=np.int8)
    for _ in range(effort.zeros):
        y, here = hold(some, part, x, y, state, rounds=3)
        slope = here.slope[:, 0]
        with np.errstate(all="ignore"):
            up = slope > 0.0
            fr = np.where(up & (side == 1), 0.5 * fr, fr)
            fl = np.where(~up & (side == -1), 0.5 * fl, fl)
            left, fl = np.where(up, x, left), np.where(up, slope, fl)
            right, fr = np.where(up, right, x), np.where(up, fr, slope)
            side = np.where(up, 1, -1).astype(np.int8)
            before, x = x, np.where(slope == 0.0, x, _between(left, right, fl, fr))
        if np.all(np.abs(x - before) <= 2e-16 * x):
            break
    y, here = hold(some, part, x, y, state, rounds=3)
    leader = np.full(x.size, LeaderState.STATIONARY, dtype=np.int8)
    return _Found(case, _peaks(x, y, here, leader, np.zeros(state.shape, dtype=bool)))


def _between(left: Array, right: Array, slope_left: Array, slope_right: Array) -> Array:
    """Guess the zero of a slope from both ends."""
    guess = (left * slope_right - right * slope_left) / (slope_right - slope_left)
    return np.where((guess >= left) & (guess <= right), guess, 0.5 * (left + right))


def _edges(
    games: ManyGames,
    share: Array,
    case: Rows,
    base: Array,
    at: Answers,
    row: Rows,
    node: Rows,
    halvings: int,
) -> list[_Found]:
    """Place changes of one specialist's state between nodes by the equation that marks them."""
    left, right = at.state[:, row, node], at.state[:, row, node + 1]
    changed = left != right
    rises, falls = at.slope[row, node] > 0.0, at.slope[row, node + 1] < 0.0
    found = []
    for k in np.flatnonzero(changed.any(axis=1)):
        sides = np.sort(np.stack([left[k], right[k]]), axis=0)
        leaves = (sides[0] == State.ABSTAIN) & (sides[1] != State.ABSTAIN)
        turns = (sides[0] == State.BASE) & (sides[1] == State.STATIONARY)
        # a peak at the edge: the profit rises towards it on the side of the specialist that is in
        peak = np.where(turns, rises & falls, np.where(right[k] > left[k], falls, rises))
        use = np.flatnonzero(changed[k] & (changed.sum(axis=0) == 1) & (leaves | turns) & peak)
        if use.size == 0:
            continue
        # stand on the side on which the specialist takes part, or contributes
        far = right[k, use] > left[k, use]
        at_node = node[use] + far
        state = at.state[:, row[use], at_node]
        y = at.contribution[:, row[use], at_node]
        found.append(
            _placed_edge(
                games.take(case[use]),
                share[case[use]],
                case[use],
                (base[row[use], node[use]], base[row[use], node[use] + 1]),
                far,
                state,
                y,
                int(k),
                turns[use],
                halvings,
            )
        )
    return found


def _placed_edge(
    games: ManyGames,
    share: Array,
    case: Rows,
    ends: tuple[Array, Array],
    far: NDArray[np.bool_],
    state: States,
    y: Array,
    k: int,
    turns: NDArray[np.bool_],
    halvings: int,
) -> _Found:
    """Bisect to where specialist k gains nothing by taking part, or by contributing."""
    low, high = ends
    outside = games.outside[k + 1]
    for _ in range(halvings):
        x = 0.5 * (low + high)
        y_new, here = hold(games, share, x, y, state, rounds=2)
        marginal = _marginal_at_base(games, share, x, k)
        with np.errstate(invalid="ignore"):
            inside = np.where(
                turns, marginal > 0.0, _profit_of(games, share, x, y_new, k) >= outside
            )
        y = np.where(np.isfinite(y_new), y_new, y)
        upper = inside == far
        low, high = np.where(upper, low, x), np.where(upper, x, high)
    x = np.where(far, high, low)
    y, here = hold(games, share, x, y, state, rounds=4)
    y[k, turns] = 0.0
    leader = np.full(x.size, LeaderState.EDGE, dtype=np.int8)
    changed = np.zeros(state.shape, dtype=bool)
    changed[k] = True
    peaks = _peaks(x, y, here, leader, changed)
    # it takes part, also where rounding says that it leaves, and gains nothing by it
    peaks.state[:] = state
    peaks.profit[k, ~turns] = outside[~turns]
    return _Found(case, peaks)


def _profit_of(games: ManyGames, share: Array, base: Array, y: Array, k: int) -> Array:
    for domains in games.domains:
        where = np.flatnonzero(domains.members == k)
        if where.size:
            level = np.broadcast_to(base, y[domains.members].shape)
            revenue, cost = domains.values(level + y[domains.members], level)
            return np.asarray(((1.0 - share) * revenue - cost)[where[0]])
    raise IndexError(k)


def _marginal_at_base(games: ManyGames, share: Array, base: Array, k: int) -> Array:
    for domains in games.domains:
        where = np.flatnonzero(domains.members == k)
        if where.size:
            level = np.tile(base, (domains.members.size, 1))
            earned, spent, *_ = domains.second(level, level)
            return np.asarray(((1.0 - share) * earned - spent)[where[0]])
    raise IndexError(k)


def _at_node(
    games: ManyGames, share: Array, scan: Answers, base: Array, node: int, leader: LeaderState
) -> Peaks:
    """Return one node of every case as if it were a peak."""
    state = scan.state[:, :, node]
    y, at = hold(games, share, base[:, node], scan.contribution[:, :, node], state, rounds=3)
    kind = np.full(base.shape[0], leader, dtype=np.int8)
    return _peaks(base[:, node], y, at, kind, np.zeros(state.shape, dtype=bool))


def _peaks(
    base: Array,
    contribution: Array,
    at: Answers,
    leader: NDArray[np.int8],
    changed: NDArray[np.bool_],
) -> Peaks:
    turnover = at.turnover[:, 0]
    with np.errstate(all="ignore"):
        pull = np.where(turnover > 0.0, at.slope[:, 0] * base / turnover, 0.0)
    return Peaks(
        base,
        at.payoff[:, 0],
        turnover,
        pull,
        leader,
        contribution,
        at.state[:, :, 0],
        at.profit[:, :, 0],
        changed,
    )


def _choose(size: int, case: Rows, peaks: Peaks) -> tuple[Peaks, Peaks]:
    """Pick the best peak of every case, and the best of the others."""
    order = np.lexsort((peaks.payoff, case))
    winner = order[last_of_each(case[order])]
    best = peaks.take(winner)
    near = np.abs(peaks.base - best.base[case]) <= _APART * best.base[case]
    payoff = np.where(near, -np.inf, peaks.payoff)
    order = np.lexsort((payoff, case))
    second = order[last_of_each(case[order])]
    rival = peaks.take(second)
    rival.payoff[:] = payoff[second]
    return best, rival


def last_of_each(sorted_keys: Rows) -> NDArray[np.bool_]:
    """Mark the last of each run of equal keys."""
    changes = sorted_keys[1:] != sorted_keys[:-1]
    return np.append(changes, True)[: sorted_keys.size]
