"""How a sweep is laid out as an xarray Dataset: coordinates, variables, attributes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from opt_games.engines import REGIMES, STATUSES
from opt_games.spec.writer import to_toml
from opt_games.sweeps.crosscheck import Check
from opt_games.sweeps.part import ARRAYS, Part
from opt_games.sweeps.plan import Plan
from opt_games.sweeps.store import Store
from opt_games.sweeps.tally import MOST_REASONS, OTHER_REASONS, Tally
from opt_games.sweeps.values import GIVEN_SHARE, POINT, SHARE

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Layout:
    """What the result of a sweep looks like.

    Attributes
    ----------
    plan : Plan
    texts : tuple of str
        The reasons of all failures, the empty one first.
    """

    plan: Plan
    texts: tuple[str, ...] = ("",)
    _codes: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_codes", {text: code for code, text in enumerate(self.texts)})

    @classmethod
    def of(cls, plan: Plan, store: Store, tally: Tally) -> Layout:
        """Look through the parts for the reasons of failures, in order."""
        texts = {"": None}
        if tally.failed:
            for number in range(plan.parts):
                for text in store.texts(number):
                    if len(texts) >= MOST_REASONS - 1:
                        texts[OTHER_REASONS] = None
                        break
                    texts[text] = None
        return cls(plan, tuple(texts))

    @property
    def names(self) -> tuple[str, ...]:
        """The variables. Where the share is a dimension, its coordinate stands for the variable."""
        return tuple(name for name in ARRAYS if name not in self.plan.values.dims)

    def dims(self, name: str) -> tuple[str, ...]:
        """Return the dimensions of a variable."""
        several = len(self.plan.job.solutions) > 1
        dims = self.plan.values.dims + (("solution",) if several else ())
        if name in ("share", "utility", "profit", "level", "regime"):
            dims += ("player",)
        return dims + (("attribute",) if name == "level" else ())

    def sizes(self) -> dict[str, int]:
        """Return the length of every dimension."""
        job, values = self.plan.job, self.plan.values
        return {
            **dict(zip(values.dims, values.shape, strict=True)),
            "solution": len(job.solutions),
            "player": len(job.game.players),
            "attribute": len(job.game.attributes),
        }

    def dtype(self, name: str) -> np.dtype[Any]:
        """Return the type of a variable."""
        kinds = {"regime": np.int8, "status": np.int8, "reason": np.int32, "slow": np.bool_}
        return np.dtype(kinds.get(name, np.float64))

    def values(self, part: Part, name: str) -> NDArray[Any]:
        """Return a variable of a part, with the points along the first axis."""
        found: NDArray[Any] = getattr(part, name)
        if name == "reason":
            other = self._codes.get(OTHER_REASONS, 0)
            found = np.array([self._codes.get(str(text), other) for text in part.texts])[found]
        return found[:, 0] if len(self.plan.job.solutions) == 1 else found

    def attributes(self, name: str) -> dict[str, Any]:
        """Return the attributes of a variable."""
        game = self.plan.job.game
        utilities = [group.form.utility for group in game.specialists.groups]
        own = any(utility is not None for utility in (game.generalist.utility, *utilities))
        found: dict[str, dict[str, Any]] = {
            "share": {"long_name": "share of the revenue to the generalist", "units": "1"},
            "utility": {
                "long_name": "utility, or the disagreement payoff",
                "units": "utility" if own else "money",
            },
            "profit": {"long_name": "profit, or the outside option", "units": "money"},
            "level": {"long_name": "level, base of the generalist, final of others", "units": "1"},
            "regime": {"long_name": "regime", **flags(("unknown", *REGIMES), first=-1)},
            "status": {"long_name": "status", **flags(STATUSES)},
            "regret": {"long_name": "largest regret relative to turnover", "units": "1"},
            "slow": {"long_name": "whether it was handed to a slower, safer engine"},
            "reason": {
                "long_name": "reason of failure, a line of the attribute texts",
                **flags([text.replace(" ", "_") or "none" for text in self.texts], kind=np.int32),
                "texts": "\n".join(self.texts),
            },
        }
        return found[name]

    def header(self, tally: Tally, check: Check) -> xr.Dataset:
        """Return the Dataset with its coordinates and attributes, but no variables."""
        import xarray as xr

        job, values = self.plan.job, self.plan.values
        coordinates: dict[str, Any] = {}
        for name, column in values.columns.items():
            shown = GIVEN_SHARE if name == SHARE and not values.is_grid else name
            what = "common share" if name == SHARE else f"parameter {name}"
            attributes = {"long_name": what, "units": "1"}
            coordinates[shown] = (name if values.is_grid else POINT, column, attributes)
        if len(job.solutions) > 1:
            about = {"long_name": "bargaining solution"}
            coordinates["solution"] = ("solution", np.array(job.solutions), about)
        for name, labels in (("player", job.game.players), ("attribute", job.game.attributes)):
            coordinates[name] = (name, np.array(labels), {"long_name": name})
        return xr.Dataset(coords=coordinates, attrs=self._facts(tally, check))

    def _facts(self, tally: Tally, check: Check) -> dict[str, Any]:
        job = self.plan.job
        counts = tally.counts
        facts: dict[str, Any] = {
            "Conventions": "CF-1.11",
            "title": job.game.name,
            "source": job.game.source,
            "spec": to_toml(job.game),
            "solution": ", ".join(job.solutions),
            "engine": ", ".join(sorted(tally.engines)),
            "engine_note": "; ".join(sorted(tally.notes)),
            "solver": f"ipopt {_ipopt_version()}",
            "opt_games_version": job.version,
            "software": ", ".join(f"{name} {_version(name)}" for name in _SOFTWARE),
            "seed": self.plan.seed,
            "points": self.plan.values.size,
            "ok": counts["ok"],
            "no_agreement": counts["no-agreement"],
            "failed": counts["failed"],
            "check_points": check.points,
            "check_engine": ", ".join(check.engines),
            "check_largest_difference": check.largest_difference,
            "check_failed": check.failed,
            "sweep": json.dumps(self.plan.manifest()),
        }
        return {name: value for name, value in facts.items() if value != ""}


_SOFTWARE = ("numpy", "casadi", "pyomo")


def flags(meanings: Sequence[str], first: int = 0, kind: type = np.int8) -> dict[str, Any]:
    """Return the attributes that say what the codes of a variable mean.

    Examples
    --------
    >>> flags(("no", "yes"))["flag_meanings"]
    'no yes'
    """
    codes: NDArray[Any] = np.arange(first, first + len(meanings), dtype=kind)
    return {"flag_values": codes, "flag_meanings": " ".join(meanings)}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def _ipopt_version() -> str:
    from opt_games.solvers.registry import get_solver

    return get_solver("ipopt").availability().version or "unknown"
