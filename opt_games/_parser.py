"""From the text of a formula to its program, with a message for everything a formula may not be."""

from __future__ import annotations

import ast
import keyword
import math
import re

from opt_games._operations import FUNCTIONS, SEVERAL_ARGUMENTS, Operation, Program, apply
from opt_games.errors import SpecError
from opt_games.names import did_you_mean, quoted

LONGEST = 100_000
"""Characters in a formula."""

DEEPEST = 200
"""Levels of nesting in a formula; the terms of a sum are one level, however many."""

_ODD_CHARACTER = re.compile(r"[^A-Za-z0-9_ .,+*/()-]")
_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_NOT_DECIMAL = re.compile(r"(?<![\w.])0[xXoObB]")
_INSTEAD = {
    "^": "is no operator: use ** for powers",
    "=": "has no place in a formula: give only the right-hand side",
    "[": "has no place in a formula: there are no indexes, use parentheses",
    "]": "has no place in a formula: there are no indexes, use parentheses",
    "{": "has no place in a formula: use parentheses",
    "}": "has no place in a formula: use parentheses",
    "<": "is a comparison: use min or max",
    ">": "is a comparison: use min or max",
    "'": "begins text, and a formula holds none: write names without quotes",
    '"': "begins text, and a formula holds none: write names without quotes",
    "%": "is no operator: divide by 100 instead",
    "#": "begins a comment: write it outside of the formula",
    "\N{MINUS SIGN}": "is not a hyphen: use -",
    "\N{EN DASH}": "is not a hyphen: use -",
    "\N{MULTIPLICATION SIGN}": "is no operator: use *",
    "\N{DOT OPERATOR}": "is no operator: use *",
    "\N{MIDDLE DOT}": "is no operator: use *",
    "\N{SUPERSCRIPT TWO}": "is no operator: use **2",
}
_OTHER_NAMES = {
    "ln": "log",
    "lg": "log10",
    "arctan": "atan",
    "pow": "**",
    "fabs": "abs",
    "minimum": "min",
    "maximum": "max",
}
_TOO_LARGE = "the number is too large: it must be below 1.8e308"
_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.UAdd: "+",
    ast.USub: "-",
}
_NOT_ALLOWED: dict[type[ast.AST], str] = {
    ast.Attribute: 'attributes (a name, a dot, a name) are not allowed: write one name, with "_"',
    ast.Tuple: "a comma stands only between the arguments of min or max; decimals take a point",
    ast.FloorDiv: "// is no operator: use /",
    ast.Starred: "* before an argument is not allowed: write the arguments out",
}


def parse(text: str) -> Program:
    """Return the program of a formula in postfix order, with its constant parts worked out.

    Parameters
    ----------
    text : str
        The formula.

    Raises
    ------
    SpecError
        If the text is not a formula; the message says where and what to write instead.

    Examples
    --------
    >>> parse("2 * 3 + c0")
    (6.0, 'c0', Operation(symbol='+', arity=2))
    """
    if not text:
        raise SpecError("the formula is empty: write a number or a formula")
    if len(text) > LONGEST:
        raise SpecError(
            f"in {quoted(text)}: a formula has at most {LONGEST:,} characters: split it up"
        )
    line = re.sub(r"[\t\r\n]", " ", text)
    _check_characters(text, line)
    try:
        tree = ast.parse(line, mode="eval")
    except SyntaxError as error:
        if error.msg.startswith("Exceeds the limit"):
            raise SpecError(f"in {quoted(text)}: {_TOO_LARGE}") from None
        where = f", character {error.offset}" if error.offset else ""
        hint = ": mind the operator between two names" if error.msg == "invalid syntax" else ""
        raise SpecError(f"in {quoted(text)}{where}: {error.msg}{hint}") from None
    except (RecursionError, MemoryError):
        raise _too_deep(text) from None
    return _Compiler(text).compile(tree.body)


def _check_characters(text: str, line: str) -> None:
    """Refuse words and characters that no formula holds, before Python's parser sees them."""
    for word in _WORD.finditer(line):
        if keyword.iskeyword(word[0]):
            raise _at(
                text,
                word.start(),
                f'"{word[0]}" is a word of the Python language and no name: '
                f'call a parameter "{word[0].lower()}_"',
            )
    odd = _ODD_CHARACTER.search(line)
    if odd:
        reason = _INSTEAD.get(
            odd[0], "has no place in a formula: names are letters a-z, digits and _"
        )
        shown = odd[0] if odd[0].isprintable() else ascii(odd[0])[1:-1]
        raise _at(text, odd.start(), f'"{shown}" {reason}')
    other = _NOT_DECIMAL.search(line)
    if other:
        raise _at(text, other.start(), "write numbers in decimal")


