"""Folders with SentencePiece models of every normalization rule, Unigram and BPE, for tokenizer_folders.py."""
import base64
import io
import tempfile
from pathlib import Path

import sentencepiece

from random_texts import RandomTexts
from tokenizer_cases import TEXTS, folder
from unigram_cases import RULES

SENTENCES = [
    "The quick brown fox jumps over the lazy dog", "running and jumping, 12 times in 1999", "Straße Ärger café naïve 1⁄2",
    "東京タワー 株式会社 ガギグ", "привет мир Ελλάδα", "한국어 العربية हिन्दी", "(tm) fi ffi XII ° a b c d e f",
]  # fmt: skip
NAMED = ["nmt_nfkc", "nfkc", "nmt_nfkc_cf", "nfkc_cf", "identity"]
HARD_TEXTS = [
    "ﷺ ㍿ Å K Ω ｶﾞ ﾊﾟ ｳﾞ ①½Ⅻ ﬃ ™ ℃ ㎏ ㌔ 。｡ ～〜 “x” ‘y’ … ‥ ⁇ ‼",
    "\u1112\u1161\u11ab e\u0301\u0323 a\u0323\u0302 \u0344 q\u0307\u0323 \u0958 \U0001d15e \u2126 \uf900 İSTANBUL ẞ ŉ ǅ ΑΣ ς",
    "a\u00adb c\u200bd e\u200d\u200cf \ufeffg \u2060h \u202ei \u0007j \u0085k \u2028l \u3000m\u00a0n \u1680o\tp\nq\r\nr",
    "▁a ▁▁b a▁b _c <s> </s> <unk> <0x41> x<s>y",
]


def trained(model_type, rule):
    """A small model with this normalization rule, as the bytes of its file in base64; without a name, that of RULES."""
    with tempfile.TemporaryDirectory() as made:
        table = Path(made) / "rules.tsv"
        hexadecimal = lambda text: " ".join(f"{ord(character):X}" for character in text)
        table.write_text("".join(f"{hexadecimal(a)}\t{hexadecimal(b)}\n" for a, b in RULES.items()), encoding="utf-8")
        written = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(SENTENCES * 20),
            model_writer=written,
            model_type=model_type,
            vocab_size=170,
            hard_vocab_limit=False,
            minloglevel=2,
            **({"normalization_rule_name": rule} if rule else {"normalization_rule_tsv": str(table)}),
        )
        return base64.b64encode(written.getvalue()).decode()


def sentencepiece_cases():
    for model_type in ("unigram", "bpe"):
        for rule in (*NAMED, None):
            files = {"sentencepiece.bpe.model": trained(model_type, rule)}
            yield f"{model_type}, {rule or 'rules of a table'}", folder(None, model={"model_type": "xlm-roberta"}, **files)


def texts():
    draw = RandomTexts(5, ["<s>", "</s>", "<mask>"])
    return TEXTS + HARD_TEXTS + [draw.text() for _ in range(60)]
