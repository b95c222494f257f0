r"""Prices that let every specialist's part of a contract be chosen alone, and globally.

At a given base level :math:`x_0` specialists meet in two sums only: the generalist's revenue
:math:`\sum_i P_i` and its marginal revenue :math:`\sum_i M_i = \phi_0'(x_0)`. With prices
:math:`\mu` and :math:`\lambda` on them the best contract of that base level falls into one choice
per specialist, over its share alone,

.. math:: \max_{\delta_i} \; h_i(U_i) + \mu P_i + \lambda M_i,

and whether it contributes, free-rides or abstains is part of the choice. No set of regimes is ever
enumerated. By weak duality no contract with that base level is worth more than the sum of these
maxima allows. The maxima are taken over a grid of shares here, so that what they leave open is an
estimate; it vanishes in large markets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.bargaining.market_terms import SMALLEST_GAIN, Mask, Place, Terms
from opt_games.bargaining.solutions import ACCEPTANCE
from opt_games.formulations.specialist_block import Goal
from opt_games.kernels.array_function import Array
from opt_games.kernels.crowd import Crowd
from opt_games.kernels.crowd_response import respond

_NEVER = -1e30
_REACH = 14.0  # prices from exp(-_REACH) to exp(_REACH) of their unit
_STEPS = 26
_NEWTON = 40
_GOALS = list(Goal)
_CLOSER = 33
_BESIDE = np.array([1e-3, 1e-4])


def share_grid(low: float, high: float, points: int) -> Array:
    """Return shares, closer towards the bounds, where a specialist is about to leave."""
    return low + (high - low) * (0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, points)))


def closer_grid(low: float, high: float) -> Array:
    """Return more shares, some of them very close to the highest.

    Who gives up everything contributes nothing: what lies beside that must not be overlooked.
    """
    beside = high - (high - low) * _BESIDE
    return np.union1d(share_grid(low, high, _CLOSER), beside)


@dataclass(frozen=True)
class Choices:
    """What every share would do at some base levels; arrays of shape (bases, shares, specialists).

    Attributes
    ----------
    base, cost, marginal_cost : ndarray, shape (bases,)
    shares : ndarray, shape (bases, shares, specialists)
    weight : ndarray, shape (specialists,)
        How many specialists each stands for.
    members : ndarray of int
        Their positions among all.
    goal : ndarray
        The term of the objective; far below everything where the share is not acceptable.
    paid, marginal : ndarray
        The parts of the generalist's revenue and marginal revenue.
    gain : ndarray
        Utility above disagreement, in units of the span.
    extra : ndarray
    takes, contributes : ndarray of bool
    """

    base: Array
    cost: Array
    marginal_cost: Array
    shares: Array
    weight: Array
    members: NDArray[np.int64]
    goal: Array
    paid: Array
    marginal: Array
    gain: Array
    extra: Array
    takes: Mask
    contributes: Mask

    @classmethod
    def of(cls, crowd: Crowd, terms: Terms, base: Array, shares: Array) -> Choices:
        """Answer at all combinations of base levels and shares.

        Parameters
        ----------
        crowd : Crowd
        terms : Terms
        base : ndarray, shape (bases,)
        shares : ndarray, broadcasts to (bases, shares, specialists)
        """
        size = crowd.extra.size
        shape = (base.size, shares.shape[-2], size)
        paid, marginal, money = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        extra = np.zeros(shape)
        takes, contributes = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
        each = np.broadcast_to(shares, shape)
        weight = np.ones(size)
        for chunk in crowd.chunks:
            rows = chunk.members
            weight[rows] = chunk.weight
            start = np.broadcast_to(crowd.extra[rows], (shape[1], rows.size))
            for k, level in enumerate(base.tolist()):
                found = respond(chunk, level, each[k][:, rows], start)
                start = found.extra
                paid[k][:, rows], marginal[k][:, rows] = found.paid(each[k][:, rows])
                money[k][:, rows], takes[k][:, rows] = found.profit, found.takes
                added = found.takes & found.contributes
                contributes[k][:, rows] = added
                extra[k][:, rows] = np.where(added, found.extra, 0.0)
        players = crowd.ids + 1
        utility = _utilities(crowd, terms, money)
        stakes = terms.stakes
        disagreement, scale = stakes.disagreement[players], stakes.scale[players]
        goals, weights = terms.goals[players], terms.weights[players]
        excess = utility - disagreement
        with np.errstate(all="ignore"):
            unit = np.where(scale > 0, scale, 1.0)
            logs = weights * np.log(np.maximum(excess, 0.0) / unit)
            goal = np.select(
                [goals == _GOALS.index(kind) for kind in (Goal.UTILITY, Goal.LOG_GAIN, Goal.LEVEL)],
                [
                    weights * utility,
                    np.where(excess > 0, logs, _NEVER),
                    np.where(takes, base[:, None, None] + extra, 0.0),
                ],
                0.0,
            )
        goal = np.where(excess >= -ACCEPTANCE * scale, goal, _NEVER)
        cost, slope = (np.array(c) for c in zip(*map(crowd.cost, base.tolist()), strict=True))
        gain = np.where(terms.counted[players], excess / terms.span[players], np.inf)
        return cls(
            base,
            cost,
            slope,
            each,
            weight,
            crowd.ids,
            goal,
            paid,
            marginal,
            gain,
            extra,
            takes,
            contributes,
        )

    def best(self, slope_price: Array, profit_price: Array, least: Array) -> NDArray[np.int64]:
        """Return everybody's best share at prices, shape (bases, specialists), by position."""
        with np.errstate(invalid="ignore"):
            value = self.priced(slope_price, profit_price, least)
        return np.asarray(value.argmax(axis=1))

    def priced(self, slope_price: Array, profit_price: Array, least: Array) -> Array:
        """Return everybody's value of every share; prices and smallest gains by base level."""
        up = (slice(None), None, None)
        value = self.goal + profit_price[up] * self.paid + slope_price[up] * self.marginal
        return np.where(self.gain >= least[up], value, 4.0 * _NEVER)

    def sums(self, chosen: NDArray[np.int64]) -> tuple[Array, Array]:
        """Return the generalist's profit and marginal profit of some choices, by base level."""
        paid = self.pick(self.paid, chosen) @ self.weight
        marginal = self.pick(self.marginal, chosen) @ self.weight
        return paid - self.cost, marginal - self.marginal_cost

    def pick(self, values: Array, chosen: NDArray[np.int64]) -> Array:
        """Return values of some choices, shape (bases, specialists)."""
        return np.take_along_axis(values, chosen[:, None, :], axis=1)[:, 0, :]


