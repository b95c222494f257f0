"""The two families in the form that the brute force searches.

Where the specialist contributes, its first-order condition ``(1 - share) * r'(alpha1) = c'(x)``
can be solved for alpha1. So a contribution ``x`` gives the levels that it answers to, without
iterating: ``alpha1(x)``, then ``alpha0 = alpha1 - x``, which falls as ``x`` rises.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from random_games import EXPONENTIAL, Array, Games
from scipy.special import wrightomega

FAR = 300.0  # logarithm of how far marginal costs may fall


@dataclass(frozen=True)
class Curve:
    """Games with a share each, and the formulas of their payoffs and responses."""

    games: Games
    share: Array
    kept: Array  # by the specialist, 1 - share

    @classmethod
    def of(cls, games: Games, share: Array) -> Curve:
        """Return the games with these shares."""
        return cls(games, share, 1.0 - share)

    @property
    def exponential(self) -> bool:
        """Whether revenue levels off."""
        return self.games.family == EXPONENTIAL

    def revenue(self, final: Array) -> Array:
        """Return the revenue of a final level."""
        g = self.games
        return -g.R * np.expm1(-g.k * final) if self.exponential else g.R * final**g.k

    def log_marginal_revenue(self, final: Array) -> Array:
        """Return the log of what more of the final level earns."""
        g = self.games
        if self.exponential:
            return np.log(g.R * g.k) - g.k * final
        return np.log(g.R * g.k) - (1.0 - g.k) * np.log(final)

    def level_of_marginal_revenue(self, logarithm: Array) -> Array:
        """Return the final level at which marginal revenue has this logarithm."""
        g = self.games
        scaled = np.log(g.R * g.k) - logarithm
        return scaled / g.k if self.exponential else np.exp(scaled / (1.0 - g.k))

    def level_of_revenue(self, revenue: Array) -> Array:
        """Return the final level that earns this much; ``inf`` if none does."""
        g = self.games
        with np.errstate(divide="ignore"):
            if self.exponential:
                return -np.log1p(-np.minimum(revenue / g.R, 1.0)) / g.k
            return (revenue / g.R) ** (1.0 / g.k)

    def curvature(self, final: Array) -> Array:
        """Return ``-r''/r'``."""
        g = self.games
        return g.k + 0.0 * final if self.exponential else (1.0 - g.k) / final

    def base_cost(self, base: Array) -> Array:
        """Return the cost of the generalist."""
        return self.games.c0 * base**self.games.q0

    def cost(self, log_extra: Array) -> Array:
        """Return the cost of the specialist, of the logarithm of its contribution."""
        g = self.games
        return g.c1 * np.exp(g.q1 * log_extra) + g.m1 * np.exp(log_extra) + g.f1

    def power_part(self, log_extra: Array) -> Array:
        """Return the marginal cost of the specialist without the linear part."""
        g = self.games
        return g.c1 * g.q1 * np.exp((g.q1 - 1.0) * log_extra)

    def levels(self, log_extra: Array) -> tuple[Array, Array]:
        """Return base and final levels at which this contribution is the best response."""
        wanted = np.log((self.power_part(log_extra) + self.games.m1) / self.kept)
        final = self.level_of_marginal_revenue(wanted)
        return np.maximum(final - np.exp(log_extra), 0.0), final

    def slope(self, log_extra: Array) -> Array:
        """Return what more of the base level adds to the generalist's profit, on the curve."""
        g = self.games
        power = self.power_part(log_extra)
        marginal = power + g.m1
        base, final = self.levels(log_extra)
        rising = (g.q1 - 1.0) * power
        answered = rising / (rising + np.exp(log_extra) * self.curvature(final) * marginal)
        return self.share / self.kept * marginal * answered - g.c0 * g.q0 * base ** (g.q0 - 1.0)

    def payoffs(self, log_extra: Array) -> tuple[Array, Array]:
        """Return the profits on the curve."""
        base, final = self.levels(log_extra)
        revenue = self.revenue(final)
        generalist = self.share * revenue - self.base_cost(base)
        return generalist, self.kept * revenue - self.cost(log_extra)

    def step(self, base: Array, log_extra: Array) -> Array:
        """Take a Newton step of the response to a base level; from the right none overshoots."""
        g = self.games
        power = self.power_part(log_extra)
        marginal = power + g.m1
        extra = np.exp(log_extra)
        final = base + extra
        gap = np.log(self.kept / marginal) + self.log_marginal_revenue(final)
        fall = extra * self.curvature(final) + (g.q1 - 1.0) * power / marginal
        return np.maximum(log_extra + gap / fall, self.least_extra())

    def least_extra(self) -> Array:
        """Return the log of a contribution that is none to rounding."""
        return -FAR / (self.games.q1 - 1.0)

    def most_extra(self) -> Array:
        """Return the log of a contribution that is never worth its cost."""
        g = self.games
        return np.log(g.R / g.c1) / (g.q1 if self.exponential else g.q1 - g.k)

    def alone(self) -> Array:
        """Return the best base level of the generalist if nobody adds to it."""
        g = self.games
        scaled = np.log(self.share * g.R * g.k / (g.c0 * g.q0))
        if self.exponential:
            p = g.q0 - 1.0
            level: Array = np.real(wrightomega(scaled / p + np.log(g.k / p))) * p / g.k
            return level
        return np.exp(scaled / (g.q0 - g.k))

    def free_riding_from(self) -> Array:
        """Return the base level from which on the specialist adds nothing, or ``inf``."""
        m1 = self.games.m1
        level = self.level_of_marginal_revenue(np.log(np.where(m1 > 0, m1, 1.0) / self.kept))
        return np.where(m1 > 0, np.maximum(level, 0.0), np.inf)

    def extra_of_final(self, final: Array) -> Array:
        """Return the log of the contribution that ends at this final level, or ``-inf``."""
        g = self.games
        left = self.kept * np.exp(self.log_marginal_revenue(final)) - g.m1
        with np.errstate(divide="ignore"):
            return np.log(np.maximum(left, 0.0) / (g.c1 * g.q1)) / (g.q1 - 1.0)
