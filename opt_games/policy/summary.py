"""What a map of policies shows, in a few numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from opt_games.game import Game
from opt_games.policy.best import BestPolicy
from opt_games.policy.robustness import Robustness

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Summary:
    """Counts of the effects of policies, and the best one.

    Attributes
    ----------
    game, solution : str
    varied : mapping of str to (float, float, int)
        By parameter: from, to, how many values.
    policies, failed : int
    effects : mapping
        How many policies backfire, by attribute in any specialist; are mutualistic; lead a
        specialist to comply, or to abstain. None for games without floors.
    anarchy : mapping
        Levels and utilities without floors, by player; None where several games vary.
    best : BestPolicy
    robustness : Robustness
        Of the best policy; None where no parameter is uncertain.
    """

    game: str
    solution: str
    varied: Mapping[str, tuple[float, float, int]]
    policies: int
    failed: int
    effects: Mapping[str, Any] | None
    anarchy: Mapping[str, Any] | None
    best: BestPolicy
    robustness: Robustness | None = None

    @classmethod
    def of(
        cls, game: Game, found: xr.Dataset, best: BestPolicy, robustness: Robustness | None = None
    ) -> Summary:
        """Summarise what `opt_games.effects` returned, or `opt_games.sweep` without floors."""
        names = [str(name) for name in found["status"].dims if name != "solution"]
        varied = {
            name: (float(found[name].min()), float(found[name].max()), int(found[name].size))
            for name in names
        }
        counts = None if game.regulation is None else _counts(game, found)
        return cls(
            game.name,
            str(found.attrs["solution"]),
            varied,
            int(found["status"].size),
            int(found.attrs["failed"]),
            counts,
            None if game.regulation is None else _anarchy(game, found),
            best,
            robustness,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of ``opt-games regulate``."""
        return {
            "game": self.game,
            "solution": self.solution,
            "parameters": {
                name: {"from": low, "to": high, "count": count}
                for name, (low, high, count) in self.varied.items()
            },
            "policies": self.policies,
            "failed": self.failed,
            "effects": None if self.effects is None else dict(self.effects),
            "anarchy": self.anarchy,
            "best": self.best.to_dict(),
            "robustness": None if self.robustness is None else self.robustness.to_dict(),
        }


def _counts(game: Game, found: xr.Dataset) -> dict[str, Any]:
    own = found.isel(player=slice(1, None))
    return {
        "backfiring": {
            name: int(own["backfiring"].sel(attribute=name).any("player").sum())
            for name in game.attributes
        },
        "mutualism": int(found["mutualism"].sum()),
        "compliance": int(own["compliance"].any("player").sum()),
        "abstention": int(own["abstention"].any("player").sum()),
    }


def _anarchy(game: Game, found: xr.Dataset) -> dict[str, Any] | None:
    levels, utilities = found["anarchy_level"], found["anarchy_utility"]
    if set(levels.dims) != {"player", "attribute"}:
        return None

    def of(player: str) -> dict[str, float] | None:
        values = levels.sel(player=player).values
        if np.isnan(values).any():
            return None
        return dict(zip(game.attributes, values.tolist(), strict=True))

    return {
        "levels": {player: of(player) for player in game.players},
        "utilities": {player: float(utilities.sel(player=player)) for player in game.players},
    }
