"""Time that other programs on the machine do not change much."""

from __future__ import annotations

import os


def processor_seconds() -> float:
    """Return processor time of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
