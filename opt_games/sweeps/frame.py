"""Sweeps as pandas tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from opt_games.pareto.answer import ParetoSet

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def to_frame(sweep: xr.Dataset | ParetoSet) -> pd.DataFrame:
    """Return a sweep as a table: one row for each point, and for each solution where several are.

    Of a Pareto set it is `ParetoSet.to_frame`.

    What differs by player stands in a column for each, such as ``utility_law``; levels are
    ``level_law_alpha``. Regimes, status and reasons are categories.

    Parameters
    ----------
    sweep : xarray.Dataset or ParetoSet
        From `opt_games.sweep`, or from its file; or from `opt_games.pareto`.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> import opt_games
    >>> game = opt_games.load("quadratic")
    >>> frame = to_frame(opt_games.sweep(game, {"share": [0.2, 0.4]}, progress=False))
    >>> frame[["share", "utility_generalist", "regime_law", "status"]].round(6)
       share  utility_generalist  regime_law status
    0    0.2                0.17  contribute     ok
    1    0.4                0.28  contribute     ok
    """
    import pandas as pd

    if isinstance(sweep, ParetoSet):
        return sweep.to_frame()
    rows = [str(dim) for dim in sweep["status"].dims]
    columns: dict[str, Any] = {}
    for dim, places in zip(rows, np.indices(sweep["status"].shape, sparse=True), strict=True):
        if dim in sweep.coords:
            labels = np.broadcast_to(sweep[dim].values[places], sweep["status"].shape)
            columns[dim] = labels.ravel()
    for name, coordinate in sweep.coords.items():
        if coordinate.dims == ("point",):
            columns[str(name)] = coordinate.values
    for name, variable in sweep.data_vars.items():
        for label, each in _by_player(sweep, str(name), variable):
            columns[label] = _column(each.transpose(*rows))
    return pd.DataFrame(columns)


def _by_player(
    sweep: xr.Dataset, name: str, variable: xr.DataArray
) -> list[tuple[str, xr.DataArray]]:
    """Return a variable in pieces that have one value for each row."""
    if "player" not in variable.dims:
        return [(name, variable)]
    pieces = []
    for k, player in enumerate(sweep["player"].values):
        if name == "share" and k == 0:
            continue  # of the generalist, who has none
        of_player = variable.isel(player=k)
        if "attribute" not in variable.dims:
            pieces.append((f"{name}_{player}", of_player))
            continue
        for j, attribute in enumerate(sweep["attribute"].values):
            pieces.append((f"{name}_{player}_{attribute}", of_player.isel(attribute=j)))
    return pieces


def _column(variable: xr.DataArray) -> Any:
    import pandas as pd

    codes: NDArray[Any] = variable.values.ravel()
    if "flag_meanings" not in variable.attrs:
        return codes
    meanings = variable.attrs.get("texts", "").split("\n")
    if "texts" not in variable.attrs:
        meanings = variable.attrs["flag_meanings"].split(" ")
    first = int(np.atleast_1d(variable.attrs["flag_values"])[0])
    return pd.Categorical.from_codes(codes - first, categories=meanings)
