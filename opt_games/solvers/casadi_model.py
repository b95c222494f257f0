"""A Pyomo model as CasADi functions, with its exact derivatives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

from opt_games.errors import SolverError
from opt_games.solvers.casadi_walker import to_casadi, translator
from opt_games.solvers.model_view import ModelView, bounded, contradiction
from opt_games.solvers.walker import Symbol

if TYPE_CHECKING:
    from pyomo.core.base.block import BlockData
    from pyomo.core.base.param import ParamData

__all__ = ["CasadiModel", "Numbers", "to_casadi"]


@dataclass(frozen=True)
class Numbers:
    """The present data of a model: everything that may change between two solves.

    Attributes
    ----------
    start, lower, upper : list of float
        Start and bounds of the variables.
    parameters : list of float
        Values of the mutable Params.
    constraint_lower, constraint_upper : list of float
        Bounds of the constraints.
    contradiction : str or None
        Names bounds that contradict each other, which no solver should be asked about.
    """

    start: list[float]
    lower: list[float]
    upper: list[float]
    parameters: list[float]
    constraint_lower: list[float]
    constraint_upper: list[float]
    contradiction: str | None


class CasadiModel:
    """``min f(x, p)`` subject to ``lbg(p) <= g(x, p) <= ubg(p)``, as CasADi expressions.

    Make one with `from_pyomo`.

    Attributes
    ----------
    view : ModelView
        The Pyomo side: its ``variables`` and ``constraints`` give the order of ``x`` and ``g``.
    x, p : casadi.SX
        Column vectors of the variables and mutable Params.
    f : casadi.SX
        The objective to minimise: the negative of one that is maximised.
    g : casadi.SX
        The bodies of the constraints.
    parameters : tuple of ParamData
        The mutable Params, in the order of ``p``.
    limits : casadi.Function
        ``p -> [lbg, ubg]``, one column.
    """

    def __init__(
        self,
        view: ModelView,
        x: Symbol,
        p: Symbol,
        f: Symbol,
        g: Symbol,
        limits: Symbol,
        parameters: Sequence[ParamData],
    ) -> None:
        import casadi

        self._ca = casadi
        self.view = view
        self.x, self.p, self.f, self.g = x, p, f, g
        self.parameters = tuple(parameters)
        self.limits = casadi.Function("limits", [p], [limits])

    @classmethod
    def from_pyomo(cls, model: BlockData) -> CasadiModel:
        """Translate the active part of a model.

        Parameters
        ----------
        model : ConcreteModel or Block
            At most one active objective; Vars continuous or fixed.

        Returns
        -------
        CasadiModel
            Mutable Params and fixed Vars stay symbols, so that both may change later.

        Raises
        ------
        SolverError
            If the model is not of that kind, or holds an expression without a translation.
        """
        import casadi as ca

        view = ModelView(model)
        x = ca.SX.sym("x", len(view.variables))
        symbols = dict(zip(map(id, view.variables), ca.vertsplit(x), strict=True))
        parameters: list[ParamData] = []

        def symbol(leaf: Any) -> Symbol:
            if id(leaf) not in symbols:
                # Every Var is in view.variables, so this is a mutable Param met for the first time.
                parameters.append(leaf)
                symbols[id(leaf)] = ca.SX.sym(f"p{len(parameters)}")
            return symbols[id(leaf)]

        translate = translator(symbol)
        cost = 0.0 if view.objective is None else view.sign * translate(view.objective.expr)
        bodies, lower, upper = [], [], []
        for low, body, high in map(bounded, view.constraints):
            bodies.append(translate(body))
            lower.append(-math.inf if low is None else translate(low))
            upper.append(math.inf if high is None else translate(high))
        p = ca.vertcat(*(symbols[id(each)] for each in parameters)) if parameters else ca.SX(0, 1)
        g = ca.SX(ca.vertcat(*bodies)) if bodies else ca.SX(0, 1)
        limits = ca.SX(ca.vertcat(*lower, *upper)) if bodies else ca.SX(0, 1)
        return cls(view, x, p, ca.SX(cost), g, limits, parameters)

    def read(self) -> Numbers:
        """Read the present data of the Pyomo model.

        Raises
        ------
        SolverError
            If a Param or fixed Var has no value, or the structure changed since compiling.
        """
        self.view.check()
        lower, upper = self.view.bounds()
        parameters = []
        for each in self.parameters:
            number = pyo.value(each, exception=False)
            if number is None:
                raise SolverError(f"the Param {each.name} has no value: give it one")
            parameters.append(float(number))
        limits = self.limits(parameters).full().ravel().tolist()
        count = len(self.view.constraints)
        low, high = limits[:count], limits[count:]
        broken = contradiction(self.view.variables, lower, upper)
        broken = broken or contradiction(self.view.constraints, low, high)
        start = self.view.start(lower, upper)
        return Numbers(start, lower, upper, parameters, low, high, broken)

    @cached_property
    def values(self) -> Any:
        """CasADi function ``(x, p) -> [f, g]``, one dense column."""
        column = self._ca.densify(self._ca.vertcat(self.f, self.g))
        return self._ca.Function("values", [self.x, self.p], [column])

    @cached_property
    def columns(self) -> tuple[frozenset[int], ...]:
        """For each constraint, the indices of the variables that its body depends on."""
        found: list[set[int]] = [set() for _ in self.view.constraints]
        sparsity = self._ca.jacobian_sparsity(self.g, self.x)
        for row, column in zip(*sparsity.get_triplet(), strict=True):
            found[row].add(column)
        return tuple(map(frozenset, found))

    @cached_property
    def objective(self) -> Any:
        """CasADi function ``(x, p) -> f``."""
        return self._ca.Function("f", [self.x, self.p], [self.f])

    @cached_property
    def constraints(self) -> Any:
        """CasADi function ``(x, p) -> g``, dense."""
        return self._ca.Function("g", [self.x, self.p], [self._ca.densify(self.g)])

    @cached_property
    def gradient(self) -> Any:
        """CasADi function ``(x, p) -> df/dx``, dense."""
        gradient = self._ca.densify(self._ca.gradient(self.f, self.x))
        return self._ca.Function("grad_f", [self.x, self.p], [gradient])

    @cached_property
    def jacobian(self) -> Any:
        """CasADi function ``(x, p) -> dg/dx``, sparse."""
        return self._ca.Function("jac_g", [self.x, self.p], [self._ca.jacobian(self.g, self.x)])

    @cached_property
    def hessian(self) -> Any:
        """CasADi function ``(x, p, lam, s) -> d2(s f + lam' g)/dx2``, sparse, its lower half."""
        ca = self._ca
        s = ca.SX.sym("s")
        lam = ca.SX.sym("lam", self.g.numel())
        lagrangian = s * self.f + ca.dot(lam, self.g)
        hessian = ca.tril(ca.hessian(lagrangian, self.x)[0])
        return ca.Function("hess_l", [self.x, self.p, lam, s], [hessian])
