"""The leader's problem on arrays: the globally best base level for many contracts at once.

The leader's payoff, with every follower's best response inside, is smooth between the base levels
at which a follower changes state, and may jump or kink there. It is scanned on a grid, every local
peak that could be the highest is magnified, and a peak is placed by its first-order condition where
the payoff is smooth around it, else by magnifying down to rounding, which finds jumps and kinks
just as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from opt_games.errors import SolverError
from opt_games.kernels.array_function import Array
from opt_games.kernels.payoffs import FollowerGroup, Payoffs
from opt_games.kernels.response import Responses, best_responses
from opt_games.kernels.window import Window

# Base levels whose payoffs to the leader differ by less than this fraction of its turnover are a
# tie, and go to the one the followers prefer.
TIE_TOLERANCE = 1e-10
_ROUNDS = 18
_ROUNDING = 5e-17  # of turnover: equal but for the last bit
_SPLITTING = 2  # rounds in which one peak may turn out to be several
_SIDE = 8  # new nodes on either side of a peak in a round of magnification
_PEAKS = 8  # local peaks followed per case
_CELLS = 400_000  # scan cells evaluated at a time


class LeaderState(IntEnum):
    """How the leader's level is determined."""

    STATIONARY = 0
    FLOOR = 1
    CAP = 2
    EDGE = 3  # a follower changes state, or its own choice, here


@dataclass(frozen=True)
class Evaluation:
    """The game at given base levels, arrays of shape (cases, nodes); followers' (n, cases, nodes).

    Attributes
    ----------
    payoff, slope : the leader's profit and its derivative in the base level
    turnover : size of the terms of the payoff
    total : sum of the followers' profits
    signature : a number that tells the followers' states apart
    """

    payoff: Array
    slope: Array
    turnover: Array
    total: Array
    signature: NDArray[np.int64]
    contribution: Array
    state: NDArray[np.int8]
    profit: Array


@dataclass(frozen=True)
class Optima:
    """Equilibria, one per case; followers' arrays have shape (n, cases)."""

    base: Array
    payoff: Array
    turnover: Array
    leader: NDArray[np.int8]
    contribution: Array
    state: NDArray[np.int8]
    profit: Array
    left_state: NDArray[np.int8]
    right_state: NDArray[np.int8]

    def levels(self, case: int) -> tuple[float, list[float | None]]:
        """Return the leader's level and the followers', None for one that abstains, of one case."""
        base = float(self.base[case])
        pairs = zip(self.contribution[:, case], self.state[:, case], strict=True)
        return base, [base + float(y) if state else None for y, state in pairs]

    def select(self, cases: NDArray[np.int64]) -> Optima:
        """Return some of the cases."""
        return Optima(*(getattr(self, name)[..., cases] for name in self.__dataclass_fields__))


def evaluate(payoffs: Payoffs, window: Window, shares: Array, base: Array) -> Evaluation:
    """Evaluate the leader's payoff with best responses inside.

    Parameters
    ----------
    shares : ndarray, shape (n, cases)
    base : ndarray, shape (1 or cases, nodes)
    """
    count = shares.shape[1]
    shape = (count, base.shape[1])
    payoff = np.zeros(shape)
    slope = np.zeros(shape)
    turnover = np.zeros(shape)
    total = np.zeros(shape)
    signature = np.zeros(shape, dtype=np.int64)
    contribution = np.zeros((payoffs.size, *shape))
    state = np.zeros((payoffs.size, *shape), dtype=np.int8)
    profit = np.zeros((payoffs.size, *shape))
    for group, grid in zip(payoffs.followers, window.contributions, strict=True):
        for part in _parts(group, shape[0] * shape[1] * grid.size):
            share = shares[part.members][:, :, None]
            found: Responses = best_responses(part, share, base, grid, payoffs.cap)
            # a share of nothing is nothing, also where marginal revenue is infinite
            with np.errstate(all="ignore"):
                earned = np.where(share == 0.0, 0.0, share * found.revenue)
                gain = np.where(share == 0.0, 0.0, share * found.marginal_revenue * found.slope)
            gain = np.where(found.slope == 0.0, 0.0, gain)
            payoff += earned.sum(axis=0)
            turnover += np.abs(earned).sum(axis=0)
            slope += gain.sum(axis=0)
            total += found.payoff.sum(axis=0)
            keys = _keys(part.members)[:, None, None]
            signature += (keys * found.state).sum(axis=0)
            contribution[part.members] = found.contribution
            state[part.members] = found.state
            profit[part.members] = found.payoff
    cost, marginal = payoffs.leader_cost(base, *payoffs.leader_parameters)
    with np.errstate(invalid="ignore"):
        payoff = payoff - cost
    payoff = np.where(np.isnan(payoff), -np.inf, payoff)
    return Evaluation(
        payoff,
        slope - marginal,
        turnover + np.abs(cost),
        total,
        signature,
        contribution,
        state,
        profit,
    )


