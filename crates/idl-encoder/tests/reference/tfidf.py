"""Writes ../data/tfidf.json: cosines by scikit-learn's TfidfVectorizer, and
prints the stable hashes that src/tfidf/words.rs expects.

    python3 tfidf.py     # scikit-learn 1.x
"""

import json
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

FIT = [
    "i have two cats and a very old dog .",
    "my old dog sleeps all day .",
    "i work at the harbour , loading ships .",
    "the harbour is cold in winter .",
    "do you have any pets ?",
]
TEXTS = [
    "the dog is old , the cats are not .",
    "i don't load ships at the harbour in winter",
    "cats cats cats and one dog !",
    "zebra , unheard of",
    "i work all day .",
]
TOKENS = r"[\w](?:[\w']*[\w])?"


def cosines(fit, **options):
    vectors = TfidfVectorizer(token_pattern=TOKENS, **options).fit(fit).transform(TEXTS)
    return (vectors @ vectors.T).toarray().tolist()


def all_words(**options):
    """Words unknown to the fit count too with us: give them df 0 by hand."""
    vectorizer = TfidfVectorizer(token_pattern=TOKENS, **options).fit(FIT + TEXTS)
    df = {}
    analyse = vectorizer.build_analyzer()
    for text in FIT:
        for word in set(analyse(text)):
            df[word] = df.get(word, 0) + 1
    words = vectorizer.get_feature_names_out()
    vectorizer.idf_ = np.array([np.log((1 + len(FIT)) / (1 + df.get(w, 0))) + 1 for w in words])
    vectors = vectorizer.transform(TEXTS)
    return (vectors @ vectors.T).toarray().tolist()


def stable_hash(data):
    mask = (1 << 64) - 1
    h = 0xCBF29CE484222325
    for byte in data:
        h = ((h ^ byte) * 0x100000001B3) & mask
    h = ((h ^ (h >> 33)) * 0xFF51AFD7ED558CCD) & mask
    h = ((h ^ (h >> 33)) * 0xC4CEB9FE1A85EC53) & mask
    return h ^ (h >> 33)


out = {
    "fit": FIT,
    "texts": TEXTS,
    "tf": cosines(FIT + TEXTS, use_idf=False),
    "tf_idf": all_words(),
    "sublinear_tf_idf": all_words(sublinear_tf=True),
}
path = Path(__file__).parent.parent / "data" / "tfidf.json"
path.write_text(json.dumps(out, indent=1) + "\n")
for text in ["", "tea", "naïve"]:
    print(repr(text), hex(stable_hash(text.encode())))
