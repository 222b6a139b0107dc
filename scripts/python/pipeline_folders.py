"""Record answers of the Python pipeline for tokenizers with different special tokens.

    python scripts/python/pipeline_folders.py tests/fixtures/postprocess/pipeline-folder

Writes a tiny RoBERTa of random weights with a byte-level tokenizer, and answers.json: for each tokenizer_config.json the
calls of the pipeline. Requires transformers 4.57.6.
"""
import json
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import AutoTokenizer, RobertaConfig, RobertaForQuestionAnswering, logging, pipeline

SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
CLASS = {"tokenizer_class": "PreTrainedTokenizerFast", "model_input_names": ["input_ids", "attention_mask"], "model_max_length": 64}
SETTINGS = {
    "all tokens": {"cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"},
    "no cls_token": {"sep_token": "</s>", "pad_token": "<pad>"},
    "no special tokens": {},
    "another cls_token": {"cls_token": "<mask>", "sep_token": "</s>", "pad_token": "<pad>"},
    "cls_token is the separator": {"cls_token": "</s>", "sep_token": "</s>", "pad_token": "<pad>"},
    "cls_token outside the vocabulary": {"cls_token": "[CLS]", "sep_token": "</s>"},
}
TEXT = "Ada wrote 12 notes on the 🚀 engine; Bob <s>read</s> none of them, and <mask> Eve read all, twice, in 1843."
QUESTIONS = ["Who read?", "  Who  wrote?", "\tWhat <s> is it?", "<mask> when </s> ?", "[CLS] who?"]
OPTIONS = [
    {},
    {"top_k": 3},
    {"top_k": 2, "align_to_words": False, "max_answer_len": 4},
    {"top_k": 3, "handle_impossible_answer": True},
    {"top_k": 2, "handle_impossible_answer": True, "max_seq_len": 48, "doc_stride": 8},
]


def make_model(folder):
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {token: i for i, token in enumerate([*SPECIALS, *alphabet, "Ġ" + "W", "re", "rea", "read", "Ġread", "Ġth", "Ġthe"])}
    merges = [("Ġ", "W"), ("r", "e"), ("re", "a"), ("rea", "d"), ("Ġ", "read"), ("Ġth", "e")]
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    tokenizer.add_special_tokens(SPECIALS)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    torch.manual_seed(3)
    config = RobertaConfig(
        vocab_size=len(vocab) + 1, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        max_position_embeddings=68, type_vocab_size=1, initializer_range=0.8,
    )  # fmt: skip
    RobertaForQuestionAnswering(config).save_pretrained(folder)


def utf16(text):
    places = [0]
    for character in text:
        places.append(places[-1] + (2 if ord(character) > 0xFFFF else 1))
    return places


def calls_of(folder):
    ask = pipeline("question-answering", model=RobertaForQuestionAnswering.from_pretrained(folder), tokenizer=AutoTokenizer.from_pretrained(folder))
    outside = []
    original = ask.get_indices

    def noting(encoding, start, end, *rest):
        outside.extend(token for token in (start, end) if encoding.sequence_ids[token] != 1)
        return original(encoding, start, end, *rest)

    ask.get_indices = noting
    places = utf16(TEXT)
    for question in QUESTIONS:
        for options in OPTIONS:
            outside.clear()
            answers = ask(question=question, context=TEXT, **options)
            # spanforge omits answers that begin outside the context.
            if outside:
                continue
            found = [answers] if isinstance(answers, dict) else answers
            answers = [{**answer, "start": places[answer["start"]], "end": places[answer["end"]]} for answer in found]
            yield {"question": question, "options": options, "answers": answers}


def main(target):
    logging.set_verbosity_error()
    folder = Path(target)
    folder.mkdir(parents=True, exist_ok=True)
    make_model(folder)
    recorded = []
    for name, tokens in SETTINGS.items():
        settings = {**CLASS, **tokens}
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
        recorded.append({"name": name, "tokenizer_config": settings, "calls": list(calls_of(folder))})
    (folder / "tokenizer_config.json").unlink()
    (folder / "answers.json").write_text(json.dumps({"context": TEXT, "folders": recorded}, ensure_ascii=False, indent=1) + "\n")
    print({folder["name"]: len(folder["calls"]) for folder in recorded})


if __name__ == "__main__":
    main(sys.argv[1])
