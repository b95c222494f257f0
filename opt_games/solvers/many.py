"""One compiled problem for many data at once: arrays in, arrays out, and a check of each answer.

A vendor's word is not needed: what it hands back is held against the first-order conditions, and
one Newton step on them says how far each point is from a solution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from opt_games.solvers.interruption import interruptible

if TYPE_CHECKING:
    from opt_games.solvers.ipopt import IpoptProblem

Array = NDArray[np.float64]

_CORRECTIONS = 2
_CLOSE = 1e-7  # of a bound that binds, relative
_TRUST = 1e-3  # a larger relative step is no correction of rounding


@dataclass(frozen=True)
class ManySolutions:
    """Points, one per column.

    Attributes
    ----------
    points : ndarray, shape (variables, cases)
    error : ndarray, shape (cases,)
        The last Newton step on the first-order conditions, relative to the variables: how far the
        point may be from a solution. Infinite where the conditions are not met at all.
    """

    points: Array
    error: Array


class ManyProblems:
    """A compiled model, to be solved for many values of its mutable Params.

    Parameters
    ----------
    problem : IpoptProblem
        Compiled. Bounds and fixed values of the Vars are read from the model now.

    Examples
    --------
    >>> import numpy as np, pyomo.environ as pyo
    >>> from opt_games.solvers import SolverOptions, get_solver
    >>> model = pyo.ConcreteModel()
    >>> model.x, model.p = pyo.Var(bounds=(0, 1)), pyo.Param(mutable=True, initialize=0.0)
    >>> model.goal = pyo.Objective(expr=(model.x - model.p)**2)
    >>> many = ManyProblems(get_solver("ipopt").compile(model, SolverOptions()))
    >>> found = many.solve(np.full((1, 3), 0.5), np.array([[0.25, 0.75, 2.0]]))
    >>> found.points.round(9)
    array([[0.25, 0.75, 1.  ]])
    """

    def __init__(self, problem: IpoptProblem) -> None:
        self.problem = problem
        compiled = problem.compiled
        self._lower, self._upper = (np.array(each) for each in compiled.view.bounds())
        self._fixed = self._lower == self._upper
        self._settled = np.array(
            [all(self._fixed[column] for column in row) for row in compiled.columns], dtype=bool
        )

    @property
    def free(self) -> bool:
        """Whether there is anything to solve for."""
        return not bool(self._fixed.all())

    def solve(self, starts: Array, parameters: Array) -> ManySolutions:
        """Solve for one column of starts and parameters after the other.

        Parameters
        ----------
        starts : ndarray, shape (variables, cases)
            Near the solutions: see `SolverOptions.close_start`.
        parameters : ndarray, shape (parameters, cases)
            In the order of ``problem.compiled.parameters``.
        """
        starts = np.where(self._fixed[:, None], self._lower[:, None], starts)
        limits = np.asarray(self.problem.compiled.limits(parameters))
        low, high = np.split(limits, 2)
        # rows without a free variable are facts, not conditions
        low = np.where(self._settled[:, None], -np.inf, low)
        high = np.where(self._settled[:, None], np.inf, high)
        points, duals, bound_duals = starts.copy(), np.zeros(low.shape), np.zeros(starts.shape)
        if self.free:
            points, duals, bound_duals = self._run(starts, parameters, low, high)
        return self._corrected(points, duals, bound_duals, parameters, low, high)

    def fitted(self, starts: Array, parameters: Array, columns: Sequence[int]) -> Array:
        """Fit some variables of the starts to the equations that depend on them, least squares.

        Parameters
        ----------
        starts, parameters : ndarray
            As for `solve`.
        columns : sequence of int
            Variables in which these equations are affine, such as multipliers.
        """
        low, high = np.split(np.asarray(self.problem.compiled.limits(parameters)), 2)
        equations = (low == high).all(axis=1)
        rows = [
            row
            for row, used in enumerate(self.problem.compiled.columns)
            if equations[row] and used.intersection(columns)
        ]
        if not rows:
            return starts
        found = starts.copy()
        found[columns] = 0.0
        duals = np.zeros(low.shape)
        _, bodies, jacobian = self._derivatives(found, parameters, duals)[:3]
        bodies = bodies - low
        matrix = jacobian[:, rows][:, :, columns]
        usable = np.isfinite(matrix).all(axis=(1, 2)) & np.isfinite(bodies[rows]).all(axis=0)
        inverse = np.linalg.pinv(matrix[usable])
        fit = -np.einsum("cvr,rc->vc", inverse, bodies[rows][:, usable])
        found[np.ix_(np.array(columns), np.flatnonzero(usable))] = fit
        return found

    def _run(
        self, starts: Array, parameters: Array, low: Array, high: Array
    ) -> tuple[Array, Array, Array]:
        problem = self.problem
        buffer, evaluate = problem.solver_function.buffer()
        names = problem.solver_function.name_in()
        outputs = problem.solver_function.name_out()
        sizes = {"x0": starts, "p": parameters, "lbg": low, "ubg": high}
        given = {name: np.zeros(each.shape[0]) for name, each in sizes.items()}
        given |= {"lbx": self._lower.copy(), "ubx": self._upper.copy()}
        given |= {"lam_x0": np.zeros(starts.shape[0]), "lam_g0": np.zeros(low.shape[0])}
        back = {
            "x": np.zeros(starts.shape[0]),
            "lam_x": np.zeros(starts.shape[0]),
            "lam_g": np.zeros(low.shape[0]),
        }
        for name, each in given.items():
            buffer.set_arg(names.index(name), each.data)
        for name, each in back.items():
            buffer.set_res(outputs.index(name), each.data)
        points, bound_duals = np.empty(starts.shape), np.empty(starts.shape)
        duals = np.empty(low.shape)
        with interruptible() as raised:
            for case in range(starts.shape[1]):
                for name, each in sizes.items():
                    given[name][:] = each[:, case]
                evaluate()
                points[:, case] = back["x"]
                bound_duals[:, case] = back["lam_x"]
                duals[:, case] = back["lam_g"]
                if raised:
                    break
        return points, duals, bound_duals

    def _corrected(
        self,
        points: Array,
        duals: Array,
        bound_duals: Array,
        parameters: Array,
        low: Array,
        high: Array,
    ) -> ManySolutions:
        """Correct points by Newton steps on the first-order conditions of their active sets."""
        bodies = np.asarray(self.problem.compiled.constraints(points, parameters))
        active = (low == high) | _binds(bodies, duals, low, high)
        bound = np.where(duals < 0.0, low, high)
        held = self._fixed[:, None] | _binds(
            points, bound_duals, self._lower[:, None], self._upper[:, None]
        )
        bound_at = np.where(bound_duals < 0.0, self._lower[:, None], self._upper[:, None])
        bound = np.where(low == high, low, bound)
        bound_at = np.where(self._fixed[:, None], self._lower[:, None], bound_at)
        points = np.where(held, bound_at, points)
        error = np.full(points.shape[1], np.inf)
        good = np.isfinite(points).all(axis=0)
        for _ in range(_CORRECTIONS):
            step, duals = self._newton(points, duals, parameters, active, bound, held)
            with np.errstate(all="ignore"):
                size = np.abs(step) / (np.abs(points) + 1e-9 * np.abs(points).max(axis=0))
                size = np.where(step == 0.0, 0.0, size).max(axis=0)
                good &= size <= _TRUST
            points = np.where(good, points + step, points)
            error = np.where(good, size, np.inf)
        bodies = np.asarray(self.problem.compiled.constraints(points, parameters))
        slack = 1e-9 * (1.0 + np.abs(bodies))
        with np.errstate(invalid="ignore"):
            met = ((bodies >= low - slack) & (bodies <= high + slack)).all(axis=0)
            met &= ((points >= self._lower[:, None]) & (points <= self._upper[:, None])).all(axis=0)
        return ManySolutions(points, np.where(met, error, np.inf))

    def _newton(
        self,
        points: Array,
        duals: Array,
        parameters: Array,
        active: NDArray[np.bool_],
        bound: Array,
        held: NDArray[np.bool_],
    ) -> tuple[Array, Array]:
        variables, cases = points.shape
        rows = active.shape[0]
        gradient, bodies, jacobian, hessian = self._derivatives(points, parameters, duals)
        matrix = np.zeros((cases, variables + rows, variables + rows))
        matrix[:, :variables, :variables] = hessian
        matrix[:, :variables, variables:] = jacobian.transpose(0, 2, 1)
        matrix[:, variables:, :variables] = jacobian
        right = np.concatenate([-gradient, bound - bodies])
        # what does not bind has no multiplier, and what is held at its bound stays there
        off = np.concatenate([held, ~active]).T
        right = np.where(off.T, 0.0, right).T
        matrix[off] = 0.0
        matrix.transpose(0, 2, 1)[off] = 0.0
        case, index = np.nonzero(off)
        matrix[case, index, index] = 1.0
        found = _solved(matrix, right)
        return found[:, :variables].T, found[:, variables:].T

    def _derivatives(
        self, points: Array, parameters: Array, duals: Array
    ) -> tuple[Array, Array, Array, Array]:
        """Evaluate `_conditions`, with the case as the first axis of the two matrices."""
        gradient, bodies, jacobian, hessian = (
            np.asarray(each) for each in self._conditions(points, parameters, duals)
        )
        (variables, cases), rows = points.shape, bodies.shape[0]
        jacobian = jacobian.reshape(rows, cases, variables).transpose(1, 0, 2)
        hessian = hessian.reshape(variables, cases, variables).transpose(1, 0, 2)
        return gradient, bodies, jacobian, hessian

    @cached_property
    def _conditions(self) -> Any:
        """CasADi function ``(x, p, lam) -> [df/dx, g, dg/dx, d2(f + lam' g)/dx2]``, dense."""
        import casadi as ca

        compiled = self.problem.compiled
        x, p, f, g = compiled.x, compiled.p, compiled.f, compiled.g
        lam = ca.SX.sym("lam", g.numel())
        hessian = ca.hessian(f + ca.dot(lam, g), x)[0]
        outputs = [ca.gradient(f, x), g, ca.jacobian(g, x), hessian]
        return ca.Function("conditions", [x, p, lam], [ca.densify(each) for each in outputs])


def _binds(values: Array, duals: Array, low: Array, high: Array) -> NDArray[np.bool_]:
    """Which bounds hold with force: they are close, and the multiplier outweighs the distance."""
    with np.errstate(invalid="ignore"):
        above, below = values - low, high - values
        near = _CLOSE * (1.0 + np.abs(values))
        return np.asarray(
            ((duals < 0.0) & (-duals > above) & (above <= near))
            | ((duals > 0.0) & (duals > below) & (below <= near))
        )


def _solved(matrix: Array, right: Array) -> Array:
    """Solve many linear systems, singular ones with the smallest step; ``nan`` where undefined."""
    finite = np.isfinite(matrix).all(axis=(1, 2)) & np.isfinite(right).all(axis=1)
    found = np.full(right.shape, np.nan)
    try:
        found[finite] = np.linalg.solve(matrix[finite], right[finite][..., None])[..., 0]
    except np.linalg.LinAlgError:
        for case in np.flatnonzero(finite):
            found[case] = np.linalg.lstsq(matrix[case], right[case], rcond=1e-14)[0]
    return found
