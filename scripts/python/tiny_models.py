"""
Record small random models of each architecture and the results that transformers computes with them, as the fixtures
tests/fixtures/tiny/<architecture>, and of other configurations of some. Usage:

    python scripts/python/tiny_models.py tests/fixtures/tiny [architecture ...]

Weights have a large variance and LayerNorms are close to 1, so that logits differ between tokens. For each architecture:

    model/                   the folder written by save_pretrained
    batches.json             `plain`, `padded`, and `ignored-positions` with answers outside their windows
    expected-*.safetensors   logits, loss and the gradients of all parameters for each batch; `dropout` is the batch
                             `plain` in training mode, with the values dropped by `mask` below
    steps.json               loss, gradient norm and learning rate of ten AdamW steps that alternate between the batches
    weights-final.safetensors    the weights after these steps
    rounding.json            the difference between torch's float32 results and these, which were computed in float64
    checkpoints.json         the tensors of other classes' checkpoints, and the report of from_pretrained about them

Recorded with torch 2.8.0 and transformers 4.57.6.
"""

import copy
import json
import sys
import tempfile
from pathlib import Path
from unittest import mock

import torch
import transformers as T
from safetensors import safe_open
from safetensors.torch import save_file
from transformers.trainer_pt_utils import get_parameter_names

# The dropout probabilities differ, so that a test detects if they are swapped.
BERT = dict(
    vocab_size=64, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
    max_position_embeddings=24, initializer_range=0.3, hidden_dropout_prob=0.2, attention_probs_dropout_prob=0.3,
)  # fmt: skip
ROBERTA = dict(BERT, type_vocab_size=1, max_position_embeddings=26)

FAMILIES = {
    "distilbert": ("DistilBert", dict(
        vocab_size=64, dim=16, n_layers=2, n_heads=2, hidden_dim=32, max_position_embeddings=24,
        initializer_range=0.3, dropout=0.2, attention_dropout=0.3, qa_dropout=0.4,
    )),
    "roberta": ("Roberta", ROBERTA),
    "camembert": ("Camembert", dict(ROBERTA, type_vocab_size=2, pad_token_id=3)),
    "electra": ("Electra", dict(BERT, embedding_size=12)),
    # Two groups, of which the first is applied twice.
    "albert": ("Albert", dict(
        BERT, embedding_size=12, num_hidden_layers=3, num_hidden_groups=2, hidden_act="gelu_new", initializer_range=0.4,
    )),
    "deberta-v2": ("DebertaV2", dict(
        BERT, relative_attention=True, pos_att_type=["p2c", "c2p"], position_buckets=6, max_relative_positions=-1,
        share_att_key=True, norm_rel_ebd="layer_norm", position_biased_input=False, type_vocab_size=0,
    )),
    # Layers 0 and 2 attend to everything, layer 1 to two tokens on either side.
    "modernbert": ("ModernBert", dict(
        vocab_size=64, hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=24,
        max_position_embeddings=24, initializer_range=0.3, initializer_cutoff_factor=3.0, pad_token_id=2,
        global_attn_every_n_layers=2, local_attention=5, global_rope_theta=100.0, local_rope_theta=10.0,
        embedding_dropout=0.1, attention_dropout=0.2, mlp_dropout=0.3, classifier_dropout=0.4,
    )),
    "xlm-roberta": ("XLMRoberta", dict(ROBERTA, hidden_act="gelu_new")),
}  # fmt: skip

DEBERTA = FAMILIES["deberta-v2"][1]

# Other configurations of these architectures.
VARIANTS = {
    "albert-inner-groups": ("Albert", dict(FAMILIES["albert"][1], num_hidden_layers=4, inner_group_num=2)),
    "deberta-without-buckets": ("DebertaV2", dict(
        DEBERTA, position_buckets=-1, share_att_key=False, norm_rel_ebd="none", pos_att_type="c2p|p2c",
    )),
    "deberta-content-to-position": ("DebertaV2", dict(DEBERTA, pos_att_type=["c2p"], share_att_key=False, type_vocab_size=2)),
    "deberta-position-to-content": ("DebertaV2", dict(DEBERTA, pos_att_type=["p2c"], max_relative_positions=10, position_buckets=4)),
    "deberta-absolute": ("DebertaV2", dict(
        BERT, relative_attention=False, position_biased_input=True, type_vocab_size=2, embedding_size=12,
    )),
    "electra-wide": ("Electra", dict(BERT, embedding_size=16, hidden_act="relu")),
    # Half the windows are longer than the local attention, of four tokens on either side, in five of seven layers.
    "modernbert-long": ("ModernBert", dict(
        FAMILIES["modernbert"][1], num_hidden_layers=7, global_attn_every_n_layers=3, local_attention=8,
        max_position_embeddings=48, initializer_range=0.25,
    )),
    "roberta-types": ("Roberta", dict(ROBERTA, type_vocab_size=3, pad_token_id=5, max_position_embeddings=30)),
}  # fmt: skip

