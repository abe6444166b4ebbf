"""Writes the vectors that crates/idl-cluster/tests/reference.rs checks.

    python tests/reference/cluster_vectors.py

needs scikit-learn.
"""

import json
from pathlib import Path

import numpy
import sklearn
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans
from sklearn.metrics import silhouette_score

OUT = Path(__file__).parents[2] / "crates/idl-cluster/tests/data/cluster.json"


def blobs(rng, n, d, c, spread, unit):
    centers = rng.normal(size=(c, d))
    points = centers[rng.integers(0, c, n)] + spread * rng.normal(size=(n, d))
    if unit:
        points /= numpy.linalg.norm(points, axis=1, keepdims=True)
    return numpy.round(points, 5)


def main():
    rng = numpy.random.default_rng(11)
    cases = []
    for n, d, c, spread, unit in [(6, 3, 2, 0.3, False), (12, 8, 3, 0.4, True), (20, 16, 3, 0.8, True), (40, 5, 4, 0.5, False),
                                  (90, 4, 6, 0.9, False), (15, 32, 1, 1.0, True)]:
        points = blobs(rng, n, d, c, spread, unit)
        k = max(c, 2)
        kmeans = KMeans(k, n_init=50, random_state=0).fit(points)
        ward = AgglomerativeClustering(k, linkage="ward").fit(points)
        distances = numpy.sort(numpy.linalg.norm(points[:, None] - points[None], axis=2), axis=1)
        # Midway between two distances, so that rounding decides nothing.
        epsilon = float(numpy.round(numpy.median(distances[:, 2]) * 1.1, 4))
        dbscan = DBSCAN(eps=epsilon, min_samples=3).fit(points)
        cases.append({
            "points": points.tolist(), "clusters": k,
            "inertia": float(kmeans.inertia_),
            "ward": ward.labels_.tolist(), "ward_silhouette": float(silhouette_score(points, ward.labels_)),
            "epsilon": epsilon, "min_points": 3, "dbscan": dbscan.labels_.tolist(),
            "dbscan_cores": dbscan.core_sample_indices_.tolist(),
        })
    OUT.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"sklearn": sklearn.__version__, "cases": cases}, separators=(",", ":"))
    OUT.write_text(text.replace('},{', '},\n{') + "\n")
    print(f"{OUT.name}: {len(cases)} cases, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
