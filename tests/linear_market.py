"""Games with linear revenue and quadratic costs, whose equilibria can be written down.

The generalist's cost is c0 * alpha0**2; specialist i earns rho_i * alpha1 at the cost
c_i * x**2 + f_i, with x = alpha1 - alpha0. At the share d it adds x_i = (1 - d) rho_i / (2 c_i)
whatever the base level, and takes part from the base level b_i on at which that pays. Between two
such thresholds the generalist's payoff is a parabola. Bargains are found by a dense grid of shares,
magnified, so that jumps and kinks do not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from opt_games import Bargaining, Contract, Game, Generalist, Specialist
from opt_games.engines import Cases

Array = Any
SHARES = 2001
KEPT = 6
TIE = 1e-12


@dataclass(frozen=True)
class LinearMarkets:
    """Many games; arrays of shape (specialists, games), `c0` of shape (games,).

    The outside option of every specialist is `outside`, in money; players have constant risk
    aversion `averse` (0: none); disagreement payoffs are those of the outside options.
    """

    c0: Array
    rho: Array
    c: Array
    f: Array
    outside: float = 0.0
    averse: float = 0.0
    weights: tuple[float, ...] = ()

    @classmethod
    def random(cls, specialists: int, games: int, seed: int, *, entry: float) -> LinearMarkets:
        """Draw games in which costs of entry are up to this part of what can be earned."""
        rng = np.random.default_rng(seed)
        shape = (specialists, games)
        c0 = specialists * np.exp(rng.uniform(-1.0, 1.0, games))
        rho, c = rng.uniform(0.5, 2.0, shape), np.exp(rng.uniform(-1.0, 1.0, shape))
        f = entry * rng.uniform(0.0, 1.0, shape) * rho**2 * (1 / (4 * c) + specialists / (2 * c0))
        return cls(c0, rho, c, f)

    @property
    def size(self) -> int:
        return self.c0.size

    def take(self, games: Array) -> LinearMarkets:
        return replace(
            self,
            c0=self.c0[games],
            rho=self.rho[:, games],
            c=self.c[:, games],
            f=self.f[:, games],
        )

    # --- for the package ---------------------------------------------------------------------

    @property
    def parameters(self) -> dict[str, Array]:
        columns = {"c0": self.c0}
        for k in range(self.rho.shape[0]):
            columns |= {f"rho{k}": self.rho[k], f"c{k + 1}": self.c[k], f"f{k}": self.f[k]}
        return columns

    def game(self, bounds: tuple[float, float] = (0.0, 1.0)) -> Game:
        utility = f"(1 - exp(-{self.averse} * profit)) / {self.averse}" if self.averse else None
        specialists = [
            Specialist(
                f"d{k}",
                f"rho{k} * alpha1",
                f"c{k + 1} * (alpha1 - alpha0)**2 + f{k}",
                utility=utility,
                outside_option=self.outside,
            )
            for k in range(self.rho.shape[0])
        ]
        players = ["generalist", *(each.name for each in specialists)]
        weights = dict(zip(players, self.weights or [1.0] * len(players), strict=True))
        return Game(
            "linear",
            Generalist("c0 * alpha0**2", utility),
            specialists,
            {name: float(values[0]) for name, values in self.parameters.items()},
            contract=Contract(bounds=bounds),
            bargaining=Bargaining(weights=weights),
        )

    def cases(self, solution: str) -> Cases:
        return Cases(self.game(), self.parameters, solution)

    def given(self, share: Array) -> Cases:
        return Cases(self.game(), self.parameters, "given", np.broadcast_to(share, self.size))

    # --- by hand -----------------------------------------------------------------------------

    def equilibria(self, share: Array) -> tuple[Array, Array]:
        """Return utilities (players, games, m) and sums of final levels, for shares (games, m)."""
        d = share[None]
        rho, c, f = (each[..., None] for each in (self.rho, self.c, self.f))
        c0 = self.c0[:, None]
        extra = (1 - d) * rho / (2 * c)
        with np.errstate(all="ignore"):
            least = (f + self.outside - (1 - d) ** 2 * rho**2 / (4 * c)) / ((1 - d) * rho)
        # without any revenue left they stay only if that costs nothing
        never = np.where(f + self.outside > 0, np.inf, 0.0)
        least = np.maximum(np.where(d == 1, never, least), 0.0)
        steps = np.sort(np.concatenate([np.zeros_like(d), least]), axis=0)
        best = np.full(share.shape, -np.inf)
        liked, level = np.full(share.shape, -np.inf), np.zeros(share.shape)
        utilities = np.zeros((rho.shape[0] + 1, *share.shape))
        for low, high in zip(steps, [*steps[1:], np.full(share.shape, np.inf)], strict=True):
            with np.errstate(all="ignore"):
                inside = least <= low * (1 + 1e-14)
                earned = np.where(inside, rho, 0.0).sum(axis=0)
                base = np.clip(share * earned / (2 * c0), low, high)
                # at the next threshold another one joins: that is the next step's
                own = share * np.where(inside, rho * (base + extra), 0.0).sum(axis=0) - c0 * base**2
                theirs = (1 - d) * rho * (base + extra) - c * extra**2 - f
                theirs = np.where(inside, np.maximum(theirs, self.outside), self.outside)
                usable = np.isfinite(low) & np.isfinite(base)
            total = self._utility(theirs).sum(axis=0)
            better = own > best + TIE
            better |= (own > best - TIE) & (total > liked)
            better &= usable & (own >= -TIE)
            best, liked = np.where(better, own, best), np.where(better, total, liked)
            each = np.concatenate([own[None], theirs])
            utilities = np.where(better, self._utility(each), utilities)
            final = np.where(inside, base + extra, 0.0).sum(axis=0)
            level = np.where(better, final, level)
        return utilities, level

    @property
    def disagreement(self) -> Array:
        return self._utility(np.array([0.0, *[self.outside] * self.rho.shape[0]]))

    def _utility(self, profit: Array) -> Array:
        return -np.expm1(-self.averse * profit) / self.averse if self.averse else profit

    def scores(
        self, solution: str, utilities: Array, level: Array, ideal: Array, say: Array
    ) -> Array:
        """Score what contracts lead to; `ideal` are best gains, `say` who can gain at all."""
        floor = self.disagreement
        gains = utilities - floor[:, None, None]
        weights = np.array(self.weights or [1.0] * floor.size)[:, None, None]
        counted = np.where(say[..., None], gains, np.inf)
        with np.errstate(all="ignore"):
            logs = np.where(say[..., None], np.log(np.maximum(gains, 0.0)), 0.0)
            score = {
                "utilitarian": lambda: utilities.sum(axis=0),
                "weighted": lambda: (weights * utilities).sum(axis=0),
                "nash": lambda: (weights * logs).sum(axis=0),
                "kalai-smorodinsky": lambda: (counted / ideal[..., None]).min(axis=0),
                "egalitarian": lambda: counted.min(axis=0),
                "max-performance": lambda: level,
                "powerful-generalist": lambda: utilities[0],
                "powerful-specialist": lambda: utilities[1:].sum(axis=0),
            }[solution]()
        return np.where((gains >= -1e-9).all(axis=0), score, -np.inf)

    def stakes(self) -> tuple[Array, Array]:
        """Return everybody's best gain, and who can gain at all."""
        best = []
        for k in range(self.rho.shape[0] + 1):

            def own(share: Array, k: int = k) -> Array:
                floor = self.disagreement[k]
                utilities, _ = self.equilibria(share)
                signed = (utilities >= self.disagreement[:, None, None] - 1e-9).all(axis=0)
                return np.where(signed, utilities[k] - floor, -np.inf)

            best.append(self._largest(own)[1])
        return np.array(best), np.array(best) > 1e-9

    def bargain(self, solution: str) -> tuple[Array, Array]:
        """Return the best shares and their scores."""
        ideal, say = self.stakes()
        return self._largest(
            lambda share: self.scores(solution, *self.equilibria(share), ideal, say)
        )

    def _largest(self, score: Any) -> tuple[Array, Array]:
        nodes = np.broadcast_to(np.linspace(0.0, 1.0, SHARES), (self.size, SHARES))
        values = score(nodes)
        rows = np.arange(self.size)
        best, top = nodes[rows, values.argmax(axis=1)], values.max(axis=1)
        padded = np.pad(values, ((0, 0), (1, 1)), constant_values=-np.inf)
        peaks = (values >= padded[:, :-2]) & (values >= padded[:, 2:])
        # beside a jump the score may rise between two nodes
        with np.errstate(invalid="ignore"):
            jump = np.abs(np.diff(values, prepend=values[:, :1], axis=1)) > 0.01
        order = np.argsort(np.where(peaks | jump, -values, np.inf), axis=1)[:, :KEPT]
        for column in order.T:
            middle = column / (SHARES - 1)
            width = np.full(self.size, 1.0 / (SHARES - 1))
            for _ in range(14):
                fine = middle[:, None] + width[:, None] * np.linspace(-1.0, 1.0, 41)
                fine = np.clip(fine, 0.0, 1.0)
                found = score(fine)
                at = found.argmax(axis=1)
                middle, width = fine[rows, at], width / 10
                better = found[rows, at] > top
                best, top = np.where(better, middle, best), np.maximum(top, found[rows, at])
        return best, top
