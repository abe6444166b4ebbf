"""Reference vectors for idl-rust-bert, made with transformers on tiny random
models.

    python3 -m venv venv
    venv/bin/pip install torch==2.11.0 transformers==5.23.0 sentencepiece==0.2.3
    venv/bin/python tests/reference/rust_bert.py

Writes tests/data/rust-bert/: sentence encoders (distilbert, roberta, albert) in
the hub's layout, NLI classifiers (nli-bert, nli-roberta), a
language model (gpt2), and vectors.json with what transformers makes of the
texts, each alone. Every sentence is invented.
"""

import io
import json
import pathlib
import shutil

import sentencepiece
import torch
import transformers as tf
from tokenizers import ByteLevelBPETokenizer, Tokenizer
from tokenizers.implementations import BertWordPieceTokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

DATA = pathlib.Path(__file__).resolve().parents[1] / "data/rust-bert"

TEXTS = [
    "the cat sleeps by the lake .", "i love my two small dogs , and they love me !",
    "hello ?", "my sister sells bread in the shop by the river and she walks home at night",
    "do you like rivers or lakes ?",
]
PAIRS = [
    ("i love my two small dogs .", "i have dogs ."),
    ("i love my two small dogs .", "i do not like dogs ."),
    ("my sister sells bread in the shop by the river .", "my sister has a shop ."),
    ("hello !", "the lake is by the river ."),
    ("i walk home at night .", "i sleep at night ."),
    ("do you like cats ?", "cats like you ."),
    ("the cat sleeps .", "the cat sleeps ."),
    # Longer together than the 24 tokens of the classifiers' folders.
    ("my sister sells bread in the shop by the river and she walks home at night .",
     "i walk home by the lake and my sister walks home by the river ."),
    ("", "i have dogs ."),
]
PROMPTS = ["i love my", "the cat sleeps by the lake and", "hello ? hello !"]
WORDS = sorted({w for t in TEXTS + [s for pair in PAIRS for s in pair] for w in t.split()})
SIZES = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
             initializer_range=0.4)


def folder(name):
    path = DATA / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def put(path, **values):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(values, indent=2) + "\n")


def shaken(model):
    """The model with no norm at one and no bias at zero."""
    model.eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 1:
                parameter.add_(0.2 * torch.randn_like(parameter))
    return model


def saved(model, path):
    model.save_pretrained(path)
    (path / "model.safetensors").chmod(0o644)
    (path / "generation_config.json").unlink(missing_ok=True)


# Sentence encoders.


def sentence_folder(path, **tokenizer):
    """What sentence-transformers 2 wrote, which is what rust-bert reads."""
    module = "sentence_transformers.models."
    (path / "modules.json").write_text(json.dumps([
        dict(idx=0, name="0", path="", type=module + "Transformer"),
        dict(idx=1, name="1", path="1_Pooling", type=module + "Pooling"),
        dict(idx=2, name="2", path="2_Normalize", type=module + "Normalize"),
    ], indent=2) + "\n")
    modes = dict(cls_token=False, mean_tokens=True, max_tokens=False, mean_sqrt_len_tokens=False)
    put(path / "1_Pooling/config.json", word_embedding_dimension=16,
        **{f"pooling_mode_{mode}": on for mode, on in modes.items()})
    put(path / "sentence_bert_config.json", max_seq_length=32, do_lower_case=False)
    put(path / "tokenizer_config.json", **tokenizer)


def pooled(model, ids):
    assert len(ids) <= 32
    hidden = model(input_ids=torch.tensor([ids])).last_hidden_state[0]
    return torch.nn.functional.normalize(hidden.mean(0), dim=0).tolist()


def distilbert():
    path = folder("distilbert")
    (path / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + WORDS) + "\n")
    tokenizer = BertWordPieceTokenizer(str(path / "vocab.txt"), lowercase=True)
    sentence_folder(path, do_lower_case=True)
    torch.manual_seed(1)
    model = shaken(tf.DistilBertModel(tf.DistilBertConfig(
        vocab_size=len(WORDS) + 5, dim=16, hidden_dim=24, n_layers=2, n_heads=4, max_position_embeddings=32,
        # A key of older versions, which rust-bert asks for.
        initializer_range=0.4, tie_weights_=True)))
    saved(model, path)
    return [pooled(model, tokenizer.encode(text).ids) for text in TEXTS]


def roberta():
    path = folder("roberta")
    tokenizer = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.train_from_iterator(TEXTS, vocab_size=290, min_frequency=1, special_tokens=special)
    tokenizer.save_model(str(path))
    sentence_folder(path, do_lower_case=False, add_prefix_space=False)
    torch.manual_seed(2)
    model = shaken(tf.RobertaModel(tf.RobertaConfig(
        vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=34, type_vocab_size=1, layer_norm_eps=1e-5,
        **SIZES)))
    saved(model, path)
    return [pooled(model, [0, *tokenizer.encode(text).ids[:30], 2]) for text in TEXTS]


