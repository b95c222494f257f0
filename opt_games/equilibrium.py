"""The subgame-perfect equilibrium of a contract.

The array engine searches all branches globally; the solver then solves the equilibrium problem on
the branch it found, from there; `regret` checks both points against the original functions, and the
one with less regret stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
import pyomo.environ as pyo

from opt_games.branch import Branch
from opt_games.errors import OptGamesError, SolverError
from opt_games.formulations.equilibrium_problem import equilibrium_problem
from opt_games.formulations.game_model import share_of
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.payoffs import Payoffs, compile_payoffs
from opt_games.kernels.sample import Sample, sample
from opt_games.kernels.window import Window, find_window
from opt_games.regret import Regret, regret, regret_of_staying_out
from opt_games.result import (
    ABSTAIN,
    CONTRIBUTE,
    FREE_RIDE,
    REGRET_TOLERANCE,
    Equilibrium,
    Levels,
    Work,
)
from opt_games.solvers.base import CompiledProblem, Solver, SolverOptions
from opt_games.solvers.infeasibility import explain_infeasibility
from opt_games.solvers.registry import get_solver
from opt_games.solvers.result import SolverResult, Termination

_EXTREMES = 9  # common shares that decide how far the search looks


@dataclass
class SolveLog:
    """What the solver was asked, for the record that every answer carries."""

    solver: Solver
    options: SolverOptions
    results: list[SolverResult] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    unanswered: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)

    def solve(self, model: pyo.ConcreteModel, purpose: str, *, explain: bool = True) -> bool:
        """Solve a model from its present values; return whether it holds a local optimum.

        Where the solver finds it infeasible, the failure names the constraints in the way, if that
        is to be explained.
        """
        try:
            compiled = self.solver.compile(model, self.options)
        except OptGamesError:
            raise
        except Exception as error:  # a third party's solver must not stop the search
            return self._failed(purpose, f"{self.solver.name} raised {error!r}")
        done = len(self.results)
        if self.solve_again(compiled, purpose):
            return True
        if explain and any(
            each.termination is Termination.INFEASIBLE for each in self.results[done:]
        ):
            with suppress(SolverError):  # no nearest point either: there is nothing to add
                self.failures[-1] += f"; {explain_infeasibility(model)}"
        return False

    def solve_again(self, compiled: CompiledProblem, purpose: str) -> bool:
        """Solve a compiled model for its present data; return whether it holds a local optimum."""
        try:
            result = compiled.solve()
        except OptGamesError:
            raise
        except Exception as error:  # as above
            return self._failed(purpose, f"{self.solver.name} raised {error!r}")
        if not isinstance(result, SolverResult):
            return self._failed(purpose, f"{self.solver.name} returned {result!r}, no result")
        self.results.append(result)
        return self.note(purpose, result)

    def note(self, purpose: str, result: SolverResult) -> bool:
        """Keep what became of a solve; return whether it holds a local optimum."""
        (self.answered if result.ok else self.unanswered)[purpose] += 1
        if not result.ok:
            return self._failed(purpose, f"{result.termination.value} ({result.message})")
        return True

    def _failed(self, purpose: str, reason: str) -> bool:
        self.failures.append(f"{purpose}: {reason}")
        return False

    def hopeless(self) -> tuple[str, ...]:
        """Return the purposes for which no solve had an answer."""
        return tuple(purpose for purpose in self.unanswered if purpose not in self.answered)

    def work(self, seconds: float) -> Work:
        """Summarise."""
        availability = self.solver.availability()
        version = self.results[-1].solver.version if self.results else availability.version
        return Work(
            self.solver.name, str(version), len(self.results), tuple(self.failures), seconds
        )


@dataclass(frozen=True)
class EquilibriumMap:
    """The map from contracts to equilibria of one game, with all formulas compiled.

    Attributes
    ----------
    game : Game
    payoffs : Payoffs
    window : Window
    log : SolveLog
    """

    game: Game
    payoffs: Payoffs
    window: Window
    log: SolveLog

    @classmethod
    def of(
        cls, game: Game, *, solver: str = "ipopt", options: SolverOptions | None = None
    ) -> EquilibriumMap:
        """Compile a game.

        Raises
        ------
        UnsupportedGameError, UnboundedGameError, SolverError
        """
        payoffs = compile_payoffs(game)
        low, high = game.contract.bounds
        extremes = np.tile(np.linspace(low, high, _EXTREMES), (payoffs.size, 1))
        # every solve starts where the array engine found the answer
        log = SolveLog(get_solver(solver), replace(options or SolverOptions(), close_start=True))
        return cls(game, payoffs, find_window(payoffs, extremes), log)

    def sample(self, shares: Array) -> Sample:
        """Equilibria of many contracts by the array engine; `shares` is (specialists, cases)."""
        return sample(self.payoffs, self.window, shares)

    def equilibrium(self, shares: Array) -> Equilibrium:
        """Equilibrium of one contract, solved by the solver on its branch and checked.

        Parameters
        ----------
        shares : ndarray, shape (specialists,)
        """
        found = self.sample(shares[:, None])
        names = self.game.specialists.names
        contract = {name: float(share) for name, share in zip(names, shares, strict=True)}
        if not found.active[0]:
            return self._nobody(contract, shares)
        branch = found.branch(0)
        base = float(found.optima.base[0])
        finals = [
            base + float(found.optima.contribution[k, 0]) if branch.followers[k] else None
            for k in range(len(names))
        ]
        checked = regret(self.payoffs, shares, base, finals)
        if branch.smooth:
            solved = self._solve(contract, branch, base, finals)
            if solved is not None:
                again = regret(self.payoffs, shares, *solved)
                # two methods that agree: the array engine's point is placed to rounding, the
                # solver's to its tolerance, which matters next to a bound
                if _relative(again) < _relative(checked) - 1e-13:
                    (base, finals), checked = solved, again
                elif not _relative(again) <= REGRET_TOLERANCE:  # nor is nan
                    self.log.failures.append("equilibrium: the solution has regret; not used")
        return self._equilibrium(contract, branch, base, finals, checked)

    def _solve(
        self, contract: Mapping[str, float], branch: Branch, base: float, finals: list[float | None]
    ) -> tuple[float, list[float | None]] | None:
        """Solve the equilibrium problem from a point on its branch; None if that fails."""
        model = equilibrium_problem(self.game, contract, branch)
        set_levels(model, self.game, base, finals)
        if not self.log.solve(model, "equilibrium"):
            return None
        return levels_of(model, self.game, branch)

    def _equilibrium(
        self,
        contract: Mapping[str, float],
        branch: Branch,
        base: float,
        finals: list[float | None],
        checked: Regret,
    ) -> Equilibrium:
        (attribute,) = self.game.attributes
        players = self.game.players
        levels: dict[str, Levels] = {"generalist": {attribute: base}}
        regimes = {"generalist": CONTRIBUTE}
        for name, final in zip(players[1:], finals, strict=True):
            levels[name] = None if final is None else {attribute: final}
            regimes[name] = ABSTAIN if final is None else FREE_RIDE if final <= base else CONTRIBUTE
        utilities = self.payoffs.utilities(checked.profit)
        gains = self.payoffs.utilities(checked.profit + checked.gain) - utilities
        return Equilibrium(
            contract,
            levels,
            _by_player(players, checked.profit),
            _by_player(players, utilities),
            regimes,
            branch,
            _by_player(players, gains),
            _by_player(players, checked.turnover),
            _relative(checked) <= REGRET_TOLERANCE,
        )

    def _nobody(self, contract: Mapping[str, float], shares: Array) -> Equilibrium:
        """Return the equilibrium in which the generalist abstains."""
        players = self.game.players
        profits = self.game.outside_array()
        utilities = self.payoffs.utilities(profits)
        gain = regret_of_staying_out(self.payoffs, shares, float(self.window.base[-1]))
        after = profits + np.append(gain, np.zeros(profits.size - 1))
        turnover = np.abs(profits) + gain
        nobody: Mapping[str, Levels] = dict.fromkeys(players)
        return Equilibrium(
            contract,
            nobody,
            _by_player(players, profits),
            _by_player(players, utilities),
            dict.fromkeys(players, ABSTAIN),
            None,
            _by_player(players, self.payoffs.utilities(after) - utilities),
            _by_player(players, turnover),
            bool(gain <= REGRET_TOLERANCE * turnover[0]),
        )


def set_levels(block: pyo.Block, game: Game, base: float, finals: list[float | None]) -> None:
    """Give the Vars of a formulation start values."""
    (attribute,) = game.attributes
    if not block.base[attribute].fixed:
        block.base[attribute].set_value(base, skip_validation=True)
    for specialist, final in zip(game.specialists, finals, strict=True):
        if final is not None and specialist.name in block.domain:
            for variable in block.domain[specialist.name].free_level.values():
                variable.set_value(final, skip_validation=True)


def levels_of(block: pyo.Block, game: Game, branch: Branch) -> tuple[float, list[float | None]]:
    """Read levels from a solved formulation."""
    (attribute,) = game.attributes
    finals: list[float | None] = [None] * len(game.specialists)
    for k in branch.participants:
        finals[k] = float(pyo.value(block.domain[game.specialists[k].name].level[attribute]))
    base = float(pyo.value(block.base[attribute]))
    return base, [None if final is None else max(final, base) for final in finals]


def shares_of(model: pyo.ConcreteModel, game: Game) -> Array:
    """Read the shares from a solved formulation."""
    return np.array([float(pyo.value(share_of(model, s.name))) for s in game.specialists])


def _relative(checked: Regret) -> float:
    scale = np.where(checked.turnover > 0, checked.turnover, 1.0)
    return float((checked.gain / scale).max())


def _by_player(players: tuple[str, ...], values: Array) -> dict[str, float]:
    return {player: float(value) for player, value in zip(players, values, strict=True)}
