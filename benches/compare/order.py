"""idl-order against python-tsp (exact) and elkai (LKH), in one run.

    python3 benches/compare/order.py [--sizes 5 12 25] [--kinds plane random ..]

Kinds of matrices: `plane`, distances of random points; `random`, symmetric
numbers without any geometry, which pruning likes least; `asymmetric`, random
numbers; `wind`, points in the plane with up to 40 % more in each direction;
`lengths`, points in the plane with a potential: convED is asymmetric like that
if insertions and deletions differ in cost. All are whole numbers, as LKH wants
them. A dummy city at distance 0 from all others makes a path of a tour. All
costs are summed up here, from the orders that the solvers return. Means over
three matrices, one beyond 150 sessions.

Ends with exit code 1 and a line for each target that is missed.
"""

import argparse

import peers

peers.environment()

import elkai  # noqa: E402
import numpy as np  # noqa: E402
from python_tsp.exact import solve_tsp_dynamic_programming  # noqa: E402

KINDS = ["plane", "random", "asymmetric", "wind", "lengths"]
# Up to so many sessions python-tsp is waited for.
TSP = 12


def matrix(kind, n, seed):
    random = np.random.default_rng(seed)
    points = random.random((n, 2)) * 10_000
    d = np.linalg.norm(points[:, None] - points[None], axis=-1)
    if kind == "random":
        d = random.random((n, n)) * 10_000
        d = (d + d.T) / 2
    elif kind == "asymmetric":
        d = random.random((n, n)) * 10_000
    elif kind == "wind":
        d *= 1 + 0.4 * random.random((n, n))
    elif kind == "lengths":
        length = random.integers(4, 30, n)
        d = np.rint(d) + 100 * (30 + length[None, :] - length[:, None])
    d = np.rint(d)
    np.fill_diagonal(d, 0)
    return d


def with_dummy(d):
    return np.pad(d, ((1, 0), (1, 0)))


def cost(d, order):
    assert sorted(order) == list(range(len(d)))
    return sum(d[a, b] for a, b in zip(order, order[1:]))


def lkh(d):
    tour = elkai.DistanceMatrix(with_dummy(d).tolist()).solve_tsp()
    return [city - 1 for city in tour[:-1] if city != 0]


def timed(times, work):
    """The least time of several runs, and what they returned."""
    results = []
    return peers.least_seconds(times, lambda: results.append(work())), results


def compare(program, folder, kind, n):
    """Seconds and costs of all, summed over some matrices."""
    total = {"ours": 0, "cost": 0, "elkai": 0, "elkai cost": 0, "python-tsp": 0, "exact": 0}
    seeds = 3 if n <= 150 else 1
    for seed in range(seeds):
        d = matrix(kind, n, 1000 * n + seed)
        d.astype("<f8").tofile(f"{folder}/matrix.bin")
        ours = peers.run(program, f"{folder}/matrix.bin", n, 20 if n <= 12 else 3)
        assert abs(cost(d, ours["order"]) - ours["cost"]) < 1e-6, "our cost is wrong"
        seconds, orders = timed(1 if n > 100 else 3, lambda: lkh(d))
        least = min(cost(d, order) for order in orders)
        if ours["exact"]:
            assert ours["cost"] <= least + 1e-6, "elkai found a cheaper order than a proven one"
        total["ours"] += ours["seconds"]
        total["cost"] += ours["cost"]
        total["exact"] += ours["exact"]
        total["elkai"] += seconds
        total["elkai cost"] += least
        if n <= TSP:
            seconds, exact = timed(3, lambda: solve_tsp_dynamic_programming(with_dummy(d)))
            assert abs(exact[0][1] - ours["cost"]) < 1e-6, "python-tsp found another cost"
            total["python-tsp"] += seconds
    return {name: value / seeds for name, value in total.items()}


def targets(kind, n, mean):
    """What is asked for: a name, whether it holds, and the value."""
    ratio = mean["cost"] / mean["elkai cost"]
    times = mean["python-tsp"] / mean["ours"]
    if n <= TSP:
        yield "at least 100 times as fast as python-tsp", times >= 100, f"{times:.0f}"
    for size, seconds in [(12, 0.002), (18, 0.5), (500, 2)]:
        if n == size:
            yield f"less than {seconds} s", mean["ours"] < seconds, f"{mean['ours']:.4f} s"
    if n <= 18:
        yield "proven", mean["exact"] == 1, f"{mean['exact']:.2f} of the matrices"
    if 18 < n <= 25:
        yield "at most 1.01 of elkai's cost", ratio <= 1.01, f"{ratio:.4f}"
    if 25 < n <= 150:
        yield "at most 1.03 of elkai's cost", ratio <= 1.03, f"{ratio:.4f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    sizes = [5, 8, 12, 18, 25, 60, 150, 500]
    parser.add_argument("--sizes", type=int, nargs="+", default=sizes)
    args = parser.parse_args()
    program = peers.build("order-peer")
    columns = ["ours", "proven", "python-tsp / ours", "elkai", "elkai / ours", "cost / elkai's"]
    print(f"{'matrix':<12}{'n':>5}" + "".join(f"{name:>19}" for name in columns))
    missed = []
    with peers.scratch() as folder:
        for kind in args.kinds:
            for n in args.sizes:
                mean = compare(program, folder, kind, n)
                tsp = f"{mean['python-tsp'] / mean['ours']:.0f}" if n <= TSP else "-"
                cells = [
                    f"{mean['ours'] * 1e3:.3f} ms",
                    f"{mean['exact']:.2f}",
                    tsp,
                    f"{mean['elkai'] * 1e3:.1f} ms",
                    f"{mean['elkai'] / mean['ours']:.2f}",
                    f"{mean['cost'] / mean['elkai cost']:.4f}",
                ]
                print(f"{kind:<12}{n:>5}" + "".join(f"{cell:>19}" for cell in cells), flush=True)
                missed += [
                    f"MISSED: {kind} {n}: {name}; it is {value}"
                    for name, holds, value in targets(kind, n, mean)
                    if not holds
                ]
    if missed:
        raise SystemExit("\n".join(missed))


if __name__ == "__main__":
    main()
