"""What of a sweep a picture shows: one variable, over what varies, and how it is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from opt_games.errors import SpecError
from opt_games.names import did_you_mean, quoted
from opt_games.parts import SOLUTION_ALIASES
from opt_games.plot.style import REGIMES, STATUSES, TINTS

if TYPE_CHECKING:
    import xarray as xr

POINT = "point"
NO_AGREEMENT, NO_ANSWER = "no agreement", "no answer"
"""What stands for a regime where nobody has one."""

_OK, _NO_AGREEMENT, _FAILED = "ok", "no-agreement", "failed"
_WORDS = {
    "share": "Share of revenue to the generalist",
    "utility": "Utility",
    "profit": "Profit",
    "level": "Level",
    "regime": "Regime",
    "status": "Status",
    "regret": "Largest regret, relative",
}
_LABELLED = ("solution", "player", "attribute")


@dataclass(frozen=True)
class Slice:
    """One variable of a sweep, and the regimes that go with it.

    Attributes
    ----------
    values : DataArray
        Over the dimensions that vary, and at most one of player, solution and attribute.
    varied : tuple of str
        The dimensions that vary, or the coordinates of a list of points.
    by : str or None
        What else there is one line for.
    label, title : str
    regimes : DataArray or None
        Of the specialists, as text, over player and what varies; None where solutions differ. It
        says where there is no agreement, and where no answer.
    failed : ndarray of bool
        Where there is no answer, over what varies.
    """

    values: xr.DataArray
    varied: tuple[str, ...]
    by: str | None
    label: str
    title: str
    regimes: xr.DataArray | None
    failed: NDArray[np.bool_]

    @property
    def coded(self) -> bool:
        """Whether the values are codes, not numbers."""
        return meanings(self.values) is not None

    @property
    def scattered(self) -> bool:
        """Whether it is a list of points, not a grid."""
        return POINT in self.values.dims

    def along(self, name: str) -> NDArray[np.float64]:
        """Return the values of a coordinate."""
        return np.asarray(self.values[name].values, dtype=float)


def slice_of(
    sweep: xr.Dataset,
    variable: str,
    *,
    player: str | None = None,
    solution: str | None = None,
    attribute: str | None = None,
    wanted: tuple[str | None, str | None] = (None, None),
) -> Slice:
    """Choose what of a sweep to show, or raise `SpecError` if that is not one or two dimensions.

    Parameters
    ----------
    sweep : Dataset
    variable : str
    player, solution, attribute : str, optional
        Which one.
    wanted : pair of str or None
        What is to run along the two axes.
    """
    if variable not in sweep.data_vars:
        known = [str(name) for name in sweep.data_vars]
        raise SpecError(
            f"the sweep has no variable {quoted(variable)}{did_you_mean(variable, known)}: choose "
            f"from {', '.join(known)}"
        )
    solution = SOLUTION_ALIASES.get(solution, solution) if solution else None
    values = _only_share(sweep[variable]) if variable == "share" else sweep[variable]
    chosen = {"solution": solution, "player": player, "attribute": attribute}
    for dim, choice in chosen.items():
        values = _choose(sweep, values, dim, choice)
    varied = tuple(str(dim) for dim in values.dims if dim not in _LABELLED)
    if POINT in varied:
        varied = tuple(str(name) for name, c in values.coords.items() if c.dims == (POINT,))
        varied = tuple(name for name in varied if name != POINT)
    varied = _in_order(sweep, varied, wanted)
    free = [str(dim) for dim in values.dims if dim in _LABELLED]
    if free and (len(varied) == 2 or len(free) > 1):
        labels = ", ".join(str(label) for label in values[free[0]].values[:10])
        raise SpecError(f"choose one {free[0]} for the picture: {labels}")
    over = [dim for dim in values.dims if dim not in free]
    status = _choose(sweep, sweep["status"], "solution", solution).transpose(*over, ...)
    words = _words(status)
    failed = (words == _FAILED).reshape(*(status.sizes[dim] for dim in over), -1).all(axis=-1)
    regimes = None
    if "solution" not in free:
        regimes = _choose(sweep, sweep["regime"], "solution", solution)
        regimes = regimes.isel(player=slice(1, None)).transpose("player", *over)
        without = np.where(words == _NO_AGREEMENT, NO_AGREEMENT, NO_ANSWER)
        regimes = regimes.copy(
            data=np.where(words == _OK, _words(regimes), without[None]).astype(str)
        )
    return Slice(
        values,
        varied,
        free[0] if free else None,
        _label(values, free),
        _title(sweep, values, solution),
        regimes,
        failed,
    )


def name_of(varied: str) -> str:
    """Return how something that varies is called on an axis."""
    return _WORDS["share"] if varied in ("share", "given_share") else varied


def meanings(values: xr.DataArray) -> list[str] | None:
    """Return what the codes of a variable mean, from the least on; None for numbers."""
    if values.dtype == np.bool_:
        return ["no", "yes"]
    if "texts" in values.attrs:
        return [text or "-" for text in str(values.attrs["texts"]).split("\n")]
    return str(values.attrs["flag_meanings"]).split() if "flag_meanings" in values.attrs else None


def texts(values: xr.DataArray, codes: NDArray[Any]) -> NDArray[np.str_]:
    """Return what some codes of a variable mean."""
    least = int(np.atleast_1d(values.attrs.get("flag_values", 0))[0])
    words: NDArray[np.str_] = np.array(meanings(values))[codes.astype(np.int64) - least]
    return words


def looks(values: xr.DataArray) -> Mapping[str, tuple[str, str]]:
    """Return colour and hatch by meaning."""
    known: dict[object, Mapping[str, tuple[str, str]]] = {"regime": REGIMES, "status": STATUSES}
    if values.name in known:
        return known[values.name]
    return {word: (TINTS[k % len(TINTS)], "") for k, word in enumerate(meanings(values) or ())}


def _words(values: xr.DataArray) -> NDArray[np.str_]:
    """Return regimes or status as text, whether they are stored as text or as codes."""
    if meanings(values) is None:
        return np.asarray(values.values, dtype=str)
    return texts(values, values.values)


def _only_share(values: xr.DataArray) -> xr.DataArray:
    """Return the shares of the specialists; one of them if they are all the same."""
    values = values.isel(player=slice(1, None))
    first = values.isel(player=0)
    spread = values.max("player") - values.min("player")
    return first if bool((spread.fillna(0.0) == 0.0).all()) else values


def _choose(sweep: xr.Dataset, values: xr.DataArray, dim: str, choice: str | None) -> xr.DataArray:
    if dim not in values.dims:
        only = str(values[dim].values) if dim in values.coords else sweep.attrs.get(dim)
        if (
            choice is not None
            and choice != only
            and not (dim == "player" and values.name == "share")
        ):
            raise SpecError(f"{values.name} has no {dim} {quoted(choice)} to choose")
        return values
    labels = [str(label) for label in values[dim].values]
    if choice is None:
        return values.isel({dim: 0}) if len(labels) == 1 else values
    if choice not in labels:
        raise SpecError(
            f"the sweep has no {dim} {quoted(choice)}{did_you_mean(choice, labels)}: choose from "
            f"{', '.join(labels[:10])}"
        )
    return values.isel({dim: labels.index(choice)})


def _in_order(
    sweep: xr.Dataset, varied: tuple[str, ...], wanted: tuple[str | None, str | None]
) -> tuple[str, ...]:
    """Return what runs along the axes, or raise `SpecError` if that is not clear."""
    named = [name for name in wanted if name is not None]
    for name in named:
        if name not in varied:
            raise SpecError(
                f"{quoted(name)} does not vary{did_you_mean(name, varied)}: what does is "
                f"{', '.join(varied) or 'nothing'}"
            )
    scattered = POINT in sweep.dims
    if scattered and named:
        return tuple(named)
    if len(varied) == 2 and named:
        (other,) = set(varied) - {named[0]}
        return (named[0], other) if wanted[0] else (other, named[0])
    if not varied:
        raise SpecError("nothing varies in this part of the sweep: there is no picture of a number")
    if len(varied) > 2:
        counted = ", ".join(f"{name} ({sweep[name].size} values)" for name in varied)
        if scattered:
            raise SpecError(f"{counted} vary from point to point: say which is x, and which y")
        raise SpecError(
            f"{counted} vary, and a picture shows two: fix the others, as with --at "
            f'{varied[-1]}=0.5, or in Python sweep.sel({varied[-1]}=0.5, method="nearest")'
        )
    return varied


def _label(values: xr.DataArray, free: Sequence[str]) -> str:
    name = str(values.name)
    label = _WORDS.get(name, name)
    if name == "level" and "attribute" in values.coords and "attribute" not in free:
        label = f"Level {values['attribute'].values}"
    if "player" in values.coords and "player" not in free and name != "share":
        label += f" of {values['player'].values}"
    if name == "share" and "player" in values.coords and "player" not in free:
        label = _WORDS["share"]
    unit = str(values.attrs.get("units", "1"))
    return label if unit in ("1", "utility", "") else f"{label} ({unit})"


def _title(sweep: xr.Dataset, values: xr.DataArray, solution: str | None) -> str:
    parts = [str(sweep.attrs.get("title", ""))]
    asked = solution or ("" if "solution" in values.dims else str(sweep.attrs.get("solution", "")))
    if asked:
        parts.append("given share" if asked == "given" else f"{asked} bargain")
    fixed: list[Any] = [
        f"{name} = {float(coordinate):.4g}"
        for name, coordinate in values.coords.items()
        if coordinate.ndim == 0 and name not in (*_LABELLED, POINT)
    ]
    first, *rest = [str(part) for part in (*parts, *fixed) if part] or [""]
    return first + ("\n" + ", ".join(rest) if rest else "")
