"""Games of linear revenues and quadratic costs with separate shares, by their closed forms.

Nothing here uses the package's own equilibria: MODEL has the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opt_games import Contract, Game, Generalist, Specialist


@dataclass(frozen=True)
class Linear:
    """Revenues ``rho_i alpha_i``, costs ``c0 alpha0**2`` and ``c_i (alpha_i - alpha0)**2``."""

    c0: float
    rho: tuple[float, ...]
    c: tuple[float, ...]

    @property
    def game(self) -> Game:
        return Game(
            "linear",
            Generalist("c0 * alpha0**2"),
            [
                Specialist(
                    f"s{k}",
                    "rho * alpha1",
                    "c * (alpha1 - alpha0)**2",
                    parameters={"rho": rho, "c": c},
                )
                for k, (rho, c) in enumerate(zip(self.rho, self.c, strict=True))
            ],
            {"c0": self.c0},
            contract=Contract("separate"),
        )

    def utilities(self, shares: np.ndarray) -> np.ndarray:
        """Utilities, shape (players, cases), of shares, shape (specialists, cases)."""
        rho, c = (np.array(each)[:, None] for each in (self.rho, self.c))
        base = (shares * rho).sum(axis=0) / (2 * self.c0)
        own = (1 - shares) * rho
        leader = (shares * rho * (base + own / (2 * c))).sum(axis=0) - self.c0 * base**2
        return np.vstack([leader, own * base + own**2 / (4 * c)])

    def lattice(self, count: int) -> np.ndarray:
        """Utilities of a lattice of all contracts, shape (players, cases)."""
        size = len(self.rho)
        shares = np.indices((count,) * size).reshape(size, -1) / (count - 1)
        return self.utilities(shares)

    @property
    def best_total(self) -> float:
        """The largest sum of utilities, while the utilitarian shares are at most 1."""
        rho, c = np.array(self.rho), np.array(self.c)
        shares = c / rho * rho.sum() / (self.c0 + c.sum())
        assert (shares <= 1).all()
        return float(self.utilities(shares[:, None]).sum())

    @property
    def first_best(self) -> float:
        """The largest total if levels could be contracted on."""
        return sum(self.rho) ** 2 / (4 * self.c0) + sum(
            rho**2 / (4 * c) for rho, c in zip(self.rho, self.c, strict=True)
        )


TWO = Linear(1.0, (1.0, 0.6), (1.0, 0.8))
THREE = Linear(1.0, (1.0, 0.6, 1.5), (1.0, 0.8, 2.0))


def volume(utilities: np.ndarray) -> float:
    """Volume dominated above 0 by contracts of three players, slice by slice."""
    x, y, z = utilities[:, np.argsort(-utilities[2])]
    total = 0.0
    for k in range(z.size):
        below = z[k + 1] if k + 1 < z.size else 0.0
        if z[k] - below > 0:
            order = np.argsort(-x[: k + 1])
            heights = np.maximum.accumulate(y[: k + 1][order])
            widths = -np.diff(np.append(x[: k + 1][order], 0.0))
            total += float((heights * widths).sum()) * (z[k] - below)
    return total