def albert():
    path = folder("albert")
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS * 4), model_writer=model, vocab_size=70, hard_vocab_limit=False, pad_id=0, unk_id=1, bos_id=-1, eos_id=-1,
        control_symbols=["[CLS]", "[SEP]"], user_defined_symbols=["[MASK]"],
        normalization_rule_name="identity", minloglevel=2)
    (path / "spiece.model").write_bytes(model.getvalue())
    tokenizer = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    sentence_folder(path, do_lower_case=True)
    torch.manual_seed(3)
    model = shaken(tf.AlbertModel(tf.AlbertConfig(
        vocab_size=tokenizer.get_piece_size(), embedding_size=8, max_position_embeddings=32, num_hidden_groups=1,
        bos_token_id=2, eos_token_id=3, **SIZES)))
    saved(model, path)
    return [pooled(model, [2, *tokenizer.encode(text)[:30], 3]) for text in TEXTS]


# NLI classifiers.


def word_tokenizer(path, special, pair):
    vocabulary = {word: i for i, word in enumerate(special + WORDS)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token=special[3]))
    tokenizer.normalizer, tokenizer.pre_tokenizer = Lowercase(), Whitespace()
    tokenizer.add_special_tokens(special)
    marks = [(token, vocabulary[token]) for token in special if token in pair]
    tokenizer.post_processor = TemplateProcessing(
        single=f"{special[0]} $A {special[2]}", pair=pair, special_tokens=marks)
    tokenizer.save(str(path / "tokenizer.json"))
    put(path / "tokenizer_config.json", model_max_length=24)
    return tf.PreTrainedTokenizerFast(
        tokenizer_file=str(path / "tokenizer.json"), model_max_length=24, pad_token=special[1], cls_token=special[0],
        sep_token=special[2], unk_token=special[3])


def classifier(name, special, pair, make, labels):
    """Logits of all pairs, by a model that says each of the three words."""
    path = folder(name)
    tokenizer = word_tokenizer(path, special, pair)
    asked = dict(truncation=True, return_tensors="pt", return_token_type_ids=True)
    for seed in range(1000):
        torch.manual_seed(seed)
        model = shaken(make(dict(
            vocab_size=len(tokenizer), id2label=dict(enumerate(labels)), max_position_embeddings=32, **SIZES)))
        logits = [model(**tokenizer(a, b, **asked)).logits[0] for a, b in PAIRS]
        best = [int(row.argmax()) for row in logits]
        if set(best) == {0, 1, 2}:
            saved(model, path)
            return dict(labels=labels, probabilities=[row.double().softmax(0).tolist() for row in logits])
    raise SystemExit(f"{name}: no seed says all three")


BERT_MARKS = ["[CLS]", "[PAD]", "[SEP]", "[UNK]"], "[CLS] $A [SEP] $B:1 [SEP]:1"
ROBERTA_MARKS = ["<s>", "<pad>", "</s>", "<unk>"], "<s> $A </s> </s> $B </s>"


def nli():
    return {
        "nli-bert": classifier("nli-bert", *BERT_MARKS, lambda sizes: tf.BertForSequenceClassification(
            tf.BertConfig(pad_token_id=1, **sizes)), ["contradiction", "entailment", "neutral"]),
        "nli-roberta": classifier("nli-roberta", *ROBERTA_MARKS, lambda sizes: tf.RobertaForSequenceClassification(
            tf.RobertaConfig(type_vocab_size=1, layer_norm_eps=1e-5, **sizes)),
            ["CONTRADICTION", "NEUTRAL", "ENTAILMENT"]),
    }


# The language model.


def gpt2():
    path = folder("gpt2")
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(TEXTS, vocab_size=300, min_frequency=1, special_tokens=["<|endoftext|>"])
    tokenizer.save(str(path / "tokenizer.json"))
    torch.manual_seed(5)
    model = shaken(tf.GPT2LMHeadModel(tf.GPT2Config(
        vocab_size=tokenizer.get_vocab_size(), n_positions=48, n_embd=16, n_layer=2, n_head=4, initializer_range=0.4,
        bos_token_id=0, eos_token_id=0)))
    saved(model, path)
    continuations, first = [], []
    for prompt in PROMPTS:
        ids = torch.tensor([tokenizer.encode(prompt).ids])
        out = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False,
                             pad_token_id=0)
        first.append(out[0, ids.shape[1]].item())
        continuations.append(tokenizer.decode(out[0, ids.shape[1]:].tolist()))
    return dict(prompts=PROMPTS, greedy=continuations, first=first)


def main():
    torch.set_grad_enabled(False)
    vectors = dict(
        texts=TEXTS,
        encoders=dict(distilbert=distilbert(), roberta=roberta(), albert=albert()),
        pairs=PAIRS,
        nli=nli(),
        gpt2=gpt2(),
    )
    short = json.loads(json.dumps(vectors), parse_float=lambda number: round(float(number), 8))
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in short.items())
    (DATA / "vectors.json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main()
