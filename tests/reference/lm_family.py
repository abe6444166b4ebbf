"""Reference vectors for the options of idl-lm's models, made with transformers
and PEFT.

    python3 -m venv venv && venv/bin/pip install torch==2.11.0 transformers peft
    venv/bin/python tests/reference/lm_family.py

Writes crates/idl-lm/tests/data/family/: tiny random folders that between them
switch on every option (rotary scaling in both spellings, biases, windows
shorter than the sequence, grouped and full attention, heads that do not share
out the hidden state, tied and untied heads, bf16 shards), a PEFT adapter with
rsLoRA on all linear layers, and family.json with the logits of transformers in
32 bits.
"""

import json
import pathlib
import shutil
import sys

import torch
from peft import LoraConfig, get_peft_model
from transformers import (LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM,
                          Qwen2Config, Qwen2ForCausalLM)

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "crates/idl-lm/tests/data/family"
IDS = [1, 5, 9, 30, 5, 9, 17, 3, 3, 21, 8, 28, 14, 6]

COMMON = dict(hidden_size=16, intermediate_size=20, vocab_size=32, num_hidden_layers=2,
              num_attention_heads=4, rms_norm_eps=1e-5, max_position_embeddings=32,
              bos_token_id=1, eos_token_id=2, initializer_range=0.3)

LLAMA3 = dict(rope_type="llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=16, rope_theta=100.0)

MODELS = {
    # Saved by transformers 5, in shards of bf16.
    "llama3_shards": (LlamaConfig, LlamaForCausalLM, dict(
        num_key_value_heads=2, head_dim=8, tie_word_embeddings=False, rope_parameters=LLAMA3,
        eos_token_id=[2, 7])),
    # Spelled as transformers 4 did.
    "llama_linear_biases": (LlamaConfig, LlamaForCausalLM, dict(
        num_key_value_heads=4, tie_word_embeddings=True, attention_bias=True, mlp_bias=True,
        rope_parameters=dict(rope_type="linear", factor=2.5, rope_theta=500.0))),
    "mistral_window": (MistralConfig, MistralForCausalLM, dict(
        num_key_value_heads=2, head_dim=6, sliding_window=5, tie_word_embeddings=False)),
    "qwen2_window": (Qwen2Config, Qwen2ForCausalLM, dict(
        num_key_value_heads=1, sliding_window=4, use_sliding_window=True, max_window_layers=1,
        tie_word_embeddings=True)),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM, dict(
        num_key_value_heads=2, sliding_window=4, use_sliding_window=False,
        tie_word_embeddings=False)),
}


def logits_of(model):
    with torch.no_grad():
        logits = model(torch.tensor([IDS])).logits[0].float()
    return [[float(f"{x:.7g}") for x in row] for row in logits.tolist()]


def old_spelling(folder):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = dict(type=rope["rope_type"], factor=rope["factor"])
    config["torch_dtype"] = config.pop("dtype", "float32")
    path.write_text(json.dumps(config, indent=2) + "\n")


def build(name, config_class, model_class, options):
    torch.manual_seed(len(name))
    model = model_class(config_class(**{**COMMON, **options})).eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "norm" in key:
                parameter.add_(0.2 * torch.randn_like(parameter))
            if key.endswith("bias"):
                parameter.copy_(0.3 * torch.randn_like(parameter))
    folder = DATA / name
    if name == "llama3_shards":
        model = model.bfloat16()
        model.save_pretrained(folder, max_shard_size="4KB")
    else:
        model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    if name == "llama_linear_biases":
        old_spelling(folder)
    # What another program loads, not what was saved.
    model = model_class.from_pretrained(folder, dtype=torch.float32).eval()
    out = dict(logits=logits_of(model))
    if name == "mistral_window":
        lora = LoraConfig(r=2, lora_alpha=3, use_rslora=True, lora_dropout=0.25,
                          target_modules="all-linear", task_type="CAUSAL_LM")
        adapted = get_peft_model(model, lora).eval()
        with torch.no_grad():
            for key, parameter in adapted.named_parameters():
                if "lora_B" in key:
                    parameter.copy_(0.3 * torch.randn_like(parameter))
        adapted.save_pretrained(folder / "adapter")
        (folder / "adapter/README.md").unlink(missing_ok=True)
        path = folder / "adapter/adapter_config.json"
        saved = json.loads(path.read_text())
        saved["base_model_name_or_path"] = name
        saved["target_modules"].sort()
        path.write_text(json.dumps(saved, indent=2) + "\n")
        out["adapted"] = logits_of(adapted)
    return out


def main():
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir(parents=True)
    vectors = {name: build(name, *parts) for name, parts in MODELS.items()}
    (DATA / "family.json").write_text(json.dumps(dict(ids=IDS, models=vectors)) + "\n")
    print("written", file=sys.stderr)


if __name__ == "__main__":
    main()
