from __future__ import annotations

import signal

import hypothesis

# A shell that starts the tests in the background has them ignore Ctrl-C, and they test it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples in every run: a red test is then a change of ours. To look for new ones, say
# `pytest -m hypothesis --hypothesis-profile default`.
hypothesis.settings.load_profile("ci")
