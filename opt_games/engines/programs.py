"""The formulations of one game, each built and compiled once, and solved for many cases.

A program is the bargaining problem, or the equilibrium problem of a given share, on one branch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from opt_games.bargaining.solutions import favoured_player
from opt_games.branch import Branch, Closure
from opt_games.engines.many_games import Rows
from opt_games.engines.peaks import Peaks
from opt_games.formulations.bargaining_problem import bargaining_problem
from opt_games.formulations.equilibrium_problem import equilibrium_problem
from opt_games.formulations.game_model import share_of
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.solvers.base import SolverOptions
from opt_games.solvers.ipopt import Ipopt
from opt_games.solvers.many import ManyProblems

OPTIONS = SolverOptions(
    tolerance=1e-9,
    iteration_limit=80,
    close_start=True,
    options={"mu_init": 1e-7, "fast_step_computation": "yes"},
)
"""Of every solve: it starts close, and what it leaves open a Newton step of our own settles."""


@dataclass(frozen=True)
class Kind:
    """What a program states: cases of the same kind share it.

    Attributes
    ----------
    solution : str
        A bargaining solution, ``"player k"``, or ``"given"`` for a given share.
    branch : Branch
    rival : Branch or None
        A branch that must not be better for the generalist.
    bargainers : tuple of int
        Positions of the players whose gains count.
    powerful : tuple of int
        Positions of the players whose weight is not 0.
    """

    solution: str
    branch: Branch
    rival: Branch | None = None
    bargainers: tuple[int, ...] = ()
    powerful: tuple[int, ...] = ()


@dataclass(frozen=True)
class Contracts:
    """Contracts and levels of some cases; `error` is how far they may be from a solution.

    Attributes
    ----------
    case : ndarray of int
    share, base : ndarray, shape (cases,)
    contribution : ndarray, shape (specialists, cases)
    error : ndarray, shape (cases,)
    """

    case: Rows
    share: Array
    base: Array
    contribution: Array
    error: Array


class Program:
    """One formulation, compiled.

    Parameters
    ----------
    game : Game
        Gives the values of the parameters that do not vary.
    kind : Kind
    """

    def __init__(self, game: Game, kind: Kind) -> None:
        self.kind = kind
        self.game = game
        names = [specialist.name for specialist in game.specialists]
        if kind.solution == "given":
            model = equilibrium_problem(game, dict.fromkeys(names, 0.5), kind.branch)
        else:
            favoured = favoured_player(kind.solution, game.players)
            model = bargaining_problem(
                game,
                "utilitarian" if favoured else kind.solution,
                kind.branch,
                rivals=() if kind.rival is None else (kind.rival,),
                favoured=favoured,
                ideal=dict.fromkeys(game.players, 1.0),
                bargainers=[game.players[k] for k in kind.bargainers],
            )
        self.problem = ManyProblems(Ipopt().compile(model, OPTIONS))
        compiled = self.problem.problem.compiled
        places = _places(model, game, kind)
        self._starts = [places.get(id(var), _zero) for var in compiled.view.variables]
        self._position = {id(var): k for k, var in enumerate(compiled.view.variables)}
        self._parameters = [_source(model, game, each) for each in compiled.parameters]
        self._model = model
        blocks = [model] if kind.rival is None else [model, model.rival[0]]
        self._multipliers = [
            self._position[id(var)]
            for block in blocks
            for name in ("multiplier", "pressure")
            for var in (block.component(name) or {}).values()
            if id(var) in self._position
        ]

    def solve(
        self,
        case: Rows,
        columns: Mapping[str, Array],
        share: Array,
        peaks: Peaks,
        rivals: Peaks | None,
        ideal: Array,
        worst: Array,
    ) -> Contracts:
        """Solve some cases, from contracts and levels that are close.

        Parameters
        ----------
        case : ndarray of int
            Which cases they are; the arrays that follow hold these alone.
        columns : mapping of str to ndarray
            Values of the parameters that vary.
        share : ndarray
        peaks, rivals : Peaks
            Levels to start from.
        ideal : ndarray, shape (players, cases)
        worst : ndarray, shape (cases,)
            The smallest gain, for the solutions that maximise it.
        """
        start = _Start(share, peaks, rivals, ideal, worst, columns)
        size = case.size
        starts = np.array([np.broadcast_to(place(start), size) for place in self._starts])
        parameters = np.empty((len(self._parameters), size))
        for k, source in enumerate(self._parameters):
            parameters[k] = source(start)
        starts = self.problem.fitted(starts, parameters, self._multipliers)
        found = self.problem.solve(starts, parameters)
        return self._read(case, share, peaks, found.points, found.error)

    def _read(
        self, case: Rows, share: Array, peaks: Peaks, points: Array, error: Array
    ) -> Contracts:
        model, kind, (attribute,) = self._model, self.kind, self.game.attributes

        def value(var: Any, otherwise: Array | float) -> Array:
            k = self._position.get(id(var))
            if k is not None:
                return np.asarray(points[k])
            given = var.value if getattr(var, "fixed", False) else otherwise
            return np.broadcast_to(np.asarray(given, dtype=float), (case.size,))

        base = value(model.base[attribute], peaks.base)
        if kind.solution != "given":
            share = value(share_of(model, self.game.specialists[0].name), share)
        contribution = np.zeros(peaks.contribution.shape)
        highest = self.game.highest_levels()[attribute]
        for k in kind.branch.participants:
            free = model.domain[self.game.specialists[k].name].free_level
            for var in free.values():
                contribution[k] = np.maximum(value(var, peaks.base) - base, 0.0)
            if Closure.UPPER in (kind.branch.followers[k] or ()):
                contribution[k] = np.maximum(highest - base, 0.0)
        return Contracts(case, share, base, contribution, error)


@dataclass(frozen=True)
class _Start:
    share: Array
    peaks: Peaks
    rivals: Peaks | None
    ideal: Array
    worst: Array
    columns: Mapping[str, Array]


_Place = Callable[[_Start], Array | float]


def _zero(_start: _Start) -> Array | float:
    return 0.0


def _places(model: Any, game: Game, kind: Kind) -> dict[int, _Place]:
    """Where each variable's start comes from."""
    places: dict[int, _Place] = {}
    (attribute,) = game.attributes
    if kind.solution != "given":
        for specialist in game.specialists:
            places[id(share_of(model, specialist.name))] = lambda start: start.share
    places[id(model.base[attribute])] = lambda start: start.peaks.base
    for k in kind.branch.participants:
        for var in model.domain[game.specialists[k].name].free_level.values():
            places[id(var)] = _own_level(k)
    if kind.rival is not None:
        block = model.rival[0]
        places[id(block.base[attribute])] = lambda start: _rivals(start).base
        for k in kind.rival.participants:
            for var in block.domain[game.specialists[k].name].free_level.values():
                places[id(var)] = _rival_level(k)
    worst = model.component("worst")
    if worst is not None:
        places[id(worst)] = lambda start: start.worst
    return places


def _own_level(k: int) -> _Place:
    return lambda start: start.peaks.base + start.peaks.contribution[k]


def _rival_level(k: int) -> _Place:
    return lambda start: _rivals(start).base + _rivals(start).contribution[k]


def _rivals(start: _Start) -> Peaks:
    assert start.rivals is not None
    return start.rivals


def _source(model: Any, game: Game, parameter: Any) -> _Place:
    """Where a mutable Param's value comes from."""
    owner, index = parameter.parent_component(), parameter.index()
    if owner is model.parameter:
        constant = game.parameters[index]
        return lambda start: start.columns.get(index, constant)
    if owner is model.component("ideal"):
        position = game.players.index(index)
        return lambda start: start.ideal[position]
    if owner is model.component("share"):
        return lambda start: start.share
    number = float(parameter.value)
    return lambda _start: number
