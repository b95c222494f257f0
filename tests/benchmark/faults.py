"""Back ends that misbehave in a benchmark; one is honest."""

from __future__ import annotations

import os
import signal
import time

from opt_games.errors import SolverError
from opt_games.solvers import (
    Availability,
    Capabilities,
    CompiledProblem,
    Quality,
    Solver,
    SolverInfo,
    SolverResult,
    Termination,
    get_solver,
)


class Fault(Solver):
    """Solves by IPOPT, then does to the result what its `fault` says."""

    capabilities = Capabilities()

    def __init__(self, fault: str) -> None:
        self.fault = fault
        self.name = fault

    def availability(self) -> Availability:
        return Availability(True, "0", "write it")

    def compile(self, model, options=None):
        if self.fault == "refuses":
            raise SolverError("it takes no such model")
        if self.fault == "raises in compile":
            raise ZeroDivisionError("no luck")
        return FaultyProblem(get_solver("ipopt").compile(model, options), self.fault)


class FaultyProblem(CompiledProblem):
    def __init__(self, inside, fault):
        self.variables = inside.variables
        self._inside = inside
        self._fault = fault

    def solve(self, *, load=True, warm=False):
        result = self._inside.solve(load=load, warm=warm)
        true = result.values
        start = tuple(var.value for var in self.variables)

        def claim(values, holds=Quality.LOCALLY_OPTIMAL):
            return SolverResult(
                Termination.CONVERGED,
                holds,
                result.objective,
                tuple(values),
                0.0,
                1,
                0.0,
                "all is well",
                SolverInfo(self._fault, "0"),
            )

        match self._fault:
            case "honest":
                return result
            case "nan":
                return claim([float("nan")] * len(true))
            case "too few values":
                return claim(true[:-1])
            case "claims its start":
                return claim(start)
            case "claims a proof of nearby":
                return claim([0.999 * each for each in true], Quality.GLOBALLY_OPTIMAL)
            case "breaks constraints":
                return claim([1.5 * each + 0.1 for each in true])
            case "gives up":
                return SolverResult(
                    Termination.ITERATION_LIMIT,
                    Quality.FEASIBLE,
                    result.objective,
                    true,
                    0.0,
                    1,
                    0.0,
                    "enough",
                    SolverInfo(self._fault, "0"),
                )
            case "returns nothing":
                return None
            case "raises":
                raise ZeroDivisionError("no luck")
            case "raises at the end of the program":
                raise SystemExit(4)
            case "hangs":
                time.sleep(600)
            case "is killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "exits":
                os._exit(3)
            case "shouts":
                os.write(1, b"banner")
                os.write(2, b"warning")
                return result
        raise AssertionError(self._fault)
