"""From the user's Pyomo model to a `Program`, with one clear error for each way it can be wrong."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyomo.environ as pyo
from pyomo.core.base.block import BlockData
from pyomo.core.base.component import ActiveComponent
from pyomo.core.expr.visitor import identify_variables

from opt_games.errors import SpecError
from opt_games.leader_follower.program import Condition, Level, Program, Variable, placed
from opt_games.solvers.model_view import bounded

_UNDERSTOOD = (pyo.Objective, pyo.Constraint, pyo.Block)


def read_program(model: Any, followers: Any) -> Program:
    """Read a leader-follower program from a Pyomo model, and change nothing in it.

    Parameters
    ----------
    model : ConcreteModel
        The leader's variables, objective and constraints, and the followers' blocks.
    followers : Block or sequence of Block
        Each holds a follower's variables, objective and constraints.

    Raises
    ------
    SpecError
        If the model is no leader-follower program: the message names the component and the fix.
    """
    if not isinstance(model, BlockData):
        raise SpecError(f"the model must be a Pyomo ConcreteModel, not a {type(model).__name__}")
    blocks = _follower_blocks(model, followers)
    owner = _owners(model, blocks)
    everything = list(_active(model))
    _check_kinds(everything)
    fixed = {id(var): var.value for var in model.component_data_objects(pyo.Var) if var.fixed}
    parts = [_parts(each, everything, blocks) for each in (None, *blocks)]
    names = [model.name, *(block.name for block in blocks)]
    for number, part in enumerate(parts):
        _check_objective(number, names[number], part)
    uses = [_uses(part, owner) for part in parts]
    _check_uses(uses, owner, names)
    met = {key: var for use in uses for key, var in use.items()}
    in_order = [met[key] for key in owner if key in met and key not in fixed]
    levels = [
        _level(
            names[number],
            [var for var in in_order if owner[id(var)] == number],
            part,
            fixed,
        )
        for number, part in enumerate(parts)
    ]
    return Program(levels[0], tuple(levels[1:]))


def _follower_blocks(model: Any, followers: Any) -> list[Any]:
    given = [followers] if isinstance(followers, (pyo.Block, BlockData)) else followers
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise SpecError("followers must be Blocks of the model, as in followers=[model.follower]")
    blocks: list[Any] = []
    for each in given:
        if not isinstance(each, (pyo.Block, BlockData)):
            raise SpecError(
                f"{each!r} is no Block of the model: write followers=[model.follower], with the "
                "follower's variables, objective and constraints in that Block"
            )
        blocks.extend([each] if isinstance(each, BlockData) else each.values())
    if not blocks:
        raise SpecError("there is no follower: name its Block, as in followers=[model.follower]")
    for number, block in enumerate(blocks):
        if block is model or not _inside(block, model):
            raise SpecError(f"{block.name} is no Block of the model {model.name}")
        if not block.active:
            raise SpecError(f"the follower {block.name} is deactivated: {block.name}.activate()")
        for other in blocks[:number]:
            if other is block:
                raise SpecError(f"{block.name} is named twice among the followers")
            if _inside(block, other) or _inside(other, block):
                raise SpecError(
                    f"{block.name} and {other.name} lie in one another: followers are independent"
                )
    return blocks


def _inside(block: Any, outer: Any) -> bool:
    while block is not None:
        if block is outer:
            return True
        block = block.parent_block()
    return False


def _owners(model: Any, blocks: Sequence[Any]) -> dict[int, int]:
    """Return who declares each Var: 0 is the leader, then the followers."""
    owner = {id(var): 0 for var in model.component_data_objects(pyo.Var)}
    for number, block in enumerate(blocks, start=1):
        owner.update({id(var): number for var in block.component_data_objects(pyo.Var)})
    return owner


def _active(model: Any) -> Iterator[Any]:
    """Yield active component data other than Blocks and Suffixes."""
    for block in model.block_data_objects(active=True):
        for component in block.component_objects(active=True, descend_into=False):
            if component.ctype is pyo.Suffix or component.ctype is pyo.Block:
                continue
            if isinstance(component, ActiveComponent):
                yield from (each for each in component.values() if each.active)


def _check_kinds(everything: Sequence[Any]) -> None:
    for each in everything:
        kind = each.parent_component().ctype
        if kind not in _UNDERSTOOD:
            raise SpecError(
                f"{each.name} is a {kind.__name__}, which a leader-follower program cannot hold: "
                "state it as Constraints"
            )
        if each.expr is None:
            raise SpecError(f"{each.name} is active but has no expression")


def _parts(block: Any, everything: Sequence[Any], blocks: Sequence[Any]) -> list[Any]:
    """Return the active objectives and constraints of a follower's block, or of the leader."""
    wanted = (pyo.Objective, pyo.Constraint)
    mine = [each for each in everything if each.parent_component().ctype in wanted]
    if block is not None:
        return [each for each in mine if _inside(each.parent_block(), block)]
    return [
        each for each in mine if not any(_inside(each.parent_block(), other) for other in blocks)
    ]


