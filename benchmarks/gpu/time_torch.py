"""
Measure training and evaluation of BERT with torch on CUDA, as measure.ts does with spanforge. Its only argument is a JSON
document; it prints a JSON document for each measurement. It uses the model of transformers if that is installed, and
otherwise torch's own encoder with the same sizes. Batches are padded to their longest window.
"""

import json
import sys
import time

import numpy as np
import torch

settings = json.loads(sys.argv[1])
LAYERS, HIDDEN, BATCH = settings["num_hidden_layers"], settings["hidden_size"], 16
device = torch.device("cuda")


def read_windows():
    numbers = np.fromfile(settings["windows"], dtype=np.uint16).astype(np.int64)
    windows, at = [], 0
    while at < len(numbers):
        length, context, start, end = numbers[at : at + 4]
        windows.append((numbers[at + 4 : at + 4 + length], context, start, end))
        at += 4 + length
    return windows


class Encoder(torch.nn.Module):
    """BERT with a head for question answering, of torch's own layers."""

    def __init__(self):
        super().__init__()
        self.words = torch.nn.Embedding(30522, HIDDEN)
        self.places = torch.nn.Embedding(512, HIDDEN)
        self.types = torch.nn.Embedding(2, HIDDEN)
        self.norm = torch.nn.LayerNorm(HIDDEN, eps=1e-12)
        layer = torch.nn.TransformerEncoderLayer(
            HIDDEN, max(1, HIDDEN // 64), 4 * HIDDEN, dropout=0.1, activation="gelu", batch_first=True
        )
        self.layers = torch.nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.head = torch.nn.Linear(HIDDEN, 2)

    def forward(self, input_ids, attention_mask, token_type_ids, start_positions, end_positions):
        places = torch.arange(input_ids.shape[1], device=device)
        x = self.norm(self.words(input_ids) + self.places(places) + self.types(token_type_ids))
        logits = self.head(self.layers(x, src_key_padding_mask=attention_mask == 0)).float()
        loss = torch.nn.functional.cross_entropy
        return (loss(logits[..., 0], start_positions) + loss(logits[..., 1], end_positions)) / 2


def make_model():
    try:
        from transformers import BertConfig, BertForQuestionAnswering
    except ImportError:
        return "torch's own encoder", Encoder().to(device)
    sizes = {"num_hidden_layers": LAYERS, "hidden_size": HIDDEN, "intermediate_size": 4 * HIDDEN}
    model = BertForQuestionAnswering(BertConfig(**sizes, num_attention_heads=max(1, HIDDEN // 64))).to(device)
    original = model.forward
    model.forward = lambda **batch: original(**batch).loss
    return "transformers", model


WINDOWS = read_windows()


def batch_of(step):
    picked = [WINDOWS[(step * BATCH + i) * 1009 % len(WINDOWS)] for i in range(BATCH)]
    width = max(len(ids) for ids, *_ in picked)
    batch = {name: torch.zeros(BATCH, width, dtype=torch.long) for name in ("input_ids", "attention_mask", "token_type_ids")}
    for row, (ids, context, _, _) in enumerate(picked):
        batch["input_ids"][row, : len(ids)] = torch.from_numpy(ids)
        batch["attention_mask"][row, : len(ids)] = 1
        batch["token_type_ids"][row, context : len(ids)] = 1
    batch["start_positions"] = torch.tensor([int(start) for *_, start, _ in picked])
    batch["end_positions"] = torch.tensor([int(end) for *_, end in picked])
    return {name: values.to(device, non_blocking=True) for name, values in batch.items()}


def timed(seconds, step):
    torch.cuda.reset_peak_memory_stats()
    began = time.perf_counter()
    step(0)
    torch.cuda.synchronize()
    first = time.perf_counter() - began
    step(1)
    torch.cuda.synchronize()
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        step(2 + count)
        count += 1
        torch.cuda.synchronize()
    rate = count * BATCH / (time.perf_counter() - began)
    return {
        "samples_per_second": rate, "samples": count * BATCH, "first_seconds": first,
        "device_megabytes": round(torch.cuda.max_memory_reserved() / 1e6),
    }  # fmt: skip


def measure(precision):
    kind, model = make_model()
    of = f"torch {torch.__version__} ({kind})"
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-5, weight_decay=0.01, fused=True)
    in_float16 = precision == "float16"
    scaler = torch.amp.GradScaler("cuda", enabled=in_float16)

    def train(step):
        optimizer.zero_grad()
        with torch.autocast("cuda", torch.float16, enabled=in_float16):
            loss = model(**batch_of(step))
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()

    def evaluate(step):
        with torch.inference_mode(), torch.autocast("cuda", torch.float16, enabled=in_float16):
            model(**batch_of(step)).item()

    model.train()
    result = timed(settings["seconds"], train)
    print(json.dumps({"of": of, "precision": precision, "mode": "training", **result}), flush=True)
    model.eval()
    result = timed(settings["seconds"] / 2, evaluate)
    print(json.dumps({"of": of, "precision": precision, "mode": "evaluation", **result}), flush=True)


torch.backends.cuda.matmul.allow_tf32 = True
torch.manual_seed(42)
for precision in ("float32", "float16"):
    measure(precision)
