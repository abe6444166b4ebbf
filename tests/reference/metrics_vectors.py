"""Writes the vectors that crates/idl-metrics/tests/reference.rs checks.

    python tests/reference/metrics_vectors.py

needs sacrebleu, nltk, rouge_score, scikit-learn and scipy. Every sentence is invented.
"""

import itertools
import json
import logging
import math
import random
import re
import warnings
from collections import Counter
from pathlib import Path

import numpy
import sacrebleu
from nltk.stem.porter import PorterStemmer
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from rouge_score import rouge_scorer
from sacrebleu.metrics import BLEU
from scipy import stats
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity

warnings.filterwarnings("ignore")
logging.getLogger("sacrebleu").setLevel(logging.ERROR)
OUT = Path(__file__).parents[2] / "crates/idl-metrics/tests/data/metrics.json"

CASES = [
    ("the lamp by the door hums at night", ["the lamp near the door hums all night"]),
    ("the lamp by the door hums at night", ["the lamp by the door hums at night"]),
    ("i sail small boats , and you ?", ["i row . do you sail ?", "i sail boats , what about you ?"]),
    ("Rye bread costs $3.50, or 1,200 crowns... right?", ["Rye bread is 3.50 dollars (or 1,200 crowns), right?"]),
    ("It's a well-known 7-day walk; don't hurry!", ["it's a well-known 7 - day walk, do not hurry"]),
    ("&quot;quoted&quot; &amp; &lt;b&gt; text-\nbroken\nline", ['"quoted" & <b> textbroken line']),
    ("", ["an empty hypothesis"]),
    ("an empty reference", [""]),
    ("", [""]),
    ("yes", ["yes"]),
    ("yes", ["no"]),
    ("ok then", ["ok then friend", "ok"]),
    ("a a a a a a", ["a b a", "a a"]),
    ("Ünïted café für zwölf, naïve ß – “dash”", ["united café für zwölf , naive ß - dash"]),
    ("面包 很 好 。 你 呢", ["面包 很 好 吃 。"]),
    ("😀 smile 😀", ["smile 😀 smile"]),
    ("The bakers were baking generalizations happily, relationally", ["a baker bakes general cakes, happy relations"]),
    ("one two three", ["four five six"]),
    ("one two three four five", ["five four three two one"]),
    ("tabs\tand\u00a0odd\u2003spaces\u001fhere", ["tabs and odd spaces here"]),
    ("  leading and trailing  ", ["leading and trailing"]),
    ("x" * 300, ["x" * 299]),
    ("_under_ [brackets] {braces} ~tilde~ a/b a@b #1 50% 2^3 `tick` \\ |", ["under brackets braces tilde a b"]),
    (".5 5. 5.5 .a a. 1,a a,1 ,, .. -1 1- 1-1 a-1", ["0.5 5.0 5.5"]),
    # Runs of periods and commas, of which 13a's substitutions may leave the last.
    ("a..5 a.5 5..5 5...5 5,.5 ,..,5 e....7 1.,-2 --3-", ["a . .5 a . 5 5 . . 5 5 . . .5 5 , . 5 - - 3 -"]),
    # Words of more than 16 bytes that differ in the middle, and of 15 to 17.
    ("incomprehensibilities counterrevolutionary abcdefghabcdefgh abcdefghijklmno", ["incomprehensoBilities counterrevolutionary abcdefghXabcdefgh abcdefghijklmno"]),
    ("\u00c9T\u00c9 STRASSE \u0130ZMIR \u03a3\u039f\u03a6\u039f\u03a3 the\u2014a\u2014an", ["\u00e9t\u00e9 stra\u00dfe i\u0307zmir \u03c3\u03bf\u03c6\u03bf\u03c2"]),
    ("<skipped> yes - no\u3000really\u2028now <skip", ["yes - no really now"]),
]


def long_text(seed, words):
    rng = random.Random(seed)
    vocabulary = ["stone", "river", "walks", "quiet", "amber", "of", "and", "the", "a", "seven", ",", "."]
    return " ".join(rng.choice(vocabulary) for _ in range(words))


