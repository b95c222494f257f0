"""A certificate as ``opt-games verify`` shows it."""

from __future__ import annotations

import math

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from opt_games.certificates.certificate import METHOD, BargainGap, Certificate

_LISTED = 20


def certificate_report(found: Certificate) -> RenderableType:
    """Return a table of proven regrets, and what else is proven."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("Player")
    table.add_column("Could gain at most", justify="right", no_wrap=True)
    worst = sorted(found.regret.items(), key=lambda each: -each[1])
    shown = list(found.regret.items()) if len(worst) <= _LISTED else worst[:_LISTED]
    for player, regret in shown:
        table.add_row(
            escape(player), f"{regret:.3g}" if math.isfinite(regret) else "nothing proven"
        )
    lines = [Text(f"The {_LISTED} largest of {len(worst):,}")] if len(worst) > len(shown) else []
    verdict = (
        Text(f"PROVEN: nobody can gain more than {found.tolerance:g} in utility by deviating")
        if found.certified
        else Text(f"NOT CERTIFIED to {found.tolerance:g}", style="bold red")
    )
    for player, deviation in found.deviations.items():
        levels = deviation["levels"]
        where = "abstaining" if levels is None else ", ".join(
            f"{name} = {level:.6g}" for name, level in levels.items()
        )  # fmt: skip
        lines.append(Text(f"{player} gains at least {deviation['gain']:.3g} by {where}"))
    lines += [Text(f"Because {reason}") for reason in found.reasons]
    if math.isfinite(found.farthest):
        lines.append(
            Text(f"For levels up to {found.farthest:.3g}; of higher ones nothing is known")
        )
    if found.bargain is not None:
        lines.append(Text(_bargain(found.bargain)))
    work = f"{METHOD}, {found.boxes:,} boxes, {found.seconds:.2f} s"
    return Group(table, verdict, *lines, Text(work, style="dim"))


def _bargain(found: BargainGap) -> str:
    if found.gap is None:
        return f"No bound on other contracts: {found.reason}"
    text = f"No contract has a better {found.measure} by more than {found.gap:.3g}"
    return text if found.certified else f"{text}: NOT within {found.tolerance:g}. {found.reason}"
