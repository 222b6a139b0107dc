"""Check that transformers reads a tokenizer folder saved by spanforge in the same way as the original.

    python scripts/python/check_tokenizer.py ORIGINAL_FOLDER SAVED_FOLDER SQUAD_FILE [SQUAD_FILE ...]

Compares the ids, offsets and word ids of every context and question, read from tokenizer.json and from vocab.txt alone.
Requires transformers 4.57.
"""
import json
import shutil
import sys
import tempfile
from pathlib import Path

from transformers import AutoTokenizer, BertTokenizerFast


def texts_of(paths):
    for path in paths:
        for article in json.loads(Path(path).read_text(encoding="utf-8"))["data"]:
            for paragraph in article["paragraphs"]:
                yield paragraph["context"]
                yield from (question["question"] for question in paragraph["qas"])
    yield from ["", " [MASK]x[SEP] ", "Ångström 北京 don't 😀 İstanbul\u200b\u0007", "a" * 101]


def record(tokenizer, text):
    encoding = tokenizer(text, return_offsets_mapping=True)
    return encoding.input_ids, encoding.offset_mapping, encoding.word_ids()


def main(original, saved, *squad_files):
    expected = AutoTokenizer.from_pretrained(original)
    candidates = {"tokenizer.json": AutoTokenizer.from_pretrained(saved)}
    with tempfile.TemporaryDirectory() as folder:
        for name in ("vocab.txt", "tokenizer_config.json", "special_tokens_map.json"):
            shutil.copy(Path(saved, name), folder)
        candidates["vocab.txt"] = BertTokenizerFast.from_pretrained(folder)
    texts = list(texts_of(squad_files))
    wrong = 0
    for name, tokenizer in candidates.items():
        differing = [text for text in texts if record(tokenizer, text) != record(expected, text)]
        print(f"{name}: {type(tokenizer).__name__}, {len(texts)} texts, {len(differing)} differ {differing[:3]}")
        wrong += len(differing)
        wrong += len(tokenizer) != len(expected) or tokenizer.special_tokens_map != expected.special_tokens_map
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