@dataclass(frozen=True)
class Prices:
    """Prices at some base levels, and what they promise; arrays of shape (bases,).

    Attributes
    ----------
    slope, profit : ndarray
        Of the generalist's marginal profit and of its profit.
    least : ndarray
        The smallest gain, where that is what counts.
    promise : ndarray
        About what the best contract with this base level is worth at most: on the grid of shares
        none is worth more, which bounds nothing beyond it. ``-inf`` where none has this base level.
    chosen : ndarray of int, shape (bases, specialists)
    """

    slope: Array
    profit: Array
    least: Array
    promise: Array
    chosen: NDArray[np.int64]


def _utilities(crowd: Crowd, terms: Terms, money: Array) -> Array:
    """Return the utilities of profits, shape (..., specialists)."""
    if not crowd.market.forms.utilities:
        return money
    size = crowd.market.size
    flat = money.reshape(-1, money.shape[-1]).T
    profits = np.ones((1 + size, flat.shape[1]))
    profits[crowd.ids + 1] = flat
    market = crowd.market
    found = np.array(flat)
    for form, columns in zip(market.forms.utilities, market.utilities, strict=True):
        value, _ = form.function(profits[form.players], *columns)
        everyone = np.full((1 + size, flat.shape[1]), np.nan)
        everyone[form.players] = value
        rows = np.isin(crowd.ids + 1, form.players)
        found[rows] = everyone[crowd.ids + 1][rows]
    return found.T.reshape(money.shape)


