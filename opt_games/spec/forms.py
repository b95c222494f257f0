"""Quadratic and linear forms: matrices and lists in a spec, as formulas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opt_games.errors import SpecError

Entry = str | float
Matrix = Sequence[Sequence[Entry]]


def quadratic_form(matrix: Matrix, variables: Sequence[str]) -> str:
    """Write the quadratic form ``x' C x`` as a formula.

    Parameters
    ----------
    matrix : sequence of rows
        Symmetric; entries are numbers or formulas of parameters.
    variables : sequence of str
        The formulas that make up ``x``.

    Raises
    ------
    SpecError
        If the matrix is not symmetric or of another size.

    Examples
    --------
    >>> quadratic_form([[1.0, "c"], ["c", 2.0]], ["alpha0", "beta0"])
    '(1.0) * (alpha0)**2 + 2 * (c) * (alpha0) * (beta0) + (2.0) * (beta0)**2'
    """
    size = len(variables)
    if len(matrix) != size or any(len(row) != size for row in matrix):
        raise SpecError(
            f"expected a matrix of {size} rows of {size} entries, one for each attribute"
        )
    terms = []
    for i in range(size):
        for j in range(i, size):
            entry = matrix[i][j]
            if entry != matrix[j][i]:
                raise SpecError(
                    f"not symmetric: row {i + 1} has {entry} in column {j + 1}, row {j + 1} has "
                    f"{matrix[j][i]} in column {i + 1}; write both alike"
                )
            if i == j:
                terms.append(f"({entry}) * ({variables[i]})**2")
            else:
                terms.append(f"2 * ({entry}) * ({variables[i]}) * ({variables[j]})")
    return " + ".join(terms)


def linear_form(entries: Sequence[Entry], variables: Sequence[str]) -> str:
    """Write the linear form ``r' x`` as a formula.

    Examples
    --------
    >>> linear_form([1.0, "r"], ["alpha1", "beta1"])
    '(1.0) * (alpha1) + (r) * (beta1)'
    """
    if len(entries) != len(variables):
        raise SpecError(f"expected {len(variables)} entries, one for each attribute")
    pairs = zip(entries, variables, strict=True)
    return " + ".join(f"({entry}) * ({variable})" for entry, variable in pairs)


def as_formula(given: Any, variables: Sequence[str], key: str) -> str | float:
    """Return a formula as it is, and a matrix or a list of entries as a formula.

    Parameters
    ----------
    given : str, float, list or list of lists
    variables : sequence of str
        What a form is a function of.
    key : str
        The place in the spec, for errors.
    """
    try:
        if not isinstance(given, list):
            formula: str | float = given
            return formula
        if isinstance(given[0], list):
            return quadratic_form(given, variables)
        return linear_form(given, variables)
    except SpecError as error:
        raise error.within(key=key) from None
