"""Which engine solves which games."""

from __future__ import annotations

from opt_games.engines import Cases, Engine, get_engine
from opt_games.errors import SpecError
from opt_games.names import did_you_mean, quoted

AUTO = "auto"
BY_SPEED: tuple[str, ...] = ("one-by-one",)
"""The engines, fastest first; the last covers every game."""

POINTS_PER_PART = {"batch": 10_000, "ipopt": 250, "one-by-one": 16}
"""So many points are solved at once and kept together: some seconds' work."""


def choose_engine(wanted: str | Engine, cases: Cases) -> tuple[Engine, str | None]:
    """Return the engine for some games: the one wanted, or else the fastest that covers them.

    Parameters
    ----------
    wanted : str or Engine
        A name, ``"auto"``, or an engine of one's own.
    cases : Cases

    Returns
    -------
    engine : Engine
    note : str or None
        Why it is not the one that was asked for.

    Raises
    ------
    SpecError
        If no engine is called so.

    Examples
    --------
    >>> import numpy as np, opt_games
    >>> cases = Cases(opt_games.load("quadratic"), {"c1": np.array([0.5, 1.0])}, "nash")
    >>> choose_engine("one-by-one", cases)[0].name
    'one-by-one'
    """
    note = None
    if wanted != AUTO:
        engine = named_engine(wanted)
        reason = engine.why_not(cases)
        if reason is None:
            return engine, None
        note = f"{engine.name} does not cover this: {reason}"
    for name in BY_SPEED[:-1]:
        engine = get_engine(name)
        if engine.why_not(cases) is None:
            break
    else:
        engine = get_engine(BY_SPEED[-1])
    return engine, note and f"{note}; solved by {engine.name} instead"


def named_engine(wanted: str | Engine) -> Engine:
    """Return an engine by name, or raise `SpecError`; an engine of one's own is returned as is."""
    if not isinstance(wanted, str):
        return wanted
    if wanted not in BY_SPEED:
        known = (AUTO, *BY_SPEED)
        raise SpecError(
            f"no engine is called {quoted(wanted)}{did_you_mean(wanted, known)}: choose from "
            f"{', '.join(known)}",
            key="engine",
        )
    return get_engine(wanted)


def checking_engine(used: str, cases: Cases) -> Engine | None:
    """Return the fastest engine but the one used, to check its answers; None if none covers them.

    Examples
    --------
    >>> import numpy as np, opt_games
    >>> cases = Cases(opt_games.load("quadratic"), {"c1": np.array([0.5, 1.0])}, "nash")
    >>> checking_engine("ipopt", cases).name != "ipopt"
    True
    """
    for name in BY_SPEED:
        if name != used:
            engine = get_engine(name)
            if engine.why_not(cases) is None:
                return engine
    return None
