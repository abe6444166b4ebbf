"""idl-encoder against sentence-transformers, in one run, on a CPU.

    python3 benches/compare/encode.py --encoder DIR [--data FILE] [--sentences N]
                                      [--threads N] [--rounds N] [--batch N]

DIR is a sentence-transformers folder, all-MiniLM-L6-v2 say (IDL_ENCODER names
it otherwise), FILE a JSON lines file whose objects have `utterances`, ConvAI2's
dialogues_both.jsonl say. The texts are its first N different utterances.

Both sides encode the same texts with the same version of torch, the same number
of threads and batches of the same size: sentence-transformers' `encode` in
32 bits, ours in 32 bits and in bfloat16. Each round times all three, one after
the other; what is reported is the ratio of the sentences per second in each
round, and the least cosine between the vectors of one text.

Each target that is missed is named at the end, and the script then exits with 1.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import peers

peers.environment()

import numpy as np  # noqa: E402
import torch  # noqa: E402
from sentence_transformers import SentenceTransformer  # noqa: E402

DATA = peers.WORKSPACE.parent / "shared/data/convai2/dialogues_both.jsonl"

# What is asked for: sentences per second over sentence-transformers', and the
# least cosine, f32 to sentence-transformers, bf16 to our f32.
SPEED = dict(f32=1.0, bf16=1.5)
COSINE = dict(f32=0.99999, bf16=0.999)


def utterances(path, n):
    found = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            for text in json.loads(line)["utterances"]:
                found.setdefault(text)
            if len(found) >= n:
                break
    return list(found)[:n]


class Ours:
    """Our encoder in a process of its own, which waits between the rounds."""

    def __init__(self, program, args, kind, texts, folder):
        self.vectors = f"{folder}/{kind}.bin"
        command = [program, args.encoder, kind, args.batch, args.threads, texts, self.vectors]
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
        )

    def seconds(self, threads):
        print(file=self.process.stdin, flush=True)
        told = json.loads(self.process.stdout.readline())
        assert told["threads"] == threads, "another number of threads"
        return told["seconds"]

    def rows(self, n):
        self.process.stdin.close()
        assert self.process.wait() == 0
        return np.fromfile(self.vectors, np.float32).reshape(n, -1)


def least_cosine(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return ((a * b).sum(axis=1) / norms).min()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", default=os.environ.get("IDL_ENCODER"))
    parser.add_argument("--data", default=str(DATA))
    parser.add_argument("--sentences", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=32)
    args = parser.parse_args()
    if not args.encoder:
        raise SystemExit("--encoder or IDL_ENCODER must name a sentence-transformers folder")
    torch.set_num_threads(args.threads)
    program = peers.build("encode-peer")
    texts = utterances(args.data, args.sentences)
    theirs = SentenceTransformer(args.encoder, device="cpu")

    def encode(some):
        return theirs.encode(some, batch_size=args.batch, show_progress_bar=False, normalize_embeddings=True)

    encode(texts[:64])
    missed, ratios = [], dict(f32=[], bf16=[])
    with peers.scratch() as folder:
        path = f"{folder}/texts.json"
        with open(path, "w") as file:
            json.dump(texts, file)
        ours = {kind: Ours(program, args, kind, path, folder) for kind in ratios}
        print(f"{len(texts)} texts, {args.threads} threads, torch {torch.__version__}, "
              f"{torch.backends.cpu.get_cpu_capability()}")
        for number in range(args.rounds):
            start = time.perf_counter()
            expected = encode(texts)
            seconds = time.perf_counter() - start
            told = f"round {number + 1}: sentence-transformers {len(texts) / seconds:.0f} sentences/s"
            for kind, side in ours.items():
                own = side.seconds(args.threads)
                ratios[kind].append(seconds / own)
                told += f", {kind} {len(texts) / own:.0f} (ratio {seconds / own:.2f})"
            print(told, flush=True)
        rows = {kind: side.rows(len(texts)) for kind, side in ours.items()}
    cosines = dict(f32=least_cosine(rows["f32"], expected), bf16=least_cosine(rows["bf16"], rows["f32"]))
    for kind, against in [("f32", "sentence-transformers"), ("bf16", "f32")]:
        ratio = statistics.median(ratios[kind])
        print(f"{kind}: {ratio:.2f} times as fast (median), least cosine to {against} {cosines[kind]:.7f}")
        if ratio < SPEED[kind]:
            missed.append(f"{kind}: {ratio:.2f} times as fast, not {SPEED[kind]}")
        if cosines[kind] < COSINE[kind]:
            missed.append(f"{kind}: cosine {cosines[kind]:.7f}, not {COSINE[kind]}")
    print("\nmissed:" if missed else "\nall targets hold")
    for target in missed:
        print(f"  {target}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
