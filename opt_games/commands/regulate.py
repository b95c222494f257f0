"""``opt-games regulate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

import opt_games
from opt_games.commands.shared import (
    AsJson,
    Bargain,
    Plot,
    Set,
    Share,
    Spec,
    check_picture_file,
    print_json,
    print_report,
    read_contract,
    read_game,
    read_number,
    tell,
)
from opt_games.errors import SpecError
from opt_games.game import Game
from opt_games.kernels.policy.pairs_of import why_no_pairs
from opt_games.kernels.policy.payoffs import compile_policy_game
from opt_games.names import quoted
from opt_games.policy.best import WELFARE, best_policy, check_ranges
from opt_games.policy.effects import anarchy, effects
from opt_games.policy.robustness import robustness
from opt_games.policy.society import of_sweep
from opt_games.policy.summary import Summary
from opt_games.sweeps.values import parse_vary

_POINTS = 41
_GRID = 13
_MOST = 33  # of the first grid, per parameter, and in a scenario
_MOST_OF_SCENARIO = 17
_REACH = 4.0  # floors up to so many times the level in anarchy, where no range is given

Vary = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUES",
        help="theta_D=0:2.5:51 (51 values) or theta_D=0,1,2. Several make a grid. By default the "
        "parameters in the floors, or from 0 to 1 those in the liabilities: "
        f"{_POINTS} values each, or {_GRID} of several whose games have no closed form.",
    ),
]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="OUT.nc", help="Also keep the map.")
]
Objective = Annotated[
    str,
    typer.Option(metavar="NAME", help="Best for welfare, an attribute, or least harm."),
]
Uncertain = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=LOW:HIGH",
        help="What the regulator does not know: compare the best policy with that of scenarios.",
    ),
]
Scenarios = Annotated[int, typer.Option(min=1, help="Drawn from what is uncertain.")]
Seed = Annotated[int, typer.Option(min=0, help="Of the drawing of scenarios.")]


def regulate(
    spec: Spec,
    vary: Vary = None,
    share: Share = None,
    bargain: Bargain = None,
    objective: Objective = WELFARE,
    uncertain: Uncertain = None,
    scenarios: Scenarios = 32,
    seed: Seed = 0,
    set_: Set = None,
    output: Output = None,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Map what floors do, against no regulation, and find the best policy.

    Of games without floors, only what is best of their liabilities and taxes.

    Under every policy the contract is given, or bargained for anew. Without --share and --bargain:
    as in `solve`.
    """
    given, solution = read_contract(share, bargain)
    if isinstance(given, dict):
        raise SpecError("give one share for all specialists, such as 0.4", key="--share")
    game = read_game(spec, set_)
    if plot is not None:
        check_picture_file(plot)
        if game.regulation is None:
            raise SpecError("the picture is of floors: the game has none", key="--plot")
    values = parse_vary(vary) if vary else _default_ranges(game)
    unsure = {name: _interval(name, text) for name, text in parse_vary(uncertain or []).items()}
    if unsure:
        check_ranges(game, unsure, "--uncertain")
    found = _map(game, values, solution, given)
    ranges = {
        name: (float(found[name].min()), float(found[name].max()))
        for name in values
        if name in game.parameters
    }
    sizes = [found.sizes[name] for name in ranges]
    points = min(_MOST, max([*sizes, 2]))
    best = best_policy(
        game, ranges, objective=objective, bargain=solution, share=given, points=points
    )
    robust = None
    if unsure:
        robust = robustness(
            game,
            best.policy,
            ranges,
            unsure,
            objective=objective,
            bargain=solution,
            share=given,
            scenarios=scenarios,
            seed=seed,
            points=min(_MOST_OF_SCENARIO, points),
        )
    summary = Summary.of(game, found, best, robust)
    if output is not None:
        found.to_netcdf(output, engine="h5netcdf")
        tell(f"wrote {output}")
    if as_json:
        print_json(summary.to_dict())
    else:
        from opt_games.report import policy_report

        print_report(policy_report(summary))
    if plot is not None:
        from opt_games.plot import plot_policy, save

        if len(ranges) != 2:
            raise SpecError("a map has two parameters: vary two", key="--plot")
        save(plot_policy(found).figure, plot)
        tell(f"wrote {plot}")


def _map(game: Game, values: dict[str, Any], solution: str | None, share: float | None) -> Any:
    """Return the outcomes, without floors with nothing to compare them with."""
    if game.regulation is not None:
        return effects(game, values, bargain=solution, share=share)
    found = opt_games.sweep(game, values, bargain=solution, share=share, progress=False)
    return found.assign(of_sweep(game, found))


def _interval(name: str, text: str) -> tuple[float, float]:
    low, sign, high = text.partition(":")
    if not sign:
        raise SpecError(f"expected {name}=LOW:HIGH, not {quoted(text)}", key="--uncertain")
    example = f"{name}=0.5:2"
    return read_number(low, "--uncertain", example), read_number(high, "--uncertain", example)


def _default_ranges(game: Game) -> dict[str, Any]:
    """Return values of the parameters that stand in floors, up to well above anarchy.

    Without floors, of those in the liabilities, which are fractions.
    """
    rules, harm = game.regulation, game.harm
    if rules is not None:
        formulas = (*rules.generalist.values(), *rules.specialists.values())
        what, top = "floors", _REACH * _highest_level(anarchy(game))
    elif harm is not None and harm.liability:
        formulas, what, top = tuple(harm.liability.values()), "liabilities", 1.0
    else:
        raise SpecError(
            "there are no floors and no liabilities: add a table [regulation], or give --vary",
            key="regulation",
        )
    names = sorted({name for formula in formulas for name in formula.names})
    if not names:
        raise SpecError(f"the {what} are numbers: name parameters in them, or give --vary")
    exact = why_no_pairs(compile_policy_game(game)) is None
    points = _POINTS if exact or len(names) == 1 else _GRID
    return dict.fromkeys(names, f"0:{top:.6g}:{points}")


def _highest_level(game: Game) -> float:
    """Return the highest level at the equilibrium, 1 if there is none above 0."""
    found = opt_games.solve(game).equilibrium
    levels = [level for level in (found.levels if found else {}).values() if level]
    return max((value for level in levels for value in level.values()), default=0.0) or 1.0
