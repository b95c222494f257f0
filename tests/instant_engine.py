"""An engine that makes answers up, to see what the layer around engines does and costs."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass

import numpy as np

from opt_games.engines import Cases, Outcomes


@dataclass(frozen=True)
class Instant:
    """Answers at once; c0 above `fails_above` fails, c0 = `kills_at` kills the process.

    It kills only as long as there is a `fuse`: the file is removed first. Without one it kills
    whenever it comes to that point.
    """

    fails_above: float = np.inf
    kills_at: float = np.nan
    fuse: str = ""
    seconds: float = 0.0
    name: str = "instant"

    def why_not(self, cases: Cases) -> str | None:
        return None

    def solve(self, cases: Cases) -> Outcomes:
        time.sleep(self.seconds)
        c0 = cases.parameters.get("c0", np.ones(cases.size))
        if np.any(c0 == self.kills_at):
            self.kill()
        failed = c0 > self.fails_above
        found = Outcomes.empty(len(cases.game.specialists), len(cases.game.attributes), cases.size)
        found.shares[:] = np.where(failed, np.nan, 1.0 / (1.0 + c0))
        found.utilities[:] = np.where(failed, np.nan, np.sqrt(c0))
        found.profits[:] = found.utilities
        found.levels[:] = np.where(failed, np.nan, c0)
        found.regimes[:] = np.where(failed, -1, 0)
        found.status[:] = np.where(failed, 2, 0)
        reasons = {case: f"c0 is {c0[case]:g}" for case in np.flatnonzero(failed).tolist()}
        return Outcomes(**{**vars(found), "reasons": reasons})

    def kill(self) -> None:
        if self.fuse:
            try:
                os.unlink(self.fuse)
            except FileNotFoundError:
                return
        os.kill(os.getpid(), signal.SIGKILL)
