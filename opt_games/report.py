"""Answers as tables to read; exact numbers are in the JSON output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from opt_games.game import Game
from opt_games.pareto.answer import ParetoSet
from opt_games.parts import GENERALIST
from opt_games.policy.best import HARM
from opt_games.policy.robustness import Robustness
from opt_games.policy.summary import Summary
from opt_games.regions.condition import regimes_in_words
from opt_games.regions.line import Conditions
from opt_games.result import ABSTAIN, Bargain, Equilibrium, Work

_WHOLE = 20  # specialists that are all listed
_FIRST = 10  # those that are listed of a larger market


def bargain_report(game: Game, found: Bargain) -> RenderableType:
    """Return what ``opt-games solve`` shows."""
    heading = _facts({"Game": found.game, "Solution": found.solution})
    if found.equilibrium is None:
        return Group(heading, *_no_agreement(found), _work(found.work))
    at = found.equilibrium
    if game.contract.shares == "common" or len(at.shares) == 1:
        share = next(iter(at.shares.values()))
        heading.add_row("Share", f"{share:.6g} of the revenue to the generalist")
    else:
        heading.add_row("Share", "the generalist's, by domain: see the table")
    return Group(
        heading,
        _players(game, at),
        *_rest(game.players, at.regimes),
        Text(f"Sum of utilities {_number(at.welfare)}"),
        _certificate(at),
        *(Text(note) for note in found.notes),
        _work(found.work),
    )


def _facts(facts: Mapping[str, str]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in facts.items():
        table.add_row(name, Text(fact))
    return table


def _table(*columns: str, left: Sequence[str] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        aside = column in left
        table.add_column(
            column, justify="left" if aside else "right", overflow="fold", no_wrap=not aside
        )
    return table


def _players(game: Game, at: Equilibrium) -> Table:
    separate = game.contract.shares == "separate" and len(at.shares) > 1
    in_utility = game.generalist.utility is not None or any(
        group.form.utility is not None for group in game.specialists.groups
    )
    columns = ["Player", "Regime", *game.attributes, "Profit"]
    if separate:
        columns.insert(2, "Share")
    if in_utility:
        columns.append("Utility")
    table = _table(*columns, left=("Player", "Regime"))
    table.columns[1].no_wrap = True
    for player in _listed(game.players):
        levels = at.levels[player]
        row = [escape(player), at.regimes[player]]
        if separate:
            row.append(_number(at.shares[player]) if player in at.shares else "")
        row += [_number(levels[name]) if levels else "-" for name in game.attributes]
        row.append(_number(at.profits[player]))
        if in_utility:
            row.append(_number(at.utilities[player]))
        table.add_row(*row, style="dim" if at.regimes[player] == ABSTAIN else None)
    return table


def _listed(players: Sequence[str]) -> Sequence[str]:
    """Return the players that get a line: all, or the generalist and the first specialists."""
    return players if len(players) <= 1 + _WHOLE else players[: 1 + _FIRST]


def _rest(players: Sequence[str], regimes: Mapping[str, str] | None = None) -> list[Text]:
    """Say how many specialists there are, and what they do, where not all are listed."""
    if _listed(players) is players:
        return []
    text = f"The first {_FIRST} of {len(players) - 1:,} specialists"
    if regimes is not None:
        counts = Counter(regimes[player] for player in players[1:]).most_common()
        text += ": " + ", ".join(f"{count:,} {regime}" for regime, count in counts)
    return [Text(f"{text}; --json has all")]


def _no_agreement(found: Bargain) -> list[RenderableType]:
    table = _table("Player", "Utility without agreement", left=("Player",))
    players = tuple(found.disagreement)
    for player in _listed(players):
        table.add_row(escape(player), _number(found.disagreement[player]))
    return [
        Text("\nNo agreement", style="bold"),
        Text(
            "No contract gives everybody at least the utility without agreement and somebody more."
        ),
        table,
        *_rest(players),
    ]


def _certificate(at: Equilibrium) -> Text:
    player = max(at.regret, key=lambda each: at.regret[each])
    if at.certified:
        return Text(
            f"Certified: a search of its own found no deviation that gains more than "
            f"{at.regret[player]:.2g}"
        )
    return Text(
        f"NOT certified: {player} could gain {at.regret[player]:.3g} in utility by deviating",
        style="bold red",
    )


def _work(work: Work) -> Text:
    solves = "1 solve" if work.solves == 1 else f"{work.solves} solves"
    text = f"{work.name} {work.version}, {solves}, {work.seconds:.2f} s"
    if work.failures:
        text += f", {len(work.failures)} without an answer"
    return Text(text, style="dim")


def _failures(work: Work) -> list[Text]:
    """Count the solves without an answer, by what they were for."""
    if not work.failures:
        return []
    counts = Counter(failure.split(":")[0] for failure in work.failures).most_common()
    of = ", ".join(f"{count} {purpose}" for purpose, count in counts)
    return [Text(f"Solves without an answer: {of}; --json says why")]


def pareto_report(game: Game, found: ParetoSet) -> RenderableType:
    """Return what ``opt-games pareto`` shows."""
    heading = _facts({"Game": found.game})
    if not found.complete:
        heading.add_row("PARTIAL", found.missing)
    if found.intervals is None:
        return _frontier_report(game, found, heading)
    intervals = " and ".join(
        f"{low:.6g}" if low == high else f"[{low:.6g}, {high:.6g}]" for low, high in found.intervals
    )
    heading.add_row("Pareto set", f"shares in {intervals}" if intervals else "empty")
    ends = {end for interval in found.intervals for end in interval}
    rows = [
        ("end", point.shares, point.utilities)
        for point in found.points
        if min((abs(_first(point.shares) - end) for end in ends), default=1.0) <= 1e-12
    ]
    return Group(
        heading,
        _contracts(game, [*rows, *_bargain_rows(found)], "Share"),
        *_marked(found),
        Text(f"The ends of {len(found.points)} contracts computed along the set; --json has all."),
        *_efficiency(found),
        Text(f"Largest regret at them {found.regret:.2g} of a player's turnover"),
        *_failures(found.work),
        _work(found.work),
    )


def _frontier_report(game: Game, found: ParetoSet, heading: Table) -> RenderableType:
    count = len(found.points)
    contracts = "1 contract" if count == 1 else f"{count} contracts, none dominates another"
    heading.add_row("Frontier", contracts)
    rows = []
    for player in game.players:
        best = max(found.points, key=lambda point: point.utilities[player])
        rows.append((f"best for {player}", best.shares, best.utilities))
    lines = [f"Hypervolume {_number(found.hypervolume or 0.0)} above disagreement"]
    if found.coverage is not None:
        covered = found.coverage
        lines.append(
            f"Of {covered.known} contracts known to be undominated, the furthest is "
            f"{covered.largest_gap:.1%} of a player's range from those reported"
        )
        unknown = len(found.points) - covered.checked
        lines.append(
            f"No small change betters all at {covered.checked} of {len(found.points)} contracts"
            + (f"; at the other {unknown} that is not known" if unknown else "")
        )
    return Group(
        heading,
        _contracts(game, [*rows, *_bargain_rows(found)]),
        _shares(game, [*rows, *_bargain_rows(found)]),
        *_marked(found),
        *map(Text, lines),
        *_efficiency(found),
        Text(f"Largest regret {found.regret:.2g} of a player's turnover, where computed"),
        *_failures(found.work),
        _work(found.work),
    )


_Row = tuple[str, Mapping[str, float], Mapping[str, float]]


def _contracts(game: Game, rows: Sequence[_Row], share: str = "") -> Table:
    """Tabulate utilities, after a common share; of a large market the specialists are summed."""
    whole = _listed(game.players) is game.players
    names = [escape(name) for name in game.players] if whole else [GENERALIST, "specialists"]
    first = [share] if share else []
    table = _table("Contract", *first, *(f"U {name}" for name in names), "Sum", left=("Contract",))
    for label, contract, utilities in rows:
        values = [utilities[name] for name in game.players]
        total = sum(values)
        shown = values if whole else [values[0], total - values[0]]
        given = list(contract.values())[: len(first)]
        table.add_row(escape(label), *(f"{value:.5g}" for value in [*given, *shown, total]))
    return _headers_wrap(table)


def _shares(game: Game, rows: Sequence[_Row]) -> Table:
    """Tabulate the generalist's shares by domain."""
    names = [f"Share in {escape(name)}" for name in game.specialists.names]
    table = _table("Contract", *names, left=("Contract",))
    for label, contract, _ in rows:
        table.add_row(escape(label), *(f"{share:.5g}" for share in contract.values()))
    return _headers_wrap(table)


