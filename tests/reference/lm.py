"""Reference vectors for idl-lm, made with transformers and PEFT.

    python3 -m venv venv && venv/bin/pip install torch==2.11.0 transformers peft
    venv/bin/python tests/reference/lm.py

Writes crates/idl-lm/tests/data/: two tiny random LLaMA folders (tied and
untied head, grouped and full attention) with a PEFT adapter that is not zero,
and lm.json with logits, log-probabilities, adapted logits and greedy
continuations; and tests/data/mini_llama.json with the same of the embedded
base. Every sentence is invented.
"""

import json
import pathlib
import sys

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "crates/idl-lm/tests/data"
BASE = ROOT / "examples/assets/mini-llama"

TINY = {
    "grouped_tied": dict(num_key_value_heads=1, tie_word_embeddings=True, rope_theta=10000.0),
    "full_untied": dict(num_key_value_heads=2, tie_word_embeddings=False, rope_theta=500.0),
}


def logits_of(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0].float()


def tiny(name, options):
    torch.manual_seed(len(name))
    config = LlamaConfig(
        hidden_size=16, intermediate_size=24, vocab_size=32, num_hidden_layers=2,
        num_attention_heads=2, head_dim=8, rms_norm_eps=1e-5, max_position_embeddings=32,
        bos_token_id=1, eos_token_id=2, initializer_range=0.3, **options,
    )
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "norm" in key:
                parameter.add_(0.2 * torch.randn_like(parameter))
    folder = DATA / name
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    ids = [1, 5, 9, 30, 5, 9, 17, 3, 3, 21]
    plain = logits_of(model, ids)
    lora = LoraConfig(r=3, lora_alpha=6, target_modules=["q_proj", "v_proj", "down_proj"],
                      task_type="CAUSAL_LM")
    adapted = get_peft_model(model, lora).eval()
    with torch.no_grad():
        for key, parameter in adapted.named_parameters():
            if "lora_B" in key:
                parameter.copy_(0.2 * torch.randn_like(parameter))
    adapted.save_pretrained(folder / "adapter")
    (folder / "adapter/README.md").unlink(missing_ok=True)
    path = folder / "adapter/adapter_config.json"
    saved = json.loads(path.read_text())
    saved["base_model_name_or_path"] = name
    path.write_text(json.dumps(saved, indent=2) + "\n")
    return dict(ids=ids, logits=plain.tolist(), adapted=logits_of(adapted, ids).tolist())


def mini():
    tokenizer = PreTrainedTokenizerFast.from_pretrained(BASE)
    model = LlamaForCausalLM.from_pretrained(BASE, dtype=torch.float32).eval()
    chats = [
        [("user", "hi , what do you do for a living ?"),
         ("assistant", "i mend clocks in a small shop by the river ."),
         ("user", "that sounds peaceful . do you have any pets ?"),
         ("assistant", "two cats , they sleep in the window .")],
        [("user", "good evening !"), ("user", "are you there ?"), ("assistant", "sure , just home from work .")],
        [("assistant", "naïve café , 3 o'clock ?"), ("user", "yes !"), ("assistant", "great .")],
    ]
    out = []
    for chat in chats:
        messages = [dict(role=r, content=c) for r, c in chat]
        text = tokenizer.apply_chat_template(messages, tokenize=False)
        ids = tokenizer.encode(text, add_special_tokens=False)
        logprobs = torch.log_softmax(logits_of(model, ids), -1)
        scores = [logprobs[i - 1, ids[i]].item() for i in range(1, len(ids))]
        prompt = tokenizer.apply_chat_template(messages[:-1], tokenize=False, add_generation_prompt=True)
        prompt_ids = tokenizer.encode(prompt, add_special_tokens=False)
        reply = model.generate(torch.tensor([prompt_ids]), attention_mask=torch.ones(1, len(prompt_ids), dtype=torch.long),
                               max_new_tokens=24, do_sample=False, pad_token_id=0)[0, len(prompt_ids):].tolist()
        if reply[-1] == 2:
            reply = reply[:-1]
        out.append(dict(messages=messages, text=text, ids=ids, logprobs=scores,
                        prompt=prompt, greedy=reply, greedy_text=tokenizer.decode(reply)))
    return out


def main():
    DATA.mkdir(parents=True, exist_ok=True)
    vectors = {name: tiny(name, dict(options)) for name, options in TINY.items()}
    (DATA / "lm.json").write_text(json.dumps(vectors) + "\n")
    (ROOT / "tests/data").mkdir(exist_ok=True)
    (ROOT / "tests/data/mini_llama.json").write_text(json.dumps(mini(), indent=1) + "\n")
    print("written", file=sys.stderr)


if __name__ == "__main__":
    main()
