"""Sweeps by hand, laid out as `opt_games.sweep` lays them out."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

REGIMES = "unknown contribute free-ride abstain comply"
PLAYERS = ["generalist", "law", "film"]


def dataset(
    coordinates: dict[str, Any], regime: np.ndarray, status: np.ndarray | None = None, **more: Any
) -> xr.Dataset:
    """A sweep of two specialists; regimes are codes over what varies, then player.

    Utilities are 1, 2 and 3 times the first coordinate; law's level is 1.5.
    """
    dims = list(coordinates)
    shape = tuple(len(values) for values in coordinates.values())
    first = np.asarray(next(iter(coordinates.values())), dtype=float)
    size = first.reshape(-1, *([1] * (len(shape) - 1)))
    utility = np.broadcast_to(size, shape)[..., None] * np.array([1.0, 2.0, 3.0])
    level = np.broadcast_to(np.array([1.0, 1.5, 2.0])[:, None], (*shape, 3, 1)).copy()
    level[regime == 2] = np.nan
    status = np.zeros(shape, dtype=np.int8) if status is None else status
    utility = np.where(status[..., None] == 2, np.nan, utility)
    share = np.full((*shape, 3), 0.4)
    share[..., 0] = np.nan
    flags = {"flag_values": np.arange(-1, 4, dtype=np.int8), "flag_meanings": REGIMES}
    states = {
        "flag_values": np.arange(3, dtype=np.int8),
        "flag_meanings": "ok no-agreement failed",
    }
    return xr.Dataset(
        {
            "share": ((*dims, "player"), share, {"units": "1"}),
            "utility": ((*dims, "player"), utility, {"units": "money"}),
            "level": ((*dims, "player", "attribute"), level, {"units": "1"}),
            "regime": ((*dims, "player"), regime.astype(np.int8), flags),
            "status": (tuple(dims), status.astype(np.int8), states),
            "slow": (tuple(dims), np.zeros(shape, dtype=bool)),
        },
        coords={**coordinates, "player": PLAYERS, "attribute": ["alpha"]},
        attrs={"title": "By hand", "solution": "nash", **more},
    )


def line(**more: Any) -> xr.Dataset:
    """Over c0 = 1 to 6: law free-rides from 3.5 on, film abstains from 5.5 on."""
    c0 = np.arange(1.0, 7.0)
    regime = np.zeros((6, 3), dtype=int)
    regime[c0 > 3.5, 1] = 1
    regime[c0 > 5.5, 2] = 2
    return dataset({"c0": c0}, regime, **more)


def plane(log: bool = False, status: np.ndarray | None = None) -> xr.Dataset:
    """Over c0 and c1: law free-rides where c0 > c1, film abstains where c1 > 3.5."""
    c0 = np.geomspace(1.0, 16.0, 5) if log else np.arange(1.0, 6.0)
    c1 = np.arange(1.0, 7.0)
    regime = np.zeros((5, 6, 3), dtype=int)
    regime[..., 1] = c0[:, None] > c1
    regime[..., 2] = 2 * (c1 > 3.5)
    return dataset({"c0": c0, "c1": c1}, regime, status)
