"""Linear leader's objective, follower linear in its own variables."""

from __future__ import annotations

from bilevel.problem import one_follower

TEN = (0.0, 10.0)

LINEAR = (
    one_follower(
        "as_2013_01",
        "Allende and Still (2013), Math. Program. 138, example 3.1",
        0.0,
        ([(-10, 10)], [(-10, 10)]),
        (lambda x, y: -x[0] - y[0], lambda x, y: y[0]),
        inner=lambda x, y: [x[0] - y[0], y[0]],
    ),
    one_follower(
        "aw_1990_01",
        "Anandalingam and White (1990), IEEE Trans. Autom. Control 35",
        -49.0,
        ([(0, 50)], [(0, 50)]),
        (lambda x, y: -x[0] - 3 * y[0], lambda x, y: -x[0] + 3 * y[0]),
        inner=lambda x, y: [
            10 - x[0] - 2 * y[0],
            x[0] - 2 * y[0] - 6,
            2 * x[0] - y[0] - 21,
            x[0] + 2 * y[0] - 38,
            -x[0] + 2 * y[0] - 18,
        ],
    ),
    one_follower(
        "b_1984_01",
        "Bard (1984), Nav. Res. Logist. Q. 31, example 1",
        28 / 9,
        ([TEN], [TEN]),
        (lambda x, y: x[0] + y[0], lambda x, y: -5 * x[0] - y[0]),
        inner=lambda x, y: [
            2 - x[0] - 0.5 * y[0],
            y[0] - 0.25 * x[0] - 2,
            x[0] + 0.5 * y[0] - 8,
            x[0] - 2 * y[0] - 2,
        ],
    ),
    one_follower(
        "b_1991_01v",
        "Bard (1991), J. Optim. Theory Appl. 68, as varied in BASBLib",
        -2.0,
        ([TEN], [TEN, TEN]),
        (lambda x, y: -x[0] + 10 * y[0] - 2 * y[1], lambda x, y: -y[0] - y[1]),
        inner=lambda x, y: [x[0] + y[0] - 1, x[0] + y[1] - 1, y[0] + y[1] - 1],
    ),
    one_follower(
        "bf_1982_01",
        "Bard and Falk (1982), Comput. Oper. Res. 9, example 1",
        -26.0,
        ([TEN, TEN], [TEN, TEN, TEN]),
        (
            lambda x, y: -8 * x[0] - 4 * x[1] + 4 * y[0] - 40 * y[1] + 4 * y[2],
            lambda x, y: x[0] + 2 * x[1] + y[0] + y[1] + 2 * y[2],
        ),
        inner=lambda x, y: [
            -y[0] + y[1] + y[2] - 1,
            2 * x[0] - y[0] + 2 * y[1] - 0.5 * y[2] - 1,
            2 * x[1] + 2 * y[0] - y[1] - 0.5 * y[2] - 1,
        ],
    ),
    one_follower(
        "bf_1982_02",
        "Bard and Falk (1982), Comput. Oper. Res. 9, example 2",
        -3.25,
        ([TEN, TEN], [TEN, TEN]),
        (
            lambda x, y: -2 * x[0] + x[1] + 0.5 * y[0],
            lambda x, y: x[0] + x[1] - 4 * y[0] + y[1],
        ),
        inner=lambda x, y: [
            2.5 - 2 * x[0] + y[0] - y[1],
            x[0] - 3 * x[1] + y[1] - 2,
            x[0] + x[1] - 2,
        ],
    ),
    one_follower(
        "ct_1982_01",
        "Candler and Townsley (1982), Comput. Oper. Res. 9, section 6",
        -29.2,
        ([TEN, TEN], [TEN] * 6),
        (
            lambda x, y: -8 * x[0] - 4 * x[1] + 4 * y[0] - 40 * y[1] - 4 * y[2],
            lambda x, y: x[0] + 2 * x[1] + y[0] + y[1] + 2 * y[2],
        ),
        inner_equalities=lambda x, y: [
            -y[0] + y[1] + y[2] + y[3] - 1,
            2 * x[0] - y[0] + 2 * y[1] - 0.5 * y[2] + y[4] - 1,
            2 * x[1] + 2 * y[0] - y[1] - 0.5 * y[2] + y[5] - 1,
        ],
    ),
    one_follower(
        "cw_1988_01",
        "Clark and Westerberg (1988), Nav. Res. Logist. 35",
        -37.0,
        ([(0, 30)], [(0, 30)]),
        (lambda x, y: x[0] - 4 * y[0], lambda x, y: y[0]),
        inner=lambda x, y: [
            y[0] - 2 * x[0],
            2 * x[0] + 5 * y[0] - 108,
            2 * x[0] - 3 * y[0] + 4,
        ],
    ),
    one_follower(
        "cw_1990_01",
        "Clark and Westerberg (1990), Comput. Chem. Eng. 14, section 3.1",
        -13.0,
        ([(0, 8)], [(0, 4), (0, 4)]),
        (lambda x, y: -x[0] - 3 * y[0] + 2 * y[1], lambda x, y: -y[0]),
        inner=lambda x, y: [
            -2 * x[0] + y[0] + 4 * y[1] - 16,
            8 * x[0] + 3 * y[0] - 2 * y[1] - 48,
            -2 * x[0] + y[0] - 3 * y[1] + 12,
        ],
    ),
    one_follower(
        "lh_1994_01",
        "Liu and Hart (1994), Eur. J. Oper. Res. 73",
        -16.0,
        ([TEN], [TEN]),
        (lambda x, y: -x[0] - 3 * y[0], lambda x, y: y[0]),
        inner=lambda x, y: [y[0] - x[0] - 3, x[0] + 2 * y[0] - 12, 4 * x[0] - y[0] - 12],
    ),
    one_follower(
        "mb_2007_01",
        "Mitsos and Barton (2007), example 3.1 (mb_0_1_01)",
        1.0,
        ([], [(-1, 1)]),
        (lambda x, y: y[0], lambda x, y: -y[0]),
    ),
    one_follower(
        "mb_2007_02",
        "Mitsos and Barton (2007), example 3.2 (mb_0_1_02)",
        None,
        ([], [(-1, 1)]),
        (lambda x, y: y[0], lambda x, y: -y[0]),
        outer=lambda x, y: [y[0]],
    ),
    one_follower(
        "s_1989_01",
        "Savard (1989), PhD thesis, Ecole Polytechnique de Montreal",
        -14.6,
        ([TEN, TEN], [TEN, TEN, TEN]),
        (
            lambda x, y: -8 * x[0] - 4 * x[1] + 4 * y[0] - 40 * y[1] + 4 * y[2],
            lambda x, y: 2 * y[0] + y[1] + 2 * y[2],
        ),
        outer=lambda x, y: [x[0] + 2 * x[1] - y[2] - 1.3],
        inner=lambda x, y: [
            -y[0] + y[1] + y[2] - 1,
            4 * x[0] - 2 * y[0] + 4 * y[1] - y[2] - 2,
            4 * x[1] + 4 * y[0] - 2 * y[1] - y[2] - 2,
        ],
    ),
    one_follower(
        "sib_1997_02v",
        "Shimizu, Ishizuka and Bard (1997), as varied in BASBLib",
        -12.0,
        ([TEN], [TEN]),
        (lambda x, y: x[0] - 4 * y[0], lambda x, y: y[0]),
        inner=lambda x, y: [
            3 - x[0] - y[0],
            y[0] - 2 * x[0],
            2 * x[0] + y[0] - 12,
            3 * x[0] - 2 * y[0] - 4,
        ],
    ),
    one_follower(
        "b_1991_02",
        "Bard (1991), J. Optim. Theory Appl. 68, example 2.1",
        2.0,
        ([(2, 4)], [TEN, TEN]),
        (lambda x, y: x[0] + y[1], lambda x, y: 2 * y[0] + x[0] * y[1]),
        inner=lambda x, y: [x[0] - y[0] - y[1] + 4],
    ),
    one_follower(
        "cg_1999_01",
        "Calvete and Gale (1999), Eur. J. Oper. Res. 114 (linear fractional follower)",
        -29.2,
        ([(0, 2), (0, 2)], [(0, 2)] * 3),
        (
            lambda x, y: -8 * x[0] - 4 * x[1] + 4 * y[0] - 40 * y[1] - 4 * y[2],
            lambda x, y: (
                (1 + x[0] + x[1] + 2 * y[0] - y[1] + y[2]) / (6 + 2 * x[0] + y[0] + y[1] - 3 * y[2])
            ),
        ),
        inner=lambda x, y: [
            -y[0] + y[1] + y[2] - 1,
            2 * x[0] - y[0] + 2 * y[1] - 0.5 * y[2] - 1,
            2 * x[1] + 2 * y[0] - y[1] - 0.5 * y[2] - 1,
        ],
    ),
)
