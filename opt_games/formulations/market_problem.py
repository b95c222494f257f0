r"""The bargaining problem of a whole market with separate shares, sparse, stated over columns.

The same problem as `opt_games.formulations.bargaining_problem` on one branch, for any number of
specialists. Specialists that share a functional form are one mapped function
(`opt_games.formulations.specialist_block`), so that neither building nor differentiating the
problem loops over them. The base level :math:`x_0`, the generalist's profit :math:`v` and, for the
solutions that maximise the smallest gain, that gain :math:`t` are variables:

.. math::

   \max_{x_0, v, t, y} \; h_0(v) + \sum_i h_i(U_i) \quad\text{or}\quad t
   \qquad\text{s.t.}\qquad
   \sum_i M_i = \phi_0'(x_0), \qquad v = \sum_i P_i - \phi_0(x_0), \qquad
   \delta_i \in [\underline\delta, \overline\delta], \dots

Two rows are sums over all; every other row and all second derivatives are of one specialist, or
between it and :math:`x_0`. A generalist at the edge, where going any lower would lose a specialist,
has :math:`\sum_i M_i \le \phi_0'(x_0)` instead. For every rival base level :math:`x_r` there is one
more sum, :math:`v \ge \sum_i P_{ir} - \phi_0(x_r)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import casadi
import numpy as np
from numpy.typing import NDArray

from opt_games.formulations.specialist_block import CONSTANTS, Block, BlockKind, Goal
from opt_games.game import Game
from opt_games.kernels.array_function import Array, Symbols

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Members:
    """Specialists of one `BlockKind`, with all their numbers.

    Attributes
    ----------
    kind : BlockKind
    block : Block
    positions : ndarray of int, shape (members,)
        Where they stand among all specialists.
    numbers : ndarray, shape (numbers, members)
        Parameters and `CONSTANTS`, in the order of the block.
    """

    kind: BlockKind
    block: Block
    positions: Index
    numbers: Array

    def constant(self, name: str) -> Array:
        """Return one of the `CONSTANTS`, by member."""
        return np.asarray(self.numbers[len(self.block.names) + CONSTANTS.index(name)])

    def shares(self, base: float, own: Array) -> Array:
        """Return the shares of who contributes, at a scaled base level and their variables."""
        values = self.block.values.map(own.size)
        found = values(base, 0.0, own[None, :], self.numbers)
        return np.asarray(found.full()[1 + self.kind.sums])


@dataclass(frozen=True)
class Scales:
    """Units of the generalist's quantities, so that all variables are around 1."""

    base: float
    profit: float
    slope: float
    utility: float
    objective: float


@dataclass(frozen=True)
class LeaderTerms:
    """What the generalist brings to the problem.

    Attributes
    ----------
    goal : Goal
        `Goal.LEVEL` has no meaning here.
    weight, least, disagreement, span : float
    floor : bool
        Whether there is a row for the least utility.
    epigraph : bool
        Whether its gain counts in the smallest.
    """

    goal: Goal
    weight: float
    least: float
    disagreement: float
    span: float
    floor: bool
    epigraph: bool


