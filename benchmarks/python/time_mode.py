"""Time training and evaluation steps of one model in one mode.

bench_torch.py starts this in a new process, with the settings as a JSON argument. It prints one JSON document.
"""

import contextlib
import inspect
import json
import sys
import time
from pathlib import Path

import torch
import transformers
from transformers import AutoConfig, AutoModelForQuestionAnswering, AutoTokenizer

from batches import MAX_LENGTH, length_grouped_batches, pick, read_windows, shuffled_batches
from useful_work import forward_flop, training_flop

WARMUP_STEPS = 1
KNOWN_MODELS = Path(__file__).parents[1] / "speed" / "models.json"


def load_model(name, folder, attention):
    """Load the model in the folder, or create a known model with random weights. Return None if it does not have this
    implementation of attention."""
    torch.manual_seed(42)
    known = json.loads(KNOWN_MODELS.read_text(encoding="utf-8")).get(name)
    try:
        if not known:
            return AutoModelForQuestionAnswering.from_pretrained(folder, attn_implementation=attention)
        config = AutoConfig.for_model(**known["config"])
        return AutoModelForQuestionAnswering.from_config(config, attn_implementation=attention)
    except ValueError as error:
        if "attn_implementation" not in str(error) and "attention" not in str(error):
            raise
        return None


def accepted_inputs(model):
    """Return a function that keeps of a batch what the model accepts; the token types of a model with one type are 0."""
    names = inspect.signature(model.forward).parameters
    types = getattr(model.config, "type_vocab_size", 2)

    def accepted(batch):
        if types < 2:
            batch["token_type_ids"] = torch.zeros_like(batch["token_type_ids"])
        return {name: value for name, value in batch.items() if name in names}

    return accepted


def collate(windows, indices, length):
    """Return the padded int64 tensors of a batch: input_ids, token_type_ids and attention_mask of shape [rows, length],
    start_positions and end_positions of shape [rows]."""

    def padded(key):
        return torch.tensor([windows[i][key] + [0] * (length - len(windows[i][key])) for i in indices])

    lengths = torch.tensor([len(windows[i]["input_ids"]) for i in indices])
    return {
        "input_ids": padded("input_ids"),
        "token_type_ids": padded("token_type_ids"),
        "attention_mask": (torch.arange(length) < lengths[:, None]).long(),
        "start_positions": torch.tensor([windows[i]["start_positions"] for i in indices]),
        "end_positions": torch.tensor([windows[i]["end_positions"] for i in indices]),
    }


def make_trainer_step(model, autocast, total_steps):
    """Return a function that performs a training step with the Trainer's defaults: fused AdamW, clipping to norm 1 and
    linear decay."""
    named = list(model.named_parameters())
    plain = [p for name, p in named if "bias" in name or "norm" in name.lower()]
    decayed = [p for name, p in named if not ("bias" in name or "norm" in name.lower())]
    groups = [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=3e-5, fused=True)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, 0, total_steps)

    def step(batch):
        with autocast():
            loss = model(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        model.zero_grad()
        return loss.item()

    return step


def make_evaluation_step(model, autocast):
    def step(batch):
        with torch.no_grad(), autocast():
            return model(**batch).loss.item()

    return step


def measure(step, accepted, windows, warmup, timed, pad_to, flop):
    """Run the warm-up batch and the timed batches. `pad_to` is a fixed length, or None for the longest window of each
    batch."""
    records = []
    for indices in [warmup] * WARMUP_STEPS + timed:
        lengths = [len(windows[i]["input_ids"]) for i in indices]
        length = pad_to or max(lengths)
        started = time.perf_counter()
        loss = step(accepted(collate(windows, indices, length)))
        seconds = time.perf_counter() - started
        records.append({"windows": indices, "length": length, "real_tokens": sum(lengths), "seconds": seconds,
                        "gflop": flop(lengths) / 1e9, "loss": loss})  # fmt: skip
    records = records[WARMUP_STEPS:]
    seconds = sum(record["seconds"] for record in records)
    return {
        "samples_per_second": sum(len(record["windows"]) for record in records) / seconds,
        "real_tokens_per_second": sum(record["real_tokens"] for record in records) / seconds,
        "gflop_per_second": sum(record["gflop"] for record in records) / seconds,
        "seconds_per_step": seconds / len(records),
        "steps": records,
    }


def peak_resident_bytes():
    """Return the peak memory of this process. getrusage is not suitable, because it includes the parent before exec."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))


def allocator():
    with open("/proc/self/maps", encoding="utf-8") as file:
        return "tcmalloc" if "libtcmalloc" in file.read() else "glibc"


def main(settings):
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(settings["threads"])
    tokenizer = AutoTokenizer.from_pretrained(settings["folder"])
    windows = read_windows(settings["train_file"], tokenizer, settings["questions"])
    model = load_model(settings["model"], settings["folder"], settings["attention"])
    if model is None:
        return None
    accepted = accepted_inputs(model)

    bf16 = settings["bf16"]
    autocast = (lambda: torch.autocast("cpu", torch.bfloat16)) if bf16 else contextlib.nullcontext
    grouped = settings["grouped"]
    batches = length_grouped_batches(windows) if grouped else shuffled_batches(windows)
    warmup, timed = pick(batches, settings["steps"], grouped)
    pad_to = None if grouped else MAX_LENGTH

    model.train()
    trainer_step = make_trainer_step(model, autocast, WARMUP_STEPS + len(timed))
    training = measure(trainer_step, accepted, windows, warmup, timed, pad_to, lambda n: training_flop(model.config, n))
    training["peak_resident_bytes"] = peak_resident_bytes()
    model.eval()
    evaluation_step = make_evaluation_step(model, autocast)
    evaluation = measure(evaluation_step, accepted, windows, warmup, timed, pad_to, lambda n: forward_flop(model.config, n))

    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "data_windows": len(windows),
        "data_tokens": sum(len(window["input_ids"]) for window in windows),
        "attention": model.config._attn_implementation,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "threads": torch.get_num_threads(),
        "allocator": allocator(),
        "training": training,
        "evaluation": evaluation,
    }


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
