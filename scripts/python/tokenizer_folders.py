"""Record how transformers reads small tokenizer folders in all old and new layouts.

    python scripts/python/tokenizer_folders.py tests/fixtures/tokenizer-folders/cases.json
    python scripts/python/tokenizer_folders.py --bpe tests/fixtures/tokenizer-folders/bpe.json
    python scripts/python/tokenizer_folders.py --unigram tests/fixtures/tokenizer-folders/unigram.json
    python scripts/python/tokenizer_folders.py --sentencepiece tests/fixtures/tokenizer-folders/sentencepiece.json.br
    python scripts/python/tokenizer_folders.py --random 500 --seed 1 random.json

The second form records BPE and other models besides WordPiece. The third form records Unigram, and
the fourth SentencePiece models of every normalization rule; both require sentencepiece. The fifth form combines components and settings at random. Compare its output with spanforge:
`npx tsx scripts/check-tokenizer-folders.ts random.json`. Requires transformers 4.57.6.
A file whose name ends with .br is compressed with Brotli, which requires pyarrow.

There are a few known differences, all for inconsistent folders: added tokens that were normalized by a normalizer that the
class later replaces (transformers itself reads them differently after saving them), saved folders in which two tokens share
an id, and folders that version 5 writes and version 4.57 rejects.

    python scripts/python/tokenizer_folders.py --saved SAVED tests/fixtures/tokenizer-folders/cases.json

compares the recorded results with the results of AutoTokenizer for the folders that spanforge saved in SAVED under their
numbers.

Each folder is read by AutoTokenizer. If that fails, it is read by BertTokenizerFast if there is a vocab.txt, by
RobertaTokenizerFast if there is a merges.txt but no tokenizer.json, and otherwise by PreTrainedTokenizerFast.
"""
import argparse
import base64
import copy
import json
import logging
import tempfile
from pathlib import Path

import transformers
from transformers import AutoTokenizer, BertTokenizerFast, PreTrainedTokenizerFast, RobertaTokenizerFast

from bpe_cases import bpe_cases
from random_tokenizer_cases import random_cases
from tokenizer_cases import PAIRS, TEXTS, cases

def load(path):
    reasons = []
    fallback = PreTrainedTokenizerFast
    if (path / "vocab.txt").exists():
        fallback = BertTokenizerFast
    elif not (path / "tokenizer.json").exists() and (path / "merges.txt").exists():
        fallback = RobertaTokenizerFast
    for reader in (AutoTokenizer, fallback):
        try:
            return reader.from_pretrained(str(path)), reader.__name__
        except BaseException as error:  # the tokenizers library panics with one that is no Exception
            reasons.append(f"{type(error).__name__}: {str(error)[:120]}".replace(str(path), "FOLDER"))
    raise ValueError(" | ".join(reasons))


def utf16(text):
    starts = [0]
    for character in text:
        starts.append(starts[-1] + (2 if ord(character) > 0xFFFF else 1))
    return starts


def record_text(tokenizer, text):
    try:
        encoding = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    except BaseException as error:
        return {"text": text, "error": f"{type(error).__name__}: {str(error)[:120]}"}
    places = utf16(text)
    return {
        "text": text,
        "ids": encoding.input_ids,
        "offsets": [places[place] for pair in encoding.offset_mapping for place in pair],
        "words": encoding.word_ids(),
        "decoded": tokenizer.decode(encoding.input_ids),
        "skipped": tokenizer.decode(encoding.input_ids, skip_special_tokens=True),
        "with_special": tokenizer(text).input_ids,
    }


