"""Names: what may be one, and which one the user may have meant."""

from __future__ import annotations

import difflib
import keyword
import re
from collections.abc import Iterable
from itertools import islice

_PLAIN_KEY = re.compile(r"[\w-]+")
_COMPARED = 10_000  # names that a wrong one is compared with: of a million it would take a minute
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Return a hint such as ``' (did you mean "c1"?)'``, or nothing if no name is close.

    Parameters
    ----------
    wrong : str
        The name as the user wrote it.
    known : iterable of str
        The names that would have been right.

    Examples
    --------
    >>> "unknown name" + did_you_mean("lenght", ["length", "width"])
    'unknown name (did you mean "length"?)'
    """
    if len(wrong) > 100:
        return ""
    folded = {name.casefold(): name for name in islice(known, _COMPARED)}
    close = difflib.get_close_matches(wrong.casefold(), folded, n=1, cutoff=0.5)
    return f' (did you mean "{folded[close[0]]}"?)' if close else ""


def why_not_a_name(name: object) -> str | None:
    """Say why a formula could not use this name, or return None if it can.

    Examples
    --------
    >>> why_not_a_name("lambda")
    'is a word of the Python language: call it "lambda_"'
    >>> why_not_a_name("c0") is None
    True
    """
    if not isinstance(name, str):
        return "is not text: a name is letters, digits and _"
    if not _IDENTIFIER.fullmatch(name):
        return "is not a name: use the letters a-z, digits and _, and no digit first"
    if keyword.iskeyword(name):
        return f'is a word of the Python language: call it "{name}_"'
    if name.startswith("__"):
        return "must not start with two underscores"
    return None


def as_key(name: object) -> str:
    """Return a name as one step of a dotted path, in quotes unless it is plain.

    Examples
    --------
    >>> as_key("c0"), as_key("a b")
    ('c0', "'a b'")
    """
    text = str(name)
    return text if _PLAIN_KEY.fullmatch(text) else quoted(text)


def quoted(text: object, limit: int = 60) -> str:
    """Return a text in quotes, on one line, shortened where it is long.

    Examples
    --------
    >>> quoted("a" * 100, limit=10)
    "'aaaaaaaaaa...'"
    """
    written = text if isinstance(text, str) else str(text)
    return repr(written if len(written) <= limit else written[:limit] + "...")
