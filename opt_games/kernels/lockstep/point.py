"""Points on branches: a base level and every follower's response, solved together for many lanes.

A lane is one contract of one game. On a branch each follower contributes (its marginal payoff is
zero), stays at the base level, or abstains, and the leader's level is a zero of its slope, a bound,
or the edge at which a follower would leave. Newton steps are in logarithms, where marginal payoffs
that are near powers are near straight lines.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.lockstep.forms import LEAD, STAY
from opt_games.kernels.lockstep.lanes import Lanes
from opt_games.kernels.lockstep.market import Market

STATIONARY, FLOOR, EDGE = range(3)
"""How a lane's leader is determined; the edge is that of follower `Points.edge`."""

SHARP = 1e-12  # a Newton step, relative to the levels, that rounding may leave
_STEP = 1.5


@dataclass(frozen=True)
class Points(Lanes):
    """One point per lane.

    Attributes
    ----------
    share, base : ndarray, shape (lanes,)
    extra : ndarray, shape (followers, lanes)
        Contributions, also of those who stay or abstain: what they would contribute.
    contributes, takes : ndarray of bool, shape (followers, lanes)
        Whether the follower contributes rather than stays; whether it takes part.
    closure : ndarray of int8, shape (lanes,)
    edge : ndarray of int, shape (lanes,)
    """

    share: Array
    base: Array
    extra: Array
    contributes: NDArray[np.bool_]
    takes: NDArray[np.bool_]
    closure: NDArray[np.int8]
    edge: NDArray[np.int64]

    @property
    def lanes(self) -> int:
        """Number of lanes."""
        return int(self.base.size)

    @property
    def same_branch_key(self) -> NDArray[np.int64]:
        """Equal on equal branches; shape (lanes,)."""
        return branch_key(self.contributes, self.takes)


