"""convED against its nearest public relatives, in one run.

    python3 benches/compare/conved.py [--sessions 60 500 2000] [--dim 384 768]

* aeon's ERP and dtaidistance's n-dimensional DTW: the elastic distances with
  the recurrences nearest to convED's, on the same embeddings. They compute
  another distance; what is compared is the work of a pairwise matrix. Both run
  with all the parallelism they offer.
* One matrix product of all utterances with all, then numba over the pairs: the
  good convED that a Python programmer writes. Its distances are compared with
  ours.
* The recurrence alone, in cells (utterance pairs) a second on one core.
* The whole against the matrix products that cannot be avoided: within each
  role, each pair of sessions once.

Times are the least of several runs, so that other load on the machine does
least harm. Each peer runs in a process of its own: one that crashes has a row
that says so, and what it was to be compared with counts as missed. Each target
that is missed is named at the end, and the script then exits with 1.
"""

import argparse
import json
import sys

import peers

peers.environment()

import numba  # noqa: E402
import numpy as np  # noqa: E402

LEN = 16
LAMBDA = 5.0

# What is asked for, on every size that is run.
ELASTIC_TIMES = 60  # aeon's ERP and dtaidistance's DTW take so many times as long
NUMBA_TIMES = 2  # one product + numba takes so many times as long
CELLS = 2e9  # the recurrence alone, per second on one core
OVERHEAD = 1.5  # the whole over the products that cannot be avoided
AGREEMENT = 1e-3  # between our distances and numba's

NUMBA, AEON, DTAI = "one product + numba", "aeon ERP", "dtaidistance DTW"

# NumPy multiplies a matrix by its own transpose with BLAS's syrk. That of
# OpenBLAS 0.3.30, which NumPy 2.3.5 brings, ends in a segmentation fault from
# somewhere between 24,000 and 30,000 rows on, on several threads and AVX-512.
# From so many rows on a copy is multiplied, which is gemm's.
SYRK_ROWS = 20_000


@numba.njit(parallel=True, fastmath=True, cache=True)
def dynamic_programming(cosines, roles, sessions, length):
    out = np.zeros((sessions, sessions), np.float32)
    for a in numba.prange(sessions):
        row = np.empty(length + 1, np.float32)
        for b in range(a + 1, sessions):
            for j in range(length + 1):
                row[j] = j
            for i in range(length):
                diagonal = row[0]
                row[0] = i + 1
                for j in range(length):
                    best = min(row[j], row[j + 1]) + np.float32(1)
                    u, v = a * length + i, b * length + j
                    if roles[u] == roles[v]:
                        cost = np.float32(LAMBDA) * (np.float32(1) - cosines[u, v])
                        best = min(best, diagonal + cost)
                    diagonal = row[j + 1]
                    row[j + 1] = best
            out[a, b] = row[length]
            out[b, a] = row[length]
    return out


def product_and_numba(embeddings, roles, sessions):
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    other = unit if len(unit) < SYRK_ROWS else unit.copy()
    return dynamic_programming(unit @ other.T, roles, sessions, LEN)


