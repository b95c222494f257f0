"""The published way to solve the regulation game: candidates in symbols, one game at a time.

For every way in which the specialist's levels can be determined its first-order conditions are
solved in symbols and put into the generalist's utility, whose own first-order conditions are solved
on every border: inside, at a floor, and where the specialist is just willing. The best candidate
that holds in numbers is the answer. The branches are enumerated here as the paper describes them;
where its simulation drops some, this keeps them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import sympy as sp

A0, B0, A1, B1, NU = sp.symbols("a0 b0 a1 b1 nu", real=True)
SLACK = 1e-9


def solve(p: Mapping[str, float]) -> tuple[float, float, tuple[float, ...]]:
    """Return both utilities and the levels; zeros where somebody abstains."""
    q = {name: sp.nsimplify(value, rational=True) for name, value in p.items()}
    x0, x1 = sp.Matrix([A0, B0]), sp.Matrix([A1, B1])
    r = sp.Matrix([q["ra"], q["rb"]])
    c0, c1 = (sp.Matrix([[q[f"c{k}aa"], q[f"c{k}ab"]], [q[f"c{k}ab"], q[f"c{k}bb"]]]) for k in "01")
    leader = sp.expand(q["delta"] * (r.T * x1)[0] - (x0.T * c0 * x0)[0])
    own = sp.expand((1 - q["delta"]) * (r.T * x1)[0] - ((x1 - x0).T * c1 * (x1 - x0))[0])
    best = (0.0, 0.0, (0.0, 0.0, 0.0, 0.0))
    for alpha, beta in product((None, A0), (None, B0, q["theta_D"])):
        held = {A1: alpha, B1: beta}
        fixed = {level: value for level, value in held.items() if value is not None}
        free = [level for level, value in held.items() if value is None]
        inside = own.subs(fixed)
        answers = (
            sp.solve([sp.diff(inside, level) for level in free], free, dict=True) if free else [{}]
        )
        for answer in answers:
            response = {**fixed, **{level: sp.expand(value) for level, value in answer.items()}}
            u, v = sp.expand(leader.subs(response)), sp.expand(own.subs(response))
            for point in _candidates(u, v, q["theta_G"]):
                levels = _numbers(point, response)
                if levels and _holds(levels, own, p):
                    at = dict(zip((A0, B0, A1, B1), levels, strict=True))
                    value = float(leader.subs(at))
                    if value > best[0] + SLACK:
                        best = (value, float(own.subs(at)), levels)
    return best


def _candidates(u: sp.Expr, v: sp.Expr, floor: sp.Expr) -> Iterator[dict[sp.Symbol, sp.Expr]]:
    borders: list[dict[sp.Symbol, sp.Expr]] = [{}, {A0: sp.Integer(0)}, {B0: floor}]
    borders.append({A0: sp.Integer(0), B0: floor})
    for border in borders:
        free = [level for level in (A0, B0) if level not in border]
        goal, edge = u.subs(border), v.subs(border)
        if not free:
            yield border
            continue
        for found in _solutions([sp.diff(goal, level) for level in free], free):
            yield {**border, **found}
        equations = [sp.diff(goal + NU * edge, level) for level in free] + [edge]
        for found in _solutions(equations, [*free, NU]):
            yield {**border, **{level: found[level] for level in free if level in found}}


def _solutions(
    equations: list[sp.Expr], unknown: list[sp.Symbol]
) -> list[dict[sp.Symbol, sp.Expr]]:
    try:
        return list(sp.solve(equations, unknown, dict=True))
    except NotImplementedError:  # sympy's word for equations that it cannot solve: no candidates
        return []


def _numbers(
    point: Mapping[sp.Symbol, sp.Expr], response: Mapping[sp.Symbol, sp.Expr]
) -> tuple[float, ...] | None:
    base = {level: sp.N(point[level]) for level in (A0, B0) if level in point}
    if len(base) < 2:
        return None
    values = [*base.values(), *(sp.N(response[level].subs(base)) for level in (A1, B1))]
    numbers = [complex(value) for value in values]
    if any(abs(number.imag) > SLACK for number in numbers):
        return None
    return tuple(number.real for number in numbers)


def _holds(levels: tuple[float, ...], own: sp.Expr, p: Mapping[str, float]) -> bool:
    """Whether floors are kept, and the specialist can do no better by a level or by leaving."""
    a0, b0, a1, b1 = levels
    if min(a0, b0 - p["theta_G"], a1 - a0, b1 - b0, b1 - p["theta_D"]) < -SLACK:
        return False
    at = {A0: a0, B0: b0, A1: a1, B1: b1}
    for level, value, low in ((A1, a1, a0), (B1, b1, max(b0, p["theta_D"]))):
        slope = float(sp.diff(own, level).subs(at))
        if slope > 1e-7 or (slope < -1e-7 and value > low + SLACK):
            return False
    return float(own.subs(at)) >= -SLACK
