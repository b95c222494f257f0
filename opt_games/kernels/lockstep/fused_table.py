"""Templates of the table of `scan` in machine code; see `fused`."""

BLOCK = 64  # lanes that go together

_NODES = """
            for l in range(w):
                S[D + l] = share[row, b + l]
            for q in range(n):
                for l in range(w):
                    y[q, l] = base[nodes - 1, b + l] if row == 0 else y0[q, l]
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
"""Payoffs over base levels and shares, as `scan.table` returns them."""

SINGLE = (
    """
def single(base, share, outside, first, most, enough, optimism, rough, leader, {signature}):
    {slots}
    nodes = base.shape[0]
    rows, games = share.shape
    n = outside.shape[0]
    clear = np.zeros((rows, games), dtype=np.bool_)
    floor = np.ones((rows, games), dtype=np.bool_)
    start = np.ones((rows, games))
    starts = np.ones((n, rows, games))
    adds = np.zeros((n, rows, games), dtype=np.bool_)
    tempted = np.zeros((n, games), dtype=np.bool_)
    payoff, slope = np.empty((nodes, 1, {block})), np.empty((nodes, 1, {block}))
    extras = np.empty((nodes, n, 1, {block}))
    contributes = np.empty((nodes, n, 1, {block}), dtype=np.bool_)
    takes = np.empty((nodes, n, 1, {block}), dtype=np.bool_)
    S = np.ones({size})
    y, y0, change = np.ones((n, {block})), np.ones((n, {block})), np.zeros((n, {block}))
    for b in range(0, games, {block}):
        w = min({block}, games - b)
        for row in range(rows):
            row_, b_ = 0, 0
"""
    + _NODES
    + """
            for l in range(w):
                j = b + l
                all_in = True
                for q in range(n):
                    for k in range(nodes):
                        tempted[q, j] = tempted[q, j] or takes[k, q, 0, l]
                        all_in = all_in and takes[k, q, 0, l]
                if not all_in:
                    continue
                highest = payoff[0, 0, l]
                known = highest == highest
                for k in range(1, nodes):
                    here = payoff[k, 0, l]
                    known = known and here == here
                    highest = max(highest, here)
                least = highest - rough * abs(highest)
                found, node = 0, 0
                for k in range(nodes - 1):
                    same = True
                    for q in range(n):
                        same = same and contributes[k, q, 0, l] == contributes[k + 1, q, 0, l]
                    width = base[k + 1, j] - base[k, j]
                    up, down = slope[k, 0, l], -slope[k + 1, 0, l]
                    known = known and up == up and down == down
                    if same and up > 0.0 and down >= 0.0:
                        part = 0.5 * optimism * width / (up + down)
                        rise = payoff[k + 1, 0, l] - payoff[k, 0, l]
                        hope = max(up * up * part, rise + down * down * part)
                        if payoff[k, 0, l] + hope >= least:
                            found += 1
                            node = k
                    if not same and up > 0.0 and payoff[k, 0, l] + up * width >= least:
                        found += 1
                        node = k
                    if not same and down > 0.0 and payoff[k + 1, 0, l] + down * width >= least:
                        found += 1
                        node = k + 1
                at_floor = slope[0, 0, l] <= 0.0 and payoff[0, 0, l] >= least
                if at_floor:
                    found += 1
                    node = 0
                if found != 1 or slope[nodes - 1, 0, l] > 0.0 or not known:
                    continue
                clear[row, j] = True
                floor[row, j] = at_floor
                after = min(node + 1, nodes - 1)
                up, down = slope[node, 0, l], -slope[after, 0, l]
                turns = up > 0.0 and down > 0.0
                for q in range(n):
                    turns = turns and contributes[node, q, 0, l] == contributes[after, q, 0, l]
                weight = up / (up + down) if turns else 0.0
                low = base[node, j]
                start[row, j] = 0.0 if at_floor else low + weight * (base[after, j] - low)
                for q in range(n):
                    low = extras[node, q, 0, l]
                    starts[q, row, j] = low + weight * (extras[after, q, 0, l] - low)
                    adds[q, row, j] = contributes[node, q, 0, l]
    return clear, floor, start, starts, adds, tempted
"""
)
"""The same table, of which only lanes with a single hump are read off, as in `scan`."""

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
