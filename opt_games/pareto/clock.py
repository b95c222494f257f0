"""The time that an answer may take."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field


@dataclass
class Clock:
    """Wall-clock time since it was made, against a limit in seconds."""

    limit: float | None = None
    began: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Seconds since it was made."""
        return time.perf_counter() - self.began

    @property
    def left(self) -> float:
        """Seconds to the limit, infinite without one."""
        return math.inf if self.limit is None else self.limit - self.seconds

    @property
    def over(self) -> bool:
        """Whether the limit has passed."""
        return self.left <= 0.0
