"""Several followers; those of the literature are separable programs of one follower."""

from __future__ import annotations

from bilevel.problem import Player, Problem

SEVERAL = (
    Problem(
        "as_1981_01",
        "Aiyoshi and Shimizu (1981), IEEE Trans. Syst. Man Cybern. 11",
        -6600.0,
        Player(
            [(0, 10), (0, 5), (0, 15), (0, 20)],
            lambda x, y, z: (
                -(200 - y[0] - z[0]) * (y[0] + z[0]) - (160 - y[1] - z[1]) * (y[1] + z[1])
            ),
            lambda x, y, z: [sum(x) - 40],
        ),
        (
            Player(
                [(0, 20), (0, 20)],
                lambda x, y: (y[0] - 4) ** 2 + (y[1] - 13) ** 2,
                lambda x, y: [
                    0.4 * y[0] + 0.7 * y[1] - x[0],
                    0.6 * y[0] + 0.3 * y[1] - x[1],
                ],
            ),
            Player(
                [(0, 40), (0, 40)],
                lambda x, y: (y[0] - 35) ** 2 + (y[1] - 2) ** 2,
                lambda x, y: [
                    0.4 * y[0] + 0.7 * y[1] - x[2],
                    0.6 * y[0] + 0.3 * y[1] - x[3],
                ],
            ),
        ),
    ),
    Problem(
        "as_1984_01",
        "Aiyoshi and Shimizu (1984), IEEE Trans. Autom. Control 29, example 2",
        0.0,
        Player(
            [(0, 50), (0, 50)],
            lambda x, y, z: 2 * x[0] + 2 * x[1] - 3 * y[0] - 3 * z[0] - 60,
            lambda x, y, z: [x[0] + x[1] + y[0] - 2 * z[0] - 40],
        ),
        (
            Player(
                [(-10, 20)],
                lambda x, y: (y[0] - x[0] + 20) ** 2,
                lambda x, y: [2 * y[0] - x[0] + 10],
            ),
            Player(
                [(-10, 20)],
                lambda x, y: (y[0] - x[1] + 20) ** 2,
                lambda x, y: [2 * y[0] - x[1] + 10],
            ),
        ),
    ),
    Problem(
        "retailers",
        "closed form: a supplier's price x, and retailers that sell y at a price of 10 - y, with "
        "costs of 0, 1 and 2 a unit, so that y = (10 - cost - x) / 2 and x = 4.5",
        -30.375,
        Player(
            [(0, 7)],
            lambda x, *y: -x[0] * sum(each[0] for each in y),
        ),
        (
            Player([(0, 10)], lambda x, y: (x[0] - 10 + y[0]) * y[0]),
            Player([(0, 10)], lambda x, y: (x[0] - 9 + y[0]) * y[0]),
            Player([(0, 10)], lambda x, y: (x[0] - 8 + y[0]) * y[0]),
        ),
    ),
    Problem(
        "two_wells",
        "two followers of Mitsos and Barton's example 3.5 and 3.17 under one leader; best by grid",
        0.6875,
        Player([(-1, 1)], lambda x, y, z: (x[0] + 0.5) ** 2 + y[0] + 0.5 * z[0] ** 2),
        (
            Player(
                [(-1, 1)],
                lambda x, y: 16 * y[0] ** 4 + 2 * y[0] ** 3 - 8 * y[0] ** 2 - 1.5 * y[0] + 0.5,
            ),
            Player([(-1, 1)], lambda x, y: 0.5 * x[0] * y[0] ** 2 + y[0] ** 4 / 4),
        ),
    ),
)
