"""The policy that a regulator would pick, foreseeing contract and equilibrium.

Welfare jumps in the policy where players leave, so the search is of values only: a grid over the
whole range, then ever finer grids around the best of its points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from opt_games.errors import SolverError, SpecError
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.names import did_you_mean, quoted
from opt_games.policy.society import of_sweep
from opt_games.sweeps.api import sweep

if TYPE_CHECKING:
    import xarray as xr

WELFARE = "welfare"
_KEPT = 4  # points of a grid that are looked at more closely
_SIDE = 4
_SHRINK = 0.3
_CLOSE = 1e-8


@dataclass(frozen=True)
class BestPolicy:
    """What a regulator would pick.

    Attributes
    ----------
    objective : str
    policy : mapping of str to float
        Parameters.
    value : float
        The objective there.
    worst_nearby : float
        The lowest value at policies off by a hundredth of their ranges; None where at one of them
        somebody whose level counts abstains.
    games : int
        Equilibria that were solved to find it.
    """

    objective: str
    policy: Mapping[str, float]
    value: float
    worst_nearby: float | None
    games: int

    def to_dict(self) -> dict[str, Any]:
        """Return the ``best`` entry of the JSON output."""
        return {
            "objective": self.objective,
            "policy": dict(self.policy),
            "value": self.value,
            "worst_nearby": self.worst_nearby,
            "games": self.games,
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
    """Find the policy that is best for society, or for one attribute.

    Parameters
    ----------
    game : Game
    ranges : mapping of str to (float, float)
        Parameters that the regulator sets: floors, liabilities, taxes.
    objective : str
        ``"welfare"``, which without harm, taxes and ``[welfare]`` is the sum of utilities; or an
        attribute: the lowest final level of it, all specialists taking part.
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
    Global up to the resolution of the first grid, as all searches here.

    Examples
    --------
    >>> import opt_games
    >>> game = opt_games.load("safety")
    >>> found = best_policy(game, {"theta_G": (0, 1.2), "theta_D": (0, 2.5)})
    >>> {name: round(value, 6) for name, value in found.policy.items()}, round(found.value, 6)
    ({'theta_G': 0.5, 'theta_D': 1.0}, 0.875)
    """
    _check(game, ranges, objective)
    names = list(ranges)
    low, high = (np.array([float(ranges[name][k]) for name in names]) for k in (0, 1))
    asked = {"bargain": bargain, "share": share}
    solved = 0

    def values(at: Array) -> Array:
        nonlocal solved
        unique, back = np.unique(at, axis=1, return_inverse=True)
        solved += unique.shape[1]
        points = dict(zip(names, unique, strict=True))
        found = sweep(game, points=points, check=0, progress=False, workers=1, **asked)  # type: ignore[arg-type]
        return _objective(game, found, objective)[back.ravel()]

    axes = [np.linspace(a, b, points if b > a else 1) for a, b in zip(low, high, strict=True)]
    at = np.stack(np.meshgrid(*axes, indexing="ij")).reshape(len(names), -1)
    value = values(at)
    if not np.isfinite(value).any():
        raise SolverError(f"{game.name}: no policy in these ranges has an outcome to compare")
    box = np.maximum((high - low) / max(points - 1, 1), 0.0)
    ways = np.array(list(product(np.linspace(-1, 1, 2 * _SIDE + 1), repeat=len(names)))).T
    while True:
        order = _apart(at, value, box)
        centres = at[:, order]
        if (box <= _CLOSE * (high - low)).all():
            break
        around = centres[:, :, None] + box[:, None, None] * ways[:, None, :]
        at = np.clip(around.reshape(len(names), -1), low[:, None], high[:, None])
        value = values(at)
        box = box * _SHRINK
    best = centres[:, 0]
    nearby = np.clip(
        best[:, None] + 0.01 * (high - low)[:, None] * np.sign(ways), low[:, None], high[:, None]
    )
    top = values(np.column_stack([best, nearby]))
    policy = dict(zip(names, best.tolist(), strict=True))
    worst = float(top.min()) if np.isfinite(top).all() else None
    return BestPolicy(objective, policy, float(top[0]), worst, solved)


def _check(game: Game, ranges: Mapping[str, tuple[float, float]], objective: str) -> None:
    known: Sequence[str] = (WELFARE, *game.attributes)
    if objective not in known:
        raise SpecError(
            f"unknown objective {quoted(objective)}{did_you_mean(objective, known)}: choose from "
            f"{', '.join(known)}",
            key="objective",
        )
    if not ranges:
        raise SpecError("give the range of a parameter that the regulator sets", key="vary")
    for name, (low, high) in ranges.items():
        if name not in game.parameters:
            raise SpecError(game.no_such_parameter(name), key="vary")
        if not (np.isfinite(low) and np.isfinite(high) and low <= high):
            raise SpecError(f"expected a range low:high, not {low:g}:{high:g}", key=f"vary {name}")


def _objective(game: Game, found: xr.Dataset, objective: str) -> Array:
    """Return what is maximised; ``-inf`` where there is no outcome."""
    if objective == WELFARE:
        public = of_sweep(game, found)
        chosen = public.get("social_welfare", found["utility"].sum("player", skipna=False))
    else:
        own = found["level"].sel(attribute=objective).isel(player=slice(1, None))
        chosen = own.min("player", skipna=False)
    values = np.asarray(chosen.values, dtype=float)
    return np.where(np.isfinite(values), values, -np.inf)


def _apart(at: Array, value: Array, box: Array) -> list[int]:
    """Return the positions of the highest points that lie apart, best first."""
    chosen: list[int] = []
    for k in np.argsort(-value, kind="stable"):
        if not np.isfinite(value[k]) or len(chosen) == _KEPT:
            break
        gaps = np.abs(at[:, chosen] - at[:, [k]])
        if not np.any((gaps <= 1.5 * box[:, None]).all(axis=0)):
            chosen.append(int(k))
    return chosen
