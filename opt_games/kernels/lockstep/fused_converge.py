"""Template of the Newton steps of `point` in machine code; see `fused`."""

BLOCK = 16  # lanes that go together

CONVERGE = """
def converge(share, base, extra, contributes, takes, closure, edge, outside, most, sharp,
             leader, {signature}):
    {slots}
    n, lanes = extra.shape
    base, extra = base.copy(), extra.copy()
    profit, profit1 = np.empty((n + 1, lanes)), np.empty((n + 1, lanes))
    performance, performance1 = np.empty(lanes), np.empty(lanes)
    base1, extra1, offer = np.empty(lanes), np.empty((n, lanes)), np.empty((n, lanes))
    turnover, residual = np.empty(lanes), np.empty(lanes)
    slope, bend = np.empty(lanes), np.empty(lanes)
    S = np.ones({size})
    F = np.empty((n, 12, {block}))
    log_extra = np.empty((n, {block}))
    for b in range(0, lanes, {block}):
        w = min({block}, lanes - b)
        for l in range(w):
            S[X + l] = base[b + l]
            S[D + l] = share[b + l]
        for trial in range(most + 1):
            for l in range({block}):
                S[GOT + l] = 0.0
                S[GOT1 + l] = 0.0
                S[MOVED + l] = 0.0
            {forms}
            for p in range(leader.shape[0]):
                for l in range(w):
                    S[P + p * {block} + l] = leader[p, b + l]
            for l in range({block}):
                S[C0 + l], S[C1 + l], S[C2 + l] = leader_cost(S[X + l]{paid})
            for l in range({block}):
                d, x = S[D + l], S[X + l]
                got, got1 = d * S[GOT + l], d * S[GOT1 + l]
                expected = got + d * S[MOVED + l]
                second = got1 - S[C2 + l]
                short = expected - S[C1 + l]
                step = -log_(expected / S[C1 + l]) / (x * (got1 / got - S[C2 + l] / S[C1 + l]))
                plain = -short / (x * second)
                step = step if abs(step) < np.inf else plain
                up = 0.5 if short >= 0.0 else -0.5
                S[STEP + l] = step if second < 0.0 else up
                S[SLOPE + l] = got - S[C1 + l]
                S[BEND + l] = second
            any_late = False
            for l in range(w):
                j = b + l
                step = S[STEP + l]
                if closure[j] == 2:
                    q = edge[j]
                    gain = (1.0 - S[D + l]) * F[q, 1, l] - F[q, 2, l]
                    step = (outside[q + 1, j] - gain) / (F[q, 11, l] * S[X + l])
                step = 1.5 if step > 1.5 else step
                step = -1.5 if step < -1.5 else step
                step = 0.0 if closure[j] == 1 else step
                S[STEP + l] = step
                off = abs(step)
                for q in range(n):
                    if contributes[q, j]:
                        drift = S[X + l] * step * (F[q, 4, l] - 1.0) / extra[q, j]
                        own = F[q, 0, l] + drift
                        own = 1.5 if own > 1.5 else own
                        own = -1.5 if own < -1.5 else own
                        log_extra[q, l] = own
                        off = abs(own) if not abs(own) <= off else off
                    else:
                        log_extra[q, l] = 0.0
                residual[j] = off
                S[LATE + l] = 0.0 if off < sharp else 1.0
                any_late = any_late or not off < sharp
            if trial == most or not any_late:
                break
            for l in range({block}):
                factor = exp_(S[STEP + l])
                S[X + l] = S[X + l] * (factor if S[LATE + l] > 0.0 else 1.0)
            for q in range(n):
                for l in range(w):
                    S[OWN + l] = log_extra[q, l]
                for l in range({block}):
                    factor = exp_(S[OWN + l])
                    S[OWN + l] = factor if S[LATE + l] > 0.0 else 1.0
                for l in range(w):
                    extra[q, b + l] = extra[q, b + l] * S[OWN + l]
        for l in range(w):
            j = b + l
            d = share[j]
            base[j], slope[j], bend[j] = S[X + l], S[SLOPE + l], S[BEND + l]
            rate, revenue, direct = 0.0, 0.0, 0.0
            for q in range(n):
                if takes[q, j]:
                    rate += F[q, 7, l] + d * F[q, 10, l]
                    revenue += F[q, 1, l]
                    direct += F[q, 3, l] * F[q, 5, l]
            at_floor = closure[j] == 1
            x1 = 0.0 if at_floor else -rate / bend[j]
            if closure[j] == 2:
                x1 = F[edge[j], 1, l] / F[edge[j], 11, l]
            base1[j] = x1
            profit[0, j] = d * revenue - S[C0 + l]
            profit1[0, j] = revenue + d * direct + (0.0 if at_floor else slope[j] * x1)
            turnover[j] = d * abs(revenue) + abs(S[C0 + l])
            level, level1 = 0.0, 0.0
            for q in range(n):
                final1 = F[q, 4, l] * x1 + F[q, 5, l]
                extra1[q, j] = final1 - x1 if contributes[q, j] else 0.0
                offer[q, j] = (1.0 - d) * F[q, 1, l] - F[q, 2, l]
                bound = closure[j] == 2 and edge[j] == q
                free = takes[q, j] and not bound
                profit[q + 1, j] = offer[q, j] if free else outside[q + 1, j]
                profit1[q + 1, j] = -F[q, 1, l] + F[q, 11, l] * x1 if free else 0.0
                if takes[q, j]:
                    level += base[j] + (extra[q, j] if contributes[q, j] else 0.0)
                    level1 += final1
            performance[j] = level
            performance1[j] = level1
    return (profit, profit1, performance, performance1, base1, extra1, offer, turnover, residual,
            slope, bend, base, extra)
"""

