"""From a bargaining solution and a set of regimes to the sparse program of a whole market."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from opt_games.bargaining.solutions import Stakes
from opt_games.formulations.market_problem import (
    LeaderTerms,
    MarketProblem,
    Scales,
    numbered,
)
from opt_games.formulations.specialist_block import Block, BlockKind, Goal, specialist_block
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.solvers.columns import Bounds

Mask = NDArray[np.bool_]

SMALLEST_GAIN = ("egalitarian", "kalai-smorodinsky")


@dataclass(frozen=True)
class Place:
    """A contract with levels, and the regimes that a program is stated for.

    Attributes
    ----------
    shares : ndarray, shape (specialists,)
    base : float
    extra : ndarray, shape (specialists,)
        Contributions.
    takes, contributes : ndarray of bool, shape (specialists,)
    profit : float
        The generalist's.
    """

    shares: Array
    base: float
    extra: Array
    takes: Mask
    contributes: Mask
    profit: float


@dataclass(frozen=True)
class Standing:
    """Where specialists stand at a base level, whatever their shares; arrays of (specialists,).

    Attributes
    ----------
    marginal : ndarray
        Marginal revenue, the unit of first-order conditions.
    tempted : ndarray of bool
        Who contributes at every share below 1.
    most : ndarray
        The contribution at the lowest share, the unit of contributions.
    power : ndarray
        Who keeps next to nothing contributes in proportion to this power of what it keeps.
    """

    marginal: Array
    tempted: Mask
    most: Array
    power: Array


@dataclass(frozen=True)
class Rival:
    """A base level that the generalist must not prefer.

    Attributes
    ----------
    base, cost : float
    paid, by_share, half_bend : ndarray, shape (specialists,)
        What everybody would pay there, as a polynomial in the change of its share.
    floor : ndarray, shape (specialists,)
        The least share at which it stays out there; the least of all for who takes part.
    """

    base: float
    cost: float
    paid: Array
    by_share: Array
    half_bend: Array
    floor: Array


@dataclass(frozen=True)
class Terms:
    """What a bargaining solution asks of every player.

    Attributes
    ----------
    game : Game
    solution : str
        Canonical name, or ``"player 0"`` for the generalist's utility.
    stakes : Stakes
    outside : ndarray, shape (players,)
        Utility of the outside options.
    """

    game: Game
    solution: str
    stakes: Stakes
    outside: Array

    @cached_property
    def least(self) -> Array:
        """What every player must get to take part and to sign, in utility."""
        return np.maximum(self.stakes.disagreement, self.outside)

    @cached_property
    def span(self) -> Array:
        """What gains are measured in, where the smallest counts."""
        if self.solution == "kalai-smorodinsky":
            span = self.stakes.ideal - self.stakes.disagreement
            return np.where(span > 0, span, 1.0)
        return np.ones(self.stakes.disagreement.size)

    @cached_property
    def weights(self) -> Array:
        """Every player's weight in a sum of utilities or of log gains."""
        stakes = self.stakes
        one = np.ones(stakes.weights.size)
        if self.solution in ("powerful-generalist", "player 0"):
            return np.append(1.0, np.zeros(one.size - 1))
        if self.solution == "powerful-specialist":
            return np.append(0.0, one[1:])
        if self.solution == "nash":
            return np.where(stakes.bargainers, stakes.weights, 0.0)
        return stakes.weights if self.solution == "weighted" else one

    def goal(self, player: int) -> Goal:
        """Return what the player's term of the objective is."""
        return _GOALS[int(self.goals[player])]

    @cached_property
    def goals(self) -> NDArray[np.int64]:
        """The same for all players, numbered as `Goal` lists them."""
        count = self.weights.size
        if self.solution in SMALLEST_GAIN:
            return np.zeros(count, dtype=np.int64)
        if self.solution == "max-performance":
            return np.append(0, np.full(count - 1, _GOALS.index(Goal.LEVEL)))
        kind = Goal.LOG_GAIN if self.solution == "nash" else Goal.UTILITY
        return np.where(self.weights > 0, _GOALS.index(kind), 0)

    @cached_property
    def counted(self) -> Mask:
        """Whose gain counts in the smallest."""
        if self.solution in SMALLEST_GAIN:
            return self.stakes.bargainers
        return np.zeros(self.weights.size, dtype=bool)

    @cached_property
    def floored(self) -> Mask:
        """Who needs a row that says that it gets no less than `least`."""
        gains = self.counted | (self.goals == _GOALS.index(Goal.LOG_GAIN))
        return np.asarray(~(gains & (self.stakes.disagreement >= self.outside)))

    def blocks(self) -> dict[BlockKind, Block]:
        """Return where compiled blocks are kept between programs."""
        return self._blocks

    @cached_property
    def _blocks(self) -> dict[BlockKind, Block]:
        return {}


_GOALS = list(Goal)


@dataclass(frozen=True)
class Program:
    """A `MarketProblem` with its start and bounds."""

    problem: MarketProblem
    bounds: Bounds

    def unpack(self, x: Array, at: Place) -> Place:
        """Return the contract and levels of a solution; abstainers keep the shares of `at`."""
        shares, extra = at.shares.copy(), np.zeros(at.extra.size)
        first = self.problem.shared
        for each in self.problem.members:
            own = x[first : first + each.positions.size]
            shares[each.positions] = own
            if each.kind.contributes:
                extra[each.positions] = each.constant("level_scale") * own ** each.constant(
                    "level_power"
                )
                shares[each.positions] = each.shares(x[0], own)
            first += own.size
        base = float(x[0] * self.problem.scales.base)
        profit = float(x[1] * self.problem.scales.profit)
        return Place(shares, base, extra, at.takes, at.contributes, profit)


