"""How good a policy stays when parameters are not what the regulator took them for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from opt_games.errors import SolverError, SpecError
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.names import quoted
from opt_games.policy.best import HARM, WELFARE, Outcomes, check_ranges
from opt_games.policy.search import maximise

if TYPE_CHECKING:
    import pandas as pd

_CORNERS = 4  # parameters up to which all corners of their intervals are scenarios, too
_QUANTILES = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Robustness:
    """What a policy leads to in scenarios, and what would have been best in each.

    Attributes
    ----------
    objective : str
    policy : mapping of str to float
    scenarios : mapping of str to tuple of float
        Values of the uncertain parameters, one for each scenario: the sample, then the corners.
    sample : int
        How many of them are the sample, from which `mean` and `quantiles` are.
    values, best : tuple of float
        The objective at the policy, and at the policy that is best in that scenario; None where
        somebody whose level counts abstains, or there is no answer.
    best_policies : tuple of mapping
        These policies; None where no policy has an outcome.
    games, failed : int
        Equilibria that were solved, and those that could not be.
    """

    objective: str
    policy: Mapping[str, float]
    scenarios: Mapping[str, tuple[float, ...]]
    sample: int
    values: tuple[float | None, ...]
    best: tuple[float | None, ...]
    best_policies: tuple[Mapping[str, float] | None, ...]
    games: int
    failed: int

    @property
    def regrets(self) -> tuple[float | None, ...]:
        """What the policy misses, by scenario, at least 0; None where it has no outcome."""
        pairs = zip(self.values, self.best, strict=True)
        return tuple(None if a is None or b is None else abs(b - a) for a, b in pairs)

    @property
    def without_outcome(self) -> int:
        """Scenarios in which the policy has no outcome."""
        return self.values.count(None)

    @property
    def mean(self) -> float | None:
        """The mean over the sample; None if all of it is without outcome."""
        found = self._sampled()
        return float(found.mean()) if found.size else None

    @property
    def quantiles(self) -> Mapping[str, float]:
        """The 5%, 50% and 95% quantiles of the sample."""
        found = self._sampled()
        if not found.size:
            return {}
        return {f"{q:g}": float(np.quantile(found, q)) for q in _QUANTILES}

    @property
    def worst(self) -> int:
        """The scenario in which the policy does worst, none at all before any outcome."""
        sign = -1.0 if self.objective == HARM else 1.0
        low = [sign * value if value is not None else -np.inf for value in self.values]
        return int(np.argmin(low))

    @property
    def most_regretted(self) -> int:
        """The scenario in which the policy misses most; no outcome where there is one is worst."""
        pairs = zip(self.regrets, self.best, strict=True)
        missed = [
            regret if regret is not None else (-1.0 if best is None else np.inf)
            for regret, best in pairs
        ]
        return int(np.argmax(missed))

    def at(self, scenario: int) -> Mapping[str, float]:
        """Return the uncertain parameters of a scenario."""
        return {name: values[scenario] for name, values in self.scenarios.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return the ``robustness`` entry of the JSON output."""
        return {
            "scenarios": len(self.values),
            "sample": self.sample,
            "mean": self.mean,
            "quantiles": dict(self.quantiles),
            "without_outcome": self.without_outcome,
            "worst": self._entry(self.worst),
            "largest_regret": self._entry(self.most_regretted),
            "each": [self._entry(k) for k in range(len(self.values))],
            "games": self.games,
            "failed": self.failed,
        }

    def _entry(self, k: int) -> dict[str, Any]:
        best = self.best_policies[k]
        return {
            "parameters": dict(self.at(k)),
            "value": self.values[k],
            "best": self.best[k],
            "best_policy": None if best is None else dict(best),
            "regret": self.regrets[k],
        }

    def _sampled(self) -> Array:
        return np.array([value for value in self.values[: self.sample] if value is not None])