# Other classes whose checkpoints can be fine-tuned for question answering.
CHECKPOINTS = ("Model", "ForMaskedLM", "ForSequenceClassification")

BATCHES = {
    "plain": {"lengths": [16, 16], "spans": [(5, 7), (9, 9)]},
    "padded": {"lengths": [12, 7, 16], "spans": [(4, 6), (0, 0), (10, 15)]},
    "ignored-positions": {"lengths": [12, 9], "spans": [(4, 40), (14, 6)]},
}

STEPS = {"lr": 3e-3, "weight_decay": 0.1, "clip": 1.0, "warmup": 2, "eps": 1e-4, "steps": 10}


# Lengths of the batches of models that attend to few tokens. `plain`, which has dropout, needs no padding on any engine.
LONG = {"plain": [48, 48], "padded": [33, 7, 44], "ignored-positions": [36, 9]}


def batch_of(config, lengths, spans, generator):
    """Return a random text. Ids above 4 are words of the vocabulary; one word in each text is the padding token."""
    pad = config.pad_token_id
    width = max(lengths)
    takes_types = getattr(config, "type_vocab_size", 0) > 1
    input_ids = torch.full((len(lengths), width), pad)
    attention_mask = torch.zeros_like(input_ids)
    token_type_ids = torch.zeros_like(input_ids)
    for row, length in enumerate(lengths):
        input_ids[row, :length] = torch.randint(5, config.vocab_size, (length,), generator=generator)
        input_ids[row, length // 2] = pad
        attention_mask[row, :length] = 1
        if takes_types:
            token_type_ids[row, length // 3 : length] = 1
    starts, ends = (torch.tensor([span[side] for span in spans]) for side in (0, 1))
    return dict(
        input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids,
        start_positions=starts, end_positions=ends,
    )  # fmt: skip


def inputs_of(model, batch):
    takes_types = getattr(model.config, "type_vocab_size", 0) > 1
    return {key: value for key, value in batch.items() if takes_types or key != "token_type_ids"}


def results_of(model, batch):
    model.zero_grad(set_to_none=True)
    out = model(**inputs_of(model, batch))
    out.loss.backward()
    return {
        "start_logits": out.start_logits.detach(), "end_logits": out.end_logits.detach(), "loss": out.loss.detach(),
        **{f"grad.{name}": p.grad.clone() for name, p in model.named_parameters() if p.grad is not None},
    }  # fmt: skip


class Mask:
    """Deterministic dropout: value i of call c is dropped if (7919 c + 104729 i) mod 1000 is below 1000 p."""

    calls = 0

    def __call__(self, x, p=0.5, training=True, inplace=False):
        if not training or p == 0:
            return x
        place = (7919 * self.calls + 104729 * torch.arange(x.numel())) % 1000
        self.calls += 1
        return x * ((place >= round(1000 * p)).to(x.dtype) / (1 - p)).view(x.shape)


def save(folder, name, tensors):
    tensors = {key: value.detach().float().contiguous() for key, value in tensors.items()}
    save_file(tensors, folder / f"{name}.safetensors")


def take_steps(model, batches):
    """Train like the Trainer: with two groups of parameters, clipping, and a linear schedule with warm-up."""
    forbidden = [r"bias", r"layernorm", r"rmsnorm", r"(?:^|\.)norm(?:$|\.)", r"_norm(?:$|\.)"]
    decays = set(get_parameter_names(model, [torch.nn.LayerNorm], forbidden))
    groups = [
        {"params": [p for n, p in model.named_parameters() if n in decays], "weight_decay": STEPS["weight_decay"]},
        {"params": [p for n, p in model.named_parameters() if n not in decays], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=STEPS["lr"], eps=STEPS["eps"])
    schedule = T.get_linear_schedule_with_warmup(optimizer, STEPS["warmup"], STEPS["steps"])
    taken = []
    for step in range(STEPS["steps"]):
        optimizer.zero_grad()
        loss = model(**inputs_of(model, batches[step % len(batches)])).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), STEPS["clip"])
        taken.append({"loss": loss.item(), "grad_norm": norm.item(), "lr": schedule.get_last_lr()[0]})
        optimizer.step()
        schedule.step()
    return {**STEPS, "decay": sorted(decays), "steps": taken}


def reports(prefix, config):
    """Return the report of the question-answering class's from_pretrained for the checkpoints of other classes."""
    found = {}
    for suffix in CHECKPOINTS:
        with tempfile.TemporaryDirectory() as folder:
            getattr(T, prefix + suffix)(config).save_pretrained(folder)
            with safe_open(Path(folder) / "model.safetensors", "pt") as file:
                tensors = {name: list(file.get_slice(name).get_shape()) for name in file.keys()}
            _, info = getattr(T, f"{prefix}ForQuestionAnswering").from_pretrained(folder, output_loading_info=True)
        missing, unexpected = (sorted(info[f"{kind}_keys"]) for kind in ("missing", "unexpected"))
        found[prefix + suffix] = {"tensors": tensors, "missing": missing, "unexpected": unexpected}
    return found


def buckets():
    """The buckets of all distances, by number of buckets and largest distance."""
    from transformers.models.deberta_v2.modeling_deberta_v2 import make_log_bucket_position

    sizes = ((256, 512), (32, 128), (6, 24), (7, 100), (2, 16), (64, 64), (256, 1024))
    distances = {(count, most): torch.arange(1 - most, most) for count, most in sizes}
    return {
        f"{count},{most}": make_log_bucket_position(rows, count, most).long().tolist()
        for (count, most), rows in distances.items()
    }


def record(name, folder):
    prefix, fields = {**FAMILIES, **VARIANTS}[name]
    config = getattr(T, f"{prefix}Config")(**fields)
    config._attn_implementation = "eager"
    seed = sum(name.encode())
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = getattr(T, f"{prefix}ForQuestionAnswering")(config).eval()
    scales = {id(module.weight) for module in model.modules() if isinstance(module, torch.nn.LayerNorm)}
    for parameter in model.parameters():
        if parameter.dim() == 1:
            torch.nn.init.normal_(parameter, 1.0 if id(parameter) in scales else 0.0, 0.2)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder / "model")
    chosen = {batch: dict(options, lengths=LONG[batch]) for batch, options in BATCHES.items()} if "long" in name else BATCHES
    batches = {batch: batch_of(config, generator=generator, **options) for batch, options in chosen.items()}
    lists = {batch: {key: value.tolist() for key, value in tensors.items()} for batch, tensors in batches.items()}
    (folder / "batches.json").write_text(json.dumps(lists))

    # ModernBERT rounds scores to float32, where the mask for float64 becomes infinite.
    softmax = torch.nn.functional.softmax
    patched = mock.patch("torch.nn.functional.softmax", lambda x, dim=None, dtype=None: softmax(x, dim=dim))
    with patched:
        single, double = (computed(copy.deepcopy(model).to(dtype), batches) for dtype in (torch.float32, torch.float64))
    for batch_name, results in double["results"].items():
        save(folder, f"expected-{batch_name}", results)
        print(name, batch_name, results["loss"].item(), results["start_logits"].std().item())
    (folder / "steps.json").write_text(json.dumps(double["steps"], indent=1))
    save(folder, "weights-final", double["weights"])
    (folder / "rounding.json").write_text(json.dumps(rounding(single, double), indent=1))
    if name == "deberta-v2":
        (folder / "buckets.json").write_text(json.dumps(buckets()))
    (folder / "checkpoints.json").write_text(json.dumps(reports(prefix, config)))


