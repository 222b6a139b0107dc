"""Record how transformers loads checkpoints of other tasks as question-answering models.

    python scripts/python/loading_reports.py tests/fixtures/tiny/loading-reports.json

For each model class of each architecture: names and shapes of the saved tensors, as save_pretrained writes them and as
torch.save writes the whole state_dict, and the keys that from_pretrained reports. Requires transformers 4.57.6.
"""
import importlib
import json
import sys
import tempfile
import warnings
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModelForQuestionAnswering, PreTrainedModel, logging

SIZES = dict(vocab_size=12, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=6, max_position_embeddings=10, num_labels=3)
FAMILIES = {
    "bert": ("bert", "Bert", {}),
    "distilbert": ("distilbert", "DistilBert", dict(vocab_size=12, dim=8, n_layers=2, n_heads=2, hidden_dim=6, max_position_embeddings=10)),
    "roberta": ("roberta", "Roberta", dict(type_vocab_size=1)),
    "camembert": ("camembert", "Camembert", dict(type_vocab_size=1)),
    "xlm-roberta": ("xlm_roberta", "XLMRoberta", dict(type_vocab_size=1)),
    "electra": ("electra", "Electra", dict(embedding_size=4)),
    "modernbert": ("modernbert", "ModernBert", dict(num_labels=2, pad_token_id=0, cls_token_id=1, sep_token_id=2, bos_token_id=1, eos_token_id=2)),
    "albert": ("albert", "Albert", dict(embedding_size=4)),
    "deberta-v2": (
        "deberta_v2", "DebertaV2", dict(relative_attention=True, pos_att_type=["p2c", "c2p"], position_buckets=4, share_att_key=True, norm_rel_ebd="layer_norm", position_biased_input=False)
    ),
}  # fmt: skip


def classes(module, prefix):
    found = importlib.import_module(f"transformers.models.{module}.modeling_{module}")
    for name in sorted(dir(found)):
        value = getattr(found, name)
        is_model = isinstance(value, type) and issubclass(value, PreTrainedModel) and name.startswith(prefix)
        if is_model and not name.endswith(("PreTrainedModel", "ForQuestionAnswering")):
            yield value


def shapes(tensors):
    return {name: list(tensor.shape) for name, tensor in sorted(tensors.items())}


def report(folder):
    try:
        _, info = AutoModelForQuestionAnswering.from_pretrained(folder, output_loading_info=True)
    except RuntimeError as error:
        return {"error": str(error)[:300]}
    assert not info["mismatched_keys"] and not info["error_msgs"]
    return {"missing": sorted(info["missing_keys"]), "unexpected": sorted(info["unexpected_keys"])}


def records(model_type, module, prefix, sizes):
    config_class = getattr(importlib.import_module(f"transformers.models.{module}.configuration_{module}"), f"{prefix}Config")
    for kind in classes(module, prefix):
        config = config_class(**(sizes if model_type == "distilbert" else {**SIZES, **sizes}))
        torch.manual_seed(0)
        try:
            model = kind(config)
        except (NotImplementedError, ValueError):
            continue
        with tempfile.TemporaryDirectory() as made:
            model.save_pretrained(made)
            fields = json.loads((Path(made) / "config.json").read_text())
            file = Path(made) / "model.safetensors"
            yield {"class": kind.__name__, "config": fields, "tensors": shapes(load_file(file)), **report(made)}
            file.unlink()
            torch.save(model.state_dict(), Path(made) / "pytorch_model.bin")
            yield {"class": f"{kind.__name__}, whole state_dict", "config": fields, "tensors": shapes(model.state_dict()), **report(made)}


def main(target):
    logging.set_verbosity_error()
    warnings.simplefilter("ignore")
    found = [record for model_type, family in FAMILIES.items() for record in records(model_type, *family)]
    lines = ",\n".join(json.dumps(record, separators=(",", ":")) for record in found)
    Path(target).write_text(f"[\n{lines}\n]\n")
    print(f"{len(found)} checkpoints")


if __name__ == "__main__":
    main(sys.argv[1])
