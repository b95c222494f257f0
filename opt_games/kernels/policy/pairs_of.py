"""From games to `Pairs`: one specialist, one or two attributes, everything quadratic."""

from __future__ import annotations

import numpy as np

from opt_games.game import GENERALIST
from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.pair import Form4, Pairs
from opt_games.kernels.policy.payoffs import Numbers, PolicyGame


def why_no_pairs(compiled: PolicyGame) -> str | None:
    """Say why a game is not one that `pairs_of` takes, None if it is."""
    game = compiled.game
    if len(game.specialists) > 1:
        return "there are several specialists"
    if len(game.attributes) > 2:
        return "there are more than two attributes"
    if game.level_bounds:
        return "levels are bounded from above"
    if not compiled.quadratic:
        return "revenue, costs, harm and taxes are not all quadratic in the levels"
    return None


def pairs_of(compiled: PolicyGame, numbers: Numbers, shares: Array) -> Pairs:
    """Return the quadratic games of many parameters and shares.

    Parameters
    ----------
    compiled : PolicyGame
        For which `why_no_pairs` is None.
    numbers : Numbers
    shares : ndarray, shape (games,)
    """
    size = numbers.size
    attributes = len(compiled.game.attributes)
    (domain,) = compiled.domains
    assert domain.money.quadratic is not None
    assert compiled.cost.quadratic is not None
    seen = {**numbers.parameters, **{name: column[0] for name, column in domain.columns.items()}}
    terms = domain.money.quadratic(*numbers.rules, *(seen[name] for name in domain.money.names))
    earned, spent, liable = _forms(terms, 3, 2 * attributes, size)
    own = compiled.cost.quadratic(*(numbers.parameters[name] for name in compiled.cost.names))
    (cost,) = _forms(own, 1, attributes, size)
    placed = _among_all(cost, attributes)
    alone = _sum((-1.0, placed))
    leader = _sum((shares, earned), (-1.0, liable), (-1.0, placed))
    follower = _sum((1.0 - shares, earned), (-1.0, spent))
    floors = numbers.floors[GENERALIST], numbers.floors["specialists"]
    if attributes == 1:
        # a second attribute that nobody wants to raise
        follower, leader, alone = (
            _with_idle(form, *rows)
            for form, rows in ((follower, (1,)), (leader, (3,)), (alone, (3,)))
        )
        zero = np.zeros((1, size))
        floors = np.vstack([floors[0], zero]), np.vstack([floors[1], zero])
    outside = numbers.outside
    return Pairs(follower, leader, alone, floors[0], floors[1], outside[0], outside[1])


def _forms(terms: tuple[Array, ...], count: int, levels: int, size: int) -> tuple[Form4, ...]:
    """Read constants, gradients and upper triangles off what a quadratic function returns."""
    flat = [np.broadcast_to(term, (size,)) for term in terms]
    triangle = levels * (levels + 1) // 2
    forms = []
    for k in range(count):
        gradient = np.stack(flat[count + k * levels : count + (k + 1) * levels])
        start = count * (1 + levels) + k * triangle
        hessian = np.zeros((levels, levels, size))
        upper = iter(flat[start : start + triangle])
        for i in range(levels):
            for j in range(i, levels):
                hessian[i, j] = hessian[j, i] = next(upper)
        forms.append(Form4(flat[k], gradient, hessian))
    return tuple(forms)


def _among_all(cost: Form4, attributes: int) -> Form4:
    """Return a function of base levels as one of final and base levels."""
    size = cost.constant.size
    gradient = np.zeros((2 * attributes, size))
    hessian = np.zeros((2 * attributes, 2 * attributes, size))
    gradient[attributes:] = cost.gradient
    hessian[attributes:, attributes:] = cost.hessian
    return Form4(cost.constant, gradient, hessian)


def _sum(*terms: tuple[Array | float, Form4]) -> Form4:
    return Form4(
        sum(factor * form.constant for factor, form in terms),  # type: ignore[arg-type]
        sum(factor * form.gradient for factor, form in terms),  # type: ignore[arg-type]
        sum(factor * form.hessian for factor, form in terms),  # type: ignore[arg-type]
    )


def _with_idle(form: Form4, row: int) -> Form4:
    """Add a second attribute, of which the level in `row` costs its owner something."""
    size = form.constant.size
    gradient, hessian = np.zeros((4, size)), np.zeros((4, 4, size))
    gradient[[0, 2]] = form.gradient
    hessian[np.ix_([0, 2], [0, 2])] = form.hessian
    hessian[row, row] = -1.0
    return Form4(form.constant, gradient, hessian)
