"""The shipped games without a closed form, written out by hand for the brute force."""

from __future__ import annotations

import numpy as np
from brute_force import Adapter, Market

MARKETS = {
    "three-regimes": Market(
        lambda base: base**2,
        [
            Adapter(lambda a: a, lambda a, base: 0.5 * (a - base) ** 2),
            Adapter(lambda a: 0.5 * a, lambda a, base: 0.4 * (a - base) + (a - base) ** 2),
            Adapter(lambda a: 0.5 * a, lambda a, base: 0.5 + (a - base) ** 2),
        ],
        scale=4.0,
    ),
    "fixed-cost": Market(
        lambda base: base**2,
        [
            Adapter(lambda a: a, lambda a, base: 0.5 * (a - base) ** 2),
            Adapter(lambda a: 0.5 * a, lambda a, base: 0.2 + 0.2 * (a - base) ** 2),
        ],
        scale=4.0,
    ),
    "exponential": Market(
        lambda base: 0.5 * base**1.5,
        [
            Adapter(
                lambda a: 2.0 * (1.0 - np.exp(-1.5 * a)),
                lambda a, base: 0.3 * (a - base) ** 2 + 0.2 * (a - base),
            )
        ],
        scale=4.0,
    ),
    "risk-averse": Market(
        lambda base: base**2,
        [
            Adapter(
                lambda a: a,
                lambda a, base: 0.5 * (a - base) ** 2,
                utility=lambda profit: (1.0 - np.exp(-4.0 * profit)) / 4.0,
            )
        ],
        scale=4.0,
    ),
}
