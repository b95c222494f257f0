"""Formulas: read from text without ever running it, or given as a Python function.

The text is read by Python's own parser, held against a short list of what a formula may contain,
and kept as a flat program in postfix order. Nothing is evaluated as Python, nothing recurses.
"""

from __future__ import annotations

import functools
import inspect
import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray

from opt_games._operations import FUNCTIONS, Program, apply, apply_to_arrays
from opt_games._parser import parse
from opt_games.errors import SpecError
from opt_games.names import did_you_mean, quoted

__all__ = ["FUNCTIONS", "Expression", "FormulaLike"]


@dataclass(frozen=True, eq=False)
class Expression:
    """A formula, from text (`parse`) or from text, a number or a function (`of`).

    Two expressions are equal if their texts are; two functions only if they are the same object.

    Attributes
    ----------
    text : str
        The formula as written, or the qualified name of the function.
    names : frozenset of str
        The levels and parameters that it depends on.

    Examples
    --------
    >>> cost = Expression.parse("c0 * alpha0**2")
    >>> sorted(cost.names)
    ['alpha0', 'c0']
    >>> cost.evaluate({"c0": 2.0, "alpha0": 3.0})
    18.0
    """

    text: str
    names: frozenset[str]
    _program: Program = field(default=(), repr=False)
    _function: Callable[..., Any] | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str | float) -> Expression:
        """Read a formula from text, or take a number.

        Parameters
        ----------
        text : str or float
            Numbers, names, ``+ - * / **``, parentheses and the functions in `FUNCTIONS`.

        Raises
        ------
        SpecError
            If the text holds anything else, or a constant in it is not a finite number.

        Examples
        --------
        >>> Expression.parse("min(alpha1, 2 * cap)").evaluate({"alpha1": 3, "cap": 1})
        2.0
        >>> Expression.parse("a^2")
        Traceback (most recent call last):
        ...
        opt_games.errors.SpecError: in 'a^2', character 2: "^" is no operator: use ** for powers
        """
        if not isinstance(text, str):
            return cls._constant(text)
        stripped = text.strip()
        program = parse(stripped)
        names = frozenset(step for step in program if isinstance(step, str))
        return cls(stripped, names, program)

    @classmethod
    def of(cls, value: FormulaLike) -> Expression:
        """Return an expression from text, a number, a function, or an expression.

        A function is called with its parameters by name, with Pyomo objects or numbers: its
        parameter names are the names that it depends on.

        Examples
        --------
        >>> Expression.of(lambda alpha1, rho: rho * alpha1).evaluate({"alpha1": 2, "rho": 3})
        6.0
        """
        if isinstance(value, Expression):
            return value
        if callable(value):
            text = getattr(value, "__qualname__", type(value).__qualname__)
            return cls(text, _parameter_names(value, text), (), value)
        return cls.parse(value)

    @classmethod
    def _constant(cls, value: object) -> Expression:
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise SpecError(
                f"expected a formula (text, a number or a function), not {type(value).__name__}"
            )
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise SpecError(f"expected a finite number, not {number}")
        return cls(repr(number), frozenset(), (number,))

    @property
    def is_function(self) -> bool:
        """Whether the formula is a Python function: its text is then only a name."""
        return self._function is not None

    def build(self, namespace: Mapping[str, Any]) -> Any:
        """Return the formula over the objects of a namespace.

        Parameters
        ----------
        namespace : mapping of str to Pyomo objects or numbers
            What stands for each name; others in it are ignored.

        Returns
        -------
        Pyomo expression or float
            A float if nothing that it depends on is a Pyomo object.

        Examples
        --------
        >>> model = pyo.ConcreteModel()
        >>> model.alpha1 = pyo.Var(initialize=4.0)
        >>> print(Expression.parse("2 * sqrt(alpha1)").build({"alpha1": model.alpha1}))
        2.0*sqrt(alpha1)
        """
        given = {name: _plain(self._look_up(namespace, name)) for name in self.names}
        if self._function is not None:
            return self._call(self._function, given)
        return self._run(given)

    def evaluate(self, values: Mapping[str, float]) -> float:
        """Return the value of the formula.

        Parameters
        ----------
        values : mapping of str to float
            A number for each name; others in it are ignored.

        Raises
        ------
        SpecError
            If the value is not a finite real number, or a name has none.

        Examples
        --------
        >>> Expression.parse("log(c)").evaluate({"c": -1.0})
        Traceback (most recent call last):
        ...
        opt_games.errors.SpecError: in 'log(c)': log(-1.0) is not a real number
        """
        program = self._program
        if len(program) == 1 and isinstance(program[0], float):
            return program[0]
        given = {name: float(self._look_up(values, name)) for name in self.names}
        function = self._function
        if function is None:
            result = self._run(given)
        else:
            result = self._call(lambda **kw: pyo.value(function(**kw)), given)
        if not math.isfinite(result):
            raise SpecError(f"in {quoted(self.text)}: the value is {result}, not a finite number")
        return float(result)

    def evaluate_columns(
        self, columns: Mapping[str, float | NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """Return the value of the formula for every row at once.

        Parameters
        ----------
        columns : mapping of str to float or ndarray
            What stands for each name: one number for all rows, or one for each.

        Returns
        -------
        ndarray
            ``nan`` in the rows for which `evaluate` raises. Of one number if no column is used.

        Examples
        --------
        >>> Expression.parse("1 / rho").evaluate_columns({"rho": np.array([2.0, 0.0])})
        array([0.5, nan])
        """
        program = self._program
        if len(program) == 1 and isinstance(program[0], float):
            return np.asarray(program[0])
        given = {name: self._look_up(columns, name) for name in self.names}
        if self._function is not None:
            return self._evaluate_rows(given)
        stack: list[Any] = []
        finite: Any = True
        for step in program:
            if isinstance(step, float):
                stack.append(step)
            elif isinstance(step, str):
                stack.append(given[step])
            else:
                args = stack[-step.arity :]
                del stack[-step.arity :]
                stack.append(apply_to_arrays(step, args))
                finite = finite & np.isfinite(stack[-1])
        return np.where(finite, stack[0], np.nan)

    def _evaluate_rows(self, given: Mapping[str, Any]) -> NDArray[np.float64]:
        """Call a function row by row: it takes numbers."""
        rows = np.broadcast_arrays(*(np.atleast_1d(values) for values in given.values()))
        result = np.full(rows[0].size, np.nan)
        for row, cells in enumerate(zip(*(column.tolist() for column in rows), strict=True)):
            try:
                result[row] = self.evaluate(dict(zip(given, cells, strict=True)))
            except SpecError:
                continue
        return result

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Expression):
            return NotImplemented
        return self.text == other.text and self._function is other._function

    def __hash__(self) -> int:
        return hash(self.text) if self._function is None else id(self._function)

    def __str__(self) -> str:
        return self.text

    def _look_up(self, namespace: Mapping[str, Any], name: str) -> Any:
        try:
            return namespace[name]
        except KeyError:
            hint = did_you_mean(name, namespace)
            raise SpecError(f'in {quoted(self.text)}: no value for "{name}"{hint}') from None

    def _run(self, given: Mapping[str, Any]) -> Any:
        stack: list[Any] = []
        for step in self._program:
            if isinstance(step, float):
                stack.append(step)
            elif isinstance(step, str):
                stack.append(given[step])
            else:
                args = stack[-step.arity :]
                del stack[-step.arity :]
                stack.append(apply(step, args, self.text))
        return stack[0]

    def _call(self, function: Callable[..., Any], given: Mapping[str, Any]) -> Any:
        try:
            result = _plain(function(**given))
        except (ArithmeticError, ValueError) as error:
            raise SpecError(f"in the function {self.text}: {error}") from error
        if not isinstance(result, float) and not hasattr(result, "is_numeric_type"):
            raise SpecError(
                f"the function {self.text} returned {type(result).__name__}: "
                "it must return a real number or a Pyomo expression"
            )
        return result


def _plain(value: Any) -> Any:
    """Return any real number as a float, anything else as it is."""
    if isinstance(value, float):
        return float(value)  # numpy's float64 is a float, and Pyomo folds the two differently
    return float(value) if isinstance(value, numbers.Real) else value


def _parameter_names(function: Callable[..., Any], text: str) -> frozenset[str]:
    """Return the names that a function depends on, or say why it cannot be a formula."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise SpecError(
            f"the parameters of {text} are unknown: wrap it in a function with named parameters"
        ) from None
    bound = function.keywords if isinstance(function, functools.partial) else {}
    names = set()
    for parameter in parameters:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise SpecError(
                f"the function {text} takes {parameter}: it is called by keyword, so write "
                "plain parameters, named like the levels and parameters of the game"
            )
        if parameter.name in bound:
            continue
        if parameter.default is not parameter.empty:
            raise SpecError(
                f'the function {text} has a default for "{parameter.name}", which would hide the '
                "game's value: leave the default out, or bind the value with functools.partial"
            )
        names.add(parameter.name)
    if not names:
        raise SpecError(f"the function {text} has no named parameters: write a number instead")
    return frozenset(names)


FormulaLike: TypeAlias = str | float | Callable[..., Any] | Expression
"""What `Expression.of` takes."""
