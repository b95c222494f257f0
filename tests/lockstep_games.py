"""The games of `data` and closed forms of the quadratic game, as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from data.games import rows

import opt_games
from opt_games.engines import Cases
from opt_games.kernels.lockstep.forms import compile_forms
from opt_games.kernels.lockstep.market import Market

Array = Any
FAMILIES = ("exponential", "power")


class Known:
    """The 200 games of one family of `data`, and their Nash bargains."""

    def __init__(self, family: str) -> None:
        games = rows(family)
        self.game = games[0].game()
        self.parameters = {
            name: np.array([row.parameters[name] for row in games]) for name in games[0].parameters
        }
        self.share = np.array([row.delta for row in games])
        self.utilities = np.array([row.utilities for row in games]).T
        self.levels = np.array([row.levels for row in games]).T
        self.kind = np.array([row.kind for row in games])

    def cases(self, solution: str = "nash") -> Cases:
        return Cases(self.game, self.parameters, solution)

    def given(self) -> Cases:
        return Cases(self.game, self.parameters, "given", self.share)

    def market(self) -> Market:
        return Market.of(self.game, compile_forms(self.game), self.parameters, self.share.size)


class Quadratic:
    """Quadratic games with c0 and c1 from a tenth to ten, and what MODEL.md says of them."""

    def __init__(self, size: int, seed: int = 3) -> None:
        rng = np.random.default_rng(seed)
        self.c0, self.c1 = (10 ** rng.uniform(-1.0, 1.0, size) for _ in "01")
        self.game = opt_games.load("quadratic")
        self.parameters = {"c0": self.c0, "c1": self.c1}
        # where no peak is inside, it is at the bound
        with np.errstate(all="ignore"):
            self.leaders_peak = np.where(self.c0 > self.c1, self.c0 / (2 * self.c0 - self.c1), 1.0)
            self.followers_peak = np.where(
                self.c1 > self.c0, (self.c1 - self.c0) / (2 * self.c1 - self.c0), 0.0
            )

    def cases(self, solution: str) -> Cases:
        return Cases(self.game, self.parameters, solution)

    def market(self) -> Market:
        return Market.of(self.game, compile_forms(self.game), self.parameters, self.c0.size)

    def utilities(self, share: Array) -> Array:
        d, c0, c1 = share, self.c0, self.c1
        leader = d**2 / (4 * c0) + d * (1 - d) / (2 * c1)
        return np.array([leader, d * (1 - d) / (2 * c0) + (1 - d) ** 2 / (4 * c1)])

    def slopes(self, share: Array) -> Array:
        d, c0, c1 = share, self.c0, self.c1
        leader = d / (2 * c0) + (1 - 2 * d) / (2 * c1)
        return np.array([leader, (1 - 2 * d) / (2 * c0) - (1 - d) / (2 * c1)])

    def share(self, solution: str) -> Array:
        """Return the share of a bargaining solution."""
        known = {
            "utilitarian": self.c1 / (self.c0 + self.c1),
            "weighted": self.c1 / (self.c0 + self.c1),
            "max-performance": np.where(self.c0 < self.c1, 1.0, 0.0),
            "powerful-generalist": self.leaders_peak,
            "powerful-specialist": self.followers_peak,
        }
        if solution in known:
            return known[solution]
        ideal = np.array(
            [self.utilities(self.leaders_peak)[0], self.utilities(self.followers_peak)[1]]
        )

        def condition(share: Array) -> Array:
            """What is above zero below the solution, and below zero above it."""
            own, other = self.utilities(share)
            if solution == "nash":
                slope = self.slopes(share)
                return slope[0] * other + slope[1] * own
            weight = ideal if solution == "kalai-smorodinsky" else np.ones((2, 1))
            return other / weight[1] - own / weight[0]

        # between the peaks one gains what the other loses
        low = np.minimum(self.leaders_peak, self.followers_peak)
        high = np.maximum(self.leaders_peak, self.followers_peak)
        assert (low == self.followers_peak).all()
        for _ in range(60):
            middle = (low + high) / 2
            up = condition(middle) > 0
            low, high = np.where(up, middle, low), np.where(up, high, middle)
        return (low + high) / 2


def market_of(cost: str, *domains: tuple[str, str], games: int = 1) -> Market:
    """Return a market of one game with these costs and revenues."""
    specialists = [opt_games.Specialist(f"d{k}", *domain) for k, domain in enumerate(domains)]
    game = opt_games.Game("market", opt_games.Generalist(cost), specialists)
    return Market.of(game, compile_forms(game), {}, games)