def leader_worth(crowd: Crowd, profit: Array) -> tuple[Array, Array]:
    """Return the generalist's utility of profits and its derivative."""
    market = crowd.market
    for form, columns in zip(market.forms.utilities, market.utilities, strict=True):
        if 0 in form.players:
            own = tuple(column[:1] for column in columns)
            value, slope = form.function(profit[None, :], *own)
            shape = profit.shape
            return np.broadcast_to(value, (1, *shape))[0], np.broadcast_to(slope, (1, *shape))[0]
    return profit, np.ones(profit.shape)


def find_prices(choices: Choices, terms: Terms, crowd: Crowd) -> Prices:
    """Find the prices at which the choices add up, for every base level at once.

    Parameters
    ----------
    choices : Choices
    terms : Terms
    crowd : Crowd
        Knows the generalist.
    """
    count = choices.base.size
    stakes = terms.stakes
    unit = float(stakes.scale[0]) if stakes.scale[0] > 0 else 1.0
    one = np.ones(count)
    weight = float(terms.weights[0])
    smallest = terms.solution in SMALLEST_GAIN
    goal = terms.goal(0)
    least_utility = float(terms.least[0])

    def settled(profit_price: Array, least: Array) -> tuple[Array, NDArray[np.int64], Mask]:
        """Find the price of the slope, the choices, and where they can add up."""
        finite = np.where(choices.goal > _NEVER, choices.goal, 0.0)
        top = np.abs(finite).max(axis=(1, 2)) + profit_price * choices.paid.max(axis=(1, 2))
        size = np.maximum(choices.marginal.max(axis=(1, 2)), 1e-300)
        each = top / size + 1e-300
        low, high = np.full(count, -_REACH), np.full(count, _REACH)
        for _ in range(_STEPS):
            middle = 0.5 * (low + high)
            chosen = choices.best(each * np.sinh(middle), profit_price, least)
            _, slope = choices.sums(chosen)
            low, high = np.where(slope < 0, middle, low), np.where(slope < 0, high, middle)
        ends = (_REACH - np.abs(low) > 1e-3) & (_REACH - np.abs(high) > 1e-3)
        price = each * np.sinh(high)
        return price, choices.best(price, profit_price, least), ends

    def wanted(profit: Array) -> Array:
        worth, slope = leader_worth(crowd, profit)
        excess = worth - stakes.disagreement[0]
        if goal is Goal.LOG_GAIN:
            with np.errstate(all="ignore"):
                price = np.where(excess > 0, weight * slope / excess, np.inf)
        elif goal is Goal.UTILITY:
            price = weight * slope
        else:
            price = np.zeros(count)
        return np.where(worth < least_utility, np.inf, price)

    least = np.full(count, -np.inf)
    if smallest:
        price = one
        most = float(np.max(np.where(np.isfinite(choices.gain), choices.gain, 0.0)))
        low, high = np.zeros(count), np.full(count, most)
        reachable = np.zeros(count, dtype=bool)
        for step in range(_STEPS):
            least = low if step == 0 else 0.5 * (low + high)
            slope, chosen, ends = settled(price, least)
            profit, _ = choices.sums(chosen)
            worth, _ = leader_worth(crowd, profit)
            enough = least_utility
            if terms.counted[0]:
                enough = np.maximum(enough, stakes.disagreement[0] + least * terms.span[0])
            open_ = (choices.goal > _NEVER) & (choices.gain >= least[:, None, None])
            fits = ends & (worth >= enough) & np.all(np.any(open_, axis=1), axis=1)
            if step == 0:
                reachable = fits
                continue
            low, high = np.where(fits, least, low), np.where(fits, high, least)
        slope, chosen, _ = settled(price, low)
        return Prices(slope, price, low, np.where(reachable, low, -np.inf), chosen)
    low, high = np.full(count, -_REACH), np.full(count, _REACH)
    size = float(np.max(terms.weights[1:], initial=0.0) + weight)
    base_price = size * (1.0 / unit if terms.solution == "nash" else 1.0)
    if terms.solution == "max-performance":
        base_price = float(np.max(choices.base)) / unit
    fixed = goal is Goal.UTILITY and not crowd_has_utility(crowd)
    if fixed:
        price = np.full(count, weight)
        slope, chosen, ends = settled(price, least)
        profit, _ = choices.sums(chosen)
        done = profit >= least_utility
    else:
        done = np.zeros(count, dtype=bool)
    if not done.all():
        for _ in range(_STEPS):
            middle = 0.5 * (low + high)
            price = np.where(done, weight, base_price * np.exp(middle))
            slope, chosen, ends = settled(price, least)
            profit, _ = choices.sums(chosen)
            short = wanted(profit) > price
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        price = np.where(done, weight, base_price * np.exp(high))
        slope, chosen, ends = settled(price, least)
        profit, _ = choices.sums(chosen)
        ends &= done | (_REACH - high > 1e-3)
    worth, _ = leader_worth(crowd, profit)
    with np.errstate(all="ignore"):
        own = {
            Goal.UTILITY: weight * worth,
            Goal.LOG_GAIN: weight * np.log((worth - stakes.disagreement[0]) / unit),
        }.get(goal, np.zeros(count))
    best = np.take_along_axis(choices.priced(slope, price, least), chosen[:, None, :], axis=1)
    total = best[:, 0, :] @ choices.weight
    promise = own + total - slope * choices.marginal_cost - price * (profit + choices.cost)
    good = ends & (worth >= least_utility - ACCEPTANCE * unit) & np.isfinite(promise)
    good &= promise > 0.5 * _NEVER
    return Prices(slope, price, least, np.where(good, promise, -np.inf), chosen)


