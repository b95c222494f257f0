"""A bilevel problem of the literature as data, and its Pyomo model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo

Box = Sequence[tuple[float, float]]
Function = Callable[..., Any]
"""Of the vectors x of the leader and y of each follower in turn."""


def exp(argument: Any) -> Any:
    """Return the exponential of a number, an array or a Pyomo expression."""
    return np.exp(argument) if isinstance(argument, np.ndarray) else pyo.exp(argument)


def nothing(*_vectors: Any) -> list[Any]:
    """Return no constraints."""
    return []


@dataclass(frozen=True)
class Player:
    """Who minimises an objective over a box, with constraints ``<= 0`` and ``== 0``."""

    box: Box
    objective: Function
    inequalities: Function = nothing
    equalities: Function = nothing


@dataclass(frozen=True)
class Problem:
    """A bilevel problem.

    Attributes
    ----------
    name : str
        As in BASBLib, where it is there.
    source : str
        Where the problem was stated first.
    best : float or None
        The leader's optimal value; None where there is no feasible point.
    leader : Player
    followers : tuple of Player
    note : str
        Where we differ from what is printed elsewhere, and why.
    """

    name: str
    source: str
    best: float | None
    leader: Player
    followers: tuple[Player, ...]
    note: str = ""

    def model(self) -> pyo.ConcreteModel:
        """Return it as a Pyomo model with the Block ``follower``, indexed from 0."""
        model = pyo.ConcreteModel(name=self.name)
        model.x = _variables(self.leader.box)
        model.follower = pyo.Block(range(len(self.followers)))
        for block, player in zip(model.follower.values(), self.followers, strict=True):
            block.y = _variables(player.box)
        vectors = [_vector(model.x), *(_vector(block.y) for block in model.follower.values())]
        _state(model, self.leader, vectors)
        for number, player in enumerate(self.followers):
            own = [vectors[0], vectors[1 + number]]
            _state(model.follower[number], player, own)
        return model


def _variables(box: Box) -> pyo.Var:
    return pyo.Var(range(len(box)), bounds=lambda _block, index: box[index])


def _vector(variables: Any) -> list[Any]:
    return list(variables.values())


def _state(block: Any, player: Player, vectors: Sequence[Any]) -> None:
    block.objective = pyo.Objective(expr=player.objective(*vectors))
    block.constraint = pyo.ConstraintList()
    for body in player.inequalities(*vectors):
        block.constraint.add(body <= 0)
    for body in player.equalities(*vectors):
        block.constraint.add(body == 0)


def one_follower(
    name: str,
    source: str,
    best: float | None,
    boxes: tuple[Box, Box],
    objectives: tuple[Function, Function],
    outer: Function = nothing,
    inner: Function = nothing,
    inner_equalities: Function = nothing,
    note: str = "",
) -> Problem:
    """Return a problem with one follower: boxes, objectives and constraints of x, then of y."""
    return Problem(
        name,
        source,
        best,
        Player(boxes[0], objectives[0], outer),
        (Player(boxes[1], objectives[1], inner, inner_equalities),),
        note,
    )
