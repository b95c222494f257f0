"""A brute force over separate shares, for linear revenue, quadratic costs and costs of entry.

The generalist's cost is c0 * alpha0**2; specialist i earns rho_i * alpha1 at the cost
c_i * y**2 + f_i, with y = alpha1 - alpha0. At the share d_i it adds y_i = (1 - d_i) rho_i / (2 c_i)
whatever the base level, and takes part from the base level b_i on at which that pays. The
generalist's payoff is a parabola between the b_i, in order: every set of specialists that can take
part is looked at, for thousands of contracts at once. The best contracts of a lattice and of random
ones are then improved by random steps, ever smaller. What it finds is a lower bound of what can be
reached; nothing here is smooth, and nothing is shared with the package.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from opt_games import Contract, Game, Generalist, Specialist

Array = Any
TIE = 1e-11
LATTICE = {1: 401, 2: 61, 3: 23, 4: 13}
HILLS = 24
STEPS = 60
ROUNDS = 90


@dataclass(frozen=True)
class SeparateMarket:
    """A market; c0 is the generalist's, the others are arrays by specialist."""

    c0: float
    rho: Array
    c: Array
    f: Array

    @classmethod
    def random(cls, seed: int) -> SeparateMarket:
        """Draw a market of 2 to 4 specialists, about half of them with a cost of entry."""
        rng = np.random.default_rng(seed)
        size = int(rng.integers(2, 5))
        c0 = size * np.exp(rng.uniform(-1.0, 1.0))
        rho, c = rng.uniform(0.5, 2.0, size), np.exp(rng.uniform(-1.0, 1.0, size))
        part = rng.uniform(0.0, 1.0, size) * rng.integers(0, 2, size)
        f = part * rho**2 * (1 / (4 * c) + size / (2 * c0))
        return cls(float(c0), rho, c, f)

    @property
    def size(self) -> int:
        """The number of specialists."""
        return int(self.rho.size)

    def game(self) -> Game:
        """State the market for the package."""
        specialists = [
            Specialist(
                f"d{k}",
                "rho * alpha1",
                "f + c * (alpha1 - alpha0)**2",
                parameters={"rho": self.rho[k], "c": self.c[k], "f": self.f[k]},
            )
            for k in range(self.size)
        ]
        contract = Contract(shares="separate")
        return Game(
            "m", Generalist("c0 * alpha0**2"), specialists, {"c0": self.c0}, contract=contract
        )

    def utilities(self, shares: Array) -> tuple[Array, Array]:
        """Profits at the equilibria of contracts (specialists, m), and sums of final levels."""
        rho, c, f = self.rho[:, None], self.c[:, None], self.f[:, None]
        kept = 1 - shares
        y = kept * rho / (2 * c)
        with np.errstate(all="ignore"):
            enters = np.where(
                kept > 0, (f + c * y**2) / (kept * rho) - y, np.where(f > 0, np.inf, 0.0)
            )
        enters = np.maximum(enters, 0.0)
        order = np.argsort(enters, axis=0, kind="stable")
        b = np.take_along_axis(enters, order, 0)
        gain = np.cumsum(np.take_along_axis(shares * rho, order, 0), axis=0)
        stop = np.vstack([b[1:], np.full((1, b.shape[1]), np.inf)])
        inside = np.clip(gain / (2 * self.c0), b, stop * (1 - 1e-15))
        bases = np.vstack([np.zeros((1, b.shape[1])), b, inside])
        bases = np.where(np.isfinite(bases), bases, 0.0)
        takes = enters[None] <= bases[:, None] * (1 + 1e-14)
        own = (takes * (shares * rho)[None] * (bases[:, None] + y[None])).sum(axis=1)
        own = own - self.c0 * bases**2
        profits = kept[None] * rho * (bases[:, None] + y) - c * y**2 - f
        profits = np.where(takes, np.maximum(profits, 0.0), 0.0)
        top = own.max(axis=0)
        tied = own >= top - TIE
        best = np.where(tied, profits.sum(axis=1), -np.inf).argmax(axis=0)
        columns = np.arange(shares.shape[1])
        leader = np.maximum(own[best, columns], 0.0)
        active = own[best, columns] >= -TIE
        mine = np.where(active, profits[best, :, columns].T, 0.0)
        final = (takes * (bases[:, None] + y))[best, :, columns].T
        return np.vstack([leader, mine]), np.where(active, final.sum(axis=0), 0.0)

    def lattice(self, rng: Any) -> Array:
        """Contracts to begin at: a lattice, closer towards the bounds, and random ones."""
        steps = 0.5 - 0.5 * np.cos(np.linspace(0, np.pi, LATTICE[self.size]))
        axes = np.meshgrid(*[steps] * self.size, indexing="ij")
        return np.hstack([np.array([a.ravel() for a in axes]), rng.random((self.size, 20_000))])

    def best(self, value: Any) -> tuple[Array, float]:
        """Shares with the highest `value(utilities, levels)`, and that value."""
        rng = np.random.default_rng(7)
        shares = self.lattice(rng)
        score = value(*self.utilities(shares))
        order = np.argsort(-score, kind="stable")
        chosen: list[int] = []
        for k in order[:20_000]:
            if len(chosen) == HILLS:
                break
            if not chosen or np.abs(shares[:, chosen] - shares[:, [k]]).max(axis=0).min() > 0.05:
                chosen.append(int(k))
        at, best = shares[:, chosen], score[chosen]
        radius = np.full(len(chosen), 0.1)
        for _ in range(ROUNDS):
            reach = 10.0 ** rng.uniform(-3, 0, STEPS)
            ways = rng.uniform(-1, 1, (self.size, STEPS)) * reach
            ways[:, : STEPS // 2] *= rng.integers(0, 2, (self.size, STEPS // 2))
            near = np.clip(at[:, :, None] + radius[None, :, None] * ways[:, None, :], 0, 1)
            # a bound is often best
            near = np.where(
                np.abs(near - np.round(near)) < 1e-3 * radius[:, None], np.round(near), near
            )
            found = value(*self.utilities(near.reshape(self.size, -1))).reshape(len(chosen), -1)
            k = found.argmax(axis=1)
            rows = np.arange(len(chosen))
            up = found[rows, k] > best
            at = np.where(up, near[:, rows, k], at)
            best = np.where(up, found[rows, k], best)
            radius = np.where(up, np.minimum(radius * 1.2, 0.2), 0.75 * radius)
            radius = np.maximum(radius, 1e-12)
        top = int(best.argmax())
        return at[:, top], float(best[top])
