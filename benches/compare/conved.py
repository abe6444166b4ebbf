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

All times are the least of several runs, so that other load on the machine
does least harm.
"""

import argparse

import peers

peers.environment()

import numba  # noqa: E402
import numpy as np  # noqa: E402
from aeon.distances import erp_pairwise_distance  # noqa: E402
from dtaidistance import dtw_ndim  # noqa: E402

LEN = 16
LAMBDA = 5.0


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
    random = np.random.default_rng(sessions + dim)
    embeddings = (random.standard_normal((sessions * LEN, dim)) + 1.25).astype("<f4")
    utterance = np.arange(sessions * LEN)
    roles = ((utterance // LEN + utterance % LEN) % 2).astype(np.uint8)
    data, matrix = f"{folder}/embeddings.bin", f"{folder}/matrix.bin"
    embeddings.tofile(data)
    pairs = sessions * (sessions - 1) / 2

    times = {}
    distances = product_and_numba(embeddings, roles, sessions)  # compiles
    times["one product + numba"] = peers.least_seconds(
        5, lambda: product_and_numba(embeddings, roles, sessions)
    )
    if sessions <= slow:
        series = embeddings.reshape(sessions, LEN, dim).astype(np.float64)
        channels = np.ascontiguousarray(series.transpose(0, 2, 1))
        erp_pairwise_distance(channels[:2])  # compiles
        times["aeon ERP"] = peers.least_seconds(
            3, lambda: erp_pairwise_distance(channels, n_jobs=-1)
        )
        times["dtaidistance DTW"] = peers.least_seconds(
            3, lambda: dtw_ndim.distance_matrix_fast(list(series), ndim=dim)
        )
    ours = peers.run(program, data, LEN, dim, 9, matrix)
    one_core = peers.run(program, data, LEN, dim, 9, matrix, RAYON_NUM_THREADS="1")
    found = np.fromfile(matrix).reshape(sessions, sessions)
    error = np.abs(found - distances).max()
    assert error < 1e-3, f"our distances differ from numba's by {error}"

    print(f"\n{sessions} sessions x {LEN} utterances, d = {dim}, {ours['threads']} threads")
    print(f"  {'idl-convED':<22}{ours['seconds'] * 1e3:>11.2f} ms{pairs / ours['seconds']:>13.0f} pairs/s")
    for name, seconds in times.items():
        print(
            f"  {name:<22}{seconds * 1e3:>11.2f} ms{pairs / seconds:>13.0f} pairs/s"
            f"   we are {seconds / ours['seconds']:.1f} times faster"
        )
    cells = pairs * LEN * LEN / one_core["recurrence_seconds"]
    print(f"  the recurrence alone, one core: {cells / 1e9:.2f} Gcells/s")
    for name, it in [("all threads", ours), ("one core", one_core)]:
        ratio = it["seconds"] / it["product_seconds"]
        print(f"  whole / products that cannot be avoided, {name}: {ratio:.2f}")
    print(f"  largest difference from numba's distances: {error:.1e}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, nargs="+", default=[60, 500, 2000])
    parser.add_argument("--dim", type=int, nargs="+", default=[384, 768])
    parser.add_argument("--slow", type=int, default=500, help="largest size for slow peers")
    args = parser.parse_args()
    program = peers.build("conved-peer")
    with peers.scratch() as folder:
        for sessions in args.sessions:
            for dim in args.dim:
                compare(program, sessions, dim, args.slow, folder)


if __name__ == "__main__":
    main()