def roles_of(sessions):
    utterance = np.arange(sessions * LEN)
    return ((utterance // LEN + utterance % LEN) % 2).astype(np.uint8)


def peer(name, data, sessions, dim, times, distances):
    """One peer, in this process: prints its least time as JSON, and writes
    convED's distances to a file if it computes them."""
    sessions, dim, times = int(sessions), int(dim), int(times)
    embeddings = np.fromfile(data, "<f4").reshape(sessions * LEN, dim)
    if name == NUMBA:
        roles = roles_of(sessions)
        work = lambda: product_and_numba(embeddings, roles, sessions)  # noqa: E731
        work().tofile(distances)  # compiles, too
    else:
        series = embeddings.reshape(sessions, LEN, dim).astype(np.float64)
    if name == AEON:
        from aeon.distances import erp_pairwise_distance

        channels = np.ascontiguousarray(series.transpose(0, 2, 1))
        erp_pairwise_distance(channels[:2], n_jobs=-1)  # compiles
        work = lambda: erp_pairwise_distance(channels, n_jobs=-1)  # noqa: E731
    if name == DTAI:
        from dtaidistance import dtw_ndim

        work = lambda: dtw_ndim.distance_matrix_fast(list(series), ndim=dim)  # noqa: E731
    print(json.dumps({"seconds": peers.least_seconds(times, work)}))


def compare(program, sessions, dim, slow, folder):
    """Prints one size's figures and returns the targets that it misses."""
    random = np.random.default_rng(sessions + dim)
    embeddings = (random.standard_normal((sessions * LEN, dim)) + 1.25).astype("<f4")
    data, matrix, theirs = (f"{folder}/{name}.bin" for name in ("embeddings", "ours", "numba"))
    embeddings.tofile(data)
    pairs = sessions * (sessions - 1) / 2
    size = f"{sessions} sessions x {LEN} utterances, d = {dim}"

    # Small runs are short and noisy, large ones long.
    times = 30 if sessions <= 100 else 7 if sessions <= 500 else 2
    few = 3 if sessions <= 100 else 1
    asked = [(NUMBA, NUMBA_TIMES, times)]
    if sessions <= slow:
        asked += [(AEON, ELASTIC_TIMES, few), (DTAI, ELASTIC_TIMES, few)]
    others = []
    for name, least, runs in asked:
        try:
            found = peers.alone("--peer", name, data, sessions, dim, runs, theirs)
            others.append((name, least, found["seconds"]))
        except peers.Crash as crash:
            others.append((name, least, crash))
    ours = peers.run(program, data, LEN, dim, times, matrix)
    one_core = peers.run(program, data, LEN, dim, times, matrix, RAYON_NUM_THREADS="1")

    missed = []

    def check(holds, target):
        if not holds:
            missed.append(f"{size}: {target}")
        return "" if holds else "   MISSED"

    seconds = ours["seconds"]
    print(f"\n{size}, {ours['threads']} threads")
    print(f"  {'idl-convED':<22}{seconds * 1e3:>11.2f} ms{pairs / seconds:>13.0f} pairs/s")
    crashed = set()
    for name, least, took in others:
        if isinstance(took, peers.Crash):
            crashed.add(name)
            print(f"  {name:<22}{took}{check(False, f'{name} {took}: not compared')}")
            continue
        ratio = took / seconds
        miss = check(ratio >= least, f"{ratio:.1f} times faster than {name}, not {least}")
        print(
            f"  {name:<22}{took * 1e3:>11.2f} ms{pairs / took:>13.0f} pairs/s"
            f"   we are {ratio:.1f} times faster{miss}"
        )
    cells = pairs * LEN * LEN / one_core["recurrence_seconds"]
    miss = check(cells >= CELLS, f"{cells / 1e9:.2f} Gcells/s on one core, not {CELLS / 1e9:.0f}")
    print(f"  the recurrence alone, one core: {cells / 1e9:.2f} Gcells/s{miss}")
    for name, it in [("all threads", ours), ("one core", one_core)]:
        ratio = it["seconds"] / it["product_seconds"]
        miss = check(ratio <= OVERHEAD, f"{ratio:.2f} times the products, {name}, not {OVERHEAD}")
        print(f"  whole / products that cannot be avoided, {name}: {ratio:.2f}{miss}")
    if NUMBA not in crashed:
        found = np.fromfile(matrix).reshape(sessions, sessions)
        distances = np.fromfile(theirs, np.float32).reshape(sessions, sessions)
        error = np.abs(found - distances).max()
        miss = check(error <= AGREEMENT, f"{error:.1e} off numba's distances, not {AGREEMENT:.0e}")
        print(f"  largest difference from numba's distances: {error:.1e}{miss}")
    sys.stdout.flush()
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, nargs="+", default=[60, 500, 2000])
    parser.add_argument("--dim", type=int, nargs="+", default=[384, 768])
    parser.add_argument("--slow", type=int, default=500, help="largest size for slow peers")
    parser.add_argument("--peer", nargs=6, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        peer(*args.peer)
        return
    program = peers.build("conved-peer")
    missed = []
    with peers.scratch() as folder:
        for sessions in args.sessions:
            for dim in args.dim:
                missed += compare(program, sessions, dim, args.slow, folder)
    print("\nmissed:" if missed else "\nall targets hold")
    for target in missed:
        print(f"  {target}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
