"""The benchmark runs, and its judge knows right from wrong."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from peers import casadi_rootfinder, nested_scipy
from peers.answers import Answers, product
from peers.brute_force import bargains, equilibria
from peers.judge import judged
from random_games import FAMILIES, form_of, known_games, random_games
from scipy.optimize import minimize_scalar

import opt_games

DATA = Path(__file__).parent.parent / "data"
SCRIPT = Path(__file__).parent.parent.parent / "benchmarks" / "sweep_peers.py"


def known(family, number):
    games, columns = known_games(DATA, family)
    part = slice(0, number)
    answers = Answers(columns["delta"][part], columns["U_G"][part], columns["U_D"][part])
    return games.select(part), answers


@pytest.fixture(scope="module", params=FAMILIES)
def solved(request):
    games, answers = known(request.param, 40)
    return games, answers, bargains(games)[0]


def changed(answers, **parts):
    return dataclasses.replace(answers, **parts)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_brute_force_agrees_with_all_known_bargains(family):
    games, answers = known(family, 200)
    found, error = bargains(games)
    np.testing.assert_allclose(found.share, answers.share, rtol=0, atol=1e-11)
    np.testing.assert_allclose(product(found), product(answers), rtol=0, atol=1e-11)
    assert error.max() <= 1e-9


def test_known_bargains_are_right(solved):
    games, answers, reference = solved
    verdicts = judged(games, answers, reference)
    assert not verdicts.wrong.any()
    assert not verdicts.missing.any()
    assert not verdicts.better.any()
    assert verdicts.close(1e-11) == 1.0


def test_another_share_is_wrong_even_with_the_payoffs_of_an_equilibrium(solved):
    games, answers, reference = solved
    share = answers.share + 0.01
    payoffs = equilibria(games, share[:, None]).best()
    moved = Answers(share, payoffs[0][:, 0], payoffs[1][:, 0])
    assert judged(games, moved, reference).wrong.all()


@pytest.mark.parametrize("player", ["generalist", "specialist"])
def test_payoffs_that_no_equilibrium_has_are_wrong(solved, player):
    games, answers, reference = solved
    better = changed(answers, **{player: getattr(answers, player) * 1.001})
    assert judged(games, better, reference).wrong.all()


def test_the_payoffs_of_an_equilibrium_that_the_generalist_leaves_are_wrong():
    games, answers = known("power", 200)
    # contributing and free-riding are both local maxima here: the worse one is no equilibrium
    maxima = equilibria(games, answers.share[:, None])
    several = np.flatnonzero(np.isfinite(maxima.generalist[:, :, 0]).sum(axis=0) > 1)
    ranked = np.sort(maxima.generalist[:, several, 0], axis=0)
    several = several[ranked[-1] - ranked[-2] > 1e-3]
    assert several.size > 0
    worse = np.argsort(maxima.generalist[:, several, 0], axis=0)[-2]
    columns = np.arange(several.size)
    claimed = Answers(
        answers.share[several],
        maxima.generalist[:, several, 0][worse, columns],
        maxima.specialist[:, several, 0][worse, columns],
    )
    assert judged(games.select(several), claimed, answers.select(several)).wrong.all()


def test_no_answer_is_missing_and_no_agreement_is_wrong(solved):
    games, _, reference = solved
    nothing = Answers.empty(games.size)
    verdicts = judged(games, nothing, reference)
    assert verdicts.missing.all()
    assert not verdicts.wrong.any()
    zero = np.zeros(games.size)
    assert judged(games, Answers(nothing.share, zero, zero), reference).wrong.all()


def test_a_single_wrong_answer_is_counted_once(solved):
    games, answers, reference = solved
    share = answers.share.copy()
    share[7] += 1e-4
    verdicts = judged(games, changed(answers, share=share), reference)
    assert np.flatnonzero(verdicts.wrong).tolist() == [7]
    assert verdicts.close(1e-8) == pytest.approx(39 / 40)


def test_an_answer_better_than_the_reference_shows():
    games, answers = known("power", 10)
    share = answers.share - 0.05
    payoffs = equilibria(games, share[:, None]).best()
    bad = Answers(share, payoffs[0][:, 0], payoffs[1][:, 0])
    assert judged(games, answers, bad).better.all()


def best_by_trying(games, share):
    """The generalist's best profit in one game, over plain grid points and SciPy's responses."""
    R, k, c0, q0, c1, q1, m1, f1 = games.table()[:, 0]
    assert games.family == "exponential"

    def profit(base):
        def loss(extra):
            earned = (1 - share) * R * (1 - np.exp(-k * (base + extra)))
            return c1 * extra**q1 + m1 * extra + f1 - earned

        found = minimize_scalar(loss, bounds=(0.0, 20.0), method="bounded")
        extra = min(found.x, 0.0, key=loss)
        revenue = R * (1 - np.exp(-k * (base + extra))) if loss(extra) <= 0 else 0.0
        return share * revenue - c0 * base**q0

    return max(map(profit, np.linspace(0.0, 3.0, 1001)))


@pytest.mark.parametrize("share", [0.2, 0.4741, 0.6])
@pytest.mark.parametrize("case", [470, 212, 12, 0])
def test_no_base_level_earns_more_than_the_equilibrium(share, case):
    # in 470 the generalist keeps a contributing specialist just in, far below its next maximum
    games = random_games(1000, seed=1, fixed_costs=True)[0].select(np.array([case]))
    found = equilibria(games, np.array([[share]])).best()[0][0, 0]
    tried = best_by_trying(games, share)
    assert tried <= found + 1e-9
    assert tried >= found - 5e-3  # the grid's step


@pytest.mark.slow
def test_brute_force_agrees_with_the_package_on_fixed_costs():
    games = random_games(12, seed=5, fixed_costs=True)[0]
    found, _ = bargains(games)
    form = form_of(games)
    for case in range(games.size):
        values = {name: float(each[case]) for name, each in games.parameters.items()}
        ours = opt_games.solve(form.with_parameters(**values), bargain="nash")
        assert (ours.equilibrium is not None) == np.isfinite(found.share[case])
        if ours.equilibrium is not None:
            assert ours.shares["domain"] == pytest.approx(found.share[case], abs=1e-6)


def test_peers_that_agree_with_the_reference_are_right():
    for games in random_games(40, seed=3):
        reference, _ = bargains(games)
        newton = judged(games, casadi_rootfinder.prepare(games.family)(games), reference)
        assert (newton.wrong | newton.missing).sum() <= 4
        part = slice(0, 3)
        nested = nested_scipy.prepare_brentq(games.family)(games.select(part))
        assert not judged(games.select(part), nested, reference.select(part), 1e-3).wrong.any()


def test_random_games_depend_on_the_seed_only():
    first, again, other = (random_games(30, seed)[1].table() for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


@pytest.mark.slow
def test_script_prints_all_peers_and_writes_json(tmp_path):
    file = tmp_path / "numbers.json"
    command = [sys.executable, str(SCRIPT), "--games", "8", "--rounds", "1", "--most", "4"]
    run = subprocess.run(
        [*command, "--no-sweep", "--json", str(file)], check=True, capture_output=True, text=True
    )
    numbers = {row["name"]: row for row in json.loads(file.read_text())["peers"]}
    assert all(name in run.stdout for name in numbers)
    assert numbers["CasADi + IPOPT, cold"]["rate"] > 0
    ours = numbers["our one-by-one engine"]
    assert ours["judged"] == 4
    assert ours["wrong"] == ours["missing"] == 0
    assert ours["share_1e6"] == 1.0
