"""Compares idl-metrics with its references on real text, in agreement and in speed.

    python tests/reference/compare_metrics.py [DATA]

needs sacrebleu, nltk, rouge_score and scipy, and DATA/convai2 (default: ../shared/data beside
the workspace). All is single-threaded and in one run; of at least three passes and 0.3 s (of one
pass, where it takes more than 2 s) the fastest counts, on either side, and sacreBLEU starts each
with empty caches. Exits with 1 where a score differs by more than 1e-9, where a ratio to sacreBLEU
or rouge_score falls below 20, or where a published chance level is missed.
"""

import json
import logging
import math
import random
import re
import statistics
import subprocess
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from rouge_score import rouge_scorer
from sacrebleu.metrics import BLEU
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
from sacrebleu.tokenizers.tokenizer_char import TokenizerChar
from sacrebleu.tokenizers.tokenizer_re import TokenizerRegexp
from scipy.stats import ttest_rel

warnings.filterwarnings("ignore")
logging.getLogger("sacrebleu").setLevel(logging.ERROR)
ROOT = Path(__file__).parents[2]
PASSES = 3
SECONDS = 0.3
BLOCK = 50
TIMES_FASTER = 20

# The mean of the published evaluation's "BLEU" for replies made without a model, over
# ConvAI2's validation set.
PUBLISHED = {"random reply": 50.8, "echo": 52.7, "constant": 53.1, "constant, 58 words": 2.4}


def convai2_f1(hyp, ref):
    def words(text):
        text = re.sub(r'[!"#$%&()*+,\-./:;<=>?@\[\]\\^`{|}~_\']', " ", text.lower())
        return re.sub(r"\b(a|an|the)\b", " ", text).split()

    h, r = words(hyp), words(ref)
    common = sum((Counter(h) & Counter(r)).values())
    return 2 * common / (len(h) + len(r)) if common else 0.0


def references():
    plain = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
    stem = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True)
    smooth = SmoothingFunction()

    def sacrebleu(**settings):
        bleu = BLEU(force=True, **settings)
        return lambda h, r: bleu.sentence_score(h, [r]).score

    return {
        "sacrebleu_13a": sacrebleu(effective_order=True),
        "sacrebleu_none": sacrebleu(tokenize="none"),
        "sacrebleu_char": sacrebleu(tokenize="char"),
        "sacrebleu_floor": sacrebleu(effective_order=True, smooth_method="floor", smooth_value=0.1),
        "sacrebleu_add-k": sacrebleu(effective_order=True, smooth_method="add-k", smooth_value=1),
        "sacrebleu_plain": sacrebleu(tokenize="none", smooth_method="none"),
        "nltk_method0": lambda h, r: 100 * sentence_bleu([r.split()], h.split(), smoothing_function=smooth.method0),
        "nltk_method1": lambda h, r: 100 * sentence_bleu([r.split()], h.split(), smoothing_function=smooth.method1),
        "rouge_l": lambda h, r: plain.score(r, h)["rougeL"].fmeasure,
        "rouge_l_stem": lambda h, r: stem.score(r, h)["rougeL"].fmeasure,
        "word_f1": convai2_f1,
        # NLTK refuses an empty list of references.
        "released_bleu": lambda h, r: 100 * sentence_bleu([h], r, weights=(1, 0, 0, 0)) if h and r else 0,
        "clv_bleu": lambda h, r: 100 * sentence_bleu(r.split(), h.split(), weights=(1, 0, 0, 0)) if h and r else 0,
    }


def corpora():
    def score(tokenize):
        return lambda pairs: BLEU(force=True, tokenize=tokenize).corpus_score(
            [h for h, _ in pairs], [[r for _, r in pairs]]).score

    return {"corpus_13a": score("13a"), "corpus_none": score("none")}


