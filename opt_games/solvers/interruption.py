"""Ctrl-C during a vendor's solve."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible(*, defer: bool = False) -> Iterator[list[BaseException]]:
    """Make sure that what Ctrl-C raises inside the block comes out of it.

    Vendors stop for a KeyboardInterrupt and keep it to themselves, and Python drops one that is
    raised in a destructor. So it is noted when it is raised, and raised again at the end.

    Parameters
    ----------
    defer : bool
        Raise it only at the end, for a vendor that does not survive an exception in a callback;
        the second Ctrl-C is raised at once.

    Yields
    ------
    list of BaseException
        Empty until Ctrl-C comes: a callback that sees something in it should ask the solver to
        stop.
    """
    raised: list[BaseException] = []
    previous = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(previous):
        yield raised  # only the main thread hears of signals
        return

    def note(number: int, frame: FrameType | None) -> None:
        try:
            previous(number, frame)
        except BaseException as error:
            raised.append(error)
            if not defer or len(raised) > 1:
                raise

    signal.signal(signal.SIGINT, note)
    try:
        yield raised
    except BaseException as error:
        # what compiled code made of it on the way out
        if raised and error is not raised[0]:
            raise raised[0] from error
        raise
    finally:
        signal.signal(signal.SIGINT, previous)
    if raised:
        raise raised[0]
