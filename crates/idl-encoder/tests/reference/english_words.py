#!/usr/bin/env python3
"""How many of 10,000 lines of film dialogue have each common word of English:
the table of `TfIdfEncoder::english` (src/tfidf/english.rs).

    python3 crates/idl-encoder/tests/reference/english_words.py CORNELL_DIR > crates/idl-encoder/src/tfidf/english.rs

Counts of the Cornell Movie-Dialogs Corpus (Danescu-Niculescu-Mizil and Lee,
2011), the films of test_movies.json left out. Words are split as
src/tfidf/words.rs splits them. Python 3 alone.
"""
import collections
import json
import pathlib
import re
import sys

WORDS = 300


def words(text):
    parts = re.split(r"[^\w']|_", text)
    return {w for w in (p.strip("'").lower() for p in parts) if w}


def main():
    folder = pathlib.Path(sys.argv[1])
    held_out = set(json.loads((folder / "test_movies.json").read_text()))
    counts, lines = collections.Counter(), 0
    partial = folder / "movie_lines.partial.txt"
    source = partial if partial.exists() else folder / "movie_lines.txt"
    with open(source, encoding="utf-8", errors="replace") as file:
        for line in file:
            fields = line.rstrip("\n").split(" +++$+++ ")
            if len(fields) == 5 and fields[2] not in held_out:
                lines += 1
                counts.update(words(fields[4]))
    print("//! How common the common words of English are in conversation. Made by")
    print("//! tests/reference/english_words.py; not to be edited.")
    print()
    print("/// The most common words, and in how many of 10,000 lines of film dialogue they")
    print("/// occur: figures of the Cornell Movie-Dialogs Corpus.")
    print("#[rustfmt::skip]")
    print(f"pub(crate) const ENGLISH: [(&str, u16); {WORDS}] = [")
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:WORDS]
    row = "   "
    for word, count in common:
        entry = f' ("{word}", {round(10_000 * count / lines)}),'
        if len(row) + len(entry) > 100:
            print(row)
            row = "   "
        row += entry
    print(row)
    print("];")


main()
