"""What the three routes to IPOPT share: its status codes and its options."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from opt_games.errors import SolverError
from opt_games.solvers.base import SolverOptions
from opt_games.solvers.result import Outcome, Termination

STATUSES: dict[int, tuple[str, Termination]] = {
    0: ("Solve_Succeeded", Termination.CONVERGED),
    1: ("Solved_To_Acceptable_Level", Termination.ACCEPTABLE),
    2: ("Infeasible_Problem_Detected", Termination.INFEASIBLE),
    3: ("Search_Direction_Becomes_Too_Small", Termination.NUMERICAL_FAILURE),
    4: ("Diverging_Iterates", Termination.UNBOUNDED),
    5: ("User_Requested_Stop", Termination.INTERRUPTED),
    6: ("Feasible_Point_Found", Termination.CONVERGED),
    -1: ("Maximum_Iterations_Exceeded", Termination.ITERATION_LIMIT),
    -2: ("Restoration_Failed", Termination.NUMERICAL_FAILURE),
    -3: ("Error_In_Step_Computation", Termination.NUMERICAL_FAILURE),
    -4: ("Maximum_CpuTime_Exceeded", Termination.TIME_LIMIT),
    -5: ("Maximum_WallTime_Exceeded", Termination.TIME_LIMIT),
    -10: ("Not_Enough_Degrees_Of_Freedom", Termination.INVALID_MODEL),
    -11: ("Invalid_Problem_Definition", Termination.INVALID_MODEL),
    -12: ("Invalid_Option", Termination.ERROR),
    -13: ("Invalid_Number_Detected", Termination.NUMERICAL_FAILURE),
    -100: ("Unrecoverable_Exception", Termination.ERROR),
    -101: ("NonIpopt_Exception_Thrown", Termination.ERROR),
    -102: ("Insufficient_Memory", Termination.ERROR),
    -199: ("Internal_Error", Termination.ERROR),
}
"""IPOPT's ``ApplicationReturnStatus``: code -> (its name, what it means to us)."""

CODES = {name: code for code, (name, _) in STATUSES.items()}
"""The codes, by name."""

NEVER_STARTED = frozenset({-10, -11, -12, -100, -101, -102})
"""Codes that come without a point."""

OWNED = {
    "print_level": "this package never prints: set output_file and file_print_level for a log",
    "sb": "this package never prints",
    "tol": "give it as tolerance",
    "max_iter": "give it as iteration_limit",
    "max_wall_time": "give it as time_limit",
    "max_cpu_time": "give time_limit, which is wall-clock time",
    "warm_start_init_point": "call solve(warm=True)",
}
"""Vendor options that are not passed through, and what to do instead."""

WARM_START: dict[str, object] = {
    "warm_start_init_point": "yes",
    "warm_start_bound_push": 1e-9,
    "warm_start_bound_frac": 1e-9,
    "warm_start_slack_bound_push": 1e-9,
    "warm_start_slack_bound_frac": 1e-9,
    "warm_start_mult_bound_push": 1e-9,
    "mu_init": 1e-6,
}
"""Options of a start from the multipliers of a neighbouring problem."""

CLOSE_START: dict[str, object] = {
    "bound_push": 1e-10,
    "bound_frac": 1e-10,
    "slack_bound_push": 1e-10,
    "slack_bound_frac": 1e-10,
    "mu_init": 1e-8,
}
"""Options of a start that is next to the answer: IPOPT moves it off its bounds only as it must."""

ACCEPTABLE = 100.0
"""How many times `SolverOptions.tolerance` still counts as acceptable where IPOPT stalls."""


def ipopt_options(options: SolverOptions, *, warm: bool = False) -> dict[str, object]:
    """Return IPOPT's options for ours: the vendor's own last, so that they win.

    Parameters
    ----------
    options : SolverOptions
        Its time limit is left to the caller.
    warm : bool
        Whether to start from multipliers.

    Raises
    ------
    SolverError
        If ``options.options`` names an option that we set ourselves.
    """
    for name in options.options:
        if name in OWNED:
            raise SolverError(f"the IPOPT option {name} is not passed through: {OWNED[name]}")
    tolerance = options.tolerance
    found: dict[str, object] = {
        "print_level": 0,
        "sb": "yes",
        "tol": tolerance,
        "constr_viol_tol": tolerance,
        "acceptable_tol": ACCEPTABLE * tolerance,
        "acceptable_constr_viol_tol": ACCEPTABLE * tolerance,
        "bound_relax_factor": 0.0,
    }
    if options.iteration_limit is not None:
        found["max_iter"] = options.iteration_limit
    return {**found, **(WARM_START if warm else {}), **vendor_options(options)}


def vendor_options(options: SolverOptions) -> dict[str, object]:
    """Return IPOPT's own options: those of a close start, then the user's, so that they win."""
    return {**(CLOSE_START if options.close_start else {}), **options.options}


def ipopt_outcome(
    code: int, point: Sequence[float], iterations: int, options: SolverOptions, multipliers: object
) -> Outcome:
    """Return the outcome of a run of IPOPT in this process.

    Parameters
    ----------
    code : int
        An ``ApplicationReturnStatus``; an unknown one is an error.
    point : sequence of float
        Where it stopped; ignored where the code says that it never started.
    iterations : int
        Its iterations.
    options : SolverOptions
        To name those that it refuses only now.
    multipliers : object
        For a warm start.

    Raises
    ------
    SolverError
        If IPOPT refuses an option, such as a linear solver that is not installed.
    """
    name, termination = STATUSES.get(code, ("unknown status", Termination.ERROR))
    if name == "Invalid_Option":
        given = ", ".join(f"{key}={setting!r}" for key, setting in options.options.items())
        raise SolverError(f"IPOPT refuses an option, or what it asks for is missing: {given}")
    if code in NEVER_STARTED:
        return Outcome(termination, None, 0, f"{name} [{code}]")
    return Outcome(termination, point, iterations, f"{name} [{code}]", multipliers)


def pushed_start(
    start: Sequence[float],
    lower: Sequence[float],
    upper: Sequence[float],
    options: Mapping[str, object],
) -> list[float]:
    """Move a start off its bounds, just as IPOPT does for its first iteration.

    IPOPT takes its scaling from the start as given. Where a derivative is infinite at a bound, as a
    marginal revenue at zero effort is, that scaling makes every later tolerance meaningless.

    Parameters
    ----------
    start, lower, upper : sequence of float
        The start and the bounds of the variables.
    options : mapping of str to object
        IPOPT's options: ``bound_push`` and ``bound_frac`` say how far.

    Returns
    -------
    list of float
        The start; fixed variables stay where they are.
    """
    push = float(str(options.get("bound_push", 0.01)))
    fraction = float(str(options.get("bound_frac", 0.01)))
    found = []
    for at, low, high in zip(start, lower, upper, strict=True):
        room = fraction * (high - low)
        if low > -math.inf:
            at = max(at, low + min(push * max(1.0, abs(low)), room))
        if high < math.inf:
            at = min(at, high - min(push * max(1.0, abs(high)), room))
        found.append(at)
    return found