FORM = """
            for i in range(members_{f}.size):
                q = members_{f}[i]
                stays = False
                for l in range(w):
                    S[Y + l] = extra[q, b + l]
                    S[TAKES + l] = 1.0 if takes[q, b + l] else 0.0
                    S[ADDS + l] = 1.0 if contributes[q, b + l] else 0.0
                    stays = stays or not contributes[q, b + l]
                for p in range({count}):
                    for l in range(w):
                        S[P + p * {block} + l] = given_{f}[p, i, b + l]
                for l in range({block}):
                    (S[O0 + l], S[O1 + l], S[O2 + l], S[O3 + l], S[O4 + l], S[O5 + l], S[O6 + l],
                     S[O7 + l], S[O8 + l], S[O9 + l], S[O10 + l]
                     ) = lead_{f}(S[X + l], S[Y + l], S[D + l]{given})
                if stays:
                    for l in range(w):
                        if not contributes[q, b + l]:
                            r, c, r1, c1, cb, r2 = stay_{f}(S[X + l]{given})
                            S[O0 + l] = 0.0
                            S[O1 + l] = r
                            S[O2 + l] = c
                            S[O3 + l] = r1
                            S[O4 + l] = 1.0
                            S[O5 + l] = 0.0
                            S[O6 + l] = -((1.0 - S[D + l]) * r1 - c1 - cb)
                            S[O7 + l] = r1
                            S[O8 + l] = r2
                            S[O9 + l] = 0.0
                            S[O10 + l] = 0.0
                for l in range({block}):
                    t = S[TAKES + l] > 0.0
                    shift = S[O0 + l] if S[ADDS + l] > 0.0 else 0.0
                    S[GOT + l] += S[O7 + l] if t else 0.0
                    S[GOT1 + l] += S[O8 + l] if t else 0.0
                    S[MOVED + l] += S[O9 + l] * (S[Y + l] * shift) if t else 0.0
                for k in range(11):
                    for l in range({block}):
                        F[q, k, l] = S[O0 + k * {block} + l]
                for l in range({block}):
                    F[q, 11, l] = -S[O6 + l]
"""

SLOTS = [
    "X",
    "D",
    "GOT",
    "GOT1",
    "MOVED",
    "C0",
    "C1",
    "C2",
    "STEP",
    "SLOPE",
    "BEND",
    "LATE",
    "OWN",
    "Y",
    "TAKES",
    "ADDS",
    "O0",
    "O1",
    "O2",
    "O3",
    "O4",
    "O5",
    "O6",
    "O7",
    "O8",
    "O9",
    "O10",
    "P",
]
