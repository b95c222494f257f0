"""What compiled libraries print, off standard output."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def to_standard_error() -> Iterator[None]:
    """Send what is written to standard output meanwhile to standard error.

    For libraries that print whatever they are told: some releases of HiGHS do (its issue 2783). It
    is the whole process whose output goes there, for as long as the library works.
    """
    try:
        kept = os.dup(1)
    except OSError:  # there is no standard output
        yield
        return
    try:
        os.dup2(2, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