def _headers_wrap(table: Table) -> Table:
    """Let the headers of numbers give way first where a line is short."""
    for number, column in enumerate(table.columns):
        column.no_wrap = number == 0
    return table


def _bargain_rows(found: ParetoSet) -> list[_Row]:
    return [
        (name if bargain.on_frontier else f"{name} *", bargain.shares, bargain.utilities)
        for name, bargain in found.bargains.items()
        if bargain is not None
    ]


def _marked(found: ParetoSet) -> list[Text]:
    """Explain the star, and say where there is no agreement."""
    lines = []
    if any(bargain is not None and not bargain.on_frontier for bargain in found.bargains.values()):
        lines.append(Text("* not Pareto-optimal: another contract dominates it"))
    if found.bargains and all(bargain is None for bargain in found.bargains.values()):
        lines.append(Text("No bargain: no contract gives everybody at least disagreement"))
    return lines


def _efficiency(found: ParetoSet) -> list[Text]:
    best = found.first_best
    if best is None or found.efficiency is None:
        return []
    searched = "" if best.proven else ", by local solves"
    return [
        Text(
            f"Efficiency {_number(found.efficiency)}: the best sum of utilities is "
            f"{_number(found.best_total)}, and {_number(best.total)} if levels could be "
            f"contracted on{searched}"
        )
    ]


