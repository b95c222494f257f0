"""The errors of opt_games: all derive from `OptGamesError`."""

from __future__ import annotations


class OptGamesError(Exception):
    """Base of every error that opt_games raises on purpose."""


class SpecError(OptGamesError):
    """The game as written is wrong: a spec file, a parameter, an option.

    Parameters
    ----------
    message : str
        What is wrong and how to mend it, in one line.
    file : str, optional
        The file the mistake is in.
    key : str, optional
        The key in that file, as a dotted path such as ``specialists[0].cost``.

    Examples
    --------
    >>> print(SpecError("expected a number", file="game.toml", key="parameters.c0"))
    game.toml: parameters.c0: expected a number
    """

    def __init__(self, message: str, *, file: str | None = None, key: str | None = None) -> None:
        self.message = message
        self.file = file
        self.key = key
        super().__init__(": ".join(part for part in (file, key, message) if part))

    def within(self, *, file: str | None = None, key: str | None = None) -> SpecError:
        """Return the same error, placed in a file or under a key where it had none."""
        return SpecError(self.message, file=self.file or file, key=self.key or key)


class SolverError(OptGamesError):
    """A back end is missing, refuses the problem, or could not give an answer."""


class UnboundedGameError(OptGamesError):
    """A player's profit grows without limit in one of its levels."""


class UnsupportedGameError(OptGamesError):
    """A well-formed game that this version cannot solve yet."""
