"""How fast a fast tokenizer of transformers cuts questions into windows, on one thread, for benchmarks/tokenization.ts.

    TOKENIZERS_PARALLELISM=false RAYON_NUM_THREADS=1 python benchmarks/python/time_tokenizer.py DATA MODEL

As run_qa.py does it, in batches of 1,000 questions. Prints JSON.
"""
import json
import sys
import time
from pathlib import Path

from transformers import AutoTokenizer, PreTrainedTokenizerFast

BATCH = 1000


def load(model):
    """Load the tokenizer of a folder, which may have tokenizer.json alone."""
    try:
        return AutoTokenizer.from_pretrained(model)
    except (OSError, ValueError, KeyError):
        return PreTrainedTokenizerFast(tokenizer_file=f"{model}/tokenizer.json")


def main(data, model):
    before = time.process_time()
    tokenizer = load(model)
    load_seconds = time.process_time() - before
    pairs = [
        (question["question"].lstrip(), paragraph["context"])
        for article in json.loads(Path(data).read_text(encoding="utf-8"))["data"]
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    ]
    runs = []
    for _ in range(2):
        before = time.process_time()
        windows = 0
        for start in range(0, len(pairs), BATCH):
            questions, contexts = zip(*pairs[start : start + BATCH])
            encoded = tokenizer(
                list(questions),
                list(contexts),
                truncation="only_second",
                max_length=384,
                stride=128,
                return_overflowing_tokens=True,
                return_offsets_mapping=True,
            )
            windows += len(encoded["input_ids"])
        seconds = time.process_time() - before
        runs.append({"questions": len(pairs), "windows": windows, "processor_seconds": seconds, "per_second": len(pairs) / seconds})
    print(json.dumps({"load_seconds": load_seconds, "first": runs[0], "later": runs[1:]}, indent=2))


if __name__ == "__main__":
    main(*sys.argv[1:])
