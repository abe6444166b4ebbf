"""Compares idl-cluster with scikit-learn on points made on the spot and on
real ones.

    cargo build --release -p idl-cluster --examples
    python tests/reference/cluster_compare.py [--encoder DIR] [--seeds N]

needs numpy and scikit-learn; the real points are those of ConvAI2's validation
persons in $IDL_DATA (default ../shared/data), left out if there are none. With
--encoder (a sentence-transformers folder such as all-MiniLM-L6-v2, read by
transformers) their persona texts are embedded by it, too.

k-means: our default (50 runs) with several seeds against the best of 50
initialisations of theirs. Ward: the same partition, or, where two hierarchies
are equally good, the same inertia. DBSCAN: the same cores and the same noise.
Silhouette: the largest difference. Exits with 1 if one of them is not met.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy
import sklearn
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score

ROOT = Path(__file__).parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def program(profile, name):
    return TARGET / profile / "examples" / name


def blobs(rng):
    """Groups from apart to indistinguishable, on the sphere and not."""
    for n, d, c in [(6, 3, 2), (12, 8, 3), (12, 384, 3), (20, 16, 3), (20, 384, 5), (40, 5, 4), (60, 64, 8),
                    (90, 4, 6), (200, 32, 3), (200, 8, 12)]:
        for spread in (0.1, 0.5, 1.0, 3.0):
            centers = rng.normal(size=(c, d))
            points = centers[rng.integers(0, c, n)] + spread * rng.normal(size=(n, d))
            if spread < 1:
                points /= numpy.linalg.norm(points, axis=1, keepdims=True)
            yield c, points


def embedded(texts, folder):
    """Mean-pooled, of unit length."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    rows = []
    for start in range(0, len(texts), 64):
        batch = tokenizer(texts[start:start + 64], padding=True, truncation=True, max_length=256, return_tensors="pt")
        with torch.no_grad():
            hidden = model(**batch).last_hidden_state
        mask = batch["attention_mask"].unsqueeze(-1)
        rows.append(torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1)).numpy())
    return numpy.concatenate(rows).astype(numpy.float64)


def real(profile, encoder):
    data = Path(os.environ.get("IDL_DATA", ROOT / "../shared/data")) / "convai2"
    if not data.is_dir():
        print(f"SKIPPED: no {data}")
        return
    lines = subprocess.run([program(profile, "persona_texts"), data], check=True, capture_output=True, text=True)
    persons = [json.loads(line) for line in lines.stdout.splitlines()]
    yield "ConvAI2, TF-IDF", [numpy.array(p["points"]) for p in persons]
    if encoder:
        vectors = embedded([t for p in persons for t in p["texts"]], encoder)
        bounds = numpy.cumsum([len(p["texts"]) for p in persons])[:-1]
        yield f"ConvAI2, {Path(encoder).name}", numpy.split(vectors, bounds)


def ours(profile, cases):
    """Labels and measures of (points, clusters, method, seed)."""
    lines = "\n".join(json.dumps({"points": p.tolist(), "clusters": c, "method": m, "seed": s}) for p, c, m, s in cases)
    done = subprocess.run([program(profile, "labels")], input=lines, check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def compare(name, profile, cases, seeds):
    """Prints one line for `cases` of (clusters, points); whether all is met."""
    kmeans = {"kmeans": {"n_runs": 50, "max_iterations": 300, "tolerance": 1e-4}}
    results = ours(profile, [(p, c, kmeans, s) for c, p in cases for s in range(seeds)])
    # Of as many initialisations as ours, and of the 10 that used to be theirs.
    best = [KMeans(c, n_init=50, random_state=0).fit(p).inertia_ for c, p in cases]
    ten = [KMeans(c, n_init=10, random_state=1).fit(p).inertia_ for c, p in cases]
    ratios = numpy.array([r["inertia"] for r in results]).reshape(len(cases), seeds) / numpy.array(best)[:, None]

    wards, scores = 0, []
    for (c, p), result in zip(cases, ours(profile, [(p, c, "ward", 0) for c, p in cases])):
        theirs = AgglomerativeClustering(c, linkage="ward").fit(p).labels_
        same = adjusted_rand_score(theirs, result["labels"]) == 1.0
        wards += same
        if not same:
            centred = sum(((p[theirs == k] - p[theirs == k].mean(0)) ** 2).sum() for k in range(c))
            print(f"  Ward differs: inertia {result['inertia']:.12f}, theirs {centred:.12f}")
        if 1 < len(set(result["labels"])) < len(p):
            scores.append(abs(silhouette_score(p, result["labels"]) - result["silhouette"]))

    epsilons = []
    for c, p in cases:
        distances = numpy.sort(numpy.linalg.norm(p[:, None] - p[None], axis=2), axis=1)
        epsilons.append(float(numpy.median(distances[:, 2]) * 1.0137))
    density = [(p, c, {"dbscan": {"epsilon": e, "min_points": 3}}, 0) for (c, p), e in zip(cases, epsilons)]
    scans = 0
    for (c, p), e, result in zip(cases, epsilons, ours(profile, density)):
        theirs = DBSCAN(eps=e, min_samples=3).fit(p)
        labels = numpy.array([-1 if x is None else x for x in result["labels"]])
        cores = theirs.core_sample_indices_
        scans += bool(((labels < 0) == (theirs.labels_ < 0)).all()
                      and (len(cores) == 0 or adjusted_rand_score(labels[cores], theirs.labels_[cores]) == 1.0))

    print(f"{name}: {len(cases)} cases; k-means inertia over their best of 50: worst {ratios.max():.5f} "
          f"(of {seeds} seeds; their own best of 10: {max(t / b for t, b in zip(ten, best)):.5f}), least {ratios.min():.5f}; "
          f"Ward {wards}/{len(cases)}; DBSCAN {scans}/{len(cases)}; silhouette {max(scores, default=0):.1e}")
    return ratios.max() <= 1.01 and wards == len(cases) and scans == len(cases) and max(scores, default=0) < 1e-9


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--encoder", metavar="DIR")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--profile", default="release")
    args = parser.parse_args()
    start = time.time()
    print(f"scikit-learn {sklearn.__version__}")
    met = compare("invented", args.profile, list(blobs(numpy.random.default_rng(5))), args.seeds)
    for name, groups in real(args.profile, args.encoder):
        for clusters in (2, 3, 5):
            cases = [(clusters, p) for p in groups if len(numpy.unique(p, axis=0)) > clusters]
            met &= compare(f"{name}, {clusters} clusters", args.profile, cases, args.seeds)
    print(f"{time.time() - start:.0f} s; {'all met' if met else 'NOT MET'}")
    sys.exit(not met)


if __name__ == "__main__":
    main()