@dataclass(frozen=True)
class MarketProblem:
    """A sparse program over columns, ready for IPOPT.

    Variables are the base level, the generalist's profit, the smallest gain if any is asked for,
    then `Members` by `Members` the variable of every specialist (`Block`), all scaled.
    Rows are the two sums, the generalist's own, then the specialists' in the same order.

    Attributes
    ----------
    game : Game
    members : tuple of Members
    leader : LeaderTerms
    scales : Scales
    rival_costs : tuple of float
        What rival base levels cost the generalist.
    """

    game: Game
    members: tuple[Members, ...]
    leader: LeaderTerms
    scales: Scales
    rival_costs: tuple[float, ...] = ()

    @property
    def epigraph(self) -> bool:
        """Whether the smallest gain is the objective."""
        return self.leader.epigraph or any(each.kind.epigraph for each in self.members)

    @property
    def shared(self) -> int:
        """How many variables belong to all: base level, profit, smallest gain."""
        return 2 + int(self.epigraph)

    @property
    def shared_rows(self) -> int:
        """How many rows are the generalist's: the sums, and those for its utility."""
        return self.sums + int(self.leader.floor) + int(self.leader.epigraph)

    @property
    def sums(self) -> int:
        """How many rows are sums over all."""
        return 2 + len(self.rival_costs)

    @property
    def variables(self) -> int:
        """Number of variables."""
        return self.shared + sum(e.positions.size for e in self.members)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.shared_rows + sum(e.kind.rows * e.positions.size for e in self.members)

    @cached_property
    def _leader(self) -> tuple[Any, Any, Any]:
        """Values, slopes and curvature of the generalist's terms, of (base, profit, worst)."""
        (attribute,) = self.game.attributes
        base_name = f"{attribute}0"
        generalist, terms, scales = self.game.generalist, self.leader, self.scales
        used = generalist.cost.names | frozenset(
            () if generalist.utility is None else generalist.utility.names
        )
        names = sorted(used - {base_name, "profit"})
        symbols = Symbols.named([base_name, "profit", *names])
        base, profit, *parameters = symbols.casadi.values()
        cost = symbols.of(generalist.cost)
        marginal = casadi.gradient(cost, base)
        utility = profit if generalist.utility is None else symbols.of(generalist.utility)
        worst = casadi.SX.sym("worst")
        gain = (utility - terms.disagreement) / scales.utility
        goal = {
            Goal.NOTHING: casadi.SX(0.0),
            Goal.UTILITY: terms.weight * utility,
            Goal.LOG_GAIN: terms.weight * casadi.log(gain),
        }[terms.goal]
        rows = [-marginal / scales.slope, -(cost + profit) / scales.profit]
        rows += [-(each + profit) / scales.profit for each in self.rival_costs]
        if terms.floor:
            rows.append((utility - terms.least) / scales.utility)
        if terms.epigraph:
            rows.append(gain - worst * terms.span / scales.utility)
        scaled = [casadi.SX.sym("base"), casadi.SX.sym("profit")]
        column = casadi.substitute(
            [casadi.vertcat(goal, *rows)],
            [base, profit, *parameters],
            [
                scaled[0] * scales.base,
                scaled[1] * scales.profit,
                *(self.game.parameters[name] for name in names),
            ],
        )[0]
        inputs = [*scaled, worst]
        multipliers = casadi.SX.sym("multipliers", column.numel())
        both = casadi.vertcat(*scaled)
        hessian, _ = casadi.hessian(casadi.dot(multipliers, column), both)
        jacobian = casadi.densify(casadi.jacobian(column, both))
        return (
            casadi.Function("values", inputs, [casadi.densify(column)]),
            casadi.Function("slopes", inputs, [jacobian]),
            casadi.Function(
                "curvature",
                [*inputs, multipliers],
                [casadi.vertcat(hessian[0, 0] + casadi.SX(0.0), hessian[1, 1] + casadi.SX(0.0))],
            ),
        )

    def functions(self) -> dict[str, Any]:
        """Return the program for ``casadi.nlpsol``: its expressions, and exact derivatives."""
        x, lam = casadi.MX.sym("x", self.variables), casadi.MX.sym("lam", self.rows)
        p, sigma = casadi.MX.sym("p", 0), casadi.MX.sym("sigma")
        base, profit = x[0], x[1]
        worst = x[2] if self.epigraph else casadi.MX(0.0)
        units = casadi.DM([self.scales.slope] + [self.scales.profit] * (self.sums - 1))
        size, count_sums = self.scales.objective, self.sums
        values, slopes, curvature = self._leader
        at = values(base, profit, worst)
        by = slopes(base, profit, worst)
        sums, own_rows, goal = casadi.MX.zeros(count_sums), [at[1 + count_sums :]], at[0]
        sums_by_base, goal_by_base = casadi.MX.zeros(count_sums), by[0, 0]
        base_column: list[Any] = []
        own_columns: list[Any] = []
        own_gradient: list[Any] = []
        worst_column: list[Any] = []
        bend, own_bends = casadi.MX(0.0), []
        top = casadi.vertcat(-sigma / size, lam[:count_sums] / units)
        first, row = self.shared, self.shared_rows
        for each in self.members:
            kind, count = each.kind, each.positions.size
            own = x[first : first + count].T
            given: list[Any] = [casadi.repmat(base, 1, count), casadi.repmat(worst, 1, count), own]
            given.append(casadi.DM(each.numbers))
            found = each.block.values.map(count)(*given)
            total = casadi.sum2(found[: 1 + count_sums, :])
            goal += total[0]
            sums += total[1:]
            own_rows.append(casadi.vec(found[1 + count_sums :, :]))
            found = each.block.slopes.map(count)(*given)
            total = casadi.sum2(found[: 1 + count_sums, :])
            goal_by_base += total[0]
            sums_by_base += total[1:]
            length = 1 + count_sums + kind.rows
            base_column.append(casadi.vec(found[1 + count_sums : length, :]))
            own_gradient.append(-found[length, :].T / size)
            scaling = casadi.diag(casadi.vertcat(1.0 / units, casadi.DM.ones(kind.rows)))
            own_columns.append(casadi.vec(scaling @ found[length + 1 :, :]))
            if kind.epigraph:
                numbers = each.constant("span") / each.constant("utility_scale")
                worst_column.append(casadi.MX(casadi.DM(-numbers)))
            theirs = casadi.reshape(lam[row : row + kind.rows * count], kind.rows, count)
            weights = casadi.vertcat(casadi.repmat(top, 1, count), theirs)
            found = each.block.curvature.map(count)(*given, weights)
            bend += casadi.sum2(found[0, :])
            own_bends.append(casadi.vec(found[1:, :]))
            first += count
            row += kind.rows * count
        f = -worst if self.epigraph else -goal / size
        g = casadi.vertcat(sums / units + at[1 : 1 + count_sums], *own_rows)
        gradient = [-goal_by_base / size, -by[0, 1] / size]
        if self.epigraph:
            gradient = [casadi.MX(0.0), casadi.MX(0.0), casadi.MX(-1.0)]
            own_gradient = [casadi.MX.zeros(self.variables - self.shared)]
        lead = at.shape[0]
        entries = [sums_by_base / units + by[1 : 1 + count_sums, 0]]
        entries += [*base_column, by[2:lead, 1]]
        if self.epigraph:
            if self.leader.epigraph:
                entries.append(casadi.MX(-self.leader.span / self.scales.utility))
            entries += worst_column
        jacobian = casadi.MX(self._jacobian_pattern, casadi.vertcat(*entries, *own_columns))
        leader_bend = curvature(
            base, profit, worst, casadi.vertcat(top[0], lam[: self.shared_rows])
        )
        hessian = casadi.MX(
            self._hessian_pattern,
            casadi.vertcat(bend + leader_bend[0], leader_bend[1], *own_bends),
        )
        # when the smallest gain is the objective, sigma multiplies nothing that bends
        return {
            "problem": {"x": x, "p": p, "f": f, "g": g},
            "grad_f": casadi.Function(
                "grad_f", [x, p], [f, casadi.vertcat(*gradient, *own_gradient)]
            ),
            "jac_g": casadi.Function("jac_g", [x, p], [g, jacobian]),
            "hess_lag": casadi.Function("hess_lag", [x, p, sigma, lam], [hessian]),
        }

    @property
    def _jacobian_pattern(self) -> Any:
        """Where the rows depend on the variables, column by column."""
        own_rows = np.arange(self.shared_rows, self.rows)
        sums = np.arange(self.sums)
        columns = [np.concatenate([sums, own_rows]), np.arange(1, self.shared_rows)]
        if self.epigraph:
            columns.append(self._epigraph_rows)
        indices, lengths = [*columns], [column.size for column in columns]
        row = self.shared_rows
        for each in self.members:
            kind, count = each.kind, each.positions.size
            start = row + kind.rows * np.arange(count)[:, None, None]
            theirs = np.broadcast_to(start + np.arange(kind.rows), (count, 1, kind.rows))
            shared = np.broadcast_to(np.arange(self.sums), (count, 1, self.sums))
            both = np.concatenate([shared, theirs], axis=2)
            indices.append(both.ravel())
            lengths += [self.sums + kind.rows] * count
            row += kind.rows * count
        starts = np.concatenate([[0], np.cumsum(lengths)])
        return casadi.Sparsity(
            self.rows, self.variables, starts.tolist(), np.concatenate(indices).tolist()
        )

    @property
    def _epigraph_rows(self) -> Index:
        """The rows in which the smallest gain stands; it is the last of a specialist's."""
        found = [np.array([self.shared_rows - 1])] if self.leader.epigraph else []
        row = self.shared_rows
        for each in self.members:
            kind, count = each.kind, each.positions.size
            if kind.epigraph:
                found.append(row + kind.rows * np.arange(1, count + 1) - 1)
            row += kind.rows * count
        return np.concatenate(found).astype(np.int64)

    @property
    def _hessian_pattern(self) -> Any:
        """Upper half: the base level with everything, and every specialist with itself."""
        indices, lengths = [np.array([0]), np.array([1])], [1, 1]
        if self.epigraph:
            lengths.append(0)
        first = self.shared
        for each in self.members:
            count = each.positions.size
            own = first + np.arange(count)
            indices.append(np.column_stack([np.zeros(count, dtype=np.int64), own]).ravel())
            lengths += [2] * count
            first += count
        starts = np.concatenate([[0], np.cumsum(lengths)])
        flat = np.concatenate(indices).tolist()
        return casadi.Sparsity(self.variables, self.variables, starts.tolist(), flat)


def numbered(
    game: Game, kind: BlockKind, block: Block, positions: Index, constants: Sequence[Array]
) -> Members:
    """Return specialists of one kind with their numbers.

    Parameters
    ----------
    game : Game
    kind : BlockKind
    block : Block
    positions : ndarray of int
        Some members of the functional form, ascending.
    constants : sequence of ndarray, shape (specialists,)
        In the order of `BlockKind.constants`, of all specialists of the game.
    """
    group = game.specialists.groups[kind.group]
    rows = np.searchsorted(group.members, positions)
    columns = [group.column(name, game.parameters)[rows] for name in block.names]
    return Members(
        kind, block, positions, np.array([*columns, *(each[positions] for each in constants)])
    )
