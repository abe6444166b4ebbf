"""Reference vectors for idl-encoder, made with sentence-transformers.

    python3 -m venv venv && venv/bin/pip install torch==2.11.0 sentence-transformers==6.2.0
    IDL_ENCODER=path/to/all-MiniLM-L6-v2 venv/bin/python tests/reference/encoder.py

Writes crates/idl-encoder/tests/data/: a tiny random BERT and a tiny random
MPNet as sentence-transformers folders, and their vectors, tiny.json and
tiny-mpnet.json; and, where IDL_ENCODER names the folder of all-MiniLM-L6-v2,
tests/data/minilm.json with its vectors. Every sentence is invented.
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
from transformers import BertConfig, BertModel, BertTokenizerFast, MPNetConfig, MPNetModel, PreTrainedTokenizerFast

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
# MPNet's special tokens stand first; and an old checkpoint's [UNK].
MPNET_VOCABULARY = ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"] + VOCABULARY[5:]
# Up to distances that share MPNet's last bucket, and with its padding token in
# the middle of a text, which counts for nothing but is not masked.
MPNET_TEXTS = TINY + [
    " ".join(["the cat and my dog sleep by the lake ."] * n) for n in (2, 4, 8, 12, 40)
] + ["hello <pad> hello <pad> <pad> cat ."]


def rounded(vectors, digits):
    return [[round(x, digits) for x in row] for row in vectors.tolist()]


def tiny():
    return sentence_model("tiny", BertModel(bert_config()), bert_tokenizer, TINY, 12)


def bert_config():
    torch.manual_seed(7)
    return BertConfig(
        hidden_size=16, intermediate_size=24, vocab_size=len(VOCABULARY), num_hidden_layers=2,
        num_attention_heads=4, max_position_embeddings=16, initializer_range=0.3,
        layer_norm_eps=1e-5,
    )


def bert_tokenizer(temp):
    vocabulary = temp / "vocab.txt"
    vocabulary.write_text("\n".join(VOCABULARY) + "\n")
    file = temp / "tokenizer.json"
    BertWordPieceTokenizer(str(vocabulary), lowercase=True).save(str(file))
    return BertTokenizerFast(tokenizer_file=str(file), model_max_length=12)


def tiny_mpnet():
    torch.manual_seed(11)
    config = MPNetConfig(
        hidden_size=16, intermediate_size=24, vocab_size=len(MPNET_VOCABULARY), num_hidden_layers=2,
        num_attention_heads=4, max_position_embeddings=200, initializer_range=0.3,
        layer_norm_eps=1e-5,
    )
    return sentence_model("tiny-mpnet", MPNetModel(config), mpnet_tokenizer, MPNET_TEXTS, 150)


def mpnet_tokenizer(temp):
    """As all-mpnet-base-v2's: <s> text </s>, padding 1, unknown words [UNK]."""
    vocabulary = temp / "vocab.txt"
    vocabulary.write_text("\n".join(MPNET_VOCABULARY) + "\n")
    tokenizer = BertWordPieceTokenizer(
        str(vocabulary), lowercase=True, unk_token="[UNK]", sep_token="</s>", cls_token="<s>",
        pad_token="<pad>", mask_token="<mask>",
    )
    file = temp / "tokenizer.json"
    tokenizer.save(str(file))
    return PreTrainedTokenizerFast(
        tokenizer_file=str(file), model_max_length=150, cls_token="<s>", bos_token="<s>", sep_token="</s>",
        eos_token="</s>", pad_token="<pad>", unk_token="[UNK]", mask_token="<mask>", padding_side="right",
    )


def sentence_model(name, model, make_tokenizer, texts, max_tokens):
    """Saves a random model as a sentence-transformers folder; returns its vectors."""
    folder = DATA / name
    shutil.rmtree(folder, ignore_errors=True)
    model.eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "LayerNorm" in key or key.endswith("bias"):
                parameter.add_(0.2 * torch.randn_like(parameter))
            if "relative_attention_bias" in key:
                # So that the vectors would tell if it were wrong.
                parameter.copy_(2 * torch.randn_like(parameter))
    with tempfile.TemporaryDirectory() as temp:
        temp = pathlib.Path(temp)
        tokenizer = make_tokenizer(temp)
        bare = temp / "model"
        model.save_pretrained(bare)
        tokenizer.save_pretrained(bare)
        # A folder without modules.json gets mean pooling.
        SentenceTransformer(str(bare), device="cpu").save(str(folder), create_model_card=False)
    (folder / "config_sentence_transformers.json").unlink()
    (folder / "model.safetensors").chmod(0o644)
    # What was saved is what is measured.
    saved = SentenceTransformer(str(folder), device="cpu")
    assert saved.max_seq_length == max_tokens
    return dict(texts=texts, vectors=rounded(saved.encode(texts, normalize_embeddings=True), 8))


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
    write(DATA / "tiny-mpnet.json", tiny_mpnet())
    if folder := os.environ.get("IDL_ENCODER"):
        write(ROOT / "tests/data/minilm.json", minilm(folder))
    else:
        print("IDL_ENCODER is not set: tests/data/minilm.json is left alone", file=sys.stderr)


if __name__ == "__main__":
    main()
