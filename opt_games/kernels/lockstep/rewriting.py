"""Formulas written in another way that has the same value, one operation after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import casadi

Rule = Callable[[Any, Any], Any]


def as_exponentials(
    inputs: Sequence[Any], expressions: Sequence[Any], at: Sequence[Any]
) -> list[Any]:
    """Rewrite general powers as exponentials of logarithms.

    Parameters
    ----------
    inputs, expressions : sequences of SX
        Scalar symbols, and expressions of them.
    at : sequence of SX
        What to put for the inputs.
    """
    return _rewritten(inputs, expressions, at, {casadi.OP_POW: _power, casadi.OP_CONSTPOW: _power})


def with_fractions_divided(
    inputs: Sequence[Any], expressions: Sequence[Any], level: Any
) -> list[Any]:
    r"""Divide out what is linear in a level above and below a fraction line.

    In :math:`(p + q x)/(s + t x) = q/t + (p - q s/t)/(s + t x)` the level stands once. Bounds of
    its derivatives are then sharp; in the fraction as it is they even differ in sign.

    Parameters
    ----------
    inputs, expressions : sequences of SX
        Scalar symbols, and expressions of them.
    level : SX
        One of the inputs.
    """

    def divided(above: Any, below: Any) -> Any:
        linear = casadi.is_linear(above, level) and casadi.is_linear(below, level)
        if not (linear and casadi.depends_on(above, level) and casadi.depends_on(below, level)):
            return above / below
        p, s = casadi.substitute([above, below], [level], [casadi.SX(0.0)])
        q, t = casadi.gradient(above, level), casadi.gradient(below, level)
        return q / t + (p - q * s / t) / below

    return _rewritten(inputs, expressions, inputs, {casadi.OP_DIV: divided})


def _rewritten(
    inputs: Sequence[Any],
    expressions: Sequence[Any],
    at: Sequence[Any],
    rules: Mapping[int, Rule],
) -> list[Any]:
    """Build expressions anew, with rules for some operations of two numbers."""
    function = casadi.Function("formula", list(inputs), list(expressions))
    registers: list[Any] = [None] * function.sz_w()
    results: list[Any] = [casadi.SX(0.0)] * function.n_out()
    for k in range(function.n_instructions()):
        kind = function.instruction_id(k)
        target = function.instruction_output(k)
        source = function.instruction_input(k)
        if kind == casadi.OP_CONST:
            registers[target[0]] = casadi.SX(function.instruction_constant(k))
        elif kind == casadi.OP_INPUT:
            registers[target[0]] = at[source[0]]
        elif kind == casadi.OP_OUTPUT:
            results[target[0]] = registers[source[0]]
        elif kind in rules:
            registers[target[0]] = rules[kind](registers[source[0]], registers[source[1]])
        elif len(source) == 1 or kind in _UNARY:
            registers[target[0]] = casadi.SX.unary(kind, registers[source[0]])
        else:
            registers[target[0]] = casadi.SX.binary(
                kind, registers[source[0]], registers[source[1]]
            )
    return results


def _power(base: Any, exponent: Any) -> Any:
    if exponent.is_constant() and float(exponent) == round(float(exponent)):
        return base**exponent
    return casadi.exp(exponent * casadi.log(base))


_UNARY = frozenset(
    {
        casadi.OP_NEG,
        casadi.OP_EXP,
        casadi.OP_LOG,
        casadi.OP_SQRT,
        casadi.OP_SQ,
        casadi.OP_TWICE,
        casadi.OP_INV,
        casadi.OP_SIN,
        casadi.OP_COS,
        casadi.OP_TAN,
        casadi.OP_ASIN,
        casadi.OP_ACOS,
        casadi.OP_ATAN,
        casadi.OP_SINH,
        casadi.OP_COSH,
        casadi.OP_TANH,
        casadi.OP_FABS,
        casadi.OP_SIGN,
        casadi.OP_NOT,
        casadi.OP_LOG1P,
        casadi.OP_EXPM1,
    }
)