def computed(model, batches):
    results = {name: results_of(model, batch) for name, batch in batches.items()}
    with mock.patch("torch.nn.functional.dropout", Mask()):
        results["dropout"] = results_of(model.train(), batches["plain"])
    steps = take_steps(model.eval(), list(batches.values()))
    return {"results": results, "steps": steps, "weights": dict(model.named_parameters())}


def rounding(single, double):
    def largest(kind, pairs):
        return max((a - b).abs().max().item() for key, a, b in pairs if kind in key)

    pairs = [
        (key, value, double["results"][batch][key])
        for batch, results in single["results"].items()
        for key, value in results.items()
    ]
    steps = [
        (key, torch.tensor(value), torch.tensor(double["steps"]["steps"][i][key]))
        for i, step in enumerate(single["steps"]["steps"])
        for key, value in step.items()
    ]
    weights = [("weights", value, double["weights"][key]) for key, value in single["weights"].items()]
    return {
        "logits": largest("logits", pairs), "loss": largest("loss", pairs), "gradient": largest("grad.", pairs),
        "step_loss": largest("loss", steps), "grad_norm": largest("grad_norm", steps),
        "weights": largest("weights", weights),
    }  # fmt: skip


if __name__ == "__main__":
    T.logging.set_verbosity_error()
    target = Path(sys.argv[1])
    for name in sys.argv[2:] or [*FAMILIES, *VARIANTS]:
        record(name, target / name)
