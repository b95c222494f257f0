"""Formulas as functions of boxes: what they can be at most and at least, in a whole box."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import casadi
import numpy as np

from opt_games.certificates import intervals
from opt_games.certificates.intervals import Domain, Interval
from opt_games.errors import UnsupportedGameError

_PLAIN: dict[int, Callable[..., Interval]] = {
    casadi.OP_ASSIGN: lambda a: a,
    casadi.OP_NEG: intervals.negative,
    casadi.OP_EXP: intervals.exponential,
    casadi.OP_SQ: intervals.square,
    casadi.OP_TWICE: lambda a: (2.0 * a[0], 2.0 * a[1]),
    casadi.OP_SIN: intervals.sine,
    casadi.OP_COS: intervals.cosine,
    casadi.OP_ATAN: intervals.increasing(np.arctan),
    casadi.OP_SINH: intervals.increasing(np.sinh),
    casadi.OP_COSH: intervals.hyperbolic_cosine,
    casadi.OP_TANH: intervals.increasing(np.tanh),
    casadi.OP_ADD: intervals.add,
    casadi.OP_SUB: intervals.subtract,
    casadi.OP_MUL: intervals.multiply,
}
_WITH_DOMAIN: dict[int, Callable[..., Interval]] = {
    casadi.OP_LOG: intervals.logarithm,
    casadi.OP_SQRT: intervals.root,
    casadi.OP_INV: intervals.inverse,
    casadi.OP_TAN: intervals.tangent,
    casadi.OP_FABS: intervals.absolute,
    casadi.OP_SIGN: intervals.sign,
    casadi.OP_DIV: intervals.divide,
    casadi.OP_POW: intervals.power,
    casadi.OP_CONSTPOW: intervals.power,
    casadi.OP_FMIN: intervals.minimum,
    casadi.OP_FMAX: intervals.maximum,
    casadi.OP_LE: intervals.at_most,
}


def _portion(a: Interval, _: Interval) -> Interval:
    """Enclose a / (a + b) where a and b are 0 or 1, and not both 0."""
    return a


@dataclass(frozen=True)
class Enclosure:
    """What formulas can be in boxes: an interval for each formula, an entry per box.

    Attributes
    ----------
    values : tuple of intervals
    domain : Domain
        Where they are known to be smooth and defined.
    """

    values: tuple[Interval, ...]
    domain: Domain


@dataclass(frozen=True)
class IntervalFunction:
    """A CasADi function evaluated on boxes: every output is in its enclosure everywhere in a box.

    The formulas are those that CasADi keeps, with sums and products of constants rounded to
    double precision.

    Examples
    --------
    >>> import casadi
    >>> x = casadi.SX.sym("x")
    >>> function = IntervalFunction.compile([x], [x * x, casadi.gradient(x * x, x)])
    >>> (low, high), slopes = function((np.array([-1.0]), np.array([2.0]))).values
    >>> bool(low[0] <= 0.0), bool(4.0 <= high[0] < 4.000001)
    (True, True)
    """

    instructions: tuple[tuple[int, int, tuple[int, ...], Any], ...]
    outputs: int
    work: int

    @classmethod
    def compile(cls, inputs: Sequence[Any], outputs: Sequence[Any]) -> IntervalFunction:
        """Build from scalar CasADi symbols and expressions.

        Raises
        ------
        UnsupportedGameError
            For an operation without enclosure.
        """
        function = casadi.Function("formula", list(inputs), list(outputs))
        instructions: list[tuple[int, int, tuple[int, ...], Any]] = []
        # which operation made what a register holds now, from what
        made: dict[int, tuple[int, tuple[Any, ...]]] = {}
        for k in range(function.n_instructions()):
            kind = function.instruction_id(k)
            target = function.instruction_output(k)[0]
            source = tuple(function.instruction_input(k))
            if kind == casadi.OP_CONST:
                constant = intervals.point(function.instruction_constant(k))
                instructions.append((kind, target, (), constant))
                made[target] = (kind, ())
                continue
            if kind == casadi.OP_INPUT:
                instructions.append((kind, target, (source[0],), None))
                made[target] = (kind, (k,))
                continue
            if kind == casadi.OP_OUTPUT:
                instructions.append((kind, target, (source[0],), None))
                continue
            if kind not in _PLAIN and kind not in _WITH_DOMAIN:
                raise UnsupportedGameError(
                    f"certificates have no enclosure for CasADi operation {kind}"
                )
            history = (kind, tuple(made[each] for each in source))
            rule = _portion if _is_portion(history) else _PLAIN.get(kind)
            instructions.append((kind, target, source, rule or _WITH_DOMAIN[kind]))
            made[target] = history
        return cls(tuple(instructions), function.n_out(), function.sz_w())

    def __call__(self, *arguments: Interval) -> Enclosure:
        """Enclose the outputs on boxes; intervals broadcast against each other."""
        registers: list[Any] = [None] * self.work
        results: list[Any] = [intervals.point(0.0)] * self.outputs
        domain = Domain()
        with np.errstate(all="ignore"):
            for kind, target, source, rule in self.instructions:
                if kind == casadi.OP_OUTPUT:
                    results[target] = registers[source[0]]
                elif kind == casadi.OP_INPUT:
                    registers[target] = arguments[source[0]]
                elif kind == casadi.OP_CONST:
                    registers[target] = rule
                elif kind in _WITH_DOMAIN and rule is not _portion:
                    registers[target] = rule(*(registers[k] for k in source), domain)
                else:
                    registers[target] = rule(*(registers[k] for k in source))
        return Enclosure(tuple(results), domain)


def _is_portion(history: tuple[int, tuple[Any, ...]]) -> bool:
    """Whether an expression is CasADi's ``(a <= b) / ((a <= b) + (b <= a))``."""
    kind, parts = history
    if kind != casadi.OP_DIV or parts[0][0] != casadi.OP_LE or parts[1][0] != casadi.OP_ADD:
        return False
    one, other = parts[1][1]
    both = one[0] == other[0] == casadi.OP_LE
    return both and parts[0] in (one, other) and one[1] == other[1][::-1]
