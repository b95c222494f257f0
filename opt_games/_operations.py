"""The operations of a formula, on floats, on Pyomo objects and on arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr.numeric_expr import MaxExpression, MinExpression

from opt_games.errors import SpecError
from opt_games.names import quoted


class Operation(NamedTuple):
    """One step of a program: take `arity` values off the stack, put the result back."""

    symbol: str
    arity: int


Program: TypeAlias = tuple[float | str | Operation, ...]

_ARITHMETIC: dict[Operation, Callable[..., Any]] = {
    Operation("+", 1): lambda a: +a,
    Operation("-", 1): lambda a: -a,
    Operation("+", 2): lambda a, b: a + b,
    Operation("-", 2): lambda a, b: a - b,
    Operation("*", 2): lambda a, b: a * b,
    Operation("/", 2): lambda a, b: a / b,
    Operation("**", 2): lambda a, b: a**b,
}
_MATH: dict[str, Callable[..., Any]] = {
    "exp": math.exp,
    "log": math.log,
    "log10": math.log10,
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "atan": math.atan,
    "abs": abs,
    "min": min,
    "max": max,
}
_PYOMO: dict[str, Callable[..., Any]] = {
    **{name: getattr(pyo, name) for name in _MATH if name not in ("abs", "min", "max")},
    "abs": abs,
    "min": lambda *args: MinExpression(list(args)),
    "max": lambda *args: MaxExpression(list(args)),
}
_ARRAYS: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in _MATH if name not in ("atan", "min", "max")},
    "atan": np.arctan,
    "min": lambda *args: reduce(np.minimum, args),
    "max": lambda *args: reduce(np.maximum, args),
}

FUNCTIONS: tuple[str, ...] = tuple(_MATH)
"""The functions that a formula may call."""

SEVERAL_ARGUMENTS = frozenset({"min", "max"})
"""Those of them that take two arguments or more; the others take one."""


def apply(operation: Operation, args: Iterable[Any], text: str) -> Any:
    """Apply one operation to floats or Pyomo objects; `text` is the formula, for the error."""
    args = tuple(args)
    plain = all(isinstance(arg, float) for arg in args)
    function = _ARITHMETIC.get(operation) or (_MATH if plain else _PYOMO)[operation.symbol]
    try:
        result = function(*args)
    except ZeroDivisionError:
        problem = "divides by zero"
    except OverflowError:
        problem = "is too large"
    except ValueError as error:
        problem = "is not a real number" if plain else f"cannot be built: {error}"
    else:
        if not plain and not isinstance(result, complex):
            return result
        if isinstance(result, complex) or math.isnan(result):
            problem = "is not a real number"
        elif math.isinf(result):
            problem = "is too large"
        else:
            return result
    raise SpecError(f"in {quoted(text)}: {_written(operation, args)} {problem}")


def apply_to_arrays(operation: Operation, args: Iterable[Any]) -> Any:
    """Apply one operation to arrays and floats; what has no finite real value is not finite."""
    with np.errstate(all="ignore"):
        return (_ARITHMETIC.get(operation) or _ARRAYS[operation.symbol])(
            *(np.asarray(arg, np.float64) for arg in args)
        )


def _written(operation: Operation, args: tuple[Any, ...]) -> str:
    """Return one operation as the user would write it."""
    if operation not in _ARITHMETIC:
        return f"{operation.symbol}({', '.join(map(str, args))})"
    written = [f"({arg})" if str(arg).startswith("-") else str(arg) for arg in args]
    return f" {operation.symbol} ".join(written)
