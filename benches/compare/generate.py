"""idl-lm's generation against transformers, in one run, on a CPU.

    python3 benches/compare/generate.py [--model DIR] [--threads N] [--repeats N]
        [--rounds N] [--dtype f32|bf16] [--only-single]

Both sides take the same prompts (token ids at random) on the same version of
torch and the same number of threads, one after the other, and must say the same
in f32.

* Decoding: the time of up to 65 new tokens less that of 1, over the steps
  between; `generate` of transformers at batch 1, greedy.
* Prefill: the time of the first token.
* Batch: 8 prompts of 32 to 60 tokens together, against one by one; both ours.
* Turns: 16 turns behind 1,500 tokens of sessions, 30 tokens more in each:
  every turn computed from what is cached (the sessions included, which are
  computed in the first), against every prompt computed anew.

All times are the least of several runs, and single prompts are timed in several
rounds in which both sides take turns, so that other load on the machine does
least harm.
"""

import argparse
import json
import os
import random

import peers

peers.environment()

import torch  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402

LENGTHS = [32, 512, 1500]
NEW = 65
BATCH = 8
TURNS, PER_TURN = 16, 30


def ids(source, n, vocabulary):
    return [1] + [source.randrange(10, vocabulary - 10) for _ in range(n - 1)]


def greedy(model, prompt, new):
    tensor = torch.tensor([prompt])
    out = model.generate(
        tensor, attention_mask=torch.ones_like(tensor), max_new_tokens=new, do_sample=False, pad_token_id=0
    )
    return out[0, len(prompt) :].tolist()


def prompts(model, vocabulary):
    """One for each length: of a few, the one with the longest reply."""
    source = random.Random(1)
    found = []
    for length in LENGTHS:
        candidates = [ids(source, length, vocabulary) for _ in range(6)]
        found.append(max(candidates, key=lambda prompt: len(greedy(model, prompt, NEW))))
    return found


def batch(vocabulary):
    source = random.Random(3)
    return [ids(source, 32 + 4 * row, vocabulary) for row in range(BATCH)]


def turns(vocabulary):
    source = random.Random(2)
    prompt = ids(source, LENGTHS[-1], vocabulary)
    out = []
    for _ in range(TURNS):
        prompt = prompt + ids(source, PER_TURN, vocabulary)
        out.append(prompt)
    return out


def times(args, model, prompt):
    """Of the first token, and of all."""
    return [peers.least_seconds(args.repeats, lambda: greedy(model, prompt, new)) for new in (1, NEW)]


def compare(args, program, dtype, folder):
    model = AutoModelForCausalLM.from_pretrained(args.model, dtype=dtype).eval()
    request = dict(
        prompts=prompts(model, model.config.vocab_size),
        batch=batch(model.config.vocab_size),
        turns=turns(model.config.vocab_size),
        new_tokens=NEW,
        repeats=args.repeats,
    )
    name = "bf16" if dtype == torch.bfloat16 else "f32"

    def run(**changes):
        path = f"{folder}/request.json"
        with open(path, "w") as file:
            json.dump({**request, **changes}, file)
        ours = peers.run(program, args.model, name, path)
        assert ours["threads"] == torch.get_num_threads(), "another number of threads"
        return ours

    print(f"\n{name}, {args.threads} threads, torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}")
    ours, theirs = [], []
    for _ in range(args.rounds):
        ours.append(run(batch=[], turns=[]))
        theirs.append([times(args, model, prompt) for prompt in request["prompts"]])
    for row, (prompt, reply) in enumerate(zip(request["prompts"], ours[0]["replies"])):
        our_first, our_whole = (min(one["single"][row][key] for one in ours) for key in ("first", "all"))
        first, whole = (min(one[row][part] for one in theirs) for part in (0, 1))
        their_reply = greedy(model, prompt, NEW)
        # The last step of a reply that ends is the token that ends it.
        steps, our_steps = len(their_reply) - 1, min(len(reply) + 1, NEW) - 1
        decode, our_decode = (whole - first) / steps, (our_whole - our_first) / our_steps
        same = "same reply" if reply == their_reply[: len(reply)] and steps == our_steps else "another reply"
        assert same == "same reply" or name == "bf16", "transformers says something else"
        print(
            f"  prompt of {len(prompt):>4}: decode {1 / our_decode:>6.0f} tokens/s, transformers {1 / decode:>5.0f},"
            f" ratio {decode / our_decode:.2f};  prefill {our_first * 1e3:>6.1f} ms, transformers"
            f" {first * 1e3:>6.1f} ms, ratio {first / our_first:.2f};  {same}",
            flush=True,
        )
    if args.only_single:
        return
    ours = run(prompts=[])
    print(f"  {BATCH} prompts in one batch: {ours['alone'] / ours['batch']:.2f} times as fast as one by one")
    print(
        f"  {TURNS} turns behind {LENGTHS[-1]} tokens: cached {ours['turns_cached']:.3f} s,"
        f" anew {ours['turns_recomputed']:.3f} s, ratio {ours['turns_recomputed'] / ours['turns_cached']:.1f}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=str(peers.WORKSPACE / "examples/assets/mini-llama"))
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--dtype", choices=["f32", "bf16"], help="one of the two only")
    parser.add_argument("--only-single", action="store_true", help="no batch and no turns")
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(args.threads)
    torch.set_num_threads(args.threads)
    torch.set_grad_enabled(False)
    program = peers.build("generate-peer")
    with peers.scratch() as folder:
        for name, dtype in (("f32", torch.float32), ("bf16", torch.bfloat16)):
            if args.dtype in (None, name):
                compare(args, program, dtype, folder)


if __name__ == "__main__":
    main()
