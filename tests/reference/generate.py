"""Reference vectors for idl-lm's generation, made with transformers.

    python3 -m venv venv && venv/bin/pip install torch==2.11.0 transformers
    venv/bin/python tests/reference/generate.py
    venv/bin/python tests/reference/generate.py --check ../shared/data/convai2

The first writes crates/idl-lm/tests/data/generate.json: greedy continuations
of invented prompts, with and without a repetition penalty, and what
transformers' logits processors keep of small vectors. The second compares 50
prompts of ConvAI2 with the program `generate`: 64 greedy tokens each, one by
one and in batches; nothing of the corpus is kept.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.generation.logits_process import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASE = ROOT / "examples/assets/mini-llama"
OUT = ROOT / "crates/idl-lm/tests/data/generate.json"

CHATS = [
    [("user", "good morning ! what are you up to ?")],
    [("user", "hi , what do you do for a living ?"),
     ("assistant", "i mend clocks in a small shop by the river ."),
     ("user", "that sounds peaceful . do you have any pets ?")],
    [("user", "do you like music ?"), ("assistant", "i play the cello , badly ."),
     ("user", "ha ! me too ."), ("assistant", "we should start a band ."),
     ("user", "what would we call it ?"), ("assistant", "the creaking doors ."),
     ("user", "and where would we play first ?")],
    [("user", "naïve café 🦉 ?")],
    [("assistant", "it has been raining for a week here ."), ("user", "where is that ?")],
]


def load():
    tokenizer = PreTrainedTokenizerFast.from_pretrained(BASE)
    model = LlamaForCausalLM.from_pretrained(BASE, dtype=torch.float32).eval()
    return model, tokenizer


def greedy(model, tokenizer, prompt, penalty=1.0):
    ids = torch.tensor([tokenizer.encode(prompt, add_special_tokens=False)])
    reply = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=64, do_sample=False,
                           repetition_penalty=penalty, pad_token_id=0)[0, ids.shape[1]:].tolist()
    return reply[:-1] if reply[-1] == 2 else reply


def rendered(tokenizer, chat):
    messages = [dict(role=role, content=content) for role, content in chat]
    return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)


def greedy_vectors():
    model, tokenizer = load()
    cases = []
    for chat in CHATS:
        for penalty in (1.0, 1.3):
            prompt = rendered(tokenizer, chat)
            ids = greedy(model, tokenizer, prompt, penalty)
            cases.append(dict(prompt=prompt, repetition_penalty=penalty, token_ids=ids, text=tokenizer.decode(ids)))
    return cases


def processor_vectors():
    """What generate() applies, in its order, to random logits."""
    torch.manual_seed(5)
    cases = []
    for size, options in [
        (8, dict(temperature=0.7)),
        (8, dict(temperature=1.0, top_k=3)),
        (40, dict(temperature=1.3, top_p=0.8)),
        (40, dict(temperature=0.5, min_p=0.05)),
        (40, dict(temperature=0.9, top_k=20, top_p=0.9, min_p=0.02)),
        (40, dict(temperature=1.5, repetition_penalty=1.4, seen=[3, 7, 7, 11], top_p=0.7)),
        (12, dict(temperature=2.0, repetition_penalty=0.6, seen=[0, 1, 5], top_k=5, min_p=0.3)),
        (600, dict(temperature=1.0, top_p=0.97)),
        (600, dict(temperature=4.0, top_k=300, top_p=0.995, min_p=0.001)),
    ]:
        logits = 3 * torch.randn(1, size)
        processors = LogitsProcessorList()
        if "repetition_penalty" in options:
            processors.append(RepetitionPenaltyLogitsProcessor(options["repetition_penalty"]))
        processors.append(TemperatureLogitsWarper(options["temperature"]))
        if "top_k" in options:
            processors.append(TopKLogitsWarper(options["top_k"]))
        if "top_p" in options:
            processors.append(TopPLogitsWarper(options["top_p"]))
        if "min_p" in options:
            processors.append(MinPLogitsWarper(options["min_p"]))
        seen = torch.tensor([options.get("seen", [0])])
        probabilities = torch.softmax(processors(seen, logits.clone()), -1)[0]
        kept = {int(i): round(float(probabilities[i]), 7) for i in probabilities.nonzero()[:, 0]}
        cases.append(dict(logits=[round(x, 6) for x in logits[0].tolist()], kept=kept, **options))
    return cases


def check(folder, prompts):
    model, tokenizer = load()
    texts = []
    with open(pathlib.Path(folder) / "dialogues_both.jsonl") as lines:
        for line in lines:
            said = json.loads(line)
            said = said.get("utterances") or [m["text"] for m in said["dialogue"]]
            turns = 1 + 2 * (len(texts) % 5)
            if len(said) > turns:
                roles = ["user", "assistant"] * turns
                texts.append(rendered(tokenizer, list(zip(roles, said[:turns]))))
            if len(texts) == prompts:
                break
    expected = [greedy(model, tokenizer, text) for text in texts]
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for text in texts:
            file.write(json.dumps(dict(prompt=text)) + "\n")
        file.flush()
        command = ["cargo", "run", "--quiet", "--release", "--package", "idl-cli", "--", "generate",
                   "--input", file.name, "--max-new-tokens", "64"]
        for batch in ("1", "16"):
            out = subprocess.run([*command, "--batch-size", batch], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
            got = [json.loads(line)["token_ids"] for line in out.stdout.splitlines()]
            same = sum(a == b for a, b in zip(expected, got, strict=True))
            tokens = sum(map(len, expected))
            print(f"batches of {batch}: {same} of {len(texts)} replies identical ({tokens} tokens)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", metavar="DIR", help="ConvAI2: compare instead of writing")
    parser.add_argument("--prompts", type=int, default=50)
    args = parser.parse_args()
    torch.set_grad_enabled(False)
    if args.check:
        check(args.check, args.prompts)
    else:
        vectors = dict(greedy=greedy_vectors(), processors=processor_vectors())
        OUT.write_text(json.dumps(vectors, indent=1, ensure_ascii=False) + "\n")
        print(f"written: {OUT.relative_to(ROOT)}", file=sys.stderr)


if __name__ == "__main__":
    main()
