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
least harm. Each target that is missed is named at the end, and the script then
exits with 1.
"""

import argparse
import sys

import peers

peers.environment()

import numba  # noqa: E402
import numpy as np  # noqa: E402
from aeon.distances import erp_pairwise_distance  # noqa: E402
from dtaidistance import dtw_ndim  # noqa: E402

LEN = 16
LAMBDA = 5.0

# What is asked for, on every size that is run.
ELASTIC_TIMES = 60  # aeon's ERP and dtaidistance's DTW take so many times as long
NUMBA_TIMES = 2  # one product + numba takes so many times as long
CELLS = 2e9  # the recurrence alone, per second on one core
OVERHEAD = 1.5  # the whole over the products that cannot be avoided
AGREEMENT = 1e-3  # between our distances and numba's


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
    return dynamic_programming(unit @ unit.T, roles, sessions, LEN)


def compare(program, sessions, dim, slow, folder):
    """Prints one size's figures and returns the targets that it misses."""
    random = np.random.default_rng(sessions + dim)
    embeddings = (random.standard_normal((sessions * LEN, dim)) + 1.25).astype("<f4")
    utterance = np.arange(sessions * LEN)
    roles = ((utterance // LEN + utterance % LEN) % 2).astype(np.uint8)
    data, matrix = f"{folder}/embeddings.bin", f"{folder}/matrix.bin"
    embeddings.tofile(data)
    pairs = sessions * (sessions - 1) / 2
    size = f"{sessions} sessions x {LEN} utterances, d = {dim}"

    # Small runs are short and noisy, large ones long.
    times = 30 if sessions <= 100 else 7 if sessions <= 500 else 2
    others = {}
    distances = product_and_numba(embeddings, roles, sessions)  # compiles
    others["one product + numba"] = NUMBA_TIMES, peers.least_seconds(
        times, lambda: product_and_numba(embeddings, roles, sessions)
    )
    if sessions <= slow:
        series = embeddings.reshape(sessions, LEN, dim).astype(np.float64)
        channels = np.ascontiguousarray(series.transpose(0, 2, 1))
        erp_pairwise_distance(channels[:2], n_jobs=-1)  # compiles
        few = 3 if sessions <= 100 else 1
        others["aeon ERP"] = ELASTIC_TIMES, peers.least_seconds(
            few, lambda: erp_pairwise_distance(channels, n_jobs=-1)
        )
        others["dtaidistance DTW"] = ELASTIC_TIMES, peers.least_seconds(
            few, lambda: dtw_ndim.distance_matrix_fast(list(series), ndim=dim)
        )
    ours = peers.run(program, data, LEN, dim, times, matrix)
    one_core = peers.run(program, data, LEN, dim, times, matrix, RAYON_NUM_THREADS="1")
    found = np.fromfile(matrix).reshape(sessions, sessions)
    error = np.abs(found - distances).max()

    missed = []

    def check(holds, target):
        if not holds:
            missed.append(f"{size}: {target}")
        return "" if holds else "   MISSED"

    seconds = ours["seconds"]
    print(f"\n{size}, {ours['threads']} threads")
    print(f"  {'idl-convED':<22}{seconds * 1e3:>11.2f} ms{pairs / seconds:>13.0f} pairs/s")
    for name, (least, theirs) in others.items():
        ratio = theirs / seconds
        miss = check(ratio >= least, f"{ratio:.1f} times faster than {name}, not {least}")
        print(
            f"  {name:<22}{theirs * 1e3:>11.2f} ms{pairs / theirs:>13.0f} pairs/s"
            f"   we are {ratio:.1f} times faster{miss}"
        )
    cells = pairs * LEN * LEN / one_core["recurrence_seconds"]
    miss = check(cells >= CELLS, f"{cells / 1e9:.2f} Gcells/s on one core, not {CELLS / 1e9:.0f}")
    print(f"  the recurrence alone, one core: {cells / 1e9:.2f} Gcells/s{miss}")
    for name, it in [("all threads", ours), ("one core", one_core)]:
        ratio = it["seconds"] / it["product_seconds"]
        miss = check(ratio <= OVERHEAD, f"{ratio:.2f} times the products, {name}, not {OVERHEAD}")
        print(f"  whole / products that cannot be avoided, {name}: {ratio:.2f}{miss}")
    miss = check(error <= AGREEMENT, f"{error:.1e} off numba's distances, not {AGREEMENT:.0e}")
    print(f"  largest difference from numba's distances: {error:.1e}{miss}", flush=True)
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, nargs="+", default=[60, 500, 2000])
    parser.add_argument("--dim", type=int, nargs="+", default=[384, 768])
    parser.add_argument("--slow", type=int, default=500, help="largest size for slow peers")
    args = parser.parse_args()
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
