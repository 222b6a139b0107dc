"""Load a saved question-answering folder with Python's transformers and print its logits, to compare with spanforge's.

    check_folder.py FOLDER PAIRS.json        PAIRS.json: a list of {"question", "context"}; "-" is standard input

Prints one JSON document: {model, tokenizer, parameters, pairs: [{question, context, windows: [{input_ids,
token_type_ids, start_logits, end_logits}]}]}. Each window (max_length 384, stride 128) is a separate batch without
padding, computed in float32 and evaluation mode.

The exit code is 1, with the reasons on standard error, if the folder's tensors are not exactly the model's parameters or
if transformers logs any warning about the folder.
"""

import argparse
import json
import logging
import sys
from pathlib import Path

import torch
import transformers
from safetensors import safe_open
from transformers import AutoModelForQuestionAnswering, AutoTokenizer


class Warnings(logging.Handler):
    """Collect the messages that transformers logs at warning level and above."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())


def stored_keys(folder):
    keys = []
    for path in sorted(Path(folder).glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            keys += file.keys()
    return keys


def some(kind, keys):
    return f"{kind}: {len(keys)}, such as {', '.join(sorted(keys)[:3])}"


def load(folder):
    """Return the tokenizer, the model and a list of problems, which is empty if the folder is correct."""
    warnings = Warnings()
    transformers.logging.disable_default_handler()
    transformers.logging.disable_progress_bar()
    transformers.logging.get_logger().addHandler(warnings)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model, info = AutoModelForQuestionAnswering.from_pretrained(folder, output_loading_info=True)
    problems = [f"{kind}: {found}" for kind, found in info.items() if found] + warnings.messages
    stored, wanted = set(stored_keys(folder)), set(model.state_dict())
    problems += [some("not parameters of the model", stored - wanted)] if stored - wanted else []
    problems += [some("parameters not in the folder", wanted - stored)] if wanted - stored else []
    return tokenizer, model.float().eval(), problems


def windows_of(tokenizer, question, context):
    encoded = tokenizer(
        question.lstrip(),
        context,
        truncation="only_second",
        max_length=384,
        stride=128,
        return_overflowing_tokens=True,
    )
    return zip(encoded["input_ids"], encoded["token_type_ids"], strict=True)


@torch.no_grad()
def answer(model, input_ids, token_type_ids):
    outputs = model(input_ids=torch.tensor([input_ids]), token_type_ids=torch.tensor([token_type_ids]))
    return {
        "input_ids": input_ids,
        "token_type_ids": token_type_ids,
        "start_logits": outputs.start_logits[0].tolist(),
        "end_logits": outputs.end_logits[0].tolist(),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("pairs")
    arguments = parser.parse_args()
    pairs = json.loads(sys.stdin.read() if arguments.pairs == "-" else Path(arguments.pairs).read_text("utf-8"))

    tokenizer, model, problems = load(arguments.folder)
    if problems:
        sys.exit("\n".join(problems))
    for pair in pairs:
        windows = windows_of(tokenizer, pair["question"], pair["context"])
        pair["windows"] = [answer(model, *window) for window in windows]
    document = {
        "model": type(model).__name__,
        "tokenizer": type(tokenizer).__name__,
        "parameters": model.num_parameters(),
        "pairs": pairs,
    }
    print(json.dumps(document, ensure_ascii=False))


if __name__ == "__main__":
    main()
