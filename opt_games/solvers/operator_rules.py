"""Rules for solvers whose expressions are written with Python's operators: SCIP, MAiNGO, Gurobi."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from pyomo.contrib.fbbt.fbbt import compute_bounds_on_expr
from pyomo.core.expr import numeric_expr as ne

from opt_games.errors import SolverError
from opt_games.solvers.walker import Rules, Symbol

Function = Callable[[Symbol], Symbol]


def from_basic(exp: Function, log: Function, sqrt: Function) -> dict[str, Function]:
    """Return functions that are combinations of a few, for solvers that have only those.

    Parameters
    ----------
    exp, log, sqrt : callable
        The solver's own.

    Returns
    -------
    dict of str to callable
        By Pyomo's names: the three themselves, log10, the hyperbolic functions and their inverses.
    """
    return {
        "exp": exp,
        "log": log,
        "sqrt": sqrt,
        "log10": lambda x: log(x) * (1.0 / math.log(10.0)),
        "sinh": lambda x: 0.5 * exp(x) - 0.5 * exp(-x),
        "cosh": lambda x: 0.5 * exp(x) + 0.5 * exp(-x),
        "tanh": lambda x: 1.0 - 2.0 / (exp(2.0 * x) + 1.0),
        "asinh": lambda x: log(x + sqrt(x**2 + 1.0)),
        "acosh": lambda x: log(x + sqrt(x**2 - 1.0)),
        "atanh": lambda x: 0.5 * log(1.0 + x) - 0.5 * log(1.0 - x),
    }


@dataclass(frozen=True)
class Language:
    """What a solver's expressions are made of, besides ``+ - * /``.

    Attributes
    ----------
    solver : str
        Its name, for messages.
    functions : mapping of str to callable
        Functions of one argument, by Pyomo's names, ``abs`` too; others are refused.
    power : callable
        A symbol to a constant power.
    minimum, maximum : callable
        Of two, at least one of them a symbol.
    """

    solver: str
    functions: Mapping[str, Function]
    power: Callable[[Symbol, float], Symbol]
    minimum: Callable[[Symbol, Symbol], Symbol]
    maximum: Callable[[Symbol, Symbol], Symbol]

    def without_vendor(self) -> Language:
        """Return the same language for `Placeholder` symbols: it refuses the same, and no more."""

        def first(symbol: Symbol, _other: Symbol = None) -> Placeholder:
            return PLACEHOLDER

        return Language(self.solver, dict.fromkeys(self.functions, first), first, first, first)


class Placeholder:
    """Stands for any expression."""

    def _itself(self, *_others: Any) -> Placeholder:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _itself
    __truediv__ = __rtruediv__ = __neg__ = _itself


PLACEHOLDER = Placeholder()
"""The one that is needed."""


def operator_rules(language: Language) -> Rules:
    """Return the translation of Pyomo's expressions into a solver's language.

    Mutable Params and fixed Vars must already be numbers. What is constant stays a float.

    Parameters
    ----------
    language : Language
        The solver's.

    Returns
    -------
    mapping of type to callable
        For `opt_games.solvers.walker.translator`. The rules raise ArithmeticError where a constant
        part is undefined, such as the logarithm of a negative Param, and SolverError for what the
        solver cannot take.
    """
    solver, functions = language.solver, language.functions

    def unary(name: str, node: Any, argument: Symbol) -> Symbol:
        if isinstance(argument, float):
            return _constant(lambda: _of_floats(name)(argument), node)
        if name not in functions:
            raise SolverError(f"{solver} cannot take the function {name}: {node}")
        return functions[name](argument)

    def divide(node: Any, data: list[Symbol]) -> Symbol:
        over, under = data
        if isinstance(under, float) and under == 0.0:
            raise ArithmeticError(f"a division by zero: {node}")
        return over / under

    def raise_to(node: Any, data: list[Symbol]) -> Symbol:
        base, exponent = data
        if isinstance(exponent, float):
            if isinstance(base, float):
                return _constant(lambda: base**exponent, node)
            if exponent in (0.0, 1.0):
                return base if exponent else 1.0
            return language.power(base, exponent)
        if isinstance(base, float):
            if not base > 0:
                raise SolverError(
                    f"{solver} takes a variable power of a positive base only, not {node}"
                )
            return functions["exp"](exponent * math.log(base))
        least, _ = compute_bounds_on_expr(node.arg(0))
        if least is None or not least > 0:
            raise SolverError(
                f"{solver} takes a variable power of a positive base only: bound {node.arg(0)} "
                f"from below by more than 0 in {node}"
            )
        return functions["exp"](exponent * functions["log"](base))

    def extreme(choose: Callable[..., float], pair: Callable[[Symbol, Symbol], Symbol]) -> Any:
        def of_two(one: Symbol, other: Symbol) -> Symbol:
            both_numbers = isinstance(one, float) and isinstance(other, float)
            return choose(one, other) if both_numbers else pair(one, other)

        return lambda _node, data: reduce(of_two, data)

    return {
        ne.SumExpression: lambda _node, data: sum(data[1:], start=data[0]),
        ne.ProductExpression: lambda _node, data: data[0] * data[1],
        ne.DivisionExpression: divide,
        ne.PowExpression: raise_to,
        ne.NegationExpression: lambda _node, data: -data[0],
        ne.AbsExpression: lambda node, data: unary("abs", node, data[0]),
        ne.UnaryFunctionExpression: lambda node, data: unary(node.getname(), node, data[0]),
        ne.MinExpression: extreme(min, language.minimum),
        ne.MaxExpression: extreme(max, language.maximum),
    }


def _of_floats(name: str) -> Callable[[float], float]:
    """Return a function of Pyomo's name that takes and returns a float."""
    return abs if name == "abs" else getattr(math, name)


def _constant(evaluate: Callable[[], Any], node: Any) -> float:
    """Return a constant's value, or raise ArithmeticError if it has none in the real numbers."""
    try:
        number = evaluate()
    except (ValueError, ArithmeticError) as error:
        raise ArithmeticError(f"{node} is undefined ({error})") from None
    if isinstance(number, complex):
        raise ArithmeticError(f"{node} is not a real number")
    return float(number)