def _parts(group: FollowerGroup, cells: int) -> list[FollowerGroup]:
    size = max(1, _CELLS // max(cells, 1))
    return [group.take(slice(k, k + size)) for k in range(0, group.members.size, size)]


def _keys(members: NDArray[np.int64]) -> NDArray[np.int64]:
    """Odd multipliers that make a sum of states tell who is in which."""
    with np.errstate(over="ignore"):
        return (members.astype(np.int64) + 1) * np.int64(-7046029254386353131) | np.int64(1)


@dataclass
class Peaks:
    """Local peaks under magnification, one row each."""

    case: NDArray[np.int64]
    left: Array
    peak: Array
    right: Array

    def select(self, rows: NDArray[np.int64]) -> Peaks:
        """Return some of the rows."""
        return Peaks(self.case[rows], self.left[rows], self.peak[rows], self.right[rows])


def leader_optima(payoffs: Payoffs, window: Window, shares: Array) -> tuple[Optima, Optima]:
    """Equilibria for many contracts, and the best alternative base level of each.

    Parameters
    ----------
    payoffs : Payoffs
    window : Window
        Where to look.
    shares : ndarray, shape (n, cases)

    Returns
    -------
    best, rival : Optima
        The rival is the best other local peak; its payoff is ``-inf`` where there is none.

    Raises
    ------
    SolverError
        If the payoff is undefined everywhere.
    """
    scan = evaluate(payoffs, window, shares, window.base[None, :])
    if not np.isfinite(scan.payoff.max(axis=1)).all():
        raise SolverError(
            f"{payoffs.game.name}: the generalist's profit is undefined at every base level tried; "
            "check its cost and the revenues at small levels"
        )
    every = np.arange(shares.shape[1])
    peaks = local_peaks(scan, np.broadcast_to(window.base, scan.payoff.shape), every)
    for _ in range(_SPLITTING):
        nodes = _nodes(peaks)
        at = evaluate(payoffs, window, shares[:, peaks.case], nodes)
        peaks = local_peaks(at, nodes, peaks.case)
    placed, edges, leader = _place(payoffs, window, shares, peaks)
    return choose(payoffs, window, shares, peaks.case, placed, edges, leader)


def _place(
    payoffs: Payoffs, window: Window, shares: Array, peaks: Peaks
) -> tuple[Array, Array, NDArray[np.int8]]:
    """Place every peak to rounding; return it, its last neighbours and what determines it."""
    leader = np.full(peaks.case.size, LeaderState.EDGE, dtype=np.int8)
    placed = peaks.peak.copy()
    edges = np.vstack([peaks.left, peaks.right])
    todo = np.arange(peaks.case.size)
    for _ in range(_ROUNDS):
        nodes = _nodes(peaks)
        at = evaluate(payoffs, window, shares[:, peaks.case], nodes)
        rows = np.arange(todo.size)
        # on a plateau, to rounding, an indifferent leader does what the followers prefer
        highest = at.payoff.max(axis=1, keepdims=True) - _ROUNDING * at.turnover
        best = np.argmax(np.where(at.payoff >= highest, at.total, -np.inf), axis=1)
        lower, upper = np.maximum(best - 1, 0), np.minimum(best + 1, nodes.shape[1] - 1)
        peaks = Peaks(peaks.case, nodes[rows, lower], nodes[rows, best], nodes[rows, upper])
        same = (at.signature[rows, lower] == at.signature[rows, best]) & (
            at.signature[rows, upper] == at.signature[rows, best]
        )
        # the end of a plateau is no zero of the slope
        rise, fall = at.slope[rows, lower], -at.slope[rows, upper]
        smooth = same & (rise > 1e-13 * fall) & (fall > 1e-13 * rise)
        floor = same & (peaks.peak == window.base[0]) & (at.slope[rows, best] <= 0)
        cap = same & (peaks.peak == window.base[-1]) & (at.slope[rows, best] >= 0)
        narrow = peaks.right - peaks.left <= 4e-16 * peaks.peak
        placed[todo] = peaks.peak
        edges[:, todo] = peaks.left, peaks.right
        leader[todo[floor]] = LeaderState.FLOOR
        leader[todo[cap]] = LeaderState.CAP
        smooth &= ~(floor | cap)
        found = np.flatnonzero(smooth)
        if found.size:
            inside = peaks.select(found)
            zero, good = first_order(payoffs, window, shares, inside)
            placed[todo[found[good]]] = zero[good]
            leader[todo[found[good]]] = LeaderState.STATIONARY
            smooth[found[~good]] = False
        keep = np.flatnonzero(~(smooth | floor | cap | narrow))
        if keep.size == 0:
            break
        peaks, todo = peaks.select(keep), todo[keep]
    return placed, edges, leader


def local_peaks(at: Evaluation, nodes: Array, case: NDArray[np.int64]) -> Peaks:
    """Peaks among the nodes of each row that could hold the optimum of the row's case.

    A node is a candidate if it is a local peak, or if a follower changes state beside it, where a
    peak may hide. The slope bounds what a candidate may still gain between the nodes.
    """
    payoff = at.payoff
    void = np.full((payoff.shape[0], 1), -np.inf)
    below, above = np.hstack([void, payoff[:, :-1]]), np.hstack([payoff[:, 1:], void])
    # both ends of a plateau count: an indifferent leader does what the followers prefer
    slack = _ROUNDING * at.turnover
    local = (payoff > below) & (payoff >= above)
    local |= (payoff >= below - slack) & (payoff > above + slack)
    local |= (payoff > below + slack) & (payoff >= above - slack)
    change = at.signature[:, 1:] != at.signature[:, :-1]
    better = payoff[:, 1:] > payoff[:, :-1]
    local[:, 1:] |= change & better
    local[:, :-1] |= change & ~better
    local &= np.isfinite(payoff)
    step, none = np.diff(nodes), np.zeros((payoff.shape[0], 1))
    reach = np.maximum(np.hstack([step, none]), np.hstack([none, step]))
    with np.errstate(invalid="ignore"):
        gain = np.abs(at.slope) * reach
    gain = np.where(np.isnan(gain), np.inf, gain)
    around = np.maximum(np.hstack([none, gain[:, :-1]]), np.hstack([gain[:, 1:], none]))
    hope = np.where(local, payoff + np.maximum(gain, around), -np.inf)
    highest = np.full(case.max() + 1, -np.inf)
    np.maximum.at(highest, case, payoff.max(axis=1))
    slack = TIE_TOLERANCE * at.turnover.max(axis=1, keepdims=True)
    hopeful = local & (hope >= highest[case][:, None] - slack)
    row, node = np.nonzero(hopeful)
    order = np.lexsort((-payoff[row, node], case[row]))
    row, node = row[order], node[order]
    owner = case[row]
    rank = np.arange(owner.size) - np.searchsorted(owner, owner)
    row, node = row[rank < _PEAKS], node[rank < _PEAKS]
    last = nodes.shape[1] - 1
    return Peaks(
        case[row],
        nodes[row, np.maximum(node - 1, 0)],
        nodes[row, node],
        nodes[row, np.minimum(node + 1, last)],
    )


def _nodes(peaks: Peaks) -> Array:
    steps = np.arange(1, _SIDE + 1) / _SIDE
    left, peak, right = (side[:, None] for side in (peaks.left, peaks.peak, peaks.right))
    lower = left + (peak - left) * (steps - steps[0])
    upper = peak + (right - peak) * steps
    return np.hstack([lower, peak, upper])


def first_order(
    payoffs: Payoffs, window: Window, shares: Array, peaks: Peaks
) -> tuple[Array, NDArray[np.bool_]]:
    """Zero of the leader's slope in each bracket (Chandrupatla's method, all rows in lockstep).

    Returns the zeros and whether each one really is one.
    """

    def slope(rows: NDArray[np.int64], base: Array) -> Array:
        return evaluate(payoffs, window, shares[:, peaks.case[rows]], base[:, None]).slope[:, 0]

    every = np.arange(peaks.case.size)
    a, b = peaks.right.copy(), peaks.left.copy()
    fa, fb = slope(every, a), slope(every, b)
    result, value = b.copy(), fb.copy()
    todo, t = every, np.full(every.size, 0.5)
    c, fc = a.copy(), fa.copy()
    for _ in range(60):
        x = a + t * (b - a)
        fx = slope(todo, x)
        with np.errstate(all="ignore"):
            same = np.sign(fx) == np.sign(fa)
            c, fc = np.where(same, a, b), np.where(same, fa, fb)
            b, fb = np.where(same, b, a), np.where(same, fb, fa)
            a, fa = x, fx
            nearer = np.abs(fa) < np.abs(fb)
            result[todo] = np.where(nearer, a, b)
            value[todo] = np.where(nearer, fa, fb)
            width = np.abs(b - a)
            # nan ends a row: the check below refuses it
            done = (width <= 4e-16 * np.abs(result[todo])) | (fa == 0) | ~np.isfinite(fa)
            limit = 2e-16 * np.abs(result[todo]) / width
            xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
            quadratic = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
            t = np.where(
                quadratic,
                fa / (fb - fa) * fc / (fb - fc)
                + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb),
                0.5,
            )
            t = np.clip(np.where(np.isfinite(t), t, 0.5), limit, 1 - limit)
        keep = ~done
        if not keep.any():
            break
        todo, a, b, c, t = todo[keep], a[keep], b[keep], c[keep], t[keep]
        fa, fb, fc = fa[keep], fb[keep], fc[keep]
    # a zero lowers the slope by far from the ends' values; a jump of the slope does not
    ends = np.minimum(np.abs(slope(every, peaks.left)), np.abs(slope(every, peaks.right)))
    return result, np.abs(value) <= 1e-4 * ends + 1e-300