def _uses(part: Sequence[Any], owner: dict[int, int]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for each in part:
        for var in identify_variables(each.expr):
            if id(var) not in owner:
                raise SpecError(f"{each.name} uses {var.name}, which is no Var of the model")
            if var.fixed and var.value is None:
                raise SpecError(f"{var.name} is fixed but has no value: give it one")
            found.setdefault(id(var), var)
    return found


def _check_uses(
    uses: Sequence[dict[int, Any]],
    owner: dict[int, int],
    names: Sequence[str],
) -> None:
    for number, use in enumerate(uses[1:], start=1):
        for key, var in use.items():
            if owner[key] not in (0, number) and not var.fixed:
                raise SpecError(
                    f"the follower {names[number]} uses {var.name} of the follower "
                    f"{names[owner[key]]}: followers may use the leader's variables and their own, "
                    f"so move {var.name} to the leader, or join the two followers in one Block"
                )
        if not any(owner[key] == number and not var.fixed for key, var in use.items()):
            raise SpecError(
                f"the follower {names[number]} decides on nothing: declare its variables in its "
                "Block, and use them in its objective"
            )
    for key, var in uses[0].items():
        if owner[key] and key not in uses[owner[key]] and not var.fixed:
            raise SpecError(
                f"{var.name} is declared in the Block of the follower {names[owner[key]]}, which "
                "does not use it: declare a variable of the leader outside that Block"
            )


def _check_objective(number: int, name: str, part: Sequence[Any]) -> None:
    who = "the leader" if number == 0 else f"the follower {name}"
    objectives = [each for each in part if each.parent_component().ctype is pyo.Objective]
    if not objectives:
        where = "outside the followers' Blocks" if number == 0 else f"in its Block {name}"
        raise SpecError(f"{who} has no active Objective: add one {where}")
    if len(objectives) > 1:
        several = ", ".join(each.name for each in objectives)
        raise SpecError(f"{who} has several active Objectives, {several}: deactivate all but one")


def _level(
    name: str,
    variables: Sequence[Any],
    part: Sequence[Any],
    fixed: Mapping[int, float],
) -> Level:
    (objective,) = [each for each in part if each.parent_component().ctype is pyo.Objective]
    inequalities: list[Condition] = []
    equalities: list[Condition] = []
    for each in part:
        if each.parent_component().ctype is not pyo.Constraint:
            continue
        low, body, high = bounded(each)
        body = placed(body, fixed)
        least = -math.inf if low is None else _number(low, each.name)
        most = math.inf if high is None else _number(high, each.name)
        if least == most:
            equalities.append(Condition(each.name, body - most))
            continue
        if most < math.inf:
            inequalities.append(Condition(each.name, body - most))
        if least > -math.inf:
            inequalities.append(Condition(each.name, least - body))
    return Level(
        name=name,
        variables=tuple(_variable(var) for var in variables),
        objective=placed(objective.expr, fixed),
        sign=1.0 if objective.sense == pyo.minimize else -1.0,
        inequalities=tuple(inequalities),
        equalities=tuple(equalities),
    )


def _number(expression: Any, name: str) -> float:
    value = pyo.value(expression, exception=False)
    if value is None or math.isnan(value):
        raise SpecError(f"a bound of {name} has no value: give its Params values")
    return float(value)


def _variable(var: Any) -> Variable:
    low, high = var.bounds
    lower = -math.inf if low is None else float(low)
    upper = math.inf if high is None else float(high)
    integer = var.is_integer()
    if not integer and not var.is_continuous():
        raise SpecError(f"{var.name} is {var.domain.name}: use a continuous or integer domain")
    if integer:
        lower, upper = _whole(math.ceil, lower), _whole(math.floor, upper)
    if lower > upper:
        raise SpecError(f"{var.name} has a lower bound {lower:g} above its upper bound {upper:g}")
    return Variable(var, lower, upper, integer)


def _whole(rounding: Any, bound: float) -> float:
    return float(rounding(bound)) if math.isfinite(bound) else bound