CASES += [(long_text(1, 1500), [long_text(2, 1400)]), (long_text(3, 900), [long_text(4, 40), long_text(5, 1200)])]


def sacre(hyp, refs, tokenize, smooth, effective, order, lower):
    value = {"floor": 0.1, "add-k": 1}.get(smooth)
    bleu = BLEU(tokenize=tokenize, smooth_method=smooth, smooth_value=value, effective_order=effective,
                max_ngram_order=order, lowercase=lower, force=True)
    return bleu.sentence_score(hyp, refs).score


def nltk_bleu(hyp, refs, method, order):
    """Tokens in; times 100."""
    smoothing = SmoothingFunction()
    function = getattr(smoothing, f"method{method}")
    weights = tuple([1 / order] * order)
    return 100 * float(sentence_bleu(refs, hyp, weights=weights, smoothing_function=function))


def convai2_f1(hyp, ref):
    def normalize(text):
        text = text.lower()
        text = re.sub(r'[!"#$%&()*+,\-./:;<=>?@\[\]\\^`{|}~_\']', " ", text)
        text = re.sub(r"\b(a|an|the)\b", " ", text)
        return text.split()

    h, r = normalize(hyp), normalize(ref)
    common = sum((Counter(h) & Counter(r)).values())
    if common == 0:
        return 0.0
    p, q = common / len(h), common / len(r)
    return 2 * p * q / (p + q)


def pairs():
    out = []
    for hyp, refs in CASES:
        case = {"hypothesis": hyp, "references": refs, "sacrebleu": [], "nltk": []}
        settings = itertools.product(["13a", "none", "char"], ["exp", "floor", "add-k", "none"], [False, True], [4, 2], [False])
        settings = list(settings) + [("13a", "exp", True, 4, True), ("13a", "exp", False, 1, False), ("13a", "exp", False, 3, False)]
        for tok, smooth, effective, order, lower in settings:
            if len(hyp) > 2000 and (tok != "13a" or smooth in ("floor", "none")):
                continue
            case["sacrebleu"].append([tok, smooth, effective, order, lower, sacre(hyp, refs, tok, smooth, effective, order, lower)])
        tokens = hyp.split(), [r.split() for r in refs]
        for method, order in itertools.product(range(4), range(1, 5)):
            case["nltk"].append([method, order, nltk_bleu(tokens[0], tokens[1], method, order)])
        case["rouge_l"] = []
        for stem in (False, True):
            score = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=stem).score_multi(refs, hyp)["rougeL"]
            case["rouge_l"].append([score.precision, score.recall, score.fmeasure])
        case["f1"] = max(convai2_f1(hyp, r) for r in refs)
        # The published quirks: strings for lists, sides swapped; words for references.
        ref = refs[0]
        case["released"] = 100 * float(sentence_bleu([hyp], ref, weights=(1, 0, 0, 0))) if hyp and ref else 0.0
        case["clv"] = [nltk_bleu(hyp.split(), ref.split(), 0, n) if hyp.split() and ref.split() else 0.0 for n in range(1, 5)]
        out.append(case)
    return out


def corpora():
    hyps = [h for h, _ in CASES]
    refs = [[r[min(i, len(r) - 1)] for _, r in CASES] for i in range(2)]
    out = []
    for tok, smooth in itertools.product(["13a", "none"], ["exp", "floor", "add-k", "none"]):
        value = {"floor": 0.1, "add-k": 1}.get(smooth)
        bleu = BLEU(tokenize=tok, smooth_method=smooth, smooth_value=value, force=True)
        score = bleu.corpus_score(hyps, refs)
        out.append({"tokenize": tok, "smooth": smooth, "score": score.score, "precisions": score.precisions,
                    "bp": score.bp, "sys_len": score.sys_len, "ref_len": score.ref_len})
    return {"references": refs, "scores": out}