def branch_key(contributes: NDArray[np.bool_], takes: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Numbers that tell apart who contributes, stays and abstains; first axis = follower."""
    state = np.where(takes, 1 + contributes.astype(np.int64), 0)
    if state.shape[0] == 1:
        return np.asarray(state[0])
    key = np.random.default_rng(0).integers(1, 2**60, size=(state.shape[0],))
    return np.tensordot(key, state, axes=1)


@dataclass(frozen=True)
class Measure(Lanes):
    """What a point is worth and how it moves with the share; followers' (followers, lanes).

    Attributes
    ----------
    profits, profits_by_share : ndarray, shape (players, lanes)
        Derivatives are along the branch.
    performance, performance_by_share : ndarray, shape (lanes,)
    base_by_share : ndarray, shape (lanes,)
    extra_by_share : ndarray, shape (followers, lanes)
    offer : ndarray, shape (followers, lanes)
        What each follower would earn if it took part.
    turnover : ndarray, shape (lanes,)
        Size of the terms of the leader's profit.
    residual : ndarray, shape (lanes,)
        Largest Newton step still to go, relative to the levels.
    slope, bend : ndarray, shape (lanes,)
        First and second derivative of the leader's payoff in its level.
    """

    profits: Array
    profits_by_share: Array
    performance: Array
    performance_by_share: Array
    base_by_share: Array
    extra_by_share: Array
    offer: Array
    turnover: Array
    residual: Array
    slope: Array
    bend: Array


def converge(market: Market, points: Points, most: int) -> tuple[Points, Measure]:
    """Take Newton steps until nothing is left but rounding, at most so many.

    Lanes that are done wait while most are not, and are left out afterwards.
    """
    if market.forms.fused is not None and points.lanes:
        return _converge_fused(market, points, most)
    step = _Step.at(market, points)
    late = np.flatnonzero(~(step.residual < SHARP))
    if late.size == 0 or most == 0:
        return points, step.measure(market, points)
    if 2 * late.size > points.lanes:
        return converge(market, step.apply(points), most - 1)
    measure = step.measure(market, points)
    part, after = converge(market.take(late), step.take(late).apply(points.take(late)), most - 1)
    return points.put(late, part), measure.put(late, after)


def _converge_fused(market: Market, points: Points, most: int) -> tuple[Points, Measure]:
    fused = market.forms.fused
    assert fused is not None
    columns = (getattr(points, each.name) for each in fields(points))
    result = fused.converge(
        *columns,
        market.outside,
        most,
        SHARP,
        *fused.arguments(market),
    )
    return replace(points, base=result[-2], extra=result[-1]), Measure(*result[:-2])


@dataclass(frozen=True)
class _Step:
    """All derivatives at a point, and the Newton step that follows from them."""

    follower: dict[str, Array]
    leader: tuple[Array, Array, Array]
    log_base: Array
    log_extra: Array
    slope: Array
    bend: Array

    @classmethod
    def at(cls, market: Market, points: Points) -> _Step:
        follower = _followers(market, points)
        cost = market.forms.leader_cost(points.base, *market.leader)
        base, share = points.base, points.share
        with np.errstate(all="ignore"):
            shift = np.where(points.contributes, follower["step"], 0.0)
            extra_shift = points.extra * shift
            taken = points.takes
            marginal = np.where(taken, follower["marginal"], 0.0)
            bend = np.where(taken, follower["marginal_by_base"], 0.0)
            moved = np.where(taken, follower["marginal_by_final"], 0.0) * extra_shift
            received = share * marginal.sum(axis=0)
            expected = received + share * moved.sum(axis=0)
            received1 = share * bend.sum(axis=0)
            slope = received - cost[1]
            second = received1 - cost[2]
            ratio = np.log(expected / cost[1])
            steepness = base * (received1 / received - cost[2] / cost[1])
            log_base = -ratio / steepness
            plain = -(expected - cost[1]) / (base * second)
            log_base = np.where(np.isfinite(log_base), log_base, plain)
            # towards a peak, also from where the payoff bends upward
            uphill = np.copysign(0.5, expected - cost[1])
            log_base = np.where(second < 0, log_base, uphill)
            edged = points.closure == EDGE
            if edged.any():
                lane = np.flatnonzero(edged)
                who = points.edge[lane]
                kept = 1.0 - share[lane]
                profit = kept * follower["revenue"][who, lane] - follower["cost"][who, lane]
                short = market.outside[who + 1, lane] - profit
                rise = follower["profit_by_base"][who, lane]
                log_base[lane] = short / (rise * base[lane])
            log_base = np.where(points.closure == FLOOR, 0.0, log_base)
            log_base = np.clip(log_base, -_STEP, _STEP)
            drift = base * log_base * (follower["slope"] - 1.0) / points.extra
            log_extra = np.where(points.contributes, follower["step"] + drift, 0.0)
            log_extra = np.clip(log_extra, -_STEP, _STEP)
        return cls(follower, cost, log_base, log_extra, slope, second)

    @property
    def residual(self) -> Array:
        """Largest Newton step, relative to the levels; shape (lanes,)."""
        largest: Array = np.maximum(np.abs(self.log_base), np.abs(self.log_extra).max(axis=0))
        return largest

    def take(self, lanes: NDArray[np.int64]) -> _Step:
        """Return what `apply` needs, for some of the lanes."""
        return replace(self, log_base=self.log_base[lanes], log_extra=self.log_extra[:, lanes])

    def apply(self, points: Points) -> Points:
        """Return the points after the step."""
        with np.errstate(all="ignore"):
            return replace(
                points,
                base=points.base * np.exp(self.log_base),
                extra=points.extra * np.exp(self.log_extra),
            )

    def measure(self, market: Market, points: Points) -> Measure:
        """Profits and their derivatives along the branch."""
        f, share, base = self.follower, points.share, points.base
        taken = points.takes
        with np.errstate(all="ignore"):
            revenue = np.where(taken, f["revenue"], 0.0)
            received = revenue.sum(axis=0)
            by_share = np.where(taken, f["marginal"] + share * f["marginal_by_share"], 0.0)
            base_by_share = -by_share.sum(axis=0) / self.bend
            base_by_share = np.where(points.closure == FLOOR, 0.0, base_by_share)
            edged = np.flatnonzero(points.closure == EDGE)
            if edged.size:
                who = points.edge[edged]
                rise = f["profit_by_base"][who, edged]
                base_by_share[edged] = f["revenue"][who, edged] / rise
            final_by_share = f["slope"] * base_by_share + f["final_by_share"]
            extra_by_share = np.where(points.contributes, final_by_share - base_by_share, 0.0)
            leader = share * received - self.leader[0]
            direct = np.where(taken, f["marginal_revenue"] * f["final_by_share"], 0.0).sum(axis=0)
            moving = np.where(points.closure == FLOOR, 0.0, self.slope * base_by_share)
            leader1 = received + share * direct + moving
            offer = (1.0 - share) * f["revenue"] - f["cost"]
            # a follower kept just willing to take part earns what it would outside
            bound = (points.closure == EDGE) & (points.edge == np.arange(market.size)[:, None])
            profit = np.where(taken & ~bound, offer, market.outside[1:])
            profit1 = np.where(
                taken & ~bound, -f["revenue"] + f["profit_by_base"] * base_by_share, 0.0
            )
            final = base + np.where(points.contributes, points.extra, 0.0)
            return Measure(
                np.vstack([leader[None], profit]),
                np.vstack([leader1[None], profit1]),
                np.where(taken, final, 0.0).sum(axis=0),
                np.where(taken, final_by_share, 0.0).sum(axis=0),
                base_by_share,
                extra_by_share,
                offer,
                share * np.abs(revenue).sum(axis=0) + np.abs(self.leader[0]),
                self.residual,
                self.slope,
                self.bend,
            )


_NAMES = (*LEAD, "profit_by_base")


def _followers(market: Market, points: Points) -> dict[str, Array]:
    """Evaluate every follower's formulas at the points, by name, shape (followers, lanes)."""
    shape = points.extra.shape
    whole = len(market.forms.followers) == 1
    result = {} if whole else {name: np.empty(shape) for name in _NAMES}
    share, base = points.share, points.base
    kept = 1.0 - share
    staying = ~points.contributes
    for form, parameters in zip(market.forms.followers, market.followers, strict=True):
        rows = slice(None) if whole else form.members
        here = dict(zip(LEAD, form.lead(base, points.extra[rows], share, *parameters), strict=True))
        with np.errstate(all="ignore"):
            here["profit_by_base"] = -here["cost_by_base"]
        stays = staying[rows]
        if stays.any():
            at = dict(zip(STAY, form.stay(base, *parameters), strict=True))
            with np.errstate(all="ignore"):
                there = {
                    "step": 0.0,
                    "revenue": at["revenue"],
                    "cost": at["cost"],
                    "marginal_revenue": at["marginal_revenue"],
                    "slope": 1.0,
                    "final_by_share": 0.0,
                    "cost_by_base": at["cost_by_base"],
                    "marginal": at["marginal_revenue"],
                    "marginal_by_base": at["bend"],
                    "marginal_by_final": 0.0,
                    "marginal_by_share": 0.0,
                    "profit_by_base": kept * at["marginal_revenue"]
                    - at["marginal_cost"]
                    - at["cost_by_base"],
                }
            here = {name: np.where(stays, there[name], here[name]) for name in here}
        if whole:
            return {name: np.broadcast_to(values, shape) for name, values in here.items()}
        for name, values in here.items():
            result[name][rows] = values
    return result


def stay_gains(market: Market, base: Array, share: Array) -> Array:
    """Marginal payoff of a first contribution; shape (followers, lanes)."""
    parts = []
    for form, parameters in zip(market.forms.followers, market.followers, strict=True):
        at = dict(zip(STAY, form.stay(base, *parameters), strict=True))
        with np.errstate(all="ignore"):
            gain = (1.0 - share) * at["marginal_revenue"]
            gain = np.where(share == 1.0, 0.0, gain)
            parts.append((form.members, gain - at["marginal_cost"]))
    result = np.empty((market.size, base.size))
    for members, gain in parts:
        result[members] = gain
    return result
