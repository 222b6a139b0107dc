"""
Record what torch computes in float16 with autocast and torch.amp.GradScaler, as tests/fixtures/float16. Usage:

    python scripts/python/float16_cases.py tests/fixtures

Reads the model tiny/b1 and the windows trainer/train.safetensors. Attention is eager, so that softmax is computed in
float32. Writes:

    gradients.safetensors    logits, loss and gradients of the batch tiny/b1/batch-padded without dropout, in float16 and,
                             with the prefix float32., in float32. Gradients are divided by the loss scale
    steps.json               30 steps of AdamW on a model whose gradients overflow at first, in the order of the Trainer:
                             loss, gradient norm, learning rate, loss scale, and whether the step was taken
    scaler.json              `overflows`: steps whose gradients are infinite. `changes`: the steps after which the scale
                             or its direction changed, with the scale after each

Recorded with torch 2.8.0 and transformers 4.57.6.
"""

import json
import random
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForQuestionAnswering, get_linear_schedule_with_warmup
from transformers.trainer_pt_utils import get_parameter_names

STEPS = 30
BATCH = 4
LEARNING_RATE = 5e-4
WARMUP = 4
WEIGHT_DECAY = 0.01
# Makes gradients overflow at a loss scale of 65,536.
HEAD_FACTOR = 12


def load_model(fixtures):
    config = BertConfig.from_pretrained(fixtures / "tiny/b1/safetensors")
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0
    config._attn_implementation = "eager"
    model = BertForQuestionAnswering(config)
    model.load_state_dict(load_file(fixtures / "tiny/b1/safetensors/model.safetensors"))
    return model.train()


def autocast(enabled=True):
    return torch.autocast("cpu", torch.float16, enabled=enabled)


def gradients(fixtures, in_float16):
    model = load_model(fixtures)
    batch = load_file(fixtures / "tiny/b1/batch-padded.safetensors")
    scale = 65536 if in_float16 else 1
    with autocast(in_float16):
        out = model(**{name: values.long() for name, values in batch.items()})
    (out.loss * scale).backward()
    return {
        "start_logits": out.start_logits.float().detach(), "end_logits": out.end_logits.float().detach(),
        "loss": out.loss.float().detach(), **{f"grad.{n}": p.grad / scale for n, p in model.named_parameters()},
    }  # fmt: skip


def optimizer_of(model):
    decayed = get_parameter_names(model, [torch.nn.LayerNorm], ["bias", "layernorm"])
    groups = [[], []]
    for name, parameter in model.named_parameters():
        groups[name not in decayed].append(parameter)
    decays = [{"params": params, "weight_decay": decay} for params, decay in zip(groups, (WEIGHT_DECAY, 0))]
    return torch.optim.AdamW(decays, lr=LEARNING_RATE)


def steps(fixtures):
    model = load_model(fixtures)
    with torch.no_grad():
        model.qa_outputs.weight *= HEAD_FACTOR
    windows = {name: values.long() for name, values in load_file(fixtures / "trainer/train.safetensors").items()}
    count = len(windows["input_ids"]) // BATCH * BATCH
    optimizer = optimizer_of(model)
    schedule = get_linear_schedule_with_warmup(optimizer, WARMUP, STEPS)
    scaler = torch.amp.GradScaler("cpu")
    log = []
    for step in range(STEPS):
        first = step * BATCH % count
        with autocast():
            loss = model(**{name: values[first : first + BATCH] for name, values in windows.items()}).loss
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        learning_rate, scale = schedule.get_last_lr()[0], scaler.get_scale()
        scaler.step(optimizer)
        scaler.update()
        taken = scaler.get_scale() >= scale
        if taken:
            schedule.step()
        log.append({
            "loss": loss.item(), "grad_norm": norm.item() if taken else None, "learning_rate": learning_rate,
            "loss_scale": scale, "taken": taken,
        })  # fmt: skip
    return log


def scaler_changes():
    draws = random.Random(7)
    total = 9000
    overflows = sorted({0, 1, 2, 2002, 2003} | {draws.randrange(3000, total) for _ in range(6)} | {total - 1})
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.0)
    scaler = torch.amp.GradScaler("cpu")
    changes, before = [], scaler.get_scale()
    for step in range(total):
        scaler.scale(parameter.sum())
        parameter.grad = torch.tensor([float("inf") if step in overflows else 1.0])
        scaler.step(optimizer)
        scaler.update()
        if scaler.get_scale() != before:
            before = scaler.get_scale()
            changes.append([step, before])
    return {"steps": total, "overflows": overflows, "changes": changes, "growth_tracker": scaler.state_dict()["_growth_tracker"]}


fixtures = Path(sys.argv[1])
out = fixtures / "float16"
recorded = gradients(fixtures, True)
recorded |= {f"float32.{name}": values for name, values in gradients(fixtures, False).items()}
save_file({name: values.contiguous() for name, values in recorded.items()}, out / "gradients.safetensors")
(out / "steps.json").write_text(json.dumps(steps(fixtures), indent=1) + "\n")
(out / "scaler.json").write_text(json.dumps(scaler_changes()) + "\n")
