from __future__ import annotations

import numpy as np
import pytest

from opt_games.pareto.answer import ContractPoint, ParetoSet
from opt_games.result import Bargain, UtilityCurve

from .by_hand import WORK, bargain, utilities_at


@pytest.fixture
def curve() -> UtilityCurve:
    shares = np.concatenate([np.linspace(0, 0.5, 11), [0.5 + 1e-12], np.linspace(0.6, 1, 5)])
    regimes = np.full((3, shares.size), "contribute", dtype="<U10")
    regimes[2, shares > 0.5] = "abstain"
    piece = (shares > 0.5).astype(np.int64)
    players = ("generalist", "law", "film")
    return UtilityCurve(players, shares, utilities_at(shares), regimes, piece)


@pytest.fixture
def bargains() -> dict[str, Bargain]:
    return {
        "nash": bargain("nash", 0.3),
        "utilitarian": bargain("utilitarian", 0.5),
        "max-performance": bargain("max-performance", 0.5),
        "egalitarian": bargain("egalitarian", None),
    }


@pytest.fixture
def pareto() -> ParetoSet:
    points = tuple(
        ContractPoint(
            {"law": share, "film": share},
            dict(
                zip(
                    ("generalist", "law", "film"),
                    utilities_at(np.array([share]))[:, 0].tolist(),
                    strict=True,
                )
            ),
        )
        for share in (0.0, 0.25, 0.5, 0.9)
    )
    return ParetoSet("By hand", ((0.0, 0.5), (0.9, 0.9)), points, 0.0, WORK)
