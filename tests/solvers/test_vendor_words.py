from __future__ import annotations

import os

from opt_games.solvers.vendor_words import to_standard_error


def test_words_go_to_standard_error_and_come_back(capfd):
    with to_standard_error():
        os.write(1, b"from a library\n")
    os.write(1, b"ours\n")
    said = capfd.readouterr()
    assert said.out == "ours\n"
    assert said.err == "from a library\n"


def test_it_comes_back_after_an_error(capfd):
    try:
        with to_standard_error():
            raise ValueError
    except ValueError:
        os.write(1, b"ours\n")
    assert capfd.readouterr().out == "ours\n"
