"""Reference vectors for adapters on weights in bf16, made with transformers and
PEFT.

    python3 -m venv venv && venv/bin/pip install torch==2.11.0 transformers peft
    venv/bin/python tests/reference/lm_bf16.py

Reads the tiny folders in crates/idl-lm/tests/data/ that lm.py wrote, casts the
base to bf16 (PEFT keeps the adapter in 32 bits, its default), and writes
crates/idl-lm/tests/data/lm_bf16.json: for each the adapted logits, and what the
first adapted layer gives for a random input, which no later layer blurs.
"""

import json
import pathlib

import torch
from peft import PeftModel
from transformers import LlamaForCausalLM

DATA = pathlib.Path(__file__).resolve().parents[2] / "crates/idl-lm/tests/data"


def main():
    vectors = json.loads((DATA / "lm.json").read_text())
    out = {}
    for name in ["grouped_tied", "full_untied"]:
        base = LlamaForCausalLM.from_pretrained(DATA / name, dtype=torch.bfloat16)
        model = PeftModel.from_pretrained(base, DATA / name / "adapter").eval()
        layer = model.base_model.model.model.layers[0].self_attn.q_proj
        assert layer.lora_A["default"].weight.dtype == torch.float32
        torch.manual_seed(7)
        x = torch.randn(3, 16).to(torch.bfloat16)
        with torch.no_grad():
            logits = model(torch.tensor([vectors[name]["ids"]])).logits[0].float()
            y = layer(x).float()
        out[name] = dict(logits=logits.tolist(), x=x.float().tolist(), q_proj=y.tolist())
    (DATA / "lm_bf16.json").write_text(json.dumps(out) + "\n")


if __name__ == "__main__":
    main()
