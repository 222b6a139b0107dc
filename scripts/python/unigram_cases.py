"""Small tokenizer folders with Unigram, from tokenizer.json and from SentencePiece's files, for tokenizer_folders.py."""
import base64
import io
import json
import tempfile
from pathlib import Path

import sentencepiece
from transformers import AutoTokenizer

from bpe_cases import WORDS
from tokenizer_cases import folder, sequence, special, template

# Rules as in a file of `spm_train --normalization_rule_tsv`: what is replaced, and by what.
RULES = {
    "\t": " ", "\n": " ", "\u00a0": " ", "\u3000": " ", "\u200b": "", "\u0007": "", "\u00ad": "", "\ufeff": "", "ﬁ": "fi",
    "①": "1", "½": "1⁄2", "²": "2", "Ⅻ": "XII", "ｱ": "ア", "ﾞ": "\u3099", "e\u0301": "é", "a\u0323": "ạ", "E\u0301": "É", "…": "...",
    "\u2028": " ", "\u0085": " ", "“": '"',
}


def trained(**options):
    """A SentencePiece model learned from a few words, as the bytes of its file."""
    with tempfile.TemporaryDirectory() as made:
        rules = Path(made) / "rules.tsv"
        hexadecimal = lambda text: " ".join(f"{ord(character):X}" for character in text)
        rules.write_text("".join(f"{hexadecimal(a)}\t{hexadecimal(b)}\n" for a, b in RULES.items()), encoding="utf-8")
        written = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(WORDS.split("\n") * 20),
            model_writer=written,
            vocab_size=options.pop("vocab_size", 130),
            normalization_rule_tsv=str(rules),
            hard_vocab_limit=False,
            minloglevel=2,
            **options,
        )
        return base64.b64encode(written.getvalue()).decode()


def unigram_cases():
    plain = trained()
    bert = trained(unk_piece="[UNK]", unk_id=3, pad_id=0, pad_piece="[PAD]", bos_id=1, bos_piece="[CLS]", eos_id=2, eos_piece="[SEP]", user_defined_symbols=["東京"])
    albert = trained(unk_id=1, pad_id=0, control_symbols=["[CLS]", "[SEP]", "[MASK]"], bos_id=-1, eos_id=-1)
    for name, file, content in (
        ("xlm-roberta", "sentencepiece.bpe.model", plain),
        ("camembert", "sentencepiece.bpe.model", plain),
        ("albert", "spiece.model", albert),
        ("deberta-v2", "spm.model", bert),
        ("big_bird", "spiece.model", albert),
        ("rembert", "sentencepiece.model", albert),
    ):
        yield f"{file}, {name}", folder(None, model={"model_type": name}, **{file: content})
    yield "spiece.model, cased, accents kept", folder(
        None, {"tokenizer_class": "AlbertTokenizer", "do_lower_case": False, "keep_accents": True}, **{"spiece.model": albert}
    )
    yield "spm.model, lower case, punctuation apart", folder(
        None, {"tokenizer_class": "DebertaV2Tokenizer", "do_lower_case": True, "split_by_punct": True}, **{"spm.model": bert}
    )
    yield "spm.model, other tokens", folder(
        None,
        {"tokenizer_class": "DebertaV2Tokenizer", "mask_token": "<m>", "additional_special_tokens": ["<x>"]},
        **{"spm.model": bert},
    )
    yield "sentencepiece.bpe.model without map", folder(
        None, model={"model_type": "xlm-roberta"}, **{"sentencepiece.bpe.model": trained_plainly()}
    )
    whole = json_of({"spm.model": bert, "config.json": {"model_type": "deberta-v2"}})
    generic = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    for name in ("T5", "MT5", "Pegasus", "Reformer", "XGLM", "XLNet", "Barthez", "FNet", "BigBird", "Camembert", "XLMRoberta"):
        yield f"class {name}Tokenizer", folder(whole, {"tokenizer_class": f"{name}Tokenizer"})
    split = {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True}]}
    yield "tokenizer.json of deberta-v2", folder(whole, {"tokenizer_class": "DebertaV2Tokenizer"})
    yield "whitespace, then metaspace", folder({**whole, "pre_tokenizer": split, "decoder": metaspace}, generic)
    for scheme in ("first", "never"):
        changed = {**metaspace, "prepend_scheme": scheme, "split": scheme == "never"}
        yield f"metaspace {scheme}", folder({**whole, "pre_tokenizer": changed, "decoder": changed}, generic)
    vocab = whole["model"]["vocab"] + [[f"<0x{byte:02X}>", -20.0] for byte in range(256)]
    yield "bytes of unknown characters", folder(
        {**whole, "model": {**whole["model"], "vocab": vocab, "byte_fallback": True}}, generic
    )
    yield "no unknown token", folder({**whole, "model": {**whole["model"], "unk_id": None}}, generic)
    twice = whole["model"]["vocab"] + [["▁the", -1.0], ["▁", -0.5], ["", 0.0]]
    yield "tokens twice", folder({**whole, "model": {**whole["model"], "vocab": twice}}, generic)
    yield "no pre-tokenizer, NFKC", folder({**whole, "pre_tokenizer": None, "normalizer": {"type": "NFKC"}}, generic)
    left = template(
        [sequence("A", 0), special("[SEP]", 0), special("[CLS]", 2)],
        [sequence("A", 0), special("[SEP]", 0), sequence("B", 1), special("[SEP]", 1), special("[CLS]", 2)],
        {"[CLS]": 1, "[SEP]": 2},
    )
    yield "special tokens at the end", folder({**whole, "post_processor": left}, generic)


def trained_plainly():
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(WORDS.split("\n") * 20), model_writer=written, vocab_size=130, normalization_rule_name="identity", hard_vocab_limit=False, minloglevel=2
    )
    return base64.b64encode(written.getvalue()).decode()


def json_of(files):
    """The tokenizer.json that transformers makes of a folder."""
    with tempfile.TemporaryDirectory() as made:
        for name, content in files.items():
            data = base64.b64decode(content) if name.endswith(".model") else json.dumps(content).encode()
            (Path(made) / name).write_bytes(data)
        return json.loads(AutoTokenizer.from_pretrained(made).backend_tokenizer.to_str())