def assemble(
    terms: Terms,
    at: Place,
    standing: Standing,
    *,
    edge: bool = False,
    rivals: Sequence[Rival] = (),
    trust: float = np.inf,
) -> Program:
    """State the program of some regimes, to start at a place on them.

    Parameters
    ----------
    terms : Terms
    at : Place
    standing : Standing
        At the base level of the start.
    edge : bool
        Whether the generalist may be at the edge.
    rivals : sequence of Rival
    trust : float
        How far shares may move.
    """
    game, stakes = terms.game, terms.stakes
    low, high = game.contract.bounds
    count = at.shares.size
    # who gives up everything is about to contribute: the program decides
    at = replace(at, contributes=at.takes & (at.contributes | standing.tempted))
    size = np.where(stakes.scale > 0, stakes.scale, 1.0)
    constants = [
        np.full(count, at.base),
        standing.most,
        standing.power,
        standing.marginal,
        size[1:],
        terms.least[1:],
        stakes.disagreement[1:],
        terms.span[1:],
        terms.weights[1:],
    ]
    if rivals:
        constants.append(at.shares)
    for each in rivals:
        constants += [each.paid, each.by_share, each.half_bend]
    members = [
        numbered(game, kind, _block(terms, kind), positions, constants)
        for kind, positions in _kinds(terms, at, len(rivals))
    ]
    leader = LeaderTerms(
        terms.goal(0),
        float(terms.weights[0]),
        float(terms.least[0]),
        float(stakes.disagreement[0]),
        float(terms.span[0]),
        bool(terms.floored[0]),
        bool(terms.counted[0]),
    )
    profit_scale = max(abs(at.profit), 1e-3 * float(size[0]))
    slope_scale = profit_scale / at.base
    # per specialist: tolerances are for each
    objective = {
        "nash": float(terms.weights.sum()),
        "max-performance": float((at.base + at.extra).sum()),
    }.get(terms.solution, float((terms.weights * size).sum()))
    objective /= count
    scales = Scales(at.base, profit_scale, slope_scale, float(size[0]), objective)
    problem = MarketProblem(
        game, tuple(members), leader, scales, tuple(each.cost for each in rivals)
    )
    floors = [np.full(count, low), at.shares - trust, *(each.floor for each in rivals)]
    ceiling = np.minimum(np.full(count, high), at.shares + trust)
    return _bounded(problem, at, np.maximum.reduce(floors), ceiling, edge)


def _block(terms: Terms, kind: BlockKind) -> Block:
    kept = terms.blocks()
    if kind not in kept:
        group = terms.game.specialists.groups[kind.group]
        kept[kind] = specialist_block(group, kind, terms.game.attributes[0])
    return kept[kind]


def _kinds(terms: Terms, at: Place, rivals: int) -> list[tuple[BlockKind, NDArray[np.int64]]]:
    """Sort who takes part by the rows that it has."""
    found = []
    for number, group in enumerate(terms.game.specialists.groups):
        rows = group.members[at.takes[group.members]]
        code = (
            at.contributes[rows]
            + 2 * terms.floored[rows + 1]
            + 4 * terms.counted[rows + 1]
            + 8 * terms.goals[rows + 1]
        )
        for each in np.unique(code):
            kind = BlockKind(
                number,
                bool(each & 1),
                bool(each & 2),
                bool(each & 4),
                _GOALS[int(each) >> 3],
                rivals,
            )
            found.append((kind, rows[code == each]))
    return found


def _bounded(problem: MarketProblem, at: Place, low: Array, top: Array, edge: bool) -> Program:
    worst = int(problem.epigraph)
    start = [np.array([1.0, at.profit / problem.scales.profit, *[0.0] * worst])]
    lower = [np.array([1e-9, -np.inf, *[0.0] * worst])]
    upper = [np.full(problem.shared, np.inf)]
    rivals = problem.sums - 2
    more = problem.shared_rows - problem.sums
    row_lower = [np.array([-np.inf if edge else 0.0, 0.0, *[-np.inf] * rivals, *[0.0] * more])]
    row_upper = [np.array([0.0, 0.0, *[0.0] * rivals, *[np.inf] * more])]
    for each in problem.members:
        kind, rows = each.kind, each.positions
        highest = np.maximum(top[rows], low[rows])
        bottom, ceiling = np.zeros((kind.rows, rows.size)), np.full((kind.rows, rows.size), np.inf)
        if kind.contributes:
            unit, power = each.constant("level_scale"), each.constant("level_power")
            own = (at.extra[rows] / unit) ** (1.0 / power)
            least, most = np.zeros(rows.size), np.full(rows.size, np.inf)
            # no contribution is made at a share above 1
            bottom[0], ceiling[0] = low[rows], np.where(highest < 1.0, highest, np.inf)
        else:
            own, least, most = np.clip(at.shares[rows], low[rows], highest), low[rows], highest
            bottom[0], ceiling[0] = -np.inf, 0.0
        for column, values in zip((start, lower, upper), (own, least, most), strict=True):
            column.append(values)
        row_lower.append(bottom.T.ravel())
        row_upper.append(ceiling.T.ravel())
    columns = (start, lower, upper, row_lower, row_upper)
    return Program(problem, Bounds(*(np.concatenate(column) for column in columns)))
