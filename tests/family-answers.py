"""Answer the questions of SQuAD files with question-answering folders in transformers.

    family-answers.py DATA FOLDER...

Cuts windows like run_qa.py: of at most 128 tokens, overlapping in 32. Prints one line of JSON for each folder: the results by
question id, each with `windows`, the logits of each window; `nbest`, the 20 best spans of run_qa.py's
postprocess_qa_predictions as [start, end, start_logit, end_logit]; and `answer`, the result of the pipeline. Characters are
counted in UTF-16 units.
"""

import json
import sys

import numpy as np
import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer, logging, pipeline

MAX_LENGTH, STRIDE, N_BEST, MAX_ANSWER_LENGTH = 128, 32, 20, 30


def utf16(text):
    places = [0]
    for character in text:
        places.append(places[-1] + (2 if ord(character) > 0xFFFF else 1))
    return places


def nbest(windows, places):
    spans = []
    for start_logits, end_logits, offsets in windows:
        starts, ends = (np.argsort(logits)[-1 : -N_BEST - 1 : -1].tolist() for logits in (start_logits, end_logits))
        for start in starts:
            for end in ends:
                if offsets[start] is None or offsets[end] is None or not start <= end < start + MAX_ANSWER_LENGTH:
                    continue
                scores = float(start_logits[start]), float(end_logits[end])
                spans.append((places[offsets[start][0]], places[offsets[end][1]], *scores))
    return sorted(spans, key=lambda span: span[2] + span[3], reverse=True)[:N_BEST]


def results_of(model, tokenizer, question, context):
    encoded = tokenizer(
        question.lstrip(), context, truncation="only_second", max_length=MAX_LENGTH, stride=STRIDE,
        return_overflowing_tokens=True, return_offsets_mapping=True,
    )  # fmt: skip
    windows = []
    for i, offsets in enumerate(encoded["offset_mapping"]):
        inputs = {name: torch.tensor([encoded[name][i]]) for name in tokenizer.model_input_names if name in encoded}
        with torch.no_grad():
            out = model(**inputs)
        found = [pair if side == 1 else None for pair, side in zip(offsets, encoded.sequence_ids(i))]
        windows.append((out.start_logits[0].numpy(), out.end_logits[0].numpy(), found))
    return {
        "windows": [[start.tolist(), end.tolist()] for start, end, _ in windows],
        "nbest": nbest(windows, utf16(context)),
    }


def answers_of(folder, questions):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForQuestionAnswering.from_pretrained(folder).eval()
    ask = pipeline("question-answering", model=model, tokenizer=tokenizer)
    found = {}
    for identifier, question, context in questions:
        places = utf16(context)
        answer = ask(question=question, context=context, max_seq_len=MAX_LENGTH, doc_stride=STRIDE, max_answer_len=MAX_ANSWER_LENGTH)
        found[identifier] = {
            **results_of(model, tokenizer, question, context),
            "answer": {**answer, "start": places[answer["start"]], "end": places[answer["end"]]},
        }
    return found


if __name__ == "__main__":
    logging.set_verbosity_error()
    torch.set_num_threads(1)
    data = json.loads(open(sys.argv[1], encoding="utf-8").read())["data"]
    asked = [
        (qa["id"], qa["question"], paragraph["context"])
        for article in data
        for paragraph in article["paragraphs"]
        for qa in paragraph["qas"]
    ]
    for folder in sys.argv[2:]:
        print(json.dumps(answers_of(folder, asked)), flush=True)
