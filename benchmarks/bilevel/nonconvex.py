"""Followers that are not convex in their own variables."""

from __future__ import annotations

from typing import Any

from bilevel.problem import exp, one_follower

ONE = (-1.0, 1.0)
MITSOS = "Mitsos and Barton (2007), example "


def _double_well(y: Any) -> Any:
    return 16 * y**4 + 2 * y**3 - 8 * y**2 - 1.5 * y + 0.5


def _quartic(x: Any, y: Any) -> Any:
    return (
        y**4
        + 4 / 30 * (1 - x) * y**3
        + (-0.02 * x**2 + 0.16 * x - 0.4) * y**2
        + (0.004 * x**3 - 0.036 * x**2 + 0.08 * x) * y
    )


NONCONVEX = (
    one_follower(
        "mb_2006_01",
        "Mitsos and Barton (2006), Issues, example 4.2",
        -1.0,
        ([], [ONE]),
        (lambda x, y: y[0], lambda x, y: -(y[0] ** 2)),
    ),
    one_follower(
        "mb_2007_03",
        MITSOS + "3.3 (mb_0_1_03)",
        -1.0,
        ([], [(-10, 10)]),
        (lambda x, y: y[0], lambda x, y: y[0] ** 2),
        inner=lambda x, y: [1 - y[0] ** 2],
    ),
    one_follower(
        "mb_2007_04",
        MITSOS + "3.4 (mb_0_1_04)",
        1.0,
        ([], [(-0.5, 1)]),
        (lambda x, y: y[0], lambda x, y: -(y[0] ** 2)),
    ),
    one_follower(
        "mb_2007_05",
        MITSOS + "3.5 (mb_0_1_05)",
        0.5,
        ([], [ONE]),
        (lambda x, y: y[0], lambda x, y: _double_well(y[0])),
    ),
    one_follower(
        "mb_2007_06",
        MITSOS + "3.6 (mb_0_1_06)",
        -1.0,
        ([], [ONE]),
        (lambda x, y: y[0], lambda x, y: y[0] ** 3),
    ),
    one_follower(
        "mb_2007_08",
        MITSOS + "3.8 (mb_1_1_01)",
        0.0,
        ([ONE], [ONE]),
        (lambda x, y: y[0] ** 2, lambda x, y: (x[0] + exp(x[0])) * y[0]),
        outer=lambda x, y: [y[0] - 0.1, -y[0] - 0.1],
    ),
    one_follower(
        "mb_2007_09",
        MITSOS + "3.9 (mb_1_1_02)",
        -1.0,
        ([(-10, 10)], [ONE]),
        (lambda x, y: x[0], lambda x, y: y[0] ** 3),
        outer=lambda x, y: [y[0] - x[0]],
    ),
    one_follower(
        "mb_2007_10",
        MITSOS + "3.10 (mb_1_1_03)",
        0.5,
        ([(0.1, 1)], [ONE]),
        (lambda x, y: y[0], lambda x, y: x[0] * _double_well(y[0])),
    ),
    one_follower(
        "mb_2007_11",
        MITSOS + "3.11 (mb_1_1_04)",
        -0.8,
        ([ONE], [(-0.8, 1)]),
        (lambda x, y: y[0], lambda x, y: x[0] * _double_well(y[0])),
    ),
    one_follower(
        "mb_2007_12",
        MITSOS + "3.12 (mb_1_1_05)",
        0.0,
        ([ONE], [ONE]),
        (
            lambda x, y: -x[0] + x[0] * y[0] + 10 * y[0] ** 2,
            lambda x, y: -x[0] * y[0] ** 2 + 0.5 * y[0] ** 4,
        ),
    ),
    one_follower(
        "mb_2007_13",
        MITSOS + "3.13 (mb_1_1_06)",
        -1.0,
        ([ONE], [ONE]),
        (lambda x, y: x[0] - y[0], lambda x, y: 0.5 * x[0] * y[0] ** 2 - y[0] * x[0] ** 3),
        note="at x = -t the follower is indifferent between -1 and 1 up to 2 t**3: the leader "
        "gains (e / 2)**(1 / 3) from a follower's tolerance of e",
    ),
    one_follower(
        "mb_2007_13v",
        MITSOS + "3.13 as varied in BASBLib",
        -2.0,
        ([ONE], [ONE]),
        (lambda x, y: x[0] + y[0], lambda x, y: 0.5 * x[0] * y[0] ** 2 - y[0] * x[0] ** 3),
    ),
    one_follower(
        "ka_2014_01",
        "Kleniati and Adjiman (2014), J. Glob. Optim. 60, example 3",
        -1.0,
        ([ONE], [ONE]),
        (lambda x, y: x[0] - y[0], lambda x, y: 0.5 * x[0] * y[0] ** 2 - x[0] * y[0] ** 3),
    ),
    one_follower(
        "mb_2007_14",
        MITSOS + "3.14 (mb_1_1_07)",
        0.25,
        ([ONE], [ONE]),
        (
            lambda x, y: (x[0] - 0.25) ** 2 + y[0] ** 2,
            lambda x, y: y[0] ** 3 / 3 - x[0] * y[0],
        ),
    ),
    one_follower(
        "mb_2007_15",
        MITSOS + "3.15 (mb_1_1_08)",
        0.0,
        ([ONE], [ONE]),
        (lambda x, y: x[0] + y[0], lambda x, y: 0.5 * x[0] * y[0] ** 2 - y[0] ** 3 / 3),
    ),
    one_follower(
        "mb_2007_16",
        MITSOS + "3.16 (mb_1_1_09)",
        -2.0,
        ([ONE], [ONE]),
        (lambda x, y: 2 * x[0] + y[0], lambda x, y: -0.5 * x[0] * y[0] ** 2 - y[0] ** 4 / 4),
    ),
    one_follower(
        "mb_2007_17",
        MITSOS + "3.17 (mb_1_1_10)",
        0.1875,
        ([ONE], [ONE]),
        (
            lambda x, y: (x[0] + 0.5) ** 2 + 0.5 * y[0] ** 2,
            lambda x, y: 0.5 * x[0] * y[0] ** 2 + y[0] ** 4 / 4,
        ),
    ),
    one_follower(
        "mb_2007_18v",
        MITSOS + "3.18 (mb_1_1_11) as varied in BASBLib",
        0.25,
        ([ONE], [ONE]),
        (lambda x, y: x[0] ** 2 + y[0] ** 2, lambda x, y: x[0] * y[0] ** 2 - y[0] ** 4 / 2),
    ),
    one_follower(
        "mb_2007_19",
        MITSOS + "3.19 (mb_1_1_12)",
        -0.258,
        ([ONE], [ONE]),
        (
            lambda x, y: x[0] * y[0] - y[0] + 0.5 * y[0] ** 2,
            lambda x, y: -x[0] * y[0] ** 2 + y[0] ** 4 / 2,
        ),
    ),
    one_follower(
        "mb_2007_20",
        MITSOS + "3.20 (mb_1_1_13)",
        0.3125,
        ([ONE], [ONE]),
        (
            lambda x, y: (x[0] - 0.25) ** 2 + y[0] ** 2,
            lambda x, y: -(x[0] ** 2) * y[0] + y[0] ** 3 / 3,
        ),
    ),
    one_follower(
        "mb_2007_21",
        MITSOS + "3.21 (mb_1_1_14)",
        0.2095,
        ([ONE], [ONE]),
        (lambda x, y: (x[0] + 0.6) ** 2 + y[0] ** 2, lambda x, y: _quartic(x[0], y[0])),
    ),
    one_follower(
        "mb_2007_22v",
        MITSOS + "3.22 (mb_1_1_15) as varied in BASBLib",
        0.2095,
        ([ONE], [ONE]),
        (lambda x, y: (x[0] + 0.6) ** 2 + y[0] ** 2, lambda x, y: _quartic(x[0], y[0])),
        inner=lambda x, y: [0.01 * (1 + x[0] ** 2) - y[0] ** 2],
    ),
    one_follower(
        "mb_2007_23",
        MITSOS + "3.24 (mb_1_1_17)",
        -1.755,
        ([(0, 1)], [(0, 3)]),
        (
            lambda x, y: x[0] ** 2 - y[0],
            lambda x, y: ((y[0] - 1 - 0.1 * x[0]) ** 2 - 0.5 - 0.5 * x[0]) ** 2,
        ),
    ),
    one_follower(
        "mb_2007_24",
        MITSOS + "3.25 (mb_2_3_01), third outer constraint with the sign mended",
        -2.354,
        ([ONE, ONE], [ONE] * 3),
        (
            lambda x, y: x[0] * y[0] + x[1] * y[1] ** 2 + x[0] * x[1] * y[2] ** 3,
            lambda x, y: x[0] * y[0] ** 2 + x[1] * y[1] ** 2 + (x[0] - x[1]) * y[2] ** 2,
        ),
        outer=lambda x, y: [
            0.1 - x[0] ** 2,
            1.5 - y[0] ** 2 - y[1] ** 2 - y[2] ** 2,
            y[0] ** 2 + y[1] ** 2 + y[2] ** 2 - 2.5,
        ],
    ),
    one_follower(
        "yz_2010_01",
        "Ye and Zhu (2010), SIAM J. Optim. 20, example 4.2",
        1.0,
        ([(-3, 2)], [(-10, 10)]),
        (lambda x, y: (x[0] - 1) ** 2 + y[0] ** 2, lambda x, y: y[0] ** 3 - 3 * y[0]),
        inner=lambda x, y: [x[0] - y[0]],
    ),
    one_follower(
        "ka_2014_02",
        "Kleniati and Adjiman (2014), J. Glob. Optim. 60, example 4",
        -10.0,
        ([ONE] * 5, [ONE] * 5),
        (
            lambda x, y: -sum(each**2 for each in x) - sum(each**2 for each in y),
            lambda x, y: (
                0.1 * y[2]
                + y[0] ** 3
                + (x[0] + x[1]) * y[1] ** 2
                + (y[3] ** 2 + y[4] ** 2) * x[2] * x[3] * x[4]
            ),
        ),
        outer=lambda x, y: [
            y[0] * y[1] - x[0],
            x[1] * y[0] ** 2,
            x[0] + y[2] - exp(x[1]),
        ],
        inner=lambda x, y: [x[0] - y[2] ** 2 - 0.2],
    ),
    one_follower(
        "nwj_2017_01",
        "Nie, Wang and Ye (2017), SIAM J. Optim. 27, example 3.4",
        2.0,
        ([(2, 3)], [(0, 10), (0, 10)]),
        (lambda x, y: x[0] + y[0] + y[1], lambda x, y: x[0] * (y[0] + y[1])),
        inner=lambda x, y: [(y[0] ** 2 + y[1] ** 2) ** 2 - y[0] ** 2 + y[1] ** 2],
    ),
    one_follower(
        "nwj_2017_02",
        "Nie, Wang and Ye (2017), SIAM J. Optim. 27, example 5.2",
        -1.71,
        ([ONE, ONE], [(-10, 10)] * 3),
        (
            lambda x, y: x[0] * y[0] + x[1] * y[1] + x[0] * x[1] * y[0] * y[1] * y[2],
            lambda x, y: x[0] * y[0] ** 2 + x[1] ** 2 * y[1] * y[2] - y[0] * y[2] ** 2,
        ),
        outer=lambda x, y: [y[0] * y[1] - x[0] ** 2],
        inner=lambda x, y: [
            1 - y[0] ** 2 - y[1] ** 2 - y[2] ** 2,
            y[0] ** 2 + y[1] ** 2 + y[2] ** 2 - 2,
        ],
    ),
)
