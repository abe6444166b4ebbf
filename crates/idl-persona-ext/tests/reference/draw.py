"""Draws the utterances of ../data/labels.tsv: those with the smallest SHA-256.

An utterance's key is `dialogue id/position`, positions counted from 0 within
the dialogue. A split's keys are sorted by the SHA-256 of their text, and the
first are taken: anybody can draw them again, and a larger draw begins with the
smaller one.

    python draw.py dialogues_both.jsonl valid 300
"""

import hashlib
import json
import sys


def draw(path, split, count):
    """The first `count` (key, utterance) pairs of `split` in the hash's order."""
    said = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            dialogue = json.loads(line)
            if dialogue["split"] == split:
                for position, utterance in enumerate(dialogue["utterances"]):
                    said.append((f"{dialogue['id']}/{position}", utterance))
    said.sort(key=lambda pair: hashlib.sha256(pair[0].encode()).digest())
    return said[:count]


if __name__ == "__main__":
    path, split, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    for key, utterance in draw(path, split, count):
        print(key, utterance, sep="\t")
