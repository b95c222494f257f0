"""Templates of `table` and `humps` in machine code; see `fused`."""

BLOCK = 64  # lanes that go together

_NODES = """
            for l in range(w):
                S[D + l] = share[row, b + l]
            for q in range(n):
                for l in range(w):
                    y[q, l] = base[nodes // 2, b + l] if row == 0 else y0[q, l]
                for l in range({block}):
                    change[q, l] = 0.0
            for k in range(nodes):
                steps = first if k == 0 else most
                for l in range({block}):
                    S[GOT + l] = 0.0
                    S[GAIN + l] = 0.0
                for l in range(w):
                    S[X + l] = base[k, b + l]
                    S[BEFORE + l] = base[max(k - 1, 0), b + l]
                {forms}
                for p in range(leader.shape[0]):
                    for l in range(w):
                        S[P + p * {block} + l] = leader[p, b + l]
                for l in range({block}):
                    S[C0 + l], S[C1 + l], unused = leader_cost(S[X + l]{paid})
                for l in range(w):
                    payoff[k, row_, b_ + l] = S[D + l] * S[GOT + l] - S[C0 + l]
                    slope[k, row_, b_ + l] = S[D + l] * S[GAIN + l] - S[C1 + l]
"""

TABLE = (
    """
def table(base, share, outside, first, most, enough, leader, {signature}):
    {slots}
    nodes = base.shape[0]
    rows, games = share.shape
    n = outside.shape[0]
    payoff, slope = np.empty((nodes, rows, games)), np.empty((nodes, rows, games))
    extras = np.empty((nodes, n, rows, games))
    contributes = np.empty((nodes, n, rows, games), dtype=np.bool_)
    takes = np.empty((nodes, n, rows, games), dtype=np.bool_)
    S = np.ones({size})
    y, y0, change = np.ones((n, {block})), np.ones((n, {block})), np.zeros((n, {block}))
    for b in range(0, games, {block}):
        w = min({block}, games - b)
        for row in range(rows):
            row_, b_ = row, b
"""
    + _NODES
    + """
    return payoff, slope, extras, contributes, takes
"""
)
"""Payoffs over base levels and shares, as `table` returns them."""

HUMPS = (
    """
def humps(base, share, outside, first, most, enough, optimism, rough, room, leader, {signature}):
    {slots}
    nodes = base.shape[0]
    rows, games = share.shape
    n = outside.shape[0]
    lane, cell = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    hope, start = np.empty(room), np.empty(room)
    starts = np.empty((n, room))
    adds, joins = np.empty((n, room), dtype=np.bool_), np.empty((n, room), dtype=np.bool_)
    closure, edge = np.empty(room, dtype=np.int8), np.empty(room, dtype=np.int64)
    tempted = np.zeros((n, games), dtype=np.bool_)
    payoff, slope = np.empty((nodes, 1, {block})), np.empty((nodes, 1, {block}))
    extras = np.empty((nodes, n, 1, {block}))
    contributes = np.empty((nodes, n, 1, {block}), dtype=np.bool_)
    takes = np.empty((nodes, n, 1, {block}), dtype=np.bool_)
    S = np.ones({size})
    y, y0, change = np.ones((n, {block})), np.ones((n, {block})), np.zeros((n, {block}))
    same = np.empty(nodes, dtype=np.bool_)
    size = 0
    for b in range(0, games, {block}):
        w = min({block}, games - b)
        for row in range(rows):
            row_, b_ = 0, 0
"""
    + _NODES
    + """
            for l in range(w):
                j = b + l
                least = -np.inf
                for k in range(nodes):
                    here = payoff[k, 0, l]
                    least = here if here > least else least
                    same[k] = k < nodes - 1
                    for q in range(n):
                        tempted[q, j] = tempted[q, j] or takes[k, q, 0, l]
                        if k < nodes - 1:
                            both = takes[k, q, 0, l] and takes[k + 1, q, 0, l]
                            same[k] = same[k] and takes[k, q, 0, l] == takes[k + 1, q, 0, l]
                            alike = contributes[k, q, 0, l] == contributes[k + 1, q, 0, l]
                            same[k] = same[k] and (alike or not both)
                least = least - rough * abs(least) if rough >= 0.0 else -1e308
                for k in range(-1, nodes):
                    inner = 0 <= k < nodes - 1
                    width = base[k + 1, j] - base[k, j] if inner else 0.0
                    # on the left, on the right, at a follower's entry; the first node and the last
                    for side in range(2 + n if inner else 1):
                        node, kind, who = max(k, 0), 0, 0
                        reach = -np.inf
                        if k == -1:
                            reach = payoff[0, 0, l] if slope[0, 0, l] <= 0.0 else -np.inf
                            kind = 1
                        elif k == nodes - 1:
                            reach = np.inf if slope[k, 0, l] > 0.0 else -np.inf
                        elif side == 0:
                            up, down = slope[k, 0, l], -slope[k + 1, 0, l]
                            if same[k] and up > 0.0 and down >= 0.0:
                                part = 0.5 * optimism * width / (up + down)
                                rise = payoff[k + 1, 0, l] - payoff[k, 0, l]
                                reach = payoff[k, 0, l]
                                reach += max(up * up * part, rise + down * down * part)
                            elif up > 0.0 and not same[k]:
                                reach = payoff[k, 0, l] + up * width
                        elif side == 1:
                            node = k + 1
                            down = -slope[k + 1, 0, l]
                            if down > 0.0 and not same[k]:
                                reach = payoff[k + 1, 0, l] + down * width
                        else:
                            node, kind, who = k + 1, 2, side - 2
                            if takes[k + 1, who, 0, l] and not takes[k, who, 0, l]:
                                steepest = max(abs(slope[k, 0, l]), abs(slope[k + 1, 0, l]))
                                reach = payoff[k + 1, 0, l] + optimism * steepest * width
                        if not (reach >= least and reach > -np.inf):
                            continue
                        size += 1
                        if size > room:
                            continue
                        s = size - 1
                        lane[s] = row * games + j
                        cell[s] = min(max(k, 0), nodes - 2)
                        hope[s], closure[s], edge[s] = reach, kind, who
                        after = min(node + 1, nodes - 1)
                        up, down = slope[node, 0, l], -slope[after, 0, l]
                        turns = up > 0.0 and down > 0.0 and same[node]
                        weight = up / (up + down) if turns else 0.0
                        low = base[node, j]
                        start[s] = 0.0 if kind == 1 else low + weight * (base[after, j] - low)
                        for q in range(n):
                            low = extras[node, q, 0, l]
                            starts[q, s] = low + weight * (extras[after, q, 0, l] - low)
                            adds[q, s] = contributes[node, q, 0, l]
                            joins[q, s] = takes[node, q, 0, l]
    return size, lane, cell, hope, start, starts, adds, joins, closure, edge, tempted
"""
)
"""The humps of the same table, as `seeds` finds them; those without room are only counted."""

