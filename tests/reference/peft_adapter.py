"""Whether an adapter that program `train` has written computes the same in PEFT.

    python3 -m venv venv && venv/bin/pip install torch==2.11.0 transformers peft
    venv/bin/python tests/reference/peft_adapter.py --adapter out/msl

Loads the folder with PEFT on top of the base model, scores replies behind a few
prompts in 32 bits, lets program `score` score the same, and prints the largest
difference between the log-probabilities of two tokens, beside the largest
difference that the adapter makes to the base. Exits 1 above 1e-4, and where the
adapter makes no difference: then nothing was compared.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT = 1e-4

# Earlier sessions, one after the other, and a conversation.
SESSIONS = (
    "<|user|>what do you do ?<|assistant|>i keep two owls and mend clocks .</s>",
    "<|user|>any plans ?<|assistant|>rowing on the lake with my brother .</s>"
    "<|user|>is it far ?<|assistant|>an hour by bus .</s>",
)
REPLIES = ("two owls .", "i mend clocks , and you ?", "no , i have never seen the sea .", "yes")
QUESTIONS = ("any pets ?", "what is your job ?", "hello , how are you ?")


def lines():
    for behind in range(len(SESSIONS) + 1):
        for question in QUESTIONS:
            prompt = f"<s>{''.join(SESSIONS[:behind])}<|user|>{question}<|assistant|>"
            for reply in REPLIES:
                yield {"prompt": prompt, "completion": f"{reply}</s>"}


def ours(program, cases, model, adapter):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(json.dumps(case) + "\n" for case in cases)
        file.flush()
        command = [*program, "--input", file.name, "--model", model, "--adapter", adapter]
        out = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [json.loads(line)["token_logprobs"] for line in out.splitlines()]


@torch.no_grad()
def theirs(case, tokenizer, model):
    encode = lambda text: tokenizer(text, add_special_tokens=False).input_ids
    prompt, whole = encode(case["prompt"]), encode(case["prompt"] + case["completion"])
    assert whole[: len(prompt)] == prompt
    logprobs = model(torch.tensor([whole])).logits[0].log_softmax(-1)
    return [logprobs[at - 1, whole[at]].item() for at in range(len(prompt), len(whole))]


def difference(a, b):
    assert [len(x) for x in a] == [len(x) for x in b], "other tokens"
    return max(abs(x - y) for one, other in zip(a, b) for x, y in zip(one, other))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--adapter", required=True, type=pathlib.Path)
    parser.add_argument("--model", default=ROOT / "examples/assets/mini-llama", type=pathlib.Path)
    parser.add_argument("--idl", type=pathlib.Path, help="the program, if it is built already")
    args = parser.parse_args()
    cargo = ["cargo", "run", "-q", "-p", "idl-cli", "--", "score"]
    program = [args.idl.resolve(), "score"] if args.idl else cargo
    adapter, folder = args.adapter.resolve(), args.model.resolve()

    cases = list(lines())
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    base = [theirs(case, tokenizer, model) for case in cases]
    model = PeftModel.from_pretrained(model, adapter).eval()
    peft = [theirs(case, tokenizer, model) for case in cases]
    found = ours(program, cases, folder, adapter)
    error, effect = difference(found, peft), difference(peft, base)
    print(f"{sum(map(len, peft))} tokens: PEFT and score differ by at most {error:.2e}, "
          f"PEFT and the base by {effect:.2e}")
    if error > LIMIT or effect < 100 * LIMIT:
        sys.exit(1)


if __name__ == "__main__":
    main()
