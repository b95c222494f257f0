"""The engines of this package, called as its sweeps call them."""

from __future__ import annotations

import time
from functools import partial

import numpy as np
from random_games import Games, form_of

import opt_games
from opt_games.engines import Cases, Engine, get_engine
from opt_games.engines.outcomes import FAILED, NO_AGREEMENT
from peers.answers import Answers, Solve


def prepare(family: str, *, name: str) -> Solve:
    """Return a solver of games of this family; it compiles at the first call."""
    return partial(_solved, get_engine(name), {})


def cases_of(form: opt_games.Game, games: Games) -> Cases:
    """Return the games as cases of one form."""
    varied = {key: each for key, each in games.parameters.items() if key in form.parameters}
    return Cases(form, varied, "nash")


def _solved(engine: Engine, forms: dict[bool, opt_games.Game], games: Games) -> Answers:
    fixed = bool(games.f1.any())
    form = forms.setdefault(fixed, form_of(games))  # what an engine compiled, it keeps for a form
    found = engine.solve(cases_of(form, games))
    failed = found.status == FAILED
    agreed = found.status != NO_AGREEMENT
    return Answers(
        np.where(agreed, found.shares[0], np.nan),
        np.where(failed, np.nan, found.utilities[0]),
        np.where(failed, np.nan, found.utilities[1]),
    )


def swept(games: tuple[Games, ...], *, engine: str, workers: int) -> float:
    """Return the games per second of `opt_games.sweep`, files and processes included."""
    begin = time.perf_counter()
    for each in games:
        form = form_of(each)
        points = dict(cases_of(form, each).parameters)
        opt_games.sweep(
            form,
            points=points,
            bargain="nash",
            engine=engine,
            workers=workers,
            check=0,
            progress=False,
        )
    return sum(each.size for each in games) / (time.perf_counter() - begin)
