#!/usr/bin/env python3
"""Training beside TRL and PEFT: the same rows in the same order, the same
initial adapter, 32 bits, the same torch and number of threads.

Prints the largest difference of the loss over the steps of SFT (against TRL's
SFTTrainer; also of mean_token_accuracy), DPO (against its DPOTrainer) and DPOC (against a loop of a few
lines in PyTorch, below), and how long a step takes here and there. Exits 1
where a loss is off by more than 1e-3, an accuracy by more than a hundredth, or a step takes longer here.

usage: train.py [--steps 20] [--threads 2]"""

import argparse
import contextlib
import io
import json
import os
import statistics
import sys
import time

import peers

peers.environment()

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
import torch  # noqa: E402
from datasets import Dataset  # noqa: E402
from peft import LoraConfig, PeftModel, get_peft_model  # noqa: E402
from torch.utils.data import SequentialSampler  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer, get_cosine_schedule_with_warmup  # noqa: E402
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer  # noqa: E402

MODEL = peers.WORKSPACE / "examples" / "assets" / "mini-llama"
BATCH, RATE = 2, 1e-3
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def rows(prepare, count):
    """Single replies behind their sessions, each a dialogue of its own."""
    command = [*prepare, "--corpus", "embedded", "--stage", "dpoc", "--dialogues", "60"]
    out = peers.output(command)
    found = []
    for number, line in enumerate(out.splitlines()):
        row = json.loads(line)
        row["id"] = f"row-{number}"
        row["sessions"], row["distances"] = row["sessions"][-2:], row["distances"][-2:]
        found.append(row)
    return found[:: max(1, len(found) // count)][:count]


def messages(row):
    return [m for session in row["sessions"] for m in session] + row["prompt"]


def initial_adapter(folder):
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32)
    config = LoraConfig(r=8, lora_alpha=16, target_modules=TARGETS, task_type="CAUSAL_LM")
    get_peft_model(model, config).save_pretrained(folder)


def theirs(folder):
    model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32)
    return PeftModel.from_pretrained(model, folder, is_trainable=True)


def settings(folder, steps):
    return dict(
        output_dir=str(folder), per_device_train_batch_size=BATCH, max_steps=steps, learning_rate=RATE,
        lr_scheduler_type="cosine", warmup_steps=2, weight_decay=0.0, max_grad_norm=1.0,
        logging_steps=1, save_strategy="no", report_to=[], use_cpu=True, bf16=False, fp16=False,
        gradient_checkpointing=False, max_length=2048, disable_tqdm=True, dataloader_pin_memory=False,
    )


def in_order(trainer):
    class InOrder(trainer):
        def _get_train_sampler(self, dataset=None):
            return SequentialSampler(dataset if dataset is not None else self.train_dataset)

    return InOrder


class Watch:
    """Times of steps, and losses as the trainer logs them."""

    def __init__(self):
        from transformers import TrainerCallback

        watch = self
        self.times, self.losses, self.accuracies = [], [], []

        class Callback(TrainerCallback):
            def on_step_begin(self, *_args, **_kwargs):
                watch.start = time.perf_counter()

            def on_step_end(self, *_args, **_kwargs):
                watch.times.append(time.perf_counter() - watch.start)

            def on_log(self, _args, _state, _control, logs=None, **_kwargs):
                if "loss" in (logs or {}):
                    watch.losses.append(float(logs["loss"]))
                if "mean_token_accuracy" in (logs or {}):
                    watch.accuracies.append(float(logs["mean_token_accuracy"]))

        self.callback = Callback()


def trl_run(trainer, config, dataset, adapter, scratch, steps):
    watch = Watch()
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    with contextlib.redirect_stdout(io.StringIO()):
        in_order(trainer)(
            model=theirs(adapter), args=config(**settings(scratch / "trl", steps)), train_dataset=dataset,
            processing_class=tokenizer, callbacks=[watch.callback],
        ).train()
    return watch.losses, watch.accuracies, watch.times


