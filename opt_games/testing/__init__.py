"""A conformance suite for solver back ends, ours and other people's.

Whoever writes a `Solver` runs it with pytest, by a test file of a few lines::

    import pytest
    from opt_games.testing import SolverConformance
    from my_package import MySolver

    class TestMySolver(SolverConformance):
        @pytest.fixture
        def solver(self):
            return MySolver()

The suite goes by what the solver declares in its `Capabilities`: a local one must never claim a
global optimum, a global one must find it and prove it, one that needs bounds must name the variable
that has none, and what it refuses it must refuse.
"""

import pytest

pytest.register_assert_rewrite("opt_games.testing.conformance", "opt_games.testing.contract")

from opt_games.testing.conformance import SolverConformance  # noqa: E402, once asserts are rewritten
from opt_games.testing.integers import INTEGERS  # noqa: E402
from opt_games.testing.multimodal import MULTIMODAL  # noqa: E402
from opt_games.testing.problems import PROBLEMS, WITHOUT_BOUNDS, Problem  # noqa: E402
from opt_games.testing.unsolvable import INFEASIBLE  # noqa: E402

__all__ = [
    "INFEASIBLE",
    "INTEGERS",
    "MULTIMODAL",
    "PROBLEMS",
    "WITHOUT_BOUNDS",
    "Problem",
    "SolverConformance",
]
