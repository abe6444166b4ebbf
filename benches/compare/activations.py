#!/usr/bin/env python3
"""What recomputed activations save and cost: `idl train` with and without
`activation_checkpointing`, mini-llama, rows of 1,024 tokens, batch 8, an adapter
on all linear layers, otherwise the same run. (The batch decides the time of a
step, not the memory: rows have their gradients one at a time.)

Prints the peak of resident memory and the time of a step of both, and the
ratios; exits 1 where a loss differs. What the process holds without long rows is
told by a run with short ones.

usage: activations.py [--steps 3] [--rows 8] [--threads 2] [--tokens 1024]"""

import argparse
import json
import os
import statistics
import sys
from pathlib import Path

import peers


def row(number, tokens):
    """A dialogue of one reply, long enough: the cut leaves `tokens` at most."""
    sessions = tokens // 22
    session = [{"role": "user", "content": f"what do you grow in field {number} ?"},
               {"role": "assistant", "content": "beans , peas and a little barley ."}]
    return {"id": f"row-{number}", "sessions": [session] * sessions,
            "prompt": [{"role": "user", "content": "and what do you like best ?"}],
            "completion": "the peas , they are green by june ."}


def train(program, scratch, args, tokens, steps, recompute):
    name = f"{tokens}-{recompute}"
    data, out = scratch / f"{tokens}.jsonl", scratch / name
    data.write_text("".join(json.dumps(row(n, tokens)) + "\n" for n in range(args.rows)))
    config = {
        "stage": "msl", "data": str(data), "out": str(out), "max_tokens": tokens, "reserve": 32,
        "lora": {"r": 16, "alpha": 32, "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj",
                                                          "gate_proj", "up_proj", "down_proj"]},
        "train": {"batch_size": args.rows, "epochs": steps, "activation_checkpointing": recompute},
    }
    file = scratch / f"{name}.json"
    file.write_text(json.dumps(config))
    pid = os.posix_spawn(program[0], [*program, "--config", str(file)],
                         {**os.environ, "OMP_NUM_THREADS": str(args.threads)},
                         file_actions=[(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"train: status {status}")
    log = [json.loads(line) for line in (out / "train_log.jsonl").read_text().splitlines()]
    elapsed = [r["num_tokens"] / r["tokens_per_second"] for r in log]
    steps = [b - a for a, b in zip(elapsed, elapsed[1:])]
    return usage.ru_maxrss / 1024, statistics.median(steps), [r["loss"] for r in log]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tokens", type=int, default=1024)
    args = parser.parse_args()
    program = peers.program("train")
    with peers.scratch() as folder:
        scratch = Path(folder)
        before, _, _ = train(program, scratch, args, 96, 2, False)
        kept, fast, losses = train(program, scratch, args, args.tokens, args.steps, False)
        again, slow, same = train(program, scratch, args, args.tokens, args.steps, True)
    print(f"rows of 96 tokens   {before:7.0f} MiB")
    print(f"activations kept    {kept:7.0f} MiB {fast:7.2f} s a step")
    print(f"        recomputed  {again:7.0f} MiB {slow:7.2f} s a step")
    print(f"what long rows add is {(again - before) / (kept - before):.2f} of it, at {slow / fast:.2f} the time")
    if losses != same:
        sys.exit(f"the losses differ: {losses} {same}")


if __name__ == "__main__":
    main()