def choose(
    payoffs: Payoffs,
    window: Window,
    shares: Array,
    case: NDArray[np.int64],
    base: Array,
    edges: Array,
    leader: NDArray[np.int8],
) -> tuple[Optima, Optima]:
    """Pick the best peak of every case, ties to the followers' liking, and its best rival."""
    count = shares.shape[1]
    at = evaluate(payoffs, window, shares[:, case], np.vstack([base, *edges]).T)
    payoff, profit = at.payoff[:, 0], at.profit[:, :, 0]
    liking = payoffs.utilities(np.vstack([payoff, profit]))[1:].sum(axis=0)
    top = np.full(count, -np.inf)
    np.maximum.at(top, case, payoff)
    turnover = at.turnover[:, 0]
    tied = payoff >= top[case] - TIE_TOLERANCE * turnover
    # who is indifferent in everything takes part: the higher level
    scale = np.zeros(count)
    np.maximum.at(scale, case, turnover)
    liking = np.round(liking / np.where(scale > 0, scale, 1.0)[case], 12)
    order = np.lexsort((base, liking, np.where(tied, np.inf, payoff), case))
    last = np.append(case[order][1:] != case[order][:-1], True)
    winner = order[last]
    rest = np.setdiff1d(np.arange(case.size), winner)
    near = np.abs(base[rest] - base[winner][case[rest]]) <= 1e-7 * base[winner][case[rest]]
    rest = rest[~near]
    order = rest[np.lexsort((payoff[rest], case[rest]))]
    rival = np.full(count, -1)
    rival[case[order]] = order  # the last assignment, the highest payoff, stays

    def optima(rows: NDArray[np.int64]) -> Optima:
        return Optima(
            base[rows],
            payoff[rows],
            turnover[rows],
            leader[rows],
            at.contribution[:, rows, 0],
            at.state[:, rows, 0],
            profit[:, rows],
            at.state[:, rows, 1],
            at.state[:, rows, 2],
        )

    second = optima(np.where(rival >= 0, rival, 0))
    missing = np.where(rival >= 0, second.payoff, -np.inf)
    return optima(winner), replace(second, payoff=missing)