def ours(pairs):
    lines = "\n".join(json.dumps({"hypothesis": h, "reference": r}) for h, r in pairs)
    command = ["cargo", "run", "-q", "--release", "-p", "idl-metrics", "--no-default-features", "--example", "score_pairs"]
    run = subprocess.run(command, cwd=ROOT, input=lines, capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    return rows[:-1], rows[-1]


def forget():
    """Empties sacreBLEU's caches: it remembers the tokens of the last 65,536 texts."""
    for cached in (Tokenizer13a, TokenizerRegexp, TokenizerChar):
        clear = getattr(cached.__call__, "cache_clear", None)
        if clear:
            clear()


def timed(function):
    least, total, passes = math.inf, 0, 0
    while passes < PASSES or total < SECONDS:
        forget()
        start = time.perf_counter()
        result = function()
        seconds = time.perf_counter() - start
        least, total, passes = min(least, seconds), total + seconds, passes + 1
        if seconds > 2:
            break
    return result, least


def compare(pairs):
    """Prints the table of a set of pairs; the names that fail."""
    rows, summary = ours(pairs)
    failed = []
    print(f"{'metric':16} {'largest difference':>18} {'reference/s':>12} {'ours/s':>10} {'ratio':>7}")

    def report(name, difference, seconds):
        ratio = seconds / summary["seconds"][name]
        slow = ratio < TIMES_FASTER and name.startswith(("sacrebleu", "rouge", "corpus"))
        if not difference <= 1e-9 or slow:
            failed.append(name)
        n = len(pairs)
        print(f"{name:16} {difference:18.2e} {n / seconds:12.0f} {n / summary['seconds'][name]:10.0f} {ratio:7.1f}")

    columns = {}
    for name, function in references().items():
        columns[name], seconds = timed(lambda: [float(function(h, r)) for h, r in pairs])
        report(name, max(abs(a - row[name]) for a, row in zip(columns[name], rows)), seconds)
    for name, function in corpora().items():
        score, seconds = timed(lambda: function(pairs))
        report(name, abs(score - summary["corpora"][name]), seconds)

    blocks = range(0, len(pairs) - BLOCK + 1, BLOCK)
    tests = [ttest_rel(columns["rouge_l"][i:i + BLOCK], columns["word_f1"][i:i + BLOCK]) for i in blocks]
    if tests:
        pairs_of_numbers = zip(((t.statistic, t.pvalue) for t in tests), summary["t_tests"], strict=True)
        worst = max(abs(a / b - 1) for theirs, mine in pairs_of_numbers for a, b in zip(theirs, mine))
        print(f"paired t-tests of {BLOCK} pairs each against scipy: {len(tests)}, largest relative difference {worst:.1e}")
        if worst > 1e-9:
            failed.append("t-test")
    return failed


def turns(data):
    """(query, first candidate, true reply) of every turn of ConvAI2's validation set."""
    for line in open(data / "convai2/valid_self_original.txt"):
        fields = line.rstrip("\n").split("\t")
        if len(fields) >= 4:
            yield fields[0].split(" ", 1)[1], fields[3].split("|")[0], fields[1]


def chance_levels(all_turns):
    """Prints what replies made without a model score; the rows that miss the published level."""
    replies = [reply for _, _, reply in all_turns]
    long_reply = " ".join(["i like to talk about many things with you"] * 7).split()[:58]
    rows = {
        "true reply": replies,
        "random reply": random.Random(0).sample(replies, len(replies)),
        "echo": [query for query, _, _ in all_turns],
        "constant": ["i am not sure , but i like to do that too . how about you ?"] * len(replies),
        "constant, 58 words": [" ".join(long_reply)] * len(replies),
    }
    failed = []
    print("\nWhat the published BLEUs give for nothing (mean over replies), beside corpus BLEU")
    for name, hyps in rows.items():
        scores, summary = ours(list(zip(hyps, replies)))
        mean = {k: statistics.fmean(row[k] for row in scores) for k in ("released_bleu", "clv_bleu", "word_f1")}
        line = (f"{name:20} released {mean['released_bleu']:6.2f}   clv {mean['clv_bleu']:6.2f}   "
                f"corpus BLEU-4 {summary['corpora']['corpus_13a']:6.2f}   word F1 {100 * mean['word_f1']:6.2f}")
        if name in PUBLISHED:
            # Which sentence was drawn, or chosen for a constant, is not published: within 3 standard
            # errors where replies are drawn, and near it where the sentence is ours.
            error = statistics.stdev(row["released_bleu"] for row in scores) / math.sqrt(len(scores))
            slack = max(3 * error, 1.0) if name.startswith("constant") else 3 * error
            line += f"   published {PUBLISHED[name]:5.1f} +- {slack:.2f}"
            if abs(mean["released_bleu"] - PUBLISHED[name]) > slack:
                failed.append(name)
        print(line)
    return failed


def main():
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared/data"
    if not (data / "convai2/valid_self_original.txt").exists():
        print(f"skipped: no {data}/convai2/valid_self_original.txt")
        return 0
    all_turns = list(turns(data))
    pairs = [(candidate, reply) for _, candidate, reply in all_turns]
    print(f"{len(pairs)} pairs of ConvAI2 valid (first candidate against true reply)")
    failed = compare(pairs)

    texts = [(" ".join(h for h, _ in pairs[i:i + 150]), " ".join(r for _, r in pairs[i:i + 150])) for i in range(0, 1500, 150)]
    texts += [("", ""), ("", pairs[0][1]), (pairs[0][0], ""), ("yes", "yes"), ("yes", "no")]
    longest = max(len(h.split()) for h, _ in texts)
    print(f"\n{len(texts)} pairs of up to {longest} tokens, empty and of one token")
    failed += compare(texts)

    failed += chance_levels(all_turns)
    print("\nfailed: " + ", ".join(failed) if failed else "\nall agree, all ratios hold")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