def _first(shares: Mapping[str, float]) -> float:
    return next(iter(shares.values()))


def conditions_report(found: Conditions) -> RenderableType:
    """Return what ``opt-games conditions`` shows."""
    heading = _facts({"Game": found.game, "Solution": found.solution})
    left = ("Revenue", "Specialists")
    table = _table(f"{found.parameter} from", "to", *left, left=left)
    for interval in found.intervals:
        condition = interval.condition
        row = [_precise(interval.low), _precise(interval.high)]
        if condition.regimes is None:
            row += ["no answer", escape(interval.reason)]
        elif not condition.agreement:
            row += ["no agreement", "-"]
        else:
            row.append("shared" if condition.profit_sharing else "not shared")
            row.append(escape(regimes_in_words(condition.regimes)))
        table.add_row(*row)
    count = Text(f"{found.solved} games solved", style="dim")
    return Group(heading, table, count)


def models_report(games: Sequence[Mapping[str, str]]) -> Table:
    """Return what ``opt-games models`` shows."""
    table = _table("Name", "What it shows", "Source", left=("Name", "What it shows", "Source"))
    table.columns[0].no_wrap = True
    for game in games:
        table.add_row(escape(game["name"]), escape(game["note"]), escape(game["source"]))
    return table


def solvers_report(entries: Sequence[Mapping[str, object]]) -> RenderableType:
    """Return what ``opt-games solvers`` shows."""
    columns = ("Name", "Here", "Optimum", "Licence", "Remarks")
    table = _table(*columns, left=columns)
    for column in table.columns[:3]:
        column.no_wrap = True
    remarks = {
        "needs_bounds": "wants bounds",
        "needs_domain": "wants expressions defined at them",
        "integers": "takes integer variables",
        "warm_start": "starts warm",
    }
    for entry in entries:
        here = str(entry["version"] or "yes") if entry["available"] else "no"
        optimum = "global" if entry["global"] else "local"
        said = [words for key, words in remarks.items() if entry[key]]
        said += [] if entry["in_process"] else ["runs a program"]
        licence = escape(str(entry["licence"]))
        table.add_row(escape(str(entry["name"])), here, optimum, licence, ", ".join(said))
    missing = [entry for entry in entries if not entry["available"]]
    if not missing:
        return table
    rest = Table.grid(padding=(0, 2))
    rest.add_column(no_wrap=True)
    for entry in missing:
        rest.add_row(escape(str(entry["name"])), escape(str(entry["how_to_get"])))
    return Group(table, Text("How to get the rest:"), rest)


