"""Makes ../data/losses.json: losses and gradients in f64, by PyTorch autograd.

The formulas are those of the papers named in the crate's documentation,
written in their plainest form. Where TRL has the loss, TRL's own trainer method
is called on a stand-in model as well, and must agree to 1e-12.

    pip install torch==2.11.0 trl==1.16.0
    python losses.py
"""

import json
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import torch
from trl.experimental.cpo.cpo_trainer import CPOTrainer
from trl.experimental.orpo.orpo_trainer import ORPOTrainer
from trl.trainer.dpo_trainer import DPOTrainer

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
B = 12

log_sigmoid = lambda x: -torch.log1p(torch.exp(-x))


def batch():
    tokens = {k: torch.randint(1, 12, (B,)) for k in ("chosen", "rejected", "criterion")}
    reference = {k: -tokens[k] * (0.5 + 3 * torch.rand(B)) for k in tokens}
    policy = {k: torch.minimum(reference[k] + 4 * torch.randn(B), torch.tensor(-0.05)) for k in tokens}
    # Row 0 starts from the reference: every a is 0, on the corner of each relu.
    for k in tokens:
        policy[k][0] = reference[k][0]
    return policy, reference, tokens


def odds(m):
    return m - torch.log(1 - torch.exp(m))


def formulas(t):
    """name -> (parameters, loss, scores that the penalty compares)."""
    a = {k: t.policy[k] - t.reference[k] for k in t.policy}
    m = {k: t.policy[k] / t.tokens[k] for k in t.policy}
    mean_a = {k: a[k] / t.tokens[k] for k in a}
    w, l, c = a["chosen"], a["rejected"], a["criterion"]
    relu, D = torch.relu, a["chosen"] - a["rejected"]
    b, e, q, p, f, gamma = 0.1, 0.15, 5.0, 2.0, 0.75, 0.7
    order = lambda s, p: p * (relu(s["criterion"] - s["chosen"]) + relu(s["rejected"] - s["criterion"]))
    stack = torch.stack([w, l, c])
    return {
        "dpo": (dict(beta=b), -log_sigmoid(b * D), a),
        "cdpo": (
            dict(beta=b, label_smoothing=e),
            -(1 - e) * log_sigmoid(b * D) - e * log_sigmoid(-b * D),
            a,
        ),
        "robust": (
            dict(beta=b, label_smoothing=e),
            (-(1 - e) * log_sigmoid(b * D) + e * log_sigmoid(-b * D)) / (1 - 2 * e),
            a,
        ),
        "hinge": (dict(beta=b), relu(1 - b * D), a),
        "ipo": (
            dict(beta=0.5),
            (mean_a["chosen"] - mean_a["rejected"] - 1 / (2 * 0.5)) ** 2,
            mean_a,
        ),
        "dpop": (dict(beta=b, **{"lambda": q}), -log_sigmoid(b * (D - q * relu(-w))), a),
        "cal_dpo": (
            dict(beta=b),
            -log_sigmoid(D) + (w - 1 / (2 * b)) ** 2 + (l + 1 / (2 * b)) ** 2,
            a,
        ),
        "dpo_shift": (dict(beta=b, shift=f), -log_sigmoid(b * (w - f * l)), a),
        "rpo": (dict(beta=b, nll_weight=gamma), -log_sigmoid(b * D) - gamma * m["chosen"], a),
        "simpo": (
            dict(beta=2.0, gamma=gamma),
            -log_sigmoid(2.0 * m["chosen"] - 2.0 * m["rejected"] - gamma),
            m,
        ),
        "orpo": (
            {"lambda": 0.25},
            -m["chosen"] - 0.25 * log_sigmoid(odds(m["chosen"]) - odds(m["rejected"])),
            m,
        ),
        "apo_zero": (dict(beta=b), 1 - torch.sigmoid(b * w) + torch.sigmoid(b * l), a),
        "nca": (
            dict(beta=b),
            -log_sigmoid(b * w) - 0.5 * log_sigmoid(-b * w) - 0.5 * log_sigmoid(-b * l),
            a,
        ),
        "pl_dpo": (
            dict(beta=b),
            torch.logsumexp(b * stack, 0) - b * w - log_sigmoid(b * (c - l)),
            a,
        ),
        "dpoc_paper": (dict(beta=b, penalty=p), -log_sigmoid(b * D) + order(a, p), a),
        "dpoc_released": (
            dict(beta=b, penalty=0.5),
            # relu(-x) rather than min(0, x): the same value, 0 the gradient at 0.
            -log_sigmoid(b * (D - order(a, 0.5))),
            a,
        ),
    }


TRL_DPO = {
    "dpo": "sigmoid",
    "robust": "robust",
    "hinge": "hinge",
    "ipo": "ipo",
    "apo_zero": "apo_zero",
    "nca": "nca_pair",
}


