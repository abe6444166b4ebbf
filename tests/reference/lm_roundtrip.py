"""Whether transformers and PEFT read what idl-lm writes.

    python3 -m venv venv && venv/bin/pip install torch==2.11.0 transformers peft
    venv/bin/python tests/reference/lm_roundtrip.py

Lets idl-lm save tiny models of every kind, LoRA and rsLoRA adapters on them,
and the models with the adapters merged in; loads all with transformers and
PEFT, and compares logits with those that idl-lm computed. Saves adapters with
PEFT again and compares the factors bit for bit. Prints the largest differences
as shares of the largest logit, and fails above 1e-5 in 32 bits. (The other way
round, PEFT to idl-lm, is crates/idl-lm/tests/family.rs and reference.rs.)
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

ROOT = pathlib.Path(__file__).resolve().parents[2]


def logits(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids])).logits.float().flatten()


def main():
    out = pathlib.Path(tempfile.mkdtemp())
    subprocess.run(["cargo", "test", "-q", "-p", "idl-lm", "--test", "roundtrip", "--", "--ignored"],
                   cwd=ROOT, check=True, env={**os.environ, "IDL_LM_ROUNDTRIP": str(out)})
    worst = {}
    for case in json.loads((out / "written.json").read_text()):
        folder, half = pathlib.Path(case["folder"]), case["half"]
        dtype = torch.bfloat16 if half else torch.float32

        def compare(what, model):
            expected = torch.tensor(case[what])
            error = ((logits(model, case["ids"]) - expected).abs().max() / expected.abs().max()).item()
            key = (what, "bf16" if half else "f32")
            worst[key] = max(worst.get(key, 0.0), error)

        base = AutoModelForCausalLM.from_pretrained(folder / "base", dtype="auto").eval()
        assert base.dtype == dtype, base.dtype
        compare("base", base)
        compare("merged", AutoModelForCausalLM.from_pretrained(folder / "merged", dtype="auto").eval())
        adapted = PeftModel.from_pretrained(base, folder / "adapter").eval()
        compare("adapted", adapted)
        adapted.save_pretrained(folder / "again")
        ours, theirs = (load_file(folder / d / "adapter_model.safetensors") for d in ("adapter", "again"))
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[k], theirs[k].float()) for k in ours)
    for (what, kind), error in sorted(worst.items()):
        print(f"{what:8} {kind:5} {error:.2e}")
    if any(error > 1e-5 for (_, kind), error in worst.items() if kind == "f32"):
        sys.exit("more than 1e-5 apart")


if __name__ == "__main__":
    main()
