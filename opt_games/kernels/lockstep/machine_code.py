"""The lockstep kernels in machine code: the same steps as in `point` and `table`, by numba.

Formulas become straight lines of scalar operations, and the loops over lanes around them are simple
enough for the compiler to work on several lanes at once; for that the exponential and the logarithm
are polynomials here, good to a unit in the last place or two.
"""

from __future__ import annotations

import math
from typing import Any

import casadi
import numba
import numpy as np
from numba import types
from numba.extending import intrinsic

from opt_games.errors import SolverError

OPTIONS = {"fastmath": {"contract"}, "error_model": "numpy"}


@intrinsic
def _to_bits(context: Any, number: Any) -> Any:
    del context

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.int64))

    return types.int64(types.float64), build


@intrinsic
def _from_bits(context: Any, bits: Any) -> Any:
    del context

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.float64))

    return types.float64(types.int64), build


@numba.njit(forceinline=True, **OPTIONS)
def exp_(x):  # type: ignore[no-untyped-def]
    """Exponential; 0 below -708, infinite above 709."""
    n = math.floor(x * 1.4426950408889634 + 0.5)
    r = (x - n * 0.6931471803691238) - n * 1.9082149292705877e-10
    p = 1.6059043836821613e-10
    p = p * r + 2.08767569878681e-09
    p = p * r + 2.505210838544172e-08
    p = p * r + 2.755731922398589e-07
    p = p * r + 2.7557319223985893e-06
    p = p * r + 2.48015873015873e-05
    p = p * r + 1.984126984126984e-04
    p = p * r + 1.388888888888889e-03
    p = p * r + 8.333333333333333e-03
    p = p * r + 4.1666666666666664e-02
    p = p * r + 1.6666666666666666e-01
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    k = min(max(n, -1022.0), 1023.0)
    power = _from_bits((np.int64(k) + 1023) << 52)
    result = p * power
    result = 0.0 if x < -708.0 else result
    return math.inf if x > 709.0 else result


@numba.njit(forceinline=True, **OPTIONS)
def log_(x):  # type: ignore[no-untyped-def]
    """Logarithm of numbers that are not subnormal; -inf of 0, nan of negative ones."""
    bits = _to_bits(x)
    n = float((bits >> 52) - 1023)
    m = _from_bits((bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000)
    large = m > 1.4142135623730951
    m = 0.5 * m if large else m
    n = n + 1.0 if large else n
    f = (m - 1.0) / (m + 1.0)
    s = f * f
    p = 1.0 / 23.0
    p = p * s + 1.0 / 21.0
    p = p * s + 1.0 / 19.0
    p = p * s + 1.0 / 17.0
    p = p * s + 1.0 / 15.0
    p = p * s + 1.0 / 13.0
    p = p * s + 1.0 / 11.0
    p = p * s + 1.0 / 9.0
    p = p * s + 1.0 / 7.0
    p = p * s + 1.0 / 5.0
    p = p * s + 1.0 / 3.0
    tail = 2.0 * f * s * p + n * 1.9082149292705877e-10
    result = n * 0.6931471803691238 + (2.0 * f + tail)
    result = x if x == math.inf else result
    result = -math.inf if x == 0.0 else result
    return math.nan if x < 0.0 else (x if x != x else result)


@numba.njit(forceinline=True, **OPTIONS)
def pow_(x, e):  # type: ignore[no-untyped-def]
    """Power of a number that is not negative."""
    result = exp_(e * log_(x))
    return 1.0 if e == 0.0 else result


_BINARY = {
    casadi.OP_ADD: "{0} + {1}",
    casadi.OP_SUB: "{0} - {1}",
    casadi.OP_MUL: "{0} * {1}",
    casadi.OP_DIV: "{0} / {1}",
    casadi.OP_POW: "pow_({0}, {1})",
    casadi.OP_FMIN: "min({0}, {1})",
    casadi.OP_FMAX: "max({0}, {1})",
}
_UNARY = {
    casadi.OP_ASSIGN: "{0}",
    casadi.OP_NEG: "-{0}",
    casadi.OP_EXP: "exp_({0})",
    casadi.OP_LOG: "log_({0})",
    casadi.OP_SQRT: "math.sqrt({0})",
    casadi.OP_SQ: "{0} * {0}",
    casadi.OP_TWICE: "{0} + {0}",
    casadi.OP_INV: "1.0 / {0}",
    casadi.OP_SIN: "math.sin({0})",
    casadi.OP_COS: "math.cos({0})",
    casadi.OP_TAN: "math.tan({0})",
    casadi.OP_ATAN: "math.atan({0})",
    casadi.OP_SINH: "math.sinh({0})",
    casadi.OP_COSH: "math.cosh({0})",
    casadi.OP_TANH: "math.tanh({0})",
    casadi.OP_LOG1P: "math.log1p({0})",
    casadi.OP_EXPM1: "math.expm1({0})",
}


def scalar_function(function: Any, name: str) -> Any:
    """Compile a CasADi function of scalars to a function of floats that returns a tuple."""
    lines: list[str] = []
    outputs = ["0.0"] * function.n_out()
    arguments = [f"a{k}" for k in range(function.n_in())]
    constants: dict[int, float] = {}
    for k in range(function.n_instructions()):
        kind = function.instruction_id(k)
        target = function.instruction_output(k)
        source = function.instruction_input(k)
        if kind == casadi.OP_CONST:
            value = float(function.instruction_constant(k))
            constants[target[0]] = value
            text = repr(value) if math.isfinite(value) else f"float({str(value)!r})"
            lines.append(f"w{target[0]} = {text}")
            continue
        if kind == casadi.OP_INPUT:
            lines.append(f"w{target[0]} = {arguments[source[0]]}")
        elif kind == casadi.OP_OUTPUT:
            outputs[target[0]] = f"o{target[0]}"
            lines.append(f"o{target[0]} = w{source[0]}")
            continue
        elif kind == casadi.OP_CONSTPOW:
            exponent = constants[source[1]]
            whole = exponent == round(exponent)
            text = (
                "{0} ** " + repr(round(exponent)) if whole else "pow_({0}, " + repr(exponent) + ")"
            )
            lines.append(f"w{target[0]} = " + text.format(f"w{source[0]}"))
        elif kind in _BINARY:
            lines.append(
                f"w{target[0]} = " + _BINARY[kind].format(f"w{source[0]}", f"w{source[1]}")
            )
        elif kind in _UNARY:
            lines.append(f"w{target[0]} = " + _UNARY[kind].format(f"w{source[0]}"))
        else:
            raise SolverError(f"the compiled kernels have no rule for CasADi operation {kind}")
        constants.pop(target[0], None)
    body = "\n    ".join(lines)
    code = f"def {name}({', '.join(arguments)}):\n    {body}\n    return ({', '.join(outputs)},)\n"
    return numba.njit(forceinline=True, **OPTIONS)(define(code, name, {}))


def define(code: str, name: str, namespace: dict[str, Any]) -> Any:
    """Run generated code, made of CasADi instructions and the templates of this package only."""
    scope = {"math": math, "np": np, "exp_": exp_, "log_": log_, "pow_": pow_, **namespace}
    exec(compile(code, f"<{name}>", "exec"), scope)
    return scope[name]