def _precise(number: float) -> str:
    """Write the end of an interval, which is accurate to 1e-6."""
    return f"{number:.6f}".rstrip("0").rstrip(".") if 1e-3 <= abs(number) < 1e6 else _number(number)


def _number(number: float) -> str:
    return f"{number:.6g}" if number else "0"


def policy_report(found: Summary) -> RenderableType:
    """Return what ``opt-games regulate`` shows."""
    facts = {"Game": found.game, "Solution": found.solution}
    for name, (low, high, count) in found.varied.items():
        facts[name] = f"{low:g} to {high:g}, {count} values"
    best = found.best
    policy = ", ".join(f"{name} = {value:.6g}" for name, value in best.policy.items())
    lines = [f"Best for {best.objective}: {policy}, with {best.value:.6g}"]
    for name, jump in best.jumps.items():
        beyond = "somebody abstains" if jump.beyond is None else f"it is {jump.beyond:.6g}"
        way = "above" if jump.side == "below" else "below"
        lines.append(f"Right {jump.side} a jump: with {name} just {way}, {beyond}")
    lines.append(
        "A hundredth of a range off it a specialist may abstain"
        if best.worst_nearby is None
        else f"A hundredth of a range off it is at {'most' if best.objective == HARM else 'least'} "
        f"{best.worst_nearby:.6g}"
    )
    counts = f"{found.policies:,} policies, {found.failed} failed; {best.games:,} more for the best"
    robust = [] if found.robustness is None else _robustness(found.robustness)
    table = [] if found.effects is None else [_effects(found.effects, found.policies)]
    return Group(_facts(facts), *table, *map(Text, [*lines, *robust, counts]))


def _effects(effects: Mapping[str, Any], policies: int) -> Table:
    table = _table("Effect", "Policies", "Of all", left=("Effect",))
    rows = {f"backfires in {name}": n for name, n in effects["backfiring"].items()}
    rows |= {
        "everybody gains": effects["mutualism"],
        "a specialist complies": effects["compliance"],
        "a specialist abstains": effects["abstention"],
    }
    for name, count in rows.items():
        table.add_row(escape(name), f"{count:,}", f"{count / policies:.1%}")
    return table


def _robustness(found: Robustness) -> list[str]:
    def case(k: int) -> str:
        return ", ".join(f"{name} = {value:.6g}" for name, value in found.at(k).items())

    lines = [f"In {len(found.values)} scenarios, {found.games:,} games:"]
    if found.mean is not None:
        low, middle, high = found.quantiles.values()
        lines.append(
            f"  mean {found.mean:.6g}, median {middle:.6g}, 5% to 95% {low:.6g} to {high:.6g}"
        )
    if found.without_outcome:
        lines.append(f"  no outcome to compare in {found.without_outcome}")
    worst, most = found.worst, found.most_regretted
    value, regret = found.values[worst], found.regrets[most]
    if value is not None:
        lines.append(f"  worst {value:.6g}, at {case(worst)}")
    best = found.best_policies[most]
    if regret is not None and best is not None:
        there = ", ".join(f"{name} = {value:.6g}" for name, value in best.items())
        lines.append(f"  largest regret {regret:.6g}, at {case(most)}, where {there} is best")
    elif best is not None:
        lines.append(f"  another policy has an outcome at {case(most)}")
    return lines
