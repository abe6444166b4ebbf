"""idl-order against python-tsp (exact) and elkai (LKH), in one run.

    python3 benches/compare/order.py [--sizes 5 12 25] [--kinds plane random asymmetric]

The matrices are symmetric: random points in the plane, and random numbers
without any geometry, which pruning likes least; `asymmetric` ones are random
numbers. Distances are whole numbers, as LKH wants them. A dummy city at
distance 0 from all others makes a path of a tour. All costs are summed up
here, from the orders that the solvers return.
"""

import argparse

import peers

peers.environment()

import elkai  # noqa: E402
import numpy as np  # noqa: E402
from python_tsp.exact import solve_tsp_dynamic_programming  # noqa: E402


def matrix(kind, n, seed):
    random = np.random.default_rng(seed)
    if kind == "plane":
        points = random.random((n, 2)) * 10_000
        d = np.linalg.norm(points[:, None] - points[None], axis=-1)
    else:
        d = random.random((n, n)) * 10_000
        if kind == "random":
            d = (d + d.T) / 2
    d = np.rint(d)
    np.fill_diagonal(d, 0)
    return d


def with_dummy(d):
    return np.pad(d, ((1, 0), (1, 0)))


def path(tour):
    """A tour that begins at the dummy, without it."""
    return [city - 1 for city in tour if city != 0]


def cost(d, order):
    assert sorted(order) == list(range(len(d)))
    return sum(d[a, b] for a, b in zip(order, order[1:]))


def lkh(d):
    return path(elkai.DistanceMatrix(with_dummy(d).tolist()).solve_tsp()[:-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    kinds = ["plane", "random", "asymmetric"]
    parser.add_argument("--kinds", nargs="+", choices=kinds, default=kinds)
    sizes = [5, 8, 10, 12, 15, 18, 25, 50, 100, 150, 300, 500]
    parser.add_argument("--sizes", type=int, nargs="+", default=sizes)
    args = parser.parse_args()
    program = peers.build("order-peer")
    print(f"{'matrix':<12}{'n':>5}{'ours':>12}{'exact':>7}{'python-tsp':>17}{'elkai':>17}{'cost / elkai':>14}")
    with peers.scratch() as folder:
        for kind in args.kinds:
            for n in args.sizes:
                ours, theirs, elkai_seconds, tsp_seconds = [], [], [], []
                for seed in range(3):
                    d = matrix(kind, n, 1000 * n + seed)
                    d.astype("<f8").tofile(f"{folder}/matrix.bin")
                    repeats = 20 if n <= 12 else 3
                    result = peers.run(program, f"{folder}/matrix.bin", n, repeats)
                    assert abs(cost(d, result["order"]) - result["cost"]) < 1e-6
                    ours.append(result)
                    best = []
                    elkai_seconds.append(
                        peers.least_seconds(1 if n > 100 else 3, lambda: best.append(lkh(d)))
                    )
                    theirs.append(min(cost(d, order) for order in best))
                    if n <= 12:
                        exact = []
                        tsp_seconds.append(
                            peers.least_seconds(
                                3, lambda: exact.append(solve_tsp_dynamic_programming(with_dummy(d)))
                            )
                        )
                        least = exact[0][1]
                        assert abs(least - result["cost"]) < 1e-6, "python-tsp found another cost"
                    if result["exact"]:
                        assert result["cost"] <= theirs[-1] + 1e-6, "elkai found a cheaper order"
                seconds = sum(r["seconds"] for r in ours) / len(ours)
                mean = lambda times: sum(times) / len(times)  # noqa: E731
                tsp = f"{mean(tsp_seconds) / seconds:.0f} times slower" if tsp_seconds else "-"
                ratio = sum(r["cost"] for r in ours) / max(sum(theirs), 1e-9)
                print(
                    f"{kind:<12}{n:>5}{seconds * 1e3:>9.3f} ms{str(ours[0]['exact']):>7}{tsp:>17}"
                    f"{mean(elkai_seconds) * 1e3:>14.1f} ms{ratio:>14.4f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
