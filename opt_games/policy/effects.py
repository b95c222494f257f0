"""What a policy does, against the same game without floors.

Without regulation the players are in *anarchy*, marked ^A. A policy *backfires* in an attribute if
a player's level falls below the one in anarchy; it is *mutualistic* if all players gain strictly
over anarchy. A player *abstains*, or *complies*: it raises levels to the floors, and none beyond.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from opt_games.engines import REGIMES
from opt_games.errors import SpecError
from opt_games.expression import Expression
from opt_games.game import Game
from opt_games.policy.society import of_sweep
from opt_games.result import ABSTAIN, COMPLY
from opt_games.sweeps.api import sweep
from opt_games.sweeps.values import SHARE

if TYPE_CHECKING:
    import xarray as xr

STRICTLY = 1e-9
"""Levels and utilities that differ by less, relative to their size, are equal."""


def anarchy(game: Game) -> Game:
    """Return the same game without floors.

    Examples
    --------
    >>> import opt_games
    >>> anarchy(opt_games.load("safety")).regulation is None
    True
    """
    return replace(game, regulation=None)


def effects(
    game: Game,
    vary: Mapping[str, Any] | None = None,
    *,
    points: Any = None,
    bargain: str | Sequence[str] | None = None,
    share: float | None = None,
    **options: Any,
) -> xr.Dataset:
    """Sweep a game over policies, and compare every outcome with anarchy.

    The contract is given, or bargained for anew under every policy, and then in anarchy, too.

    Parameters
    ----------
    game : Game
        With a ``[regulation]``.
    vary, points, bargain, share
        As in `opt_games.sweep`.
    **options
        Others of `opt_games.sweep`, but no path.

    Returns
    -------
    xarray.Dataset
        What `opt_games.sweep` returns, and

        ========================= =========================================================
        ``backfiring``            (player, attribute): the level is below that in anarchy
        ``mutualism``             all players gain strictly
        ``compliance``            (player): levels are raised to the floors, and none beyond
        ``abstention``            (player)
        ``gain``                  (player): utility over that in anarchy
        ``anarchy_level`` ...     and ``anarchy_utility``, ``anarchy_share``
        ``harm``, ``taxes`` ...   with harm, taxes or welfare: see `opt_games.policy.society`
        ========================= =========================================================

    Raises
    ------
    SpecError
        If the game has no floors, or as `opt_games.sweep`.

    Examples
    --------
    >>> import opt_games
    >>> game = opt_games.load("safety")
    >>> found = effects(game, {"theta_D": [0.3, 0.4, 0.6]}, progress=False)
    >>> found["backfiring"].sel(player="domain", attribute="beta").values
    array([False,  True, False])
    """
    if game.regulation is None:
        raise SpecError("there are no floors: add a table [regulation]", key="regulation")
    options.setdefault("progress", False)
    found = sweep(game, vary, points=points, bargain=bargain, share=share, **options)
    free = _anarchy_sweep(game, vary, points, bargain, share, options)
    return _compared(game, found, free)


def _anarchy_sweep(
    game: Game,
    vary: Mapping[str, Any] | None,
    points: Any,
    bargain: str | Sequence[str] | None,
    share: float | None,
    options: Mapping[str, Any],
) -> xr.Dataset:
    """Sweep the game without floors over what else varies."""
    free = anarchy(game)
    asked = {"bargain": bargain, "share": share}
    used = _names(free)
    if points is not None:
        import pandas as pd

        columns = pd.DataFrame({name: points[name] for name in points if name in used})
        if columns.shape[1]:
            place = columns.groupby(list(columns), sort=False).ngroup().to_numpy()
            solved = sweep(free, points=columns.drop_duplicates(), **asked, **options)  # type: ignore[arg-type]
            return solved.isel(point=place)
        vary = {}
    left = {name: values for name, values in (vary or {}).items() if name in used}
    if left:
        return sweep(free, left, **asked, **options)  # type: ignore[arg-type]
    # one game: any parameter will do to make it a sweep
    name, value = next(iter(free.parameters.items()))
    return sweep(free, {name: [value]}, **asked, **options).isel({name: 0}, drop=True)  # type: ignore[arg-type]


def _names(game: Game) -> frozenset[str]:
    """Return the names that a game's outcome depends on, and the share."""
    formulas: list[Any] = [*game.level_bounds.values()]
    for part in (
        game.generalist,
        *(group.form for group in game.specialists.groups),
        *(game.contract, game.bargaining, game.harm, game.taxes, game.welfare),
    ):
        for value in vars(part).values() if part is not None else ():
            formulas += value.values() if isinstance(value, Mapping) else [value]
    found = (each.names for each in formulas if isinstance(each, Expression))
    return frozenset({SHARE}).union(*found)


def _compared(game: Game, found: xr.Dataset, free: xr.Dataset) -> xr.Dataset:
    level, before = found["level"], free["level"]
    utility, baseline = found["utility"], free["utility"]
    slack = STRICTLY * (1.0 + abs(before))
    gain = utility - baseline
    strictly = gain > STRICTLY * (1.0 + abs(baseline))
    codes = {name: REGIMES.index(name) for name in (ABSTAIN, COMPLY)}
    new: dict[str, Any] = {
        "backfiring": (level < before - slack, "final level below that in anarchy"),
        "mutualism": (strictly.all("player"), "all players gain strictly over anarchy"),
        "compliance": (found["regime"] == codes[COMPLY], "raises levels to floors, none beyond"),
        "abstention": (found["regime"] == codes[ABSTAIN], "abstains"),
        "gain": (gain, "utility over that in anarchy"),
    }
    own = {name: free[name] for name in ("level", "utility", "share") if name in free}
    new |= {f"anarchy_{name}": (values, f"{name} in anarchy") for name, values in own.items()}
    variables = {name: values.assign_attrs(long_name=text) for name, (values, text) in new.items()}
    order = [str(name) for name in found["utility"].dims]
    result = found.assign(variables).assign(of_sweep(game, found))
    return result.transpose(*order, ..., missing_dims="ignore")
