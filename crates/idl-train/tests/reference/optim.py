"""Makes ../data/adamw.json and ../data/schedules.json.

torch.optim.AdamW (f32, one tensor at a time) after every step with given
gradients, torch's clip_grad_norm_, and the learning rates of transformers'
schedules.

    pip install torch==2.11.0 transformers==5.23.0
    python optim.py
"""

import json
from pathlib import Path

import torch
import transformers

DATA = Path(__file__).parent.parent / "data"
STEPS = 15
torch.manual_seed(3)


def adamw(config, clip):
    params = {
        "matrix": torch.randn(2, 3, requires_grad=True),
        "vector": torch.randn(4, requires_grad=True),
    }
    start = {k: p.tolist() for k, p in params.items()}
    optimizer = torch.optim.AdamW(params.values(), lr=1.0, foreach=False, **config)
    steps = []
    for step in range(STEPS):
        lr = 0.05 * (step + 1) / STEPS
        grads = {k: torch.randn_like(p) * 10 ** torch.randn(()) for k, p in params.items()}
        for k, p in params.items():
            # Gradients of very different sizes; the vector sits some steps out.
            p.grad = None if k == "vector" and step in (0, 6) else grads[k].clone()
        norm = None
        if clip is not None:
            norm = torch.nn.utils.clip_grad_norm_(params.values(), clip).item()
        optimizer.param_groups[0]["lr"] = lr
        optimizer.step()
        steps.append(
            {
                "lr": lr,
                "grads": {
                    k: grads[k].tolist() if p.grad is not None else None for k, p in params.items()
                },
                "norm": norm,
                "params": {k: p.tolist() for k, p in params.items()},
            }
        )
    return {
        "beta1": config["betas"][0],
        "beta2": config["betas"][1],
        "epsilon": config["eps"],
        "weight_decay": config["weight_decay"],
        "max_norm": clip,
        "start": start,
        "steps": steps,
    }


runs = [
    adamw(dict(betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0), None),
    adamw(dict(betas=(0.9, 0.95), eps=1e-6, weight_decay=0.1), 1.0),
]


def schedule(kind, warmup, total, ratio):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    make = {
        "constant": lambda: transformers.get_constant_schedule_with_warmup(optimizer, warmup),
        "linear": lambda: transformers.get_linear_schedule_with_warmup(optimizer, warmup, total),
        "cosine": lambda: transformers.get_cosine_with_min_lr_schedule_with_warmup(
            optimizer, warmup, total, min_lr_rate=ratio
        )
        if ratio
        else transformers.get_cosine_schedule_with_warmup(optimizer, warmup, total),
    }[kind]()
    factor = make.lr_lambdas[0]
    rates = [factor(step) for step in range(total)]
    return {"type": kind, "warmup": warmup, "total": total, "min_lr_ratio": ratio, "rates": rates}


schedules = [
    schedule(kind, warmup, total, 0.0)
    for kind in ("constant", "linear", "cosine")
    for warmup, total in ((0, 7), (3, 20), (20, 20))
] + [schedule("cosine", 4, 30, 0.1)]

DATA.mkdir(exist_ok=True)
(DATA / "adamw.json").write_text(json.dumps(runs) + "\n")
(DATA / "schedules.json").write_text(json.dumps(schedules) + "\n")
