"""Games written as text, for the package and for the brute force; random ones of many forms.

The brute force evaluates the text with numpy, apart from the package's own parser.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from brute_force import Adapter, Market, identity

from opt_games import Bargaining, Contract, Game, Generalist, Specialist
from opt_games.engines import Cases

FUNCTIONS = {
    name: getattr(np, name)
    for name in ("exp", "log", "log10", "sqrt", "sin", "cos", "sinh", "cosh", "tanh")
} | {"atan": np.arctan}
_PLAIN = Contract()
_EVEN = Bargaining()


def value_of(text: str, **names: Any) -> Any:
    """Evaluate a formula of the tests with numpy; the arguments may be complex."""
    return eval(text, {"__builtins__": {}, **FUNCTIONS}, names)


@dataclass(frozen=True)
class Domain:
    """A specialist; its parameters are numbers in the text."""

    revenue: str
    cost: str
    outside: float = 0.0
    utility: str | None = None


@dataclass(frozen=True)
class Written:
    """A game; no level worth looking at is above `scale`."""

    cost: str
    domains: Sequence[Domain]
    scale: float = 8.0
    outside: float = 0.0
    utility: str | None = None

    def game(self, contract: Contract = _PLAIN, bargaining: Bargaining = _EVEN) -> Game:
        """Return the game for the package."""
        return Game(
            "written",
            Generalist(self.cost, self.utility, self.outside),
            [
                Specialist(f"d{k}", each.revenue, each.cost, {}, each.utility, each.outside)
                for k, each in enumerate(self.domains)
            ],
            {"unused": 0.0},
            contract=contract,
            bargaining=bargaining,
        )

    def cases(self, solution: str, **more: Any) -> Cases:
        """Return this game alone, to be bargained over."""
        return Cases(self.game(**more), {"unused": np.zeros(1)}, solution)

    def given(self, shares: Any, **more: Any) -> Cases:
        """Return this game under many contracts."""
        return Cases(self.game(**more), {}, "given", np.asarray(shares, dtype=float))

    def market(self) -> Market:
        """Return the game for the brute force."""

        def utility(text: str | None) -> Any:
            return identity if text is None else lambda profit: value_of(text, profit=profit)

        adapters = [
            Adapter(
                lambda final, text=each.revenue: value_of(text, alpha1=final),
                lambda final, base, text=each.cost: value_of(text, alpha1=final, alpha0=base),
                utility(each.utility),
                each.outside,
            )
            for each in self.domains
        ]
        return Market(
            lambda base: value_of(self.cost, alpha0=base),
            adapters,
            self.scale,
            utility(self.utility),
            self.outside,
        )


def random_game(
    rng: np.random.Generator, specialists: int, *, entry: float = 0.0, mixed: bool = True
) -> Written:
    """Draw a game whose revenues are of several forms; `entry` costs up to this part of R."""
    kinds = ("exponential", "power", "logarithm", "tanh")
    first = kinds[rng.integers(4)]

    def drawn(low: float, high: float) -> float:
        return round(float(rng.uniform(low, high)), 4)

    c0, q0 = round(np.exp(rng.uniform(-3.0, 0.7)) * specialists, 4), drawn(1.3, 3.0)
    domains, highest = [], 0.0
    for _ in range(specialists):
        kind = kinds[rng.integers(4)] if mixed else first
        R, c1, q1 = drawn(1.0, 5.0), round(np.exp(rng.uniform(-3.0, 0.7)), 4), drawn(1.3, 3.0)
        k = drawn(0.3, 0.9 if kind == "power" else 2.0)
        linear = rng.integers(2) * drawn(0.0, 2.0)
        fixed = round(entry * R * drawn(0.0, 1.0), 4)
        # revenue is at most earned * alpha1**growth
        revenue, earned, growth = {
            "exponential": (f"{R} * (1 - exp(-{k} * alpha1))", R, 0.0),
            "power": (f"{R} * alpha1**{k}", R, k),
            "logarithm": (f"{R} * log(1 + {k} * alpha1)", R * k**0.5, 0.5),
            "tanh": (f"{R} * tanh({k} * alpha1)", R, 0.0),
        }[kind]
        x = "(alpha1 - alpha0)"
        domains.append(Domain(revenue, f"{c1} * {x}**{q1} + {linear} * {x} + {fixed}"))
        for cost, power in ((c1, q1), (c0 / specialists, q0)):
            highest = max(highest, (earned / cost) ** (1 / (power - growth)))
    return Written(f"{c0} * alpha0**{q0}", domains, float(2.0 * highest))
