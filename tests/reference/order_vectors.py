"""Writes the vectors that crates/idl-order/tests/reference.rs checks.

    python tests/reference/order_vectors.py

needs numpy, elkai (LKH) and ortools. Distances are whole numbers, as both
solvers want them; a dummy city at distance 0 from all others makes a path of a
tour. A vector keeps what the order of each solver costs.
"""

import json
from importlib.metadata import version
from pathlib import Path

import elkai
import numpy
from ortools.constraint_solver import pywrapcp, routing_enums_pb2

OUT = Path(__file__).parents[2] / "crates/idl-order/tests/data/order.json"


def matrix(kind, n, rng):
    points = rng.random((n, 2)) * 600
    plane = numpy.linalg.norm(points[:, None] - points[None], axis=-1)
    if kind == "plane":
        d = plane
    elif kind == "random":
        d = rng.random((n, n)) * 999
        d = (d + d.T) / 2
    elif kind == "asymmetric":
        d = rng.random((n, n)) * 999
    elif kind == "wind":  # nearly symmetric
        d = plane * (1 + 0.4 * rng.random((n, n)))
    else:  # "lengths": asymmetric as convED is if insertions and deletions differ
        length = rng.integers(4, 30, n)
        d = numpy.rint(plane) + 5 * (30 + length[None, :] - length[:, None])
    d = numpy.rint(d).astype(int)
    numpy.fill_diagonal(d, 0)
    return d


def cost(d, order):
    assert sorted(order) == list(range(len(d)))
    return int(sum(d[a, b] for a, b in zip(order, order[1:])))


def lkh(d):
    tour = elkai.DistanceMatrix(numpy.pad(d, ((1, 0), (1, 0))).tolist()).solve_tsp()
    return [city - 1 for city in tour[:-1] if city != 0]


def ortools(d):
    padded = numpy.pad(d, ((1, 0), (1, 0))).tolist()
    manager = pywrapcp.RoutingIndexManager(len(padded), 1, 0)
    routing = pywrapcp.RoutingModel(manager)
    node = manager.IndexToNode
    step = routing.RegisterTransitCallback(lambda i, j: padded[node(i)][node(j)])
    routing.SetArcCostEvaluatorOfAllVehicles(step)
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PATH_CHEAPEST_ARC
    parameters.local_search_metaheuristic = (
        routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    )
    parameters.time_limit.FromMilliseconds(1000)
    solution = routing.SolveWithParameters(parameters)
    order, index = [], solution.Value(routing.NextVar(routing.Start(0)))
    while not routing.IsEnd(index):
        order.append(node(index) - 1)
        index = solution.Value(routing.NextVar(index))
    return order


def main():
    rng = numpy.random.default_rng(5)
    cases = []
    for kind in ["plane", "random", "asymmetric", "wind", "lengths"]:
        for n in [10, 14, 18, 25, 40, 60]:
            d = matrix(kind, n, rng)
            costs = {"elkai": cost(d, lkh(d)), "ortools": cost(d, ortools(d))}
            print(kind, n, costs)
            cases.append({"kind": kind, "n": n, **costs, "distance": d.ravel().tolist()})
    versions = {name: version(name) for name in ["elkai", "ortools"]}
    text = json.dumps({**versions, "cases": cases}, separators=(",", ":"))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(text.replace("},{", "},\n{") + "\n")
    print(f"{OUT.name}: {len(cases)} cases, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