def record_pair(tokenizer, question, context):
    try:
        whole = tokenizer(
            question.lstrip(),
            context,
            truncation="only_second",
            max_length=24,
            stride=4,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
    except BaseException as error:
        return {"question": question, "context": context, "error": f"{type(error).__name__}: {str(error)[:120]}"}
    places = [utf16(question.lstrip()), utf16(context)]
    windows = []
    for i, ids in enumerate(whole.input_ids):
        sequences = whole.sequence_ids(i)
        offsets = [
            0 if sequence is None else places[sequence][place]
            for sequence, pair in zip(sequences, whole.offset_mapping[i])
            for place in pair
        ]
        types = whole.token_type_ids[i] if "token_type_ids" in whole else None
        windows.append({"input_ids": ids, "token_type_ids": types, "offsets": offsets})
    return {"question": question, "context": context, "windows": windows}


def record(name, files, texts=TEXTS):
    with tempfile.TemporaryDirectory() as made:
        path = Path(made)
        for file, content in files.items():
            text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
            (path / file).write_bytes(base64.b64decode(text) if file.endswith(".model") else text.encode("utf-8"))
        try:
            tokenizer, reader = load(path)
        except ValueError as error:
            return {"name": name, "files": files, "error": str(error)}
        limit = tokenizer.model_max_length
        return {
            "name": name,
            "files": files,
            "reader": reader,
            "class": type(tokenizer).__name__,
            "length": len(tokenizer),
            "vocab_size": tokenizer.vocab_size,
            "model_max_length": limit if limit < 1e20 else None,
            "special_tokens": {
                key: value for key, value in tokenizer.special_tokens_map.items() if key != "additional_special_tokens"
            },
            "strings": [record_text(tokenizer, text) for text in texts],
            "pairs": [record_pair(tokenizer, *pair) for pair in PAIRS],
        }


def differences(recorded, path):
    """Describe the differences between the tokenizer of a folder that spanforge saved and the original."""
    config = recorded["files"].get("config.json", {"model_type": "bert"})
    (path / "config.json").write_text(json.dumps(config))
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(path))
    except Exception as error:
        return [f"{type(error).__name__}: {str(error)[:200]}"]
    texts = [(text, record_text(tokenizer, text["text"])) for text in recorded["strings"]]
    pairs = [(pair, record_pair(tokenizer, pair["question"], pair["context"])) for pair in recorded["pairs"]]
    return [a for a, b in texts + pairs if a != b and not ("error" in a and "error" in b)]


def check_saved(path, saved):
    wrong = 0
    for number, recorded in enumerate(json.loads(Path(path).read_text(encoding="utf-8"))):
        found = [] if "error" in recorded else differences(recorded, saved / str(number))
        wrong += bool(found)
        for difference in found[:1]:
            print(f"{recorded['name']}: {difference}")
    print(f"{wrong} folders differ")
    raise SystemExit(1 if wrong else 0)


def write(path, data):
    if path.suffix == ".br":
        import pyarrow

        data = pyarrow.Codec("brotli", compression_level=11).compress(data, asbytes=True)
    path.write_bytes(data)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file", help="output file; with --saved, the file with the recorded results")
    parser.add_argument("--saved", type=Path)
    parser.add_argument("--bpe", action="store_true")
    parser.add_argument("--unigram", action="store_true")
    parser.add_argument("--sentencepiece", action="store_true")
    parser.add_argument("--random", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    logging.disable(logging.WARNING)
    if options.saved:
        check_saved(options.file, options.saved)
    chosen, recorded_texts = cases(), TEXTS
    if options.bpe:
        chosen = bpe_cases()
    elif options.unigram:
        from unigram_cases import unigram_cases  # needs sentencepiece

        chosen = unigram_cases()
    elif options.sentencepiece:
        import sentencepiece_cases

        chosen, recorded_texts = sentencepiece_cases.sentencepiece_cases(), sentencepiece_cases.texts()
    elif options.random:
        chosen = random_cases(options.random, options.seed)
    recorded = [record(name, copy.deepcopy(files), recorded_texts) for name, files in chosen]
    lines = ",\n".join(json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in recorded)
    write(Path(options.file), f"[\n{lines}\n]\n".encode())
    print(f"{len(recorded)} folders, {sum('error' in case for case in recorded)} rejected")


if __name__ == "__main__":
    main()