class _Compiler:
    """Turns a tree into a program, folding what is constant; one instance per formula."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.program: list[float | str | Operation] = []
        self.starts: list[int] = []  # where in the program each value on the stack begins

    def compile(self, root: ast.expr) -> Program:
        pending: list[tuple[ast.expr | Operation, int]] = [(root, 0)]
        while pending:
            node, depth = pending.pop()
            if depth > DEEPEST:
                raise _too_deep(self.text)
            if isinstance(node, Operation):
                self.operate(node)
                continue
            operation, children = self.visit(node)
            if operation is None:
                continue
            pending.append((operation, depth))
            chained = operation.arity == 2 and operation.symbol in "+-"
            for place, child in reversed(list(enumerate(children))):
                pending.append((child, depth if chained and place == 0 else depth + 1))
        return tuple(self.program)

    def visit(self, node: ast.expr) -> tuple[Operation | None, list[ast.expr]]:
        """Emit a leaf, or return the operation and what it is applied to."""
        match node:
            case ast.Constant(value=value):
                self.emit(self.number(value, node))
                return None, []
            case ast.Name(id=name):
                self.emit(self.name(name, node))
                return None, []
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return Operation(_OPERATORS[type(op)], 2), [left, right]
            case ast.BinOp(op=op):
                raise self.refused(op, node)
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
                return Operation(_OPERATORS[type(op)], 1), [operand]
            case ast.Call():
                return self.call(node)
        raise self.refused(node, node)

    def emit(self, leaf: float | str) -> None:
        self.starts.append(len(self.program))
        self.program.append(leaf)

    def operate(self, operation: Operation) -> None:
        """Emit an operation, or its result if all that it takes is constant."""
        start = self.starts[-operation.arity]
        del self.starts[-operation.arity :]
        self.starts.append(start)
        args = self.program[start:]
        if len(args) == operation.arity and all(isinstance(arg, float) for arg in args):
            self.program[start:] = [apply(operation, args, self.text)]
        else:
            self.program.append(operation)

    def number(self, value: object, node: ast.expr) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            what = "complex numbers are" if isinstance(value, complex) else f"{value!r:.20} is"
            raise self.error(node, f"{what} not allowed: use real numbers")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self.error(node, _TOO_LARGE)
        return number

    def name(self, name: str, node: ast.expr) -> str:
        if name in FUNCTIONS:
            raise self.error(node, f'"{name}" is a function: write {name}(...)')
        if name.startswith("__"):
            raise self.error(node, f'"{name}" is not allowed: a name has no two underscores first')
        return name

    def call(self, node: ast.Call) -> tuple[Operation, list[ast.expr]]:
        if not isinstance(node.func, ast.Name):
            if isinstance(node.func, ast.Attribute):
                raise self.refused(node.func, node)
            raise self.error(node, "only functions can be called: write * for a product")
        name = node.func.id
        if name not in FUNCTIONS:
            other = _OTHER_NAMES.get(name)
            hint = f' (did you mean "{other}"?)' if other else did_you_mean(name, FUNCTIONS)
            advice = (
                ""
                if hint
                else f": for a product write {name} * (...); functions are "
                + (", ".join(FUNCTIONS))
            )
            raise self.error(node, f'unknown function "{name}"{hint}{advice}')
        if node.keywords:
            raise self.error(node, f"{name} takes no keyword arguments")
        least, most = (2, math.inf) if name in SEVERAL_ARGUMENTS else (1, 1)
        if not least <= len(node.args) <= most:
            wanted = "two arguments or more" if name in SEVERAL_ARGUMENTS else "one argument"
            raise self.error(node, f"{name} takes {wanted}, not {len(node.args)}")
        return Operation(name, len(node.args)), list(node.args)

    def refused(self, kind: ast.AST, node: ast.expr) -> SpecError:
        return self.error(
            node,
            _NOT_ALLOWED.get(
                type(kind),
                f"{type(kind).__name__} is not allowed: a formula has numbers, names, "
                "+ - * / **, parentheses and functions",
            ),
        )

    def error(self, node: ast.expr, message: str) -> SpecError:
        return _at(self.text, node.col_offset, message)


def _at(text: str, offset: int, message: str) -> SpecError:
    return SpecError(f"in {quoted(text)}, character {offset + 1}: {message}")


def _too_deep(text: str) -> SpecError:
    return SpecError(
        f"in {quoted(text)}: the formula is too long or too deeply nested: split it up, "
        f"or use fewer than {DEEPEST} levels and 2,000 terms"
    )
