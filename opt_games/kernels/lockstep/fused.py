"""Newton steps, tables and humps in machine code; see `point`, `table` and `humps`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

from opt_games.kernels.array_function import Array
from opt_games.kernels.lockstep import fused_converge, fused_table
from opt_games.kernels.lockstep.machine_code import OPTIONS, define, scalar_function

if TYPE_CHECKING:
    from opt_games.kernels.lockstep.forms import FollowerForm
    from opt_games.kernels.lockstep.market import Market

# All that an inner loop touches lies in one array S at distances that the compiler knows: it can
# then prove that lanes do not disturb each other, and work on several at once. {slots} gives the
# names of the distances.


@dataclass(frozen=True)
class Fused:
    """The fused kernels of one game's formulas.

    Attributes
    ----------
    converge, table, humps : functions compiled by numba on their first call
    """

    converge: Callable[..., Any]
    table: Callable[..., Any]
    humps: Callable[..., Any]

    @staticmethod
    def arguments(market: Market) -> list[Any]:
        """Return a market's parameters as the kernels take them."""
        games = market.games
        result: list[Any] = [_columns(tuple(each[None] for each in market.leader), 1, games)[:, 0]]
        for form, given in zip(market.forms.followers, market.followers, strict=True):
            result += [_columns(given, form.members.size, games), form.members]
        return result

    @classmethod
    def of(cls, followers: Sequence[FollowerForm], leader_cost: Any, leaders: int) -> Fused:
        """Generate the kernels.

        Parameters
        ----------
        followers : sequence of FollowerForm
        leader_cost : casadi.Function
        leaders : int
            How many parameters the leader's cost has.
        """
        space: dict[str, Any] = {"leader_cost": scalar_function(leader_cost, "leader_cost")}
        for f, form in enumerate(followers):
            for name, function in zip(("respond", "lead", "stay"), form.symbolic, strict=True):
                space[f"{name}_{f}"] = scalar_function(function, f"{name}_{f}")
        signature = ", ".join(f"given_{f}, members_{f}" for f in range(len(followers)))
        counts = [len(form.names) for form in followers]
        most = max([leaders, *counts])

        def compiled(name: str, whole: str, templates: Any) -> Any:
            block, slots = templates.BLOCK, templates.SLOTS

            def given(count: int) -> str:
                return "".join(f", S[P + {p * block} + l]" for p in range(count))

            forms = "".join(
                templates.FORM.format(f=f, count=count, block=block, given=given(count))
                for f, count in enumerate(counts)
            )
            code = whole.format(
                signature=signature,
                slots="; ".join(f"{slot} = {k * block}" for k, slot in enumerate(slots)),
                size=(len(slots) + most) * block,
                block=block,
                forms=forms,
                paid=given(leaders),
            )
            kernel = numba.njit(**OPTIONS)(define(code, name, space))

            def run(*arguments: Any) -> Any:
                # other layouts would compile it anew
                return kernel(*(_plain(each) for each in arguments))

            return run

        return cls(
            compiled("converge", fused_converge.CONVERGE, fused_converge),
            compiled("table", fused_table.TABLE, fused_table),
            compiled("humps", fused_table.HUMPS, fused_table),
        )


def _plain(argument: Any) -> Any:
    if isinstance(argument, np.ndarray):
        return np.require(argument, requirements=["C", "W"])
    return argument


def _columns(parameters: tuple[Array, ...], members: int, lanes: int) -> Array:
    """Return parameters as one array of shape (parameters, members, lanes)."""
    whole = np.empty((len(parameters), members, lanes))
    for k, values in enumerate(parameters):
        whole[k] = values
    return whole
