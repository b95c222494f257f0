"""Equilibria along the common share of many games, and the contracts that could be the best."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opt_games.engines.grids import Grids
from opt_games.engines.many_games import ManyGames, Rows
from opt_games.engines.peaks import Effort, Peaks, leader_peaks
from opt_games.engines.peaks import join as join_peaks
from opt_games.engines.responses import WILLING, Money
from opt_games.engines.stakes import NO_PRODUCT, ManyStakes
from opt_games.kernels.array_function import Array
from opt_games.kernels.leader import TIE_TOLERANCE, LeaderState
from opt_games.kernels.response import State

_FEW = 64
_ROWS = 500
_WIDE = 0.02
_NARROW = 1e-6  # stretches of shares are not looked into any more

QUICK = Effort(responses=3, zeros=3, rounds=2)


@dataclass(frozen=True)
class Sampled:
    """Equilibria of one contract for each case.

    Attributes
    ----------
    share : ndarray, shape (cases,)
    peaks : Peaks
        The generalist's best base level if it takes part.
    active : ndarray of bool
        Whether it does.
    utilities : ndarray, shape (players, cases)
    idle : ndarray of bool, shape (players, cases)
        Who abstains.
    performance : ndarray, shape (cases,)
    lead : ndarray, shape (players, cases)
        What the generalist would lose at the next best local peak, relative to the terms of its
        profit: in the first row if there is one, in the others if the specialist would gain there;
        infinite if not.
    key : ndarray of int, shape (cases,)
        Tells branches apart.
    """

    share: Array
    peaks: Peaks
    active: NDArray[np.bool_]
    utilities: Array
    idle: NDArray[np.bool_]
    performance: Array
    lead: Array
    key: NDArray[np.int64]

    def take(self, cases: Rows) -> Sampled:
        """Return some of the cases."""
        return Sampled(
            self.share[cases],
            self.peaks.take(cases),
            self.active[cases],
            self.utilities[:, cases],
            self.idle[:, cases],
            self.performance[cases],
            self.lead[:, cases],
            self.key[cases],
        )


def join(parts: list[Sampled]) -> Sampled:
    """Put samples behind each other."""

    def stack(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in parts], axis=-1)

    return Sampled(
        stack("share"),
        join_peaks([part.peaks for part in parts]),
        stack("active"),
        stack("utilities"),
        stack("idle"),
        stack("performance"),
        stack("lead"),
        stack("key"),
    )


def sample(
    games: ManyGames,
    grids: Grids,
    share: Array,
    effort: Effort = QUICK,
    money: tuple[Money, ...] | None = None,
) -> Sampled:
    """Find the equilibrium of one share for each game."""
    peaks, rivals = leader_peaks(games, share, grids, effort, money)
    scale = np.abs(peaks.turnover) + np.abs(games.outside[0])
    active = peaks.payoff >= games.outside[0] - TIE_TOLERANCE * scale
    profits = np.where(active, np.vstack([peaks.payoff, peaks.profit]), games.outside)
    lead = (peaks.payoff - rivals.payoff) / np.maximum(scale + rivals.turnover, 1e-300)
    gains = rivals.profit > games.outside[1:] + WILLING * scale
    abstains = (peaks.state == State.ABSTAIN) | ~active
    final = np.where(abstains, 0.0, peaks.base + peaks.contribution)
    return Sampled(
        share,
        peaks,
        active,
        games.utilities(profits),
        np.vstack([~active, abstains]),
        final.sum(axis=0),
        np.where(np.vstack([np.ones_like(active), gains]), lead, np.inf),
        _keys(peaks, active),
    )


def _keys(peaks: Peaks, active: NDArray[np.bool_]) -> NDArray[np.int64]:
    states = peaks.state.astype(np.int64) + 1
    weights = np.random.default_rng(0).integers(1, 2**56, size=(states.shape[0], 1))
    key = (states * weights).sum(axis=0) + peaks.leader.astype(np.int64)
    return np.where(active, key, 0)


@dataclass(frozen=True)
class Line:
    """Equilibria at several shares of each of some cases, sorted by case and share.

    Attributes
    ----------
    cases : ndarray of int
        The cases, ascending.
    place : ndarray of int
        For every sample, the position of its case among them.
    sampled : Sampled
    stakes : ManyStakes
        One column for each of `cases`.
    """

    cases: Rows
    place: Rows
    sampled: Sampled
    stakes: ManyStakes

    @classmethod
    def of(cls, games: ManyGames, rough: Grids, cases: Rows, count: int, effort: Effort) -> Line:
        """Sample the line of contracts evenly; games and grids are those of the cases alone."""
        low, high = games.low, games.high
        shares = np.linspace(low, high, count) if high > low else np.array([low])
        if games.size < _FEW:
            # few games: all their contracts at once, for numpy likes long arrays
            every = np.tile(np.arange(games.size), shares.size)
            parts = np.array_split(every, max(1, every.size // _ROWS))
            share = np.array_split(np.repeat(shares, games.size), len(parts))
            sampled = join(
                [
                    sample(games.take(part), rough.take(part), each, effort)
                    for part, each in zip(parts, share, strict=True)
                ]
            )
        else:
            money = tuple(
                Money.at(domains, rough.base, rough.steps[k], games.cap)
                for k, domains in enumerate(games.domains)
            )
            sampled = join(
                [sample(games, rough, np.full(games.size, each), effort, money) for each in shares]
            )
        shape = (-1, shares.size, games.size)
        stakes = ManyStakes.of(games, sampled.utilities.reshape(shape))
        order = np.arange(shares.size * games.size).reshape(shares.size, -1).T.ravel()
        place = np.repeat(np.arange(games.size), shares.size)
        return cls(cases, place, sampled.take(order), stakes)

    def take(self, cases: NDArray[np.bool_]) -> Line:
        """Return the line of some of the cases."""
        rows = np.flatnonzero(cases[self.place])
        places = np.cumsum(cases) - 1
        kept = np.flatnonzero(cases)
        return Line(
            self.cases[kept],
            places[self.place[rows]],
            self.sampled.take(rows),
            self.stakes.take(kept),
        )

    def with_ideal(self, ideal: Array) -> Line:
        """Return the same line with better known ideal points."""
        return replace(self, stakes=self.stakes.with_ideal(ideal))

    @property
    def uneven(self) -> NDArray[np.bool_]:
        """Whether specialists of a case stay out, or are just kept in, at some of its contracts."""
        sampled = self.sampled
        edge = (sampled.peaks.leader == LeaderState.EDGE) | sampled.idle.any(axis=0)
        found = np.zeros(self.cases.size, dtype=bool)
        np.logical_or.at(found, self.place, edge)
        return found

    def values(self, solution: str) -> Array:
        """Scores of all samples."""
        return self.stakes.take(self.place).score(
            solution, self.sampled.utilities, self.sampled.performance
        )

    def highest(self, values: Array) -> Array:
        """Highest of the values of every case."""
        top = np.full(self.cases.size, -np.inf)
        np.maximum.at(top, self.place, values)
        return top

    def afresh(self, games: ManyGames, rough: Grids, effort: Effort) -> Line:
        """Sample the same shares with another effort; games and grids are those of all cases."""
        every = self.cases[self.place]
        again = sample(games.take(every), rough.take(every), self.sampled.share, effort)
        return replace(self, sampled=again)

    def closer(
        self, games: ManyGames, rough: Grids, place: Rows, share: Array, effort: Effort
    ) -> Line:
        """Sample further shares, too."""
        every = self.cases[place]
        new = sample(games.take(every), rough.take(every), share, effort)
        sampled = join([self.sampled, new])
        places = np.concatenate([self.place, place])
        order = np.lexsort((sampled.share, places))
        return replace(self, place=places[order], sampled=sampled.take(order))


@dataclass(frozen=True)
class Hopes:
    """Samples beside which the best contract may be; several may be of one case.

    Attributes
    ----------
    row : ndarray of int
        Positions among the samples.
    share : ndarray
        Where the best is expected.
    value : ndarray
        The score that could at most be there, as far as the samples tell.
    gap : ndarray of int
        Stretches from this sample to the next in which the branch changes, and in which others may
        hide that hold something better.
    """

    row: Rows
    share: Array
    value: Array
    gap: Rows


def hopes(line: Line, values: Array, slack: Array) -> Hopes:
    """Pick the samples beside which the best contract may be.

    Along samples of one branch the score is smooth, and a peak is bounded by the parabola through
    three of them. Between two branches it may go on as before, up to a jump.

    Parameters
    ----------
    line : Line
    values : ndarray
        Scores of the samples, ``-inf`` where a contract is not acceptable.
    slack : ndarray, shape (cases,)
        Doubt about scores.
    """
    share, key = line.sampled.share, line.sampled.key
    real = values > 0.5 * NO_PRODUCT
    near = line.place[1:] == line.place[:-1]
    runs = near & (key[1:] == key[:-1]) & real[1:] & real[:-1]
    gap = np.diff(share)
    with np.errstate(all="ignore"):
        slope = np.diff(values) / gap
    no, nothing = np.zeros(1, dtype=bool), np.zeros(1)
    run_l, run_r = np.append(no, runs), np.append(runs, no)
    near_l, near_r = np.append(no, near), np.append(near, no)
    gap_l, gap_r = np.append(nothing, gap), np.append(gap, nothing)
    slope_l, slope_r = np.append(nothing, slope), np.append(slope, nothing)
    peak = real & (~run_l | (slope_l >= 0.0)) & (~run_r | (slope_r <= 0.0))
    smooth = run_l & run_r
    with np.errstate(all="ignore"):
        bend = (slope_l - slope_r) / (gap_l + gap_r)
        tangent = (slope_l * gap_r + slope_r * gap_l) / (gap_l + gap_r)
        curved = smooth & (bend > 0.0)
        offset = np.where(curved, 0.5 * tangent / bend, 0.0)
        lift = np.where(curved, 0.25 * tangent**2 / bend, 0.0)
        # three points of one branch bound a smooth peak
        sure = values + 1.5 * lift + 0.02 * np.where(curved, bend * gap_l * gap_r, 0.0)
        # at the end of a branch the score may go on rising as it did, or as it does beyond
        step = np.where(near & real[1:] & real[:-1], np.abs(np.diff(values)), 0.0)
        alone = values + np.maximum(np.append(nothing, step), np.append(step, nothing))
        up = values + np.maximum(np.where(near_r, slope_l * gap_r, 0.0), 0.0)
        down = values + np.maximum(np.where(near_l, -slope_r * gap_l, 0.0), 0.0)
    hope = np.where(smooth, sure, np.where(run_l, up, np.where(run_r, down, alone)))
    least = (line.highest(values) - slack)[line.place]
    row = np.flatnonzero(peak & (hope >= least))
    with np.errstate(all="ignore"):
        rise = np.maximum(np.abs(slope_l[:-1]) * run_l[:-1], np.abs(slope_r[1:]) * run_r[1:])
        optimism = np.maximum(np.nan_to_num(rise * gap), step)
    # where the score bends upwards along a branch, two peaks may lie between three samples
    odd = smooth & (bend < 0.0)
    twofold = runs & (odd[1:] | odd[:-1])
    around = np.maximum(step, np.maximum(np.append(step[1:], 0.0), np.append(0.0, step[:-1])))
    optimism = np.where(twofold, around, optimism)
    # how the score goes on beside a lone sample of its branch, nobody knows
    lone = real & ~run_l & ~run_r
    unknown = near & (lone[1:] | lone[:-1]) & (gap > _WIDE)
    most = np.where(real, values, -np.inf)
    most = np.maximum(most[1:], most[:-1]) + optimism
    unsure = near & (~runs | twofold) & (gap > _NARROW)
    return Hopes(
        row,
        np.clip(share[row] + offset[row], share[row] - gap_l[row], share[row] + gap_r[row]),
        hope[row],
        np.flatnonzero(unknown | (unsure & (most >= least[1:]))),
    )
