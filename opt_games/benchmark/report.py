"""Benchmarks as tables to read."""

from __future__ import annotations

from collections import Counter

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from opt_games.benchmark.comparison import Comparison, SolverChange
from opt_games.benchmark.result import BenchResult, Summary
from opt_games.benchmark.verdicts import Verdict

_NEAR = 10.0  # times the fastest
_SHOWN = 10
_EACH = 3  # reasons of a kind


def bench_report(found: BenchResult) -> RenderableType:
    """Return what ``opt-games bench`` shows."""
    starts = found.settings.get("starts")
    profile = found.profile()
    trouble = ("Failed", "Crashed", "Hung", "Refused")
    table = _table("Solver", "Right", "Wrong", *trouble, "Best", f"<{_NEAR:g}x")
    times = _table("Solver", "Build ms", "Translate ms", "Solve ms")
    for each in found.summary():
        parts = [f"{float(profile.part(each.solver, factor)):.0%}" for factor in (1.0, _NEAR)]
        table.add_row(escape(each.solver), *_numbers(each), *parts)
        middle = (each.build, each.translate, each.solve)
        times.add_row(
            escape(each.solver),
            *("-" if seconds is None else f"{1e3 * seconds:.3g}" for seconds in middle),
        )
    problems = len(found.problems) - len(found.set_aside)
    lines = [
        f"{problems} problems from {starts} starts each. Right: it claims an optimum, and it is "
        "the certified one. Wrong: it claims one, and it is not. Best: part of all on which it is "
        f"right and the fastest, and within {_NEAR:g} times that."
    ]
    unproven = sum(each.gap is None for each in found.problems)
    if unproven:
        lines.append(f"Optima that are checked, not proven: {unproven}")
    lines += [
        f"{each.solver}: {each.wrong_proofs} of its wrong answers came with a proof"
        for each in found.summary()
        if each.wrong_proofs
    ]
    if found.set_aside:
        lines.append(
            "Set aside, as a point better than the certified answer obeys the formulation: "
            + ", ".join(found.set_aside)
        )
    left_out = Counter(found.left_out.values())
    lines += [f"Left out {n}: {reason}" for reason, n in left_out.most_common(_SHOWN)]
    if not found.complete:
        lines.append("Not complete: --resume goes on")
    return Group(
        table,
        Text("Median times of right answers"),
        times,
        *map(Text, lines),
        *map(Text, _reasons(found)),
    )


def comparison_report(found: Comparison) -> RenderableType:
    """Return what ``opt-games bench --compare`` adds."""
    table = _table("Solver", "Version", "Runs", "Right", "Wrong", "Time")
    lines = []
    for each in found.solvers:
        table.add_row(
            escape(each.solver),
            each.after if each.after == each.before else f"{each.before} -> {each.after}",
            str(each.runs),
            _moved(each.right_before, each.right_after),
            _moved(each.wrong_before, each.wrong_after),
            "-" if each.time_ratio is None else f"x {each.time_ratio:.2f}",
        )
        lines += _changes(each)
    for name, (old, new) in found.answers.items():
        lines.append(f"The certified answer changed: {name}: {old:.9g}, now {new:.9g}")
    for words, names in (("Only now", found.added), ("Only before", found.removed)):
        if names:
            lines.append(f"{words}: {', '.join(names)}")
    if found.only_before or found.only_after:
        lines.append(
            f"Problems that only the earlier file has: {found.only_before}; only this run: "
            f"{found.only_after}"
        )
    return Group(Text("Compared with before"), table, *map(Text, lines))


def _numbers(each: Summary) -> list[str]:
    trouble = (each.failed, each.crashed, each.hung, each.refused)
    return [str(number) for number in (each.right, each.wrong, *trouble)]


def _moved(before: int, after: int) -> str:
    return str(after) if after == before else f"{before} -> {after}"


def _changes(solver: SolverChange) -> list[str]:
    lines = [
        f"{solver.solver}: {each.problem}, start {each.start}: {each.before}, now {each.after}"
        + (f" ({each.reason})" if each.reason else "")
        for each in solver.changes[:_SHOWN]
    ]
    if len(solver.changes) > _SHOWN:
        lines.append(f"{solver.solver}: and {len(solver.changes) - _SHOWN} other changes")
    return lines


def _reasons(found: BenchResult) -> list[str]:
    """Name what is wrong, crashed, hung or was refused, by solver and reason."""
    lines = []
    for name in found.solvers:
        for verdict in (Verdict.WRONG, Verdict.CRASHED, Verdict.HUNG, Verdict.REFUSED):
            runs = [run for run in found.counted if (run.solver, run.verdict) == (name, verdict)]
            reasons = Counter(run.reason for run in runs)
            for reason, times in reasons.most_common(_EACH):
                first = next(run for run in runs if run.reason == reason)
                where = f"{first.problem}, start {first.start}"
                where = where if times == 1 else f"{times} times, first {where}"
                lines.append(f"{name} {verdict.value}: {where}: {reason}")
            if len(reasons) > _EACH:
                lines.append(
                    f"{name} {verdict.value}: and for {len(reasons) - _EACH} other reasons"
                )
    return lines


def _table(first: str, *columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table
