"""Compares idl-metrics with its references on real text, in agreement and in speed.

    python tests/reference/compare_metrics.py [DATA]

needs sacrebleu, nltk and rouge_score, and DATA/convai2 (default: ../shared/data beside the
workspace). All is single-threaded and in one run. Exits with 1 where a score differs by more
than 1e-9 or a ratio to sacreBLEU or rouge_score falls below 20.
"""

import json
import random
import re
import subprocess
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from rouge_score import rouge_scorer
from sacrebleu.metrics import BLEU

warnings.filterwarnings("ignore")
import logging

logging.getLogger("sacrebleu").setLevel(logging.ERROR)
ROOT = Path(__file__).parents[2]


def convai2_f1(hyp, ref):
    def words(text):
        text = re.sub(r'[!"#$%&()*+,\-./:;<=>?@\[\]\\^`{|}~_\']', " ", text.lower())
        return re.sub(r"\b(a|an|the)\b", " ", text).split()

    h, r = words(hyp), words(ref)
    common = sum((Counter(h) & Counter(r)).values())
    return 2 * common / (len(h) + len(r)) if common else 0.0


def references():
    sentence, raw = BLEU(effective_order=True), BLEU(tokenize="none", force=True)
    plain = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
    stem = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True)
    smooth = SmoothingFunction()
    return {
        "sacrebleu_13a": lambda h, r: sentence.sentence_score(h, [r]).score,
        "sacrebleu_none": lambda h, r: raw.sentence_score(h, [r]).score,
        "nltk_method0": lambda h, r: 100 * sentence_bleu([r.split()], h.split(), smoothing_function=smooth.method0),
        "nltk_method1": lambda h, r: 100 * sentence_bleu([r.split()], h.split(), smoothing_function=smooth.method1),
        "rouge_l": lambda h, r: plain.score(r, h)["rougeL"].fmeasure,
        "rouge_l_stem": lambda h, r: stem.score(r, h)["rougeL"].fmeasure,
        "word_f1": convai2_f1,
        "released_bleu": lambda h, r: 100 * sentence_bleu([h], r, weights=(1, 0, 0, 0)),
        "clv_bleu": lambda h, r: 100 * sentence_bleu(r.split(), h.split(), weights=(1, 0, 0, 0)),
    }


def ours(pairs):
    lines = "\n".join(json.dumps({"hypothesis": h, "reference": r}) for h, r in pairs)
    command = ["cargo", "run", "-q", "--release", "-p", "idl-metrics", "--example", "score_pairs"]
    run = subprocess.run(command, cwd=ROOT, input=lines, capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    return rows[:-1], rows[-1]


def turns(data):
    """(query, first candidate, true reply) of every turn of ConvAI2's validation set."""
    for line in open(data / "convai2/valid_self_original.txt"):
        fields = line.rstrip("\n").split("\t")
        if len(fields) >= 4:
            yield fields[0].split(" ", 1)[1], fields[3].split("|")[0], fields[1]


def main():
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared/data"
    if not (data / "convai2/valid_self_original.txt").exists():
        print(f"skipped: no {data}/convai2/valid_self_original.txt")
        return 0
    all_turns = list(turns(data))
    pairs = [(candidate, reply) for _, candidate, reply in all_turns]
    rows, summary = ours(pairs)
    failed = False
    print(f"{len(pairs)} pairs of ConvAI2 valid (first candidate against true reply)")
    print(f"{'metric':16} {'largest difference':>18} {'reference/s':>12} {'ours/s':>10} {'ratio':>7}")

    def report(name, difference, seconds):
        nonlocal failed
        ratio = seconds / summary["seconds"][name]
        slow = ratio < 20 and name.startswith(("sacrebleu", "rouge", "corpus"))
        failed |= difference > 1e-9 or slow
        n = len(pairs)
        print(f"{name:16} {difference:18.2e} {n / seconds:12.0f} {n / summary['seconds'][name]:10.0f} {ratio:7.1f}")

    for name, function in references().items():
        start = time.perf_counter()
        theirs = [float(function(h, r)) for h, r in pairs]
        seconds = time.perf_counter() - start
        report(name, max(abs(a - row[name]) for a, row in zip(theirs, rows)), seconds)
    start = time.perf_counter()
    corpus = BLEU(force=True).corpus_score([h for h, _ in pairs], [[r for _, r in pairs]]).score
    report("corpus_bleu", abs(corpus - summary["corpus_bleu"]), time.perf_counter() - start)

    replies = [reply for _, _, reply in all_turns]
    long_reply = " ".join(["i like to talk about many things with you"] * 7).split()[:58]
    chance = {
        "true reply": replies,
        "random reply": random.Random(0).sample(replies, len(replies)),
        "echo": [query for query, _, _ in all_turns],
        "constant": ["i am not sure , but i like to do that too . how about you ?"] * len(replies),
        "constant, 58 words": [" ".join(long_reply)] * len(replies),
    }
    print("\nWhat the published BLEUs give for nothing (mean over replies), beside corpus BLEU")
    for name, hyps in chance.items():
        rows, summary = ours(list(zip(hyps, replies)))
        mean = {k: sum(row[k] for row in rows) / len(rows) for k in ("released_bleu", "clv_bleu", "word_f1")}
        print(f"{name:20} released {mean['released_bleu']:6.2f}   clv {mean['clv_bleu']:6.2f}   "
              f"corpus BLEU-4 {summary['corpus_bleu']:6.2f}   word F1 {100 * mean['word_f1']:6.2f}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
