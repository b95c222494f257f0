r"""Performance profiles.

With :math:`t_{p,s}` the time of solver :math:`s` on problem :math:`p`, infinite where it has no
right answer, the ratio to the best is :math:`r_{p,s} = t_{p,s} / \min_{s'} t_{p,s'}`, and the
profile of a solver is the part of all problems on which it is within a factor :math:`\tau` of the
best,

.. math:: \rho_s(\tau) = \frac{1}{|P|} \, \bigl| \{ p : r_{p,s} \le \tau \} \bigr| .

:math:`\rho_s(1)` is the part on which it is the fastest, and what it tends to is the part that it
solves. Source: E. D. Dolan and J. J. Moré, "Benchmarking optimization software with performance
profiles", Mathematical Programming 91 (2002), 201-213.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.errors import SpecError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Profile:
    """The performance profiles of some solvers.

    Attributes
    ----------
    ratios : mapping of str to ndarray, shape (problems,)
        Time over that of the best, by solver; infinite where it has no right answer.
    """

    ratios: Mapping[str, Array]

    @classmethod
    def of(cls, times: Mapping[str, Sequence[float] | Array]) -> Profile:
        """Compare times.

        Parameters
        ----------
        times : mapping of str to sequence of float
            By solver, for the same problems in the same order; infinite where it has no right
            answer.

        Raises
        ------
        SpecError
            If the numbers of problems differ, or a time is not positive.

        Examples
        --------
        >>> profile = Profile.of({"fast": [1.0, float("inf")], "sure": [2.0, 3.0]})
        >>> profile.part("fast", [1.0]), profile.part("sure", [1.0, 2.0])
        (array([0.5]), array([0.5, 1. ]))
        """
        if not times:
            return cls({})
        if len({len(each) for each in times.values()}) > 1:
            raise SpecError("the solvers have different numbers of problems", key="times")
        table = np.array(list(times.values()), dtype=float)
        if not np.all(table > 0.0):
            raise SpecError("a time must be positive, or infinite", key="times")
        best = table.min(axis=0) if table.size else np.empty(0)
        solved = np.isfinite(best)
        ratios = np.full(table.shape, np.inf)
        ratios[:, solved] = table[:, solved] / best[solved]
        return cls(dict(zip(times, ratios, strict=True)))

    def part(self, solver: str, factor: Sequence[float] | Array | float) -> Array:
        """Return the part of all problems on which a solver is within these factors of the best.

        Parameters
        ----------
        solver : str
        factor : float or array of float
            At least 1. For an infinite one it is the part that the solver solves.
        """
        ratios = np.sort(self.ratios[solver])
        ratios = ratios[np.isfinite(ratios)]
        count = self.ratios[solver].size
        found = np.searchsorted(ratios, np.asarray(factor, dtype=float), side="right")
        return np.asarray(found / max(count, 1), dtype=float)

    @property
    def largest(self) -> float:
        """The largest ratio that is finite; 1 if there is none."""
        finite = [each[np.isfinite(each)].max(initial=1.0) for each in self.ratios.values()]
        return float(max(finite, default=1.0))

    def steps(self, solver: str) -> tuple[Array, Array]:
        """Return the factors at which the profile of a solver rises, from 1, and its values."""
        finite = self.ratios[solver][np.isfinite(self.ratios[solver])]
        factors = np.unique(np.append(finite, 1.0))
        return factors, self.part(solver, factors)
