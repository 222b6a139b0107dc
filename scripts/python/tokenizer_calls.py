"""Record the results of calling fast tokenizers of transformers 4.57 with pairs, truncation, stride and padding.

    python scripts/python/tokenizer_calls.py tests/fixtures/tokenizer-folders/calls.json

Each record contains the name of a folder from cases.json, the arguments of the call, and its result or "error".
`sequence_ids` and `word_ids` contain a list for each row. Offsets are in UTF-16 code units.

    python scripts/python/tokenizer_calls.py --folder MODEL_FOLDER --squad FILE OUTPUT

records calls with real questions and contexts instead: for each set of options, the SHA-256 of each result.
"""
import argparse
import hashlib
import json
import logging
import random
import tempfile
from pathlib import Path

import transformers
from tokenizer_cases import cases
from transformers import AutoTokenizer

FOLDERS = [
    "new",
    "cased, of no class",
    "post-processor bert",
    "post-processor roberta",
    "post-processor roberta with prefix space",
    "post-processor two separators",
    "post-processor one token of two ids",
    "settings inputs",
    "settings max_len",
    "added tokens",
    "class MPNetTokenizer, vocab.txt",
    "class FunnelTokenizer, vocab.txt",
]
TEXTS = [
    "",
    " the un ?",
    "a b c d e",
    "f i n o r s t",
    "The unaffable runn. " * 3,
    "é e\u0301 東京 😀 a <mask> b [MASK] x",
    "[SEP] foo FOO 1.2-21",
]
REAL = [
    dict(truncation="only_second", max_length=64, stride=16, return_overflowing_tokens=True, padding="max_length"),
    dict(truncation="only_second", max_length=384, stride=128, return_overflowing_tokens=True, padding="max_length"),
    dict(truncation=True, max_length=48, stride=8, return_overflowing_tokens=True, padding=True),
    dict(truncation=True, max_length=128, pad_to_multiple_of=8, padding=True),
]


def units(text, offset):
    return [len(text[:place].encode("utf-16-le")) // 2 for place in offset]


def result_of(tokenizer, text, text_pair, options):
    encoding = tokenizer(text, text_pair, **options)
    result = dict(encoding)
    rows = range(len(encoding.encodings))
    sequences = [encoding.sequence_ids(row) for row in rows]
    if "offset_mapping" in result:
        samples = [text] if isinstance(text, str) else text
        pairs = [text_pair] if isinstance(text, str) else text_pair
        source = result.get("overflow_to_sample_mapping", rows)
        flat = isinstance(text, str) and not options.get("return_overflowing_tokens")
        offsets = [result["offset_mapping"]] if flat else result["offset_mapping"]
        counted = [
            [
                [0, 0] if which is None else units((pairs if which else samples)[source[row]], offset)
                for offset, which in zip(offsets[row], sequences[row])
            ]
            for row in rows
        ]
        result["offset_mapping"] = counted[0] if flat else counted
    return {**result, "sequence_ids": sequences, "word_ids": [encoding.word_ids(row) for row in rows]}


def attempt(tokenizer, text, text_pair, options):
    try:
        return {"result": result_of(tokenizer, text, text_pair, options)}
    except BaseException as error:  # A panic of the tokenizers library is no Exception.
        if isinstance(error, KeyboardInterrupt):
            raise
        return {"error": f"{type(error).__name__}: {error}"}


def random_call(draw):
    def text():
        return draw.choice(TEXTS)

    count = draw.choice([None, None, 1, 2, 3])
    first = text() if count is None else [text() for _ in range(count)]
    second = text() if count is None else [text() for _ in range(count)]
    options = {}

    def maybe(name, values, share=0.5):
        if draw.random() < share:
            options[name] = draw.choice(values)

    maybe("truncation", [True, "longest_first", "only_first", "only_second", "only_second", False, "do_not_truncate"], 0.8)
    maybe("max_length", [5, 6, 7, 8, 9, 10, 12, 15, 20, 24], 0.8)
    maybe("stride", [0, 1, 2, 3])
    maybe("padding", [True, "longest", "max_length", "do_not_pad", False])
    maybe("pad_to_multiple_of", [2, 8], 0.2)
    maybe("padding_side", ["left", "right"], 0.2)
    maybe("add_special_tokens", [False], 0.1)
    for name in ("overflowing_tokens", "offsets_mapping"):
        maybe(f"return_{name}", [True], 0.7)
    for name in ("token_type_ids", "attention_mask", "special_tokens_mask", "length"):
        maybe(f"return_{name}", [True, False], 0.2)
    return first, draw.choice([second, second, None]), options


def load(files, folder):
    for name, content in files.items():
        Path(folder, name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return AutoTokenizer.from_pretrained(folder)


def record_small(count, seed):
    draw = random.Random(seed)
    folders = {name: files for name, files in cases() if name in FOLDERS}
    for name in FOLDERS:
        with tempfile.TemporaryDirectory() as folder:
            tokenizer = load(folders[name], folder)
            for truncation_side in ("right", "right", "left"):
                tokenizer.truncation_side = truncation_side
                for _ in range(count):
                    text, text_pair, options = random_call(draw)
                    found = attempt(tokenizer, text, text_pair, options)
                    call = {"folder": name, "truncation_side": truncation_side, "text": text, "text_pair": text_pair}
                    yield {**call, "options": options, **found}


def record_real(folder, squad):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for options in REAL:
        options = {**options, "return_offsets_mapping": True}
        digests = []
        for article in json.loads(Path(squad).read_text(encoding="utf-8"))["data"]:
            for paragraph in article["paragraphs"]:
                questions = [question["question"] for question in paragraph["qas"]]
                result = result_of(tokenizer, questions, [paragraph["context"]] * len(questions), options)
                text = json.dumps(result, separators=(",", ":"), sort_keys=True)
                digests.append(hashlib.sha256(text.encode()).hexdigest()[:16])
        yield {"options": options, "digests": digests}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("output")
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder")
    parser.add_argument("--squad")
    args = parser.parse_args()
    transformers.logging.set_verbosity_error()
    logging.disable(logging.WARNING)
    records = record_real(args.folder, args.squad) if args.folder else record_small(args.count, args.seed)
    lines = ",\n".join(json.dumps(record, ensure_ascii=True, separators=(",", ":")) for record in records)
    Path(args.output).write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