def stems():
    stemmer = PorterStemmer()
    roots = ["bak", "hop", "hopp", "fall", "rat", "relat", "gener", "oscill", "happ", "enjo", "fl", "t", "geo", "hy", "yell",
             "controll", "adjust", "sens", "vile", "electr", "triplic", "cre", "siz", "tann", "fizz", "syzyg", "plaster", "x9", "ee", "aa"]
    suffixes = ["", "s", "es", "ies", "ied", "ed", "ing", "eed", "y", "ly", "ally", "ational", "tional", "enci", "anci", "izer", "bli",
                "abli", "alli", "entli", "eli", "ousli", "ization", "ation", "ator", "alism", "iveness", "fulness", "ousness",
                "aliti", "iviti", "biliti", "fulli", "logi", "logy", "icate", "ative", "alize", "iciti", "ical", "ful", "ness", "al", "ance",
                "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "sion", "tion", "ou", "ism", "ate", "iti",
                "ous", "ive", "ize", "e", "ll", "lle", "sses", "ss", "bling", "izing", "ating", "yed", "ying"]
    words = [r + s for r in roots for s in suffixes]
    words += ["sky", "skies", "dying", "lying", "tying", "news", "innings", "inning", "outings", "cannings", "howe", "proceed",
              "exceed", "succeed", "died", "dies", "ties", "spied", "feed", "agreed", "y", "by", "toy", "yyyy", "sayyyy", "abc123", "7s", "ally", "analogously"]
    return [[w, stemmer.stem(w)] for w in dict.fromkeys(words)]


def persona():
    histories = [
        ["i keep bees behind the barn .", "the bees like clover .", "my sister sells honey"],
        ["i keep bees"],
        ["a a b", "b c", "c c c d", "d"],
    ]
    replies = ["my bees make honey from clover", "so what ?", "", "b d d a", "I KEEP bees ."]
    out = []
    for history, reply in itertools.product(histories, replies):
        sets = [set(h.lower().split()) for h in history]
        known, own = set().union(*sets), set(reply.lower().split())
        common = len(known & own)
        p = common / len(own) if own else 0.0
        r = common / len(known)
        f1 = 2 * p * r / (p + r) if common else 0.0
        idf = {w: math.log(len(sets) / sum(w in s for s in sets)) for w in known}
        cover = max(sum(idf[w] for w in own & s) for s in sets)
        vectorizer = TfidfVectorizer(lowercase=True, tokenizer=str.split, token_pattern=None, norm=None)
        vectorizer.fit(history)
        vectors = vectorizer.transform([reply, " ".join(history)])
        cosine = float(cosine_similarity(vectors[0], vectors[1])[0, 0])
        out.append({"history": history, "reply": reply, "p_f1": [p, r, f1], "p_cover": cover, "p_co_tfidf": cosine})
    return out


def t_tests():
    rng = numpy.random.default_rng(7)
    out = []
    for n, shift in [(2, 0.5), (3, 0.0), (10, 0.3), (100, 0.1), (100, 1.0), (1000, 0.02), (40, 5.0)]:
        a = rng.normal(3.0, 1.0, n)
        b = a - shift + rng.normal(0.0, 0.7, n)
        result = stats.ttest_rel(a, b)
        out.append({"left": a.tolist(), "right": b.tolist(), "statistic": float(result.statistic), "p_value": float(result.pvalue)})
    return out


def t_intervals():
    rng = numpy.random.default_rng(11)
    out = []
    for n, level in [(2, 0.95), (4, 0.95), (5, 0.9), (40, 0.95), (200, 0.99), (1000, 0.5)]:
        left = rng.gamma(2.0, 1.0, n)
        right = left - 0.2 + rng.normal(0.0, 0.5, n)
        low, high = stats.ttest_rel(left, right).confidence_interval(level)
        out.append({"left": left.tolist(), "right": right.tolist(), "level": level, "low": float(low), "high": float(high)})
    return out


if __name__ == "__main__":
    import nltk
    import scipy

    data = {
        "versions": {"sacrebleu": sacrebleu.__version__, "nltk": nltk.__version__, "rouge_score": "0.1.2", "scipy": scipy.__version__},
        "pairs": pairs(), "corpus": corpora(), "stems": stems(), "persona": persona(), "t_tests": t_tests(), "t_intervals": t_intervals(),
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace('},{', '},\n{') + "\n")
    print(f"{OUT.name}: {len(data['pairs'])} pairs, {len(data['stems'])} stems, {OUT.stat().st_size} bytes")
