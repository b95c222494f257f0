from __future__ import annotations

import os
import signal
import threading

import pytest

from opt_games.solvers.interruption import interruptible


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_that_was_swallowed_comes_out_at_the_end():
    seen = []
    with pytest.raises(KeyboardInterrupt), interruptible() as raised:  # noqa: PT012
        try:
            interrupt()
        except KeyboardInterrupt:
            seen.append(len(raised))
    assert seen == [1]


def test_an_interrupt_that_compiled_code_made_an_error_of_is_an_interrupt_again():
    with pytest.raises(KeyboardInterrupt), interruptible():  # noqa: PT012
        try:
            interrupt()
        except KeyboardInterrupt as error:
            raise SystemError("returned a result with an exception set") from error
    with pytest.raises(SystemError), interruptible():
        raise SystemError("of its own")


def test_an_interrupt_that_was_not_swallowed_comes_out_too():
    with pytest.raises(KeyboardInterrupt), interruptible():
        interrupt()


def test_a_deferred_interrupt_waits_for_the_end_and_the_next_does_not():
    steps = []
    with pytest.raises(KeyboardInterrupt), interruptible(defer=True) as raised:  # noqa: PT012
        interrupt()
        steps.append(len(raised))
        interrupt()
        steps.append("not reached")
    assert steps == [1]
    with pytest.raises(KeyboardInterrupt), interruptible(defer=True):  # noqa: PT012
        interrupt()
        steps.append("reached")
    assert steps == [1, "reached"]


def test_the_handler_that_was_there_is_asked_and_put_back():
    calls = []

    def mine(number, frame):
        calls.append(number)

    before = signal.signal(signal.SIGINT, mine)
    try:
        with interruptible() as raised:
            interrupt()
        assert calls == [signal.SIGINT]
        assert raised == []
        assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_leave_signals_alone():
    found = []

    def look():
        with interruptible():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]