def dpoc_run(data, adapter, steps, beta=0.1, penalty=2.0):
    """DPOC of the paper (eqs 5, 6) as anybody would write it."""
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    policy, reference = theirs(adapter), theirs(adapter)
    parameters = [p for p in policy.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.0)
    schedule = get_cosine_schedule_with_warmup(optimizer, 2, steps)

    def logp(model, row, reply):
        prompt = tokenizer.apply_chat_template(messages(row), add_generation_prompt=True, return_dict=False)
        whole = tokenizer.apply_chat_template(messages(row) + row[reply], return_dict=False)
        ids = torch.tensor([whole])
        rows = model(ids).logits[0, len(prompt) - 1 : -1].log_softmax(-1)
        return rows.gather(1, ids[0, len(prompt) :, None]).sum()

    losses = []
    for step in range(steps):
        batch = [data[(BATCH * step + i) % len(data)] for i in range(BATCH)]
        total = 0.0
        for row in batch:
            a = {}
            for reply in ["chosen", "rejected", "criterion"]:
                with torch.no_grad():
                    kept = logp(reference, row, reply)
                a[reply] = logp(policy, row, reply) - kept
            w, l, c = a["chosen"], a["rejected"], a["criterion"]
            loss = -torch.nn.functional.logsigmoid(beta * (w - l)) + penalty * (torch.relu(c - w) + torch.relu(l - c))
            (loss / BATCH).backward()
            total += loss.item() / BATCH
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(total)
    return losses


def ours(train, scratch, name, data, adapter, steps, threads, **extra):
    file, out = scratch / f"{name}.jsonl", scratch / name
    file.write_text("".join(json.dumps(row) + "\n" for row in data))
    config = {
        "data": str(file), "out": str(out), "adapter": str(adapter), "max_tokens": 2048, "reserve": 512,
        "train": {
            "batch_size": BATCH, "epochs": 1000, "max_steps": steps, "shuffle": False,
            "schedule": {"learning_rate": RATE, "warmup_steps": 2},
        },
        **extra,
    }
    settings = scratch / f"{name}.json"
    settings.write_text(json.dumps(config))
    peers.output([*train, "--config", settings], OMP_NUM_THREADS=str(threads))
    log = [json.loads(line) for line in (out / "train_log.jsonl").read_text().splitlines()]
    # The clock of the whole run at each step: tokens so far by tokens a second.
    ends = [record["num_tokens"] / record["tokens_per_second"] for record in log]
    accuracies = [record["mean_token_accuracy"] for record in log if "mean_token_accuracy" in record]
    return [record["loss"] for record in log], accuracies, [b - a for a, b in zip([0.0] + ends, ends)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    steps, threads = arguments.steps, arguments.threads
    torch.set_num_threads(threads)
    prepare, train = peers.program("prepare"), peers.program("train")
    failed = False
    with peers.scratch() as scratch:
        from pathlib import Path

        scratch = Path(scratch)
        adapter = scratch / "initial"
        initial_adapter(adapter)
        data = rows(prepare, BATCH * steps)

        sft = [{k: row[k] for k in ["id", "sessions", "distances", "prompt"]} | {"completion": row["chosen"]} for row in data]
        naive = [{k: v for k, v in row.items() if not k.startswith("criterion")} for row in data]
        plain = Dataset.from_list([{"prompt": messages(r), "completion": r["completion"]} for r in sft])
        pairs = Dataset.from_list([{"prompt": messages(r), "chosen": r["chosen"], "rejected": r["rejected"]} for r in data])
        runs = [
            ("SFT", sft, {"stage": "msl"}, lambda: trl_run(SFTTrainer, SFTConfig, plain, adapter, scratch, steps)),
            ("DPO", naive, {"stage": "dpoc", "loss": {"loss": {"type": "dpo"}}},
             lambda: trl_run(DPOTrainer, DPOConfig, pairs, adapter, scratch, steps)),
            ("DPOC", data, {"stage": "dpoc"}, lambda: (dpoc_run(data, adapter, steps), None, None)),
        ]
        for name, examples, extra, peer in runs:
            mine, my_accuracies, my_times = ours(train, scratch, name.lower(), examples, adapter, steps, threads, **extra)
            other, their_accuracies, their_times = peer()
            off = max(abs(a - b) for a, b in zip(mine, other, strict=True))
            line = f"{name:5} loss {mine[0]:.4f} -> {mine[-1]:.4f}, largest difference over {steps} steps {off:.1e}"
            failed |= off > 1e-3
            if my_accuracies:
                off = max(abs(a - b) for a, b in zip(my_accuracies, their_accuracies, strict=True))
                line += f", of mean_token_accuracy {off:.1e}"
                failed |= off > 1e-2
            if their_times:
                # The first steps warm up, there as here.
                ratio = statistics.median(their_times[3:]) / statistics.median(my_times[3:])
                line += f"; a step takes {ratio:.2f} times as long in TRL"
                failed |= ratio < 1.0
            print(line, flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