def trl_dpo(name, parameters, t, i):
    """TRL's DPOTrainer._compute_loss on example i alone."""
    keys, longest = ("chosen", "rejected"), 12
    mask = torch.zeros(2, longest + 1, dtype=torch.long)
    log_probs = torch.zeros(2, longest)
    for row, k in enumerate(keys):
        n = int(t.tokens[k][i])
        mask[row, 1 : n + 1] = 1
        log_probs[row, :n] = t.policy[k][i] / n
    outputs = SimpleNamespace(
        log_probs=log_probs,
        entropy=torch.zeros(2, longest),
        mean_logits=torch.zeros(2, longest),
        is_top1=torch.zeros(2, longest, dtype=torch.bool),
    )
    trainer = SimpleNamespace(
        model=SimpleNamespace(training=True),
        accelerator=SimpleNamespace(
            device=torch.device("cpu"), gather=lambda x: x, gather_for_metrics=lambda x: x
        ),
        aux_loss_enabled=False,
        ld_alpha=None,
        precompute_ref_logps=True,
        f_divergence_type="reverse_kl",
        loss_types=[TRL_DPO[name]],
        loss_weights=[1.0],
        beta=parameters["beta"],
        label_smoothing=parameters.get("label_smoothing", 0.0),
        use_weighting=False,
        _metrics=defaultdict(lambda: defaultdict(list)),
        _total_train_tokens=0,
        _tp_size=1,
    )
    inputs = {
        "input_ids": torch.zeros_like(mask),
        "attention_mask": torch.ones_like(mask),
        "completion_mask": mask,
        **{f"ref_{k}_logps": t.reference[k][i : i + 1] for k in keys},
    }
    loss = DPOTrainer._compute_loss(trainer, lambda **_: outputs, inputs, False)
    metrics = trainer._metrics["train"]
    rewards = [metrics[f"rewards/{k}"][0] for k in keys]
    return loss.item(), rewards


def trl(name, parameters, t):
    means = [(t.policy[k] / t.tokens[k]).detach() for k in ("chosen", "rejected")]
    accelerator = SimpleNamespace(device=torch.device("cpu"))
    if name in TRL_DPO:
        rows = [trl_dpo(name, parameters, t, i) for i in range(B)]
        losses = torch.tensor([loss for loss, _ in rows])
        return losses, [torch.tensor(r) for r in zip(*[r for _, r in rows])], 1e-12
    if name == "simpo":
        trainer = SimpleNamespace(
            alpha=0.0,
            accelerator=accelerator,
            beta=parameters["beta"],
            loss_type="simpo",
            simpo_gamma=parameters["gamma"],
            label_smoothing=0.0,
        )
        losses, *rewards = CPOTrainer.cpo_loss(trainer, *means)
        return losses, rewards, 1e-12
    if name == "orpo":
        trainer = SimpleNamespace(accelerator=accelerator, beta=parameters["lambda"])
        ratio, chosen, rejected, *_ = ORPOTrainer.odds_ratio_loss(trainer, *means)
        return -means[0] - ratio, [chosen, rejected], 1e-5  # f32 inside
    return None


policy, reference, tokens = batch()
cases = []
for name in formulas(SimpleNamespace(policy=policy, reference=reference, tokens=tokens)):
    for penalty in (0.0, 1.5):
        if penalty and name.startswith("dpoc"):
            continue
        leaves = {k: v.clone().requires_grad_() for k, v in policy.items()}
        t = SimpleNamespace(policy=leaves, reference=reference, tokens=tokens)
        parameters, loss, s = formulas(t)[name]
        if penalty:
            over = torch.relu(s["criterion"] - s["chosen"]) + torch.relu(s["rejected"] - s["criterion"])
            loss = loss + penalty * over
        grads = torch.autograd.grad(loss.sum(), list(leaves.values()), allow_unused=True)
        case = {
            "config": {"loss": {"type": name, **parameters}, "criterion_penalty": penalty},
            "losses": loss.tolist(),
            "grads": {
                k: (torch.zeros(B) if g is None else g).tolist() for k, g in zip(leaves, grads)
            },
        }
        theirs = None if penalty else trl(name, parameters, t)
        if theirs is not None:
            losses, rewards, tolerance = theirs
            torch.testing.assert_close(losses.double(), loss.detach(), rtol=tolerance, atol=tolerance)
            case["trl"] = {
                "losses": losses.tolist(),
                "rewards": {"chosen": rewards[0].tolist(), "rejected": rewards[1].tolist()},
            }
        cases.append(case)

out = Path(__file__).parent.parent / "data" / "losses.json"
out.parent.mkdir(exist_ok=True)
lists = lambda columns: {k: v.tolist() for k, v in columns.items()}
out.write_text(
    json.dumps(
        {
            "made_by": f"tests/reference/losses.py, torch {torch.__version__.split('+')[0]}",
            "policy": lists(policy),
            "reference": lists(reference),
            "tokens": lists(tokens),
            "cases": cases,
        },
        indent=1,
    )
    + "\n"
)
print(f"{len(cases)} cases, {sum('trl' in c for c in cases)} of them also through TRL")
