"""Print how transformers tokenizes random texts. Used by scripts/check-tokenizers.ts.

    python scripts/python/tokenizer_strings.py FOLDER COUNT SEED

Prints a line of JSON for each text: the text, ids, offsets in UTF-16 code units, word ids, and the decoded ids. Requires
transformers 4.57.6. If AutoTokenizer rejects a folder, it is read by PreTrainedTokenizerFast or the class that its files
require.
"""
import json
import logging
import os
import sys
from pathlib import Path

import transformers
from transformers import AutoTokenizer, BertTokenizerFast, PreTrainedTokenizerFast, RobertaTokenizerFast

from random_texts import RandomTexts


def load(folder):
    try:
        return AutoTokenizer.from_pretrained(folder)
    except Exception:
        has = lambda name: (Path(folder) / name).exists()
        reader = BertTokenizerFast if has("vocab.txt") else RobertaTokenizerFast
        return (PreTrainedTokenizerFast if has("tokenizer.json") else reader).from_pretrained(folder)


def utf16(text):
    starts = [0]
    for character in text:
        starts.append(starts[-1] + (2 if ord(character) > 0xFFFF else 1))
    return starts


def record(tokenizer, text):
    encoding = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    places = utf16(text)
    return {
        "text": text,
        "ids": encoding.input_ids,
        "offsets": [places[place] for pair in encoding.offset_mapping for place in pair],
        "words": encoding.word_ids(),
        "decoded": tokenizer.decode(encoding.input_ids),
    }


def main(folder, count, seed):
    transformers.logging.set_verbosity_error()
    logging.disable(logging.WARNING)
    tokenizer = load(folder)
    texts = RandomTexts(int(seed), tokenizer.get_added_vocab())
    for _ in range(int(count)):
        text = texts.text()
        try:
            found = record(tokenizer, text)
        except BaseException as error:  # the tokenizers library panics with one that is no Exception
            found = {"text": text, "error": f"{type(error).__name__}: {str(error)[:120]}"}
        print(json.dumps(found))


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    main(*sys.argv[1:])
