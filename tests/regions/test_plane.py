"""Boundaries in the plane of two parameters, which closed forms give."""

from __future__ import annotations

import numpy as np
import pytest

import opt_games

ACCURACY = 1e-6


def quadratic(cost: str = "c1 * (alpha1 - alpha0)**2", **more: float) -> opt_games.Game:
    return opt_games.Game(
        name="quadratic",
        generalist=opt_games.Generalist("c0 * alpha0**2"),
        specialists=[opt_games.Specialist("law", "alpha1", cost)],
        parameters={"c0": 1.0, "c1": 0.5} | more,
    )


def test_the_boundary_of_free_riding():
    game = quadratic("m1 * (alpha1 - alpha0) + c1 * (alpha1 - alpha0)**2", m1=0.0)
    found = opt_games.condition_map(game, {"share": (0.1, 0.9), "m1": (0.0, 1.0)}, points=(6, 5))
    assert found.solution == "given"
    assert found.crossings.sum(axis=1) == pytest.approx(np.ones(len(found.crossings)), abs=ACCURACY)
    assert {c.regimes["law"] for c in found.conditions} == {"contribute", "free-ride"}
    assert found.codes.shape == (6, 5)
    share, m1 = np.meshgrid(*found.values, indexing="ij")
    free = np.array([c.regimes["law"] == "free-ride" for c in found.conditions])
    clear = np.abs(share + m1 - 1) > ACCURACY
    assert (free[found.codes] == (m1 > 1 - share))[clear].all()


def test_ties_on_the_diagonal_are_no_region():
    """The best performance is that of the cheaper player; where both cost the same, any share's."""
    found = opt_games.condition_map(
        quadratic(), {"c0": (0.5, 1.5), "c1": (0.5, 1.5)}, bargain="max-performance", points=5
    )
    assert sorted(c.regimes["law"] for c in found.conditions) == ["contribute", "free-ride"]
    assert found.crossings[:, 0] == pytest.approx(found.crossings[:, 1], abs=ACCURACY)


def test_a_curved_boundary_is_exact_where_it_crosses_the_grid():
    """Law's gain delta (1 - delta)/(2 c0) + (1 - delta)^2/(4 c1) - entry, at a share of 0.4."""
    game = quadratic("entry + c1 * (alpha1 - alpha0)**2", entry=0.3)
    found = opt_games.condition_map(
        game, {"c0": (0.5, 2.0), "c1": (0.3, 2.0)}, share=0.4, points=6, log=("c0",)
    )
    assert found.values[0] == pytest.approx(np.geomspace(0.5, 2.0, 6))
    shared = [k for k, c in enumerate(found.conditions) if c.profit_sharing]
    gain = 0.24 / (2 * found.crossings[:, 0]) + 0.36 / (4 * found.crossings[:, 1]) - 0.3
    ends = found.cells.boundaries[(found.cells.between == shared[0]).any(axis=1)]
    on_it = 0.24 / (2 * ends[..., 0]) + 0.36 / (4 * ends[..., 1]) - 0.3
    assert (np.abs(gain) < 2e-6).any()
    assert np.abs(on_it).max() < 2e-6


def test_the_document_can_be_read_again():
    found = opt_games.condition_map(quadratic(), {"c0": (0.5, 1.5), "share": (0.2, 0.8)}, points=2)
    assert found.to_dict() == {
        "parameters": ["c0", "share"],
        "solution": "given",
        "conditions": [
            {
                "agreement": True,
                "profit_sharing": True,
                "regimes": {"generalist": "contribute", "law": "contribute"},
            }
        ],
        "values": [[0.5, 1.5], [0.2, 0.8]],
        "codes": [[0, 0], [0, 0]],
        "boundaries": [],
    }


@pytest.mark.parametrize(
    ("ranges", "options", "message"),
    [
        ({"c0": (0, 1)}, {}, "two parameters, not 1"),
        ({"c0": (0, 1), "c2": (0, 1)}, {}, "unknown parameter 'c2'"),
        ({"c0": (1, 0), "c1": (0, 1)}, {}, "the lower first"),
        ({"c0": (0, 1), "c1": (0, 1)}, {"log": ("c3",)}, "no c3"),
        ({"c0": (0, 1), "share": (0, 1)}, {"bargain": "nash"}, "give one of"),
    ],
)
def test_what_makes_no_sense_is_refused(ranges, options, message):
    with pytest.raises(opt_games.SpecError, match=message):
        opt_games.condition_map(quadratic(), ranges, **options)
