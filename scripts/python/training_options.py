"""Records training steps of the tiny model in torch with options that transformers' Trainer does not have.

    python scripts/python/training_options.py tests/fixtures/tiny tests/fixtures/training/options.json

Losses cover real tokens only: each window is computed without its padding. Versions: requirements.txt.
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from transformers import BertForQuestionAnswering

TINY, OUTPUT = Path(sys.argv[1]), Path(sys.argv[2])
STEPS = 4
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 0.1
RECORDED = [
    "bert.embeddings.LayerNorm.weight",
    "bert.encoder.layer.0.intermediate.dense.bias",
    "bert.encoder.layer.1.intermediate.dense.bias",
    "bert.encoder.layer.0.attention.output.LayerNorm.bias",
    "qa_outputs.weight",
]


def model_of(name):
    return BertForQuestionAnswering.from_pretrained(TINY / name).eval()


def windows(step):
    """The windows of a batch without padding, each with its start and end."""
    batch = load_file(TINY / f"b5/batch-{step}.safetensors")
    for row, mask in enumerate(batch["attention_mask"]):
        n = int(mask.sum())
        inputs = {
            name: batch[name][row : row + 1, :n]
            for name in ("input_ids", "token_type_ids", "attention_mask")
        }
        yield inputs, (batch["start_positions"][row], batch["end_positions"][row])


def loss_of(model, step, teacher=None, weight=0.0, temperature=1.0, smoothing=0.0):
    """The mean over the windows of a batch, of starts and ends."""
    losses = []
    for inputs, labels in windows(step):
        out = model(**inputs)
        with torch.no_grad():
            taught = teacher(**inputs) if teacher else None
        for side, label in zip(("start_logits", "end_logits"), labels):
            logits = out[side]
            loss = (1 - weight) * F.cross_entropy(logits, label[None], label_smoothing=smoothing)
            if taught is not None:
                student = F.log_softmax(logits / temperature, -1)
                target = F.softmax(taught[side] / temperature, -1)
                loss = loss + weight * temperature**2 * F.kl_div(student, target, reduction="batchmean")
            losses.append(loss)
    return torch.stack(losses).mean()


def groups_of(model, decay):
    layers = model.config.num_hidden_layers

    def depth(name):
        if name.startswith("qa_outputs"):
            return 0
        if ".encoder.layer." in name:
            return layers - int(name.split(".encoder.layer.")[1].split(".")[0])
        return layers + 1

    return [
        {
            "params": [parameter],
            "lr": LEARNING_RATE * decay ** depth(name),
            "weight_decay": 0 if "bias" in name or "LayerNorm" in name else WEIGHT_DECAY,
        }
        for name, parameter in model.named_parameters()
    ]


def record(layer_lr_decay=1.0, **options):
    model = model_of("b1/safetensors")
    optimizer = torch.optim.AdamW(groups_of(model, layer_lr_decay))
    steps = []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(model, step, **options)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        steps.append({"loss": loss.item(), "grad_norm": norm.item()})
    state = model.state_dict()
    return {"steps": steps, "weights": {name: state[name].flatten().tolist() for name in RECORDED}}


teacher = model_of("b4/relu")
taught = {"weight": 0.7, "temperature": 2.0}
cases = [
    {"options": {"layer_lr_decay": 0.5}, **record(layer_lr_decay=0.5)},
    {"options": {"teacher_weight": 0.7, "teacher_temperature": 2}, **record(teacher=teacher, **taught)},
    {
        "options": {"teacher_weight": 0.7, "teacher_temperature": 2, "label_smoothing_factor": 0.1},
        **record(teacher=teacher, smoothing=0.1, **taught),
    },
    {"options": {"teacher_weight": 1, "teacher_temperature": 1}, **record(teacher=teacher, weight=1.0)},
]
OUTPUT.write_text(json.dumps({"torch": torch.__version__, "cases": cases}, indent=1) + "\n")
