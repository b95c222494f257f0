"""The policy that a regulator would pick, foreseeing contract and equilibrium."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from opt_games.errors import SolverError, SpecError
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.names import did_you_mean, quoted
from opt_games.policy.search import Rows, jumps, maximise
from opt_games.policy.society import of_sweep
from opt_games.sweeps.api import sweep

if TYPE_CHECKING:
    import xarray as xr

WELFARE = "welfare"
HARM = "harm"


@dataclass(frozen=True)
class Jump:
    """A jump of the objective at which a policy sits.

    Attributes
    ----------
    side : {"below", "above"}
        On which side of it the policy is: ``"below"`` if the parameter must not be any higher.
    beyond : float
        The objective just beyond it; None where somebody whose level counts abstains.
    """

    side: Literal["below", "above"]
    beyond: float | None


@dataclass(frozen=True)
class BestPolicy:
    """What a regulator would pick.

    Attributes
    ----------
    objective : str
    policy : mapping of str to float
        Parameters.
    value : float
        The objective there; of harm, the harm.
    worst_nearby : float
        The worst value at policies off by a hundredth of their ranges; None where at one of them
        somebody whose level counts abstains.
    jumps : mapping of str to Jump
        By parameter: where the policy sits right at a jump.
    games : int
        Equilibria that were solved to find it.
    failed : int
        Those of them that could not be solved, and count as no policy.
    """

    objective: str
    policy: Mapping[str, float]
    value: float
    worst_nearby: float | None
    jumps: Mapping[str, Jump]
    games: int
    failed: int

    def to_dict(self) -> dict[str, Any]:
        """Return the ``best`` entry of the JSON output."""
        return {
            "objective": self.objective,
            "policy": dict(self.policy),
            "value": self.value,
            "worst_nearby": self.worst_nearby,
            "jumps": {name: vars(jump) for name, jump in self.jumps.items()},
            "games": self.games,
            "failed": self.failed,
        }


def best_policy(
    game: Game,
    ranges: Mapping[str, tuple[float, float]],
    *,
    objective: str = WELFARE,
    bargain: str | None = None,
    share: float | None = None,
    points: int = 33,
) -> BestPolicy:
    """Find the policy that is best for society, or the safest at which all take part.

    Parameters
    ----------
    game : Game
    ranges : mapping of str to (float, float)
        Parameters that the regulator sets: floors, liabilities, taxes.
    objective : str
        ``"welfare"``, which without harm, taxes and ``[welfare]`` is the sum of utilities; an
        attribute: the lowest final level of it, to be raised; or ``"harm"``: the expected harm, to
        be lowered. Of the last two, only policies count at which all take part.
    bargain, share
        As in `opt_games.solve`: the contract is bargained for anew under every policy.
    points : int
        Of the first grid, per parameter.

    Raises
    ------
    SpecError
        If the objective is unknown or a range is none.
    SolverError
        If no policy of the first grid has an answer.

    Notes
    -----
    Welfare jumps in the policy where players leave, so the search is of values only, see
    `opt_games.policy.search`. Global up to the resolution of the first grid. At a jump the best
    policy is the last one before it, to 1e-8 of the range; `BestPolicy.jumps` says on which side.

    Examples
    --------
    >>> import opt_games
    >>> game = opt_games.load("safety")
    >>> found = best_policy(game, {"theta_G": (0, 1.2), "theta_D": (0, 2.5)})
    >>> {name: round(value, 6) for name, value in found.policy.items()}, round(found.value, 6)
    ({'theta_G': 0.5, 'theta_D': 1.0}, 0.875)
    """
    outcomes = Outcomes(game, ranges, {}, objective=objective, bargain=bargain, share=share)
    low, high = outcomes.low, outcomes.high
    at, value = maximise(outcomes.values, 1, low, high, points)
    if not np.isfinite(value[0]):
        raise SolverError(
            f"{game.name}: no policy in these ranges has an outcome to compare; first reason: "
            f"{outcomes.reason or 'somebody abstains under each'}"
        )
    best, top = at[0], float(value[0])
    ways = np.array(list(product((-0.01, 0.0, 0.01), repeat=low.size)))
    nearby = np.clip(best + ways * (high - low), low, high)
    around = outcomes.values(np.zeros(len(nearby), dtype=np.int64), nearby)
    found = {
        outcomes.names[axis]: Jump("below" if side > 0 else "above", outcomes.shown(beyond))
        for axis, side, beyond in jumps(outcomes.values, best, top, low, high)
    }
    return BestPolicy(
        objective,
        dict(zip(outcomes.names, best.tolist(), strict=True)),
        outcomes.sign * top,
        outcomes.shown(float(around.min())),
        found,
        outcomes.solved,
        outcomes.failed,
    )


class Outcomes:
    """What a regulator maximises, at policies and in scenarios.

    Parameters
    ----------
    game : Game
    ranges : mapping of str to (float, float)
    scenarios : mapping of str to ndarray
        Values of other parameters, one for each scenario; empty for those of the game.
    objective, bargain, share
        As in `best_policy`.

    Attributes
    ----------
    names : list of str
        The regulator's parameters, and between which bounds: ``low``, ``high``.
    sign : float
        -1 where the objective is a harm.
    solved, failed : int
    reason : str
        Why the first one failed.
    """

    def __init__(
        self,
        game: Game,
        ranges: Mapping[str, tuple[float, float]],
        scenarios: Mapping[str, Array],
        *,
        objective: str,
        bargain: str | None,
        share: float | None,
    ) -> None:
        _check(game, ranges, objective)
        self.names = list(ranges)
        self.low, self.high = (
            np.array([float(ranges[name][k]) for name in self.names]) for k in (0, 1)
        )
        self.sign = -1.0 if objective == HARM else 1.0
        self.solved = self.failed = 0
        self.reason = ""
        self._game, self._objective, self._scenarios = game, objective, scenarios
        self._asked: dict[str, Any] = {"bargain": bargain, "share": share}
        self._known: dict[tuple[float, ...], float] = {}

    def values(self, rows: Rows, at: Array) -> Array:
        """Return the objective, to be maximised, in scenarios by number and at policies.

        ``-inf`` where there is no outcome.
        """
        span = np.where(self.high > self.low, self.high - self.low, 1.0)
        keys = [*map(tuple, np.column_stack([rows, np.round((at - self.low) / span, 13)]).tolist())]
        new = {key: k for k, key in enumerate(keys) if key not in self._known}
        if new:
            k = np.array(list(new.values()))
            columns = {name: values[rows[k]] for name, values in self._scenarios.items()}
            columns |= dict(zip(self.names, at[k].T, strict=True))
            found = sweep(
                self._game, points=columns, check=0, progress=False, workers=1, **self._asked
            )
            self._count(found)
            self._known |= zip(new, self._of(found).tolist(), strict=True)
        return np.array([self._known[key] for key in keys])

    def shown(self, value: float) -> float | None:
        """Return a value as the user knows it, None where there is no outcome."""
        return float(self.sign * value) if np.isfinite(value) else None

    def _count(self, found: xr.Dataset) -> None:
        self.solved += found.sizes["point"]
        failed = int(found.attrs["failed"])
        if failed and not self.failed:
            self.reason = next(text for text in found["reason"].values.tolist() if text)
        self.failed += failed

    def _of(self, found: xr.Dataset) -> Array:
        public = of_sweep(self._game, found)
        if self._objective == WELFARE:
            chosen = public.get("social_welfare", found["utility"].sum("player", skipna=False))
        else:
            final = found["level"].isel(player=slice(1, None)).min("player", skipna=False)
            if self._objective == HARM:
                there = final.notnull().all("attribute")
                chosen = -public["harm"].where(there)
            else:
                chosen = final.sel(attribute=self._objective)
        values = np.asarray(chosen.values, dtype=float)
        return np.where(np.isfinite(values), values, -np.inf)


def _check(game: Game, ranges: Mapping[str, tuple[float, float]], objective: str) -> None:
    harmful = game.harm is not None or any(
        group.form.harm is not None for group in game.specialists.groups
    )
    known: Sequence[str] = (WELFARE, *game.attributes, *((HARM,) if harmful else ()))
    if objective not in known:
        raise SpecError(
            f"unknown objective {quoted(objective)}{did_you_mean(objective, known)}: choose from "
            f"{', '.join(known)}",
            key="objective",
        )
    check_ranges(game, ranges, "vary")


def check_ranges(game: Game, ranges: Mapping[str, tuple[float, float]], key: str) -> None:
    """Raise `SpecError` unless these are ranges of parameters of the game.

    Parameters
    ----------
    game : Game
    ranges : mapping of str to (float, float)
    key : str
        What they are called in the message.
    """
    if not ranges:
        raise SpecError("give the range of a parameter", key=key)
    for name, (low, high) in ranges.items():
        if name not in game.parameters:
            raise SpecError(game.no_such_parameter(name), key=key)
        if not (np.isfinite(low) and np.isfinite(high) and low <= high):
            raise SpecError(f"expected a range low:high, not {low:g}:{high:g}", key=f"{key} {name}")
