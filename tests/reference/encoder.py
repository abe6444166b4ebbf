"""Reference vectors for idl-encoder, made with sentence-transformers.

    python3 -m venv venv && venv/bin/pip install torch==2.11.0 sentence-transformers==6.2.0
    IDL_ENCODER=path/to/all-MiniLM-L6-v2 venv/bin/python tests/reference/encoder.py

Writes crates/idl-encoder/tests/data/: a tiny random BERT as a
sentence-transformers folder and tiny.json with vectors; and, where
IDL_ENCODER names the folder of all-MiniLM-L6-v2, tests/data/minilm.json with
its vectors. Every sentence is invented.
"""

import json
import os
import pathlib
import shutil
import sys
import tempfile

import torch
from sentence_transformers import SentenceTransformer
from tokenizers import BertWordPieceTokenizer
from transformers import BertConfig, BertModel, BertTokenizerFast

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "crates/idl-encoder/tests/data"

SENTENCES = [
    "i mend clocks in a small shop by the river .",
    "Hello!",
    "",
    "My two cats sleep in the window all day; the dog doesn't mind.",
    "do you have any hobbies ? i love rock climbing and black and white films .",
    "I'm a night-shift nurse, so mornings are when I go to bed.",
    "Naïve café owners in São Paulo, Kraków & Zürich agree.",
    "she sells sea shells\nshe also bakes bread\nher brother lives in norway",
    "我有一只猫。",
    "WHY ARE YOU SHOUTING??? 1,234.56 $",
    "antidisestablishmentarianism unbelievablyfluffy xqzv",
    "nice 👍 to meet you",
]
# Longer than the 128 tokens that tokenizer.json was saved with, and than the
# 256 that sentence_bert_config.json asks for.
LONG = [
    " ".join(f"on day {day} i walked to the lake ." for day in range(1, 21)),
    " ".join(f"on day {day} i walked to the lake ." for day in range(1, 61)),
]
VOCABULARY = """[PAD] [UNK] [CLS] [SEP] [MASK] . , ! ? ' ; the a i my you dog cat ##s walk ##ed ##ing
sleep lake river in by to and or not love like hate two small shop hello""".split()
TINY = [
    "the cat sleeps", "", "I walked the dog by the lake.", "hello , hello ! you love cats ?",
    "two small dogs and a cat sleep in the shop by the river and i love it", "zebra",
    "my my my my my my my my my my my",
]


def rounded(vectors, digits):
    return [[round(x, digits) for x in row] for row in vectors.tolist()]


def tiny():
    folder = DATA / "tiny"
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(7)
    config = BertConfig(
        hidden_size=16, intermediate_size=24, vocab_size=len(VOCABULARY), num_hidden_layers=2,
        num_attention_heads=4, max_position_embeddings=16, initializer_range=0.3,
        layer_norm_eps=1e-5,
    )
    model = BertModel(config).eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "LayerNorm" in key or key.endswith("bias"):
                parameter.add_(0.2 * torch.randn_like(parameter))
    with tempfile.TemporaryDirectory() as temp:
        vocabulary = pathlib.Path(temp) / "vocab.txt"
        vocabulary.write_text("\n".join(VOCABULARY) + "\n")
        file = pathlib.Path(temp) / "tokenizer.json"
        BertWordPieceTokenizer(str(vocabulary), lowercase=True).save(str(file))
        tokenizer = BertTokenizerFast(tokenizer_file=str(file), model_max_length=12)
        bare = pathlib.Path(temp) / "bert"
        model.save_pretrained(bare)
        tokenizer.save_pretrained(bare)
        # A folder without modules.json gets mean pooling.
        sentence_model = SentenceTransformer(str(bare), device="cpu")
        sentence_model.save(str(folder), create_model_card=False)
    (folder / "config_sentence_transformers.json").unlink()
    (folder / "model.safetensors").chmod(0o644)
    # What was saved is what is measured.
    sentence_model = SentenceTransformer(str(folder), device="cpu")
    assert sentence_model.max_seq_length == 12
    return dict(
        texts=TINY,
        vectors=rounded(sentence_model.encode(TINY, normalize_embeddings=True), 8),
    )


def minilm(folder):
    model = SentenceTransformer(folder, device="cpu")
    assert model.max_seq_length == 256 and model.get_embedding_dimension() == 384
    texts = SENTENCES + LONG
    return dict(texts=texts, vectors=rounded(model.encode(texts), 6))


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(f"{json.dumps(k)}: [\n" + ",\n".join(json.dumps(x) for x in v) + "\n]"
                       for k, v in value.items())
    path.write_text("{\n" + lines + "\n}\n")


def main():
    write(DATA / "tiny.json", tiny())
    if folder := os.environ.get("IDL_ENCODER"):
        write(ROOT / "tests/data/minilm.json", minilm(folder))
    else:
        print("IDL_ENCODER is not set: tests/data/minilm.json is left alone", file=sys.stderr)


if __name__ == "__main__":
    main()