def robustness(
    game: Game,
    policy: Mapping[str, float],
    ranges: Mapping[str, tuple[float, float]],
    uncertain: Mapping[str, tuple[float, float]] | pd.DataFrame,
    *,
    objective: str = WELFARE,
    bargain: str | None = None,
    share: float | None = None,
    scenarios: int = 32,
    seed: int = 0,
    points: int = 17,
) -> Robustness:
    """Compare a policy with the one that would have been best, in many scenarios.

    The contract and all levels are those that follow from the policy in each scenario: the players
    know the parameters, the regulator does not.

    Parameters
    ----------
    game : Game
    policy : mapping of str to float
        Values of the regulator's parameters, such as `BestPolicy.policy`.
    ranges : mapping of str to (float, float)
        Among which policies the best of every scenario is sought, as in `best_policy`.
    uncertain : mapping of str to (float, float), or pandas.DataFrame
        Intervals of other parameters, from which scenarios are drawn, evenly, as a Latin hypercube;
        the corners come on top, of at most four parameters. Or the scenarios themselves, as rows.
    objective, bargain, share, points
        As in `best_policy`.
    scenarios : int
        How many are drawn.
    seed : int
        Of the drawing.

    Raises
    ------
    SpecError
        If a parameter or an interval is none, or a parameter is both the regulator's and uncertain.
    SolverError
        If no policy has an outcome in any scenario.

    Examples
    --------
    >>> import opt_games
    >>> game, ranges = opt_games.load("safety"), {"theta_G": (0, 1.2)}
    >>> found = robustness(
    ...     game, {"theta_G": 0.5}, ranges, {"delta": (0.3, 0.7)}, scenarios=4, points=9
    ... )
    >>> len(found.values), min(found.regrets) >= 0
    (6, True)
    """
    unset = [name for name in ranges if name not in policy]
    if unset or len(policy) != len(ranges):
        raise SpecError("give a value and a range of the same parameters", key="policy")
    columns, sample = _scenarios(game, ranges, uncertain, scenarios, seed)
    outcomes = Outcomes(game, ranges, columns, objective=objective, bargain=bargain, share=share)
    count = len(next(iter(columns.values())))
    given = np.array([float(policy[name]) for name in outcomes.names])
    value = outcomes.values(np.arange(count), np.tile(given, (count, 1)))
    at, best = maximise(outcomes.values, count, outcomes.low, outcomes.high, points)
    at[value >= best] = given
    best = np.maximum(value, best)
    if not np.isfinite(best).any():
        raise SolverError(
            f"{game.name}: no policy has an outcome in any scenario; first reason: "
            f"{outcomes.reason or 'somebody abstains under each'}"
        )
    return Robustness(
        objective,
        dict(policy),
        {name: tuple(values.tolist()) for name, values in columns.items()},
        sample,
        tuple(outcomes.shown(each) for each in value),
        tuple(outcomes.shown(each) for each in best),
        tuple(
            dict(zip(outcomes.names, row.tolist(), strict=True)) if np.isfinite(top) else None
            for row, top in zip(at, best, strict=True)
        ),
        outcomes.solved,
        outcomes.failed,
    )


def _scenarios(
    game: Game, ranges: Mapping[str, Any], uncertain: Any, scenarios: int, seed: int
) -> tuple[dict[str, Array], int]:
    both = [name for name in uncertain if name in ranges]
    if both:
        raise SpecError(
            f"{quoted(both[0])} is the regulator's choice: it cannot be uncertain, too",
            key="uncertain",
        )
    if not isinstance(uncertain, Mapping):
        from opt_games.sweeps.values import Values

        columns = dict(Values.points(game, uncertain).columns)
        return columns, len(next(iter(columns.values())))
    check_ranges(game, uncertain, "uncertain")
    if scenarios < 1:
        raise SpecError(f"expected at least 1, not {scenarios}", key="scenarios")
    low, high = (np.array([float(each[k]) for each in uncertain.values()]) for k in (0, 1))
    from scipy.stats import qmc

    drawn = qmc.LatinHypercube(low.size, rng=np.random.default_rng(seed)).random(scenarios)
    rows = low + (high - low) * drawn
    if low.size <= _CORNERS:
        rows = np.concatenate([rows, list(product(*zip(low, high, strict=True)))])
    return dict(zip(uncertain, rows.T, strict=True)), scenarios