FORM = """
                for i in range(members_{f}.size):
                    q = members_{f}[i]
                    for l in range({block}):
                        S[Y + l] = y[q, l]
                        S[CHANGE + l] = change[q, l]
                    for l in range(w):
                        S[OUTSIDE + l] = outside[q, b + l]
                    for p in range({count}):
                        for l in range(w):
                            S[P + p * {block} + l] = given_{f}[p, i, b + l]
                    for l in range({block}):
                        r, c, r1, c1, unused, unused2 = stay_{f}(S[X + l]{given})
                        S[R0 + l] = r
                        S[S0 + l] = c
                        S[R1 + l] = r1
                        kept = 1.0 - S[D + l]
                        some = 1.0 if kept > 0.0 else 0.0
                        S[ADDS + l] = some if kept * r1 > c1 else 0.0
                    for l in range({block}):
                        drift = S[CHANGE + l] * (S[X + l] - S[BEFORE + l]) / S[Y + l]
                        drift = 1.0 if drift > 1.0 else drift
                        drift = -1.0 if drift < -1.0 else drift
                        S[Y + l] = S[Y + l] * exp_(drift)
                    for step in range(steps):
                        for l in range({block}):
                            s, r, c, g = respond_{f}(S[X + l], S[Y + l], S[D + l]{given})
                            s = s if s == s else 0.0
                            s = s if S[ADDS + l] > 0.0 else 0.0
                            S[STEP + l] = s
                            S[R + l] = r
                            S[C + l] = c
                            S[G + l] = g
                            S[Y + l] = S[Y + l] * exp_(s)
                        largest = 0.0
                        for l in range(w):
                            largest = max(largest, abs(S[STEP + l]))
                        if largest < enough:
                            break
                    for l in range({block}):
                        on = S[ADDS + l] > 0.0
                        S[CHANGE + l] = S[G + l] / S[R1 + l] - 1.0 if on else 0.0
                        revenue = S[R + l] if on else S[R0 + l]
                        spent = S[C + l] if on else S[S0 + l]
                        enters = (1.0 - S[D + l]) * revenue - spent >= S[OUTSIDE + l]
                        S[GOT + l] += revenue if enters else 0.0
                        slope_ = S[G + l] if on else S[R1 + l]
                        S[GAIN + l] += slope_ if enters else 0.0
                        S[ENTERS + l] = 1.0 if enters else 0.0
                    for l in range({block}):
                        y[q, l] = S[Y + l]
                        change[q, l] = S[CHANGE + l]
                    if k == 0:
                        for l in range({block}):
                            y0[q, l] = S[Y + l]
                    for l in range(w):
                        extras[k, q, row_, b_ + l] = S[Y + l]
                        contributes[k, q, row_, b_ + l] = S[ADDS + l] > 0.0
                        takes[k, q, row_, b_ + l] = S[ENTERS + l] > 0.0
"""

SLOTS = [
    "X",
    "D",
    "GOT",
    "GAIN",
    "BEFORE",
    "C0",
    "C1",
    "Y",
    "CHANGE",
    "OUTSIDE",
    "R0",
    "S0",
    "R1",
    "ADDS",
    "STEP",
    "R",
    "C",
    "G",
    "ENTERS",
    "P",
]
