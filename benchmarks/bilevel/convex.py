"""Followers convex in their own variables, mostly quadratic."""

from __future__ import annotations

from bilevel.problem import exp, one_follower

TEN = (0.0, 10.0)
UNIT = (0.0, 1.0)


CONVEX = (
    one_follower(
        "b_1984_02",
        "Bard (1984), Nav. Res. Logist. Q. 31, example 2",
        -18.679,
        ([TEN, TEN], [TEN, TEN]),
        (
            lambda x, y: -(x[0] ** 2) - 3 * x[1] ** 2 - 4 * y[0] + y[1] ** 2,
            lambda x, y: 2 * x[0] ** 2 + y[0] ** 2 - 5 * y[1],
        ),
        outer=lambda x, y: [x[0] ** 2 + 2 * x[1] - 4],
        inner=lambda x, y: [
            -(x[0] ** 2) + 2 * x[0] - x[1] ** 2 + 2 * y[0] - y[1] - 3,
            -x[1] - 3 * y[0] + 4 * y[1] + 4,
        ],
    ),
    one_follower(
        "b_1988_01",
        "Bard (1988), Math. Program. 40, example 1",
        17.0,
        ([TEN], [TEN]),
        (
            lambda x, y: (x[0] - 5) ** 2 + (2 * y[0] + 1) ** 2,
            lambda x, y: (y[0] - 1) ** 2 - 1.5 * x[0] * y[0],
        ),
        inner=lambda x, y: [y[0] - 3 * x[0] + 3, x[0] - 0.5 * y[0] - 4, x[0] + y[0] - 7],
    ),
    one_follower(
        "b_1998_02",
        "Bard (1998), Practical Bilevel Optimization, example 7.2.1",
        0.0,
        ([UNIT, UNIT], [UNIT]),
        (
            lambda x, y: 0.5 * ((x[0] - 0.8) ** 2 + (x[1] - 0.2) ** 2 + (y[0] - 1) ** 2),
            lambda x, y: 0.5 * y[0] ** 2 - y[0] - x[0] * y[0] + 2 * x[1] * y[0],
        ),
    ),
    one_follower(
        "b_1998_03",
        "Bard (1998), Practical Bilevel Optimization, example 7.2.2",
        0.0,
        ([UNIT, UNIT], [UNIT]),
        (
            lambda x, y: 0.5 * ((x[0] - 1) ** 2 + (x[1] - 0.4) ** 2 + (y[0] - 0.8) ** 2),
            lambda x, y: 0.5 * y[0] ** 2 - y[0] - x[0] * y[0] + 3 * x[1] * y[0],
        ),
    ),
    one_follower(
        "b_1998_04",
        "Bard (1998), Practical Bilevel Optimization, example 8.1.3",
        81.328,
        ([(-100, 100)], [(-100, 100)]),
        (
            lambda x, y: (x[0] - 1) ** 2 + (y[0] - 1) ** 2,
            lambda x, y: 0.5 * y[0] ** 2 + 500 * y[0] - 50 * x[0] * y[0],
        ),
    ),
    one_follower(
        "b_1998_05",
        "Bard (1998), Practical Bilevel Optimization, example 8.1.3 with y >= 0",
        1.0,
        ([(-100, 100)], [(0, 100)]),
        (
            lambda x, y: (x[0] - 1) ** 2 + (y[0] - 1) ** 2,
            lambda x, y: 0.5 * y[0] ** 2 + 500 * y[0] - 50 * x[0] * y[0],
        ),
    ),
    one_follower(
        "b_1998_07",
        "Bard (1998), Practical Bilevel Optimization, example 8.5.1",
        -1.4069,
        ([TEN], [TEN, TEN]),
        (
            lambda x, y: (x[0] - 1) ** 2 + 2 * y[0] ** 2 - 2 * x[0],
            lambda x, y: (2 * y[0] - 4) ** 2 + (2 * y[1] - 1) ** 2 + x[0] * y[0],
        ),
        inner=lambda x, y: [
            4 * x[0] + 5 * y[0] + 4 * y[1] - 12,
            4 * x[0] - 4 * y[0] + 5 * y[1] - 4,
            -4 * x[0] - 5 * y[0] + 4 * y[1] + 4,
            -4 * x[0] + 4 * y[0] + 5 * y[1] - 4,
        ],
    ),
    one_follower(
        "cw_1990_02",
        "Clark and Westerberg (1990), Comput. Chem. Eng. 14, section 3.2",
        5.0,
        ([(0, 8)], [(0, 8)]),
        (lambda x, y: (x[0] - 3) ** 2 + (y[0] - 2) ** 2, lambda x, y: (y[0] - 5) ** 2),
        inner=lambda x, y: [
            y[0] - 2 * x[0] - 1,
            x[0] - 2 * y[0] + 2,
            x[0] + 2 * y[0] - 14,
        ],
    ),
    one_follower(
        "d_1978_01",
        "De Silva (1978), PhD thesis, George Washington University",
        -1.0,
        ([TEN, TEN], [(0.5, 1.5), (0.5, 1.5)]),
        (
            lambda x, y: x[0] ** 2 - 2 * x[0] + x[1] ** 2 - 2 * x[1] + y[0] ** 2 + y[1] ** 2,
            lambda x, y: (y[0] - x[0]) ** 2 + (y[1] - x[1]) ** 2,
        ),
    ),
    one_follower(
        "d_1992_01",
        "Dempe (1992), Optimization 25, example 4.1",
        31.25,
        ([(1, 10)], [(1, 10)]),
        (lambda x, y: (x[0] - 3.5) ** 2 + (y[0] + 4) ** 2, lambda x, y: (y[0] - 3) ** 2),
        inner=lambda x, y: [y[0] ** 2 - x[0]],
    ),
    one_follower(
        "d_2000_01",
        "Dempe (2000), Comput. Optim. Appl. 15, example 5.6",
        0.0,
        ([(-0.5, 10)], [(-10, 11)]),
        (lambda x, y: (1 - x[0] + y[0]) ** 2, lambda x, y: x[0] * y[0]),
        inner=lambda x, y: [-x[0] - y[0], -x[0] + y[0] - 1],
    ),
    one_follower(
        "dd_2012_01",
        "Dempe and Dutta (2012), Math. Program. 131, example 2.4",
        0.0,
        ([(-10, 10)], [(-10, 10)]),
        (lambda x, y: (x[0] - 1) ** 2 + y[0] ** 2, lambda x, y: x[0] ** 2 * y[0]),
        inner=lambda x, y: [y[0] ** 2],
        note="only y = 0 is feasible, so the leader has x = 1; the value 1 listed elsewhere is "
        "that of the first-order conditions, which exclude x = 1",
    ),
    one_follower(
        "c_2002_01",
        "Colson (2002), Cahiers du GERAD, BIPA1",
        230.2635,
        ([(0, 15)], [(0, 20)]),
        (
            lambda x, y: (10 - x[0]) ** 3 + (10 - y[0]) ** 3,
            lambda x, y: (x[0] + 2 * y[0] - 15) ** 4,
        ),
        outer=lambda x, y: [y[0] - x[0]],
        inner=lambda x, y: [x[0] + y[0] - 20],
        note="the follower takes y = (15 - x) / 2, so that the leader minimises (10 - x)**3 + "
        "(5 + x)**3 / 8; the 227.691 listed elsewhere is at a response that misses it by 0.03",
    ),
    one_follower(
        "c_2002_02",
        "Colson (2002), Cahiers du GERAD, BIPA2",
        17.0,
        ([TEN], [TEN]),
        (
            lambda x, y: (x[0] - 5) ** 2 + (2 * y[0] + 1) ** 2,
            lambda x, y: (y[0] - 1) ** 2 - 1.5 * x[0] * y[0] + x[0] ** 3,
        ),
        inner=lambda x, y: [y[0] - 3 * x[0] + 3, x[0] - 0.5 * y[0] - 4, x[0] + y[0] - 7],
    ),
    one_follower(
        "c_2002_03",
        "Colson (2002), Cahiers du GERAD, BIPA3",
        2.0,
        ([TEN], [TEN]),
        (
            lambda x, y: (x[0] - 5) ** 4 + (2 * y[0] + 1) ** 4,
            lambda x, y: exp(y[0] - x[0]) + (x[0] + y[0]) ** 2 + 2 * x[0] + 6 * y[0],
        ),
        outer=lambda x, y: [x[0] + y[0] - 4],
        inner=lambda x, y: [y[0] - x[0] - 2],
    ),
    one_follower(
        "c_2002_04",
        "Colson (2002), Cahiers du GERAD, BIPA4",
        88.7857,
        ([TEN], [TEN]),
        (
            lambda x, y: x[0] ** 2 + (y[0] - 10) ** 2,
            lambda x, y: x[0] ** 3 + 2 * y[0] ** 3 + x[0] - 2 * y[0] - x[0] ** 2,
        ),
        outer=lambda x, y: [x[0] + 2 * y[0] - 6],
        inner=lambda x, y: [2 * y[0] - x[0] - 3],
    ),
    one_follower(
        "c_2002_05",
        "Colson (2002), Cahiers du GERAD, BIPA5",
        2.7498,
        ([TEN], [(0, 4), (0, 2)]),
        (
            lambda x, y: (x[0] - y[1]) ** 4 + (y[0] - 1) ** 2 + (y[0] - y[1]) ** 2,
            lambda x, y: 2 * x[0] + exp(y[0]) + y[0] ** 2 + 4 * y[0] + 2 * y[1] ** 2 - 6 * y[1],
        ),
        inner=lambda x, y: [
            6 * x[0] + y[0] ** 2 + exp(y[1]) - 15,
            5 * x[0] + y[0] ** 4 - y[1] - 25,
        ],
    ),
    one_follower(
        "sib_1997_01",
        "Shimizu, Ishizuka and Bard (1997), example 15.3.1",
        2250.0,
        ([(0, 12.5)], [(0, 50)]),
        (
            lambda x, y: 16 * x[0] ** 2 + 9 * y[0] ** 2,
            lambda x, y: (x[0] + y[0] - 20) ** 4,
        ),
        outer=lambda x, y: [y[0] - 4 * x[0]],
        inner=lambda x, y: [4 * x[0] + y[0] - 50],
    ),
)