def crowd_has_utility(crowd: Crowd) -> bool:
    """Whether the generalist's utility is other than its profit."""
    return any(0 in form.players for form in crowd.market.forms.utilities)


def place_of(choices: Choices, chosen: NDArray[np.int64], which: int = 0) -> Place:
    """Return the contract and levels that choices at a base level make."""
    columns = np.arange(choices.paid.shape[2])
    profit, _ = choices.sums(chosen)
    at = chosen[which]
    return Place(
        choices.shares[which][at, columns],
        float(choices.base[which]),
        choices.extra[which][at, columns],
        choices.takes[which][at, columns],
        choices.contributes[which][at, columns],
        float(profit[which]),
    )


def highest_shares(crowd: Crowd, base: Array, low: float, high: float) -> Array:
    """Return the highest shares at which specialists take part, shape (bases, specialists).

    They are ``nan`` for who does not take part at the lowest. Profit is convex and falls in the
    share, so that Newton's method comes from below and never leaves the shares that it accepts.
    """
    found = np.full((base.size, crowd.extra.size), low)
    for chunk in crowd.chunks:
        rows = chunk.members
        shares = np.full((base.size, rows.size), low)
        start = np.broadcast_to(crowd.extra[rows], shares.shape)
        never = np.zeros(shares.shape, dtype=bool)
        for step in range(_NEWTON):
            at = respond(chunk, base[:, None], shares, start)
            start = at.extra
            if step == 0:
                never = ~at.takes
            with np.errstate(all="ignore"):
                move = np.where(at.takes & (at.gain > 0), at.gain / at.revenue, 0.0)
            after = np.minimum(shares + move, high)
            done = np.abs(after - shares) <= 1e-16 * np.abs(after)
            shares = after
            if done.all():
                break
        found[:, rows] = np.where(never, np.nan, shares)
    return found
