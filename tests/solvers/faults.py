"""Back ends that misbehave, each in its own way."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace

from opt_games.solvers import (
    Availability,
    Capabilities,
    CompiledProblem,
    Quality,
    Solver,
    SolverInfo,
    SolverResult,
    Termination,
)
from opt_games.solvers.model_view import ModelView


class Fault(Solver):
    """Does what its `fault` says, at a model whose true answer it does not look for."""

    capabilities = Capabilities()
    name = "fault"

    def __init__(self, fault: str) -> None:
        self.fault = fault

    def availability(self) -> Availability:
        return Availability(True, "0", "write it")

    def compile(self, model, options=None):
        if self.fault == "raises in compile":
            raise ZeroDivisionError("no luck")
        return FaultyProblem(ModelView(model), self.fault)


class FaultyProblem(CompiledProblem):
    def __init__(self, view, fault):
        self.variables = view.variables
        self._view = view
        self._fault = fault

    def solve(self, *, load=True, warm=False):
        count = len(self.variables)
        claim = SolverResult(
            Termination.CONVERGED,
            Quality.LOCALLY_OPTIMAL,
            0.0,
            (0.0,) * count,
            0.0,
            1,
            0.0,
            "all is well",
            SolverInfo("fault", "0"),
        )
        match self._fault:
            case "nan":
                return replace(claim, values=(float("nan"),) * count)
            case "lies about feasibility":
                return replace(claim, values=(99.0,) * count)
            case "lies about optimality":
                return replace(claim, values=(0.25,) * count, objective=self._at(0.25))
            case "lies about its bound":
                return replace(
                    claim, values=(1.0,) * count, objective=self._at(1.0), bound=50.0,
                    holds=Quality.GLOBALLY_OPTIMAL,
                )  # fmt: skip
            case "lies about its proof":
                return replace(
                    claim, values=(1.0,) * count, objective=self._at(1.0), bound=-50.0,
                    holds=Quality.GLOBALLY_OPTIMAL,
                )  # fmt: skip
            case "lies about the objective":
                return replace(claim, values=(1.0,) * count, objective=-7.0)
            case "too few values":
                return replace(claim, values=(0.5,))
            case "returns nothing":
                return None
            case "raises":
                raise ZeroDivisionError("no luck")
            case "raises what cannot be sent":
                raise Unsendable(lambda: None)
            case "hangs":
                time.sleep(600)
            case "is killed":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "exits":
                os._exit(3)
            case "shouts":
                os.write(1, b"banner")
                os.write(2, b"warning")
                return replace(claim, values=(1.0,) * count, objective=self._at(1.0))
        raise AssertionError(self._fault)

    def _at(self, number):
        return self._view.judge([number] * len(self.variables)).objective


class Unsendable(Exception):  # noqa: N818
    pass
