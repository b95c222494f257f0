"""What an engine is, and which there are."""

from __future__ import annotations

from typing import Protocol

from opt_games.engines.cases import Cases
from opt_games.engines.outcomes import Outcomes
from opt_games.errors import SpecError
from opt_games.names import did_you_mean, quoted

ENGINES = ("quadratic", "search", "batch", "batch-numba", "ipopt", "one-by-one")


class Engine(Protocol):
    """Solves many games of one form.

    A case that cannot be solved is ``failed`` with its reason; it never stops the others.
    """

    @property
    def name(self) -> str:
        """Name of the engine."""

    def why_not(self, cases: Cases) -> str | None:
        """Say why this engine does not cover such games, None if it does."""

    def solve(self, cases: Cases) -> Outcomes:
        """Solve all cases, in order."""


def get_engine(name: str) -> Engine:
    """Return an engine by name, or raise `SpecError`."""
    if name == "one-by-one":
        from opt_games.engines.one_by_one import OneByOne

        return OneByOne()
    if name == "ipopt":
        from opt_games.engines.ipopt import Ipopt

        return Ipopt()
    if name == "quadratic":
        from opt_games.engines.quadratic import Quadratic

        return Quadratic()
    if name == "search":
        from opt_games.engines.search import Search

        return Search()
    if name in ("batch", "batch-numba"):
        from opt_games.engines.batch import Batch

        return Batch("numpy" if name == "batch" else "numba")
    raise SpecError(
        f"no engine is called {quoted(name)}{did_you_mean(name, ENGINES)}: choose from "
        f"{', '.join(ENGINES)}"
    )
