"""
Records small random models of each architecture with what transformers computes of them: the fixtures
tests/fixtures/tiny/<architecture>. Usage:

    python scripts/python/tiny_models.py tests/fixtures/tiny [architecture ...]

Weights are drawn wide (initializer_range 0.2, LayerNorms around 1), so that logits differ between tokens. Batches are
as in tests/fixtures/tiny/b1: `plain`, `padded`, and `ignored-positions`, where an answer lies outside its window.
Recorded with torch 2.8.0 and transformers 4.57.6.
"""

import sys
from pathlib import Path

import torch
import transformers as T
from safetensors.torch import save_file

FAMILIES = {
    "distilbert": (
        T.DistilBertConfig(
            vocab_size=128, dim=32, n_layers=2, n_heads=4, hidden_dim=64, max_position_embeddings=64,
            initializer_range=0.2,
        ),
        T.DistilBertForQuestionAnswering,
    ),
}  # fmt: skip

BATCHES = {
    "plain": {"lengths": [16, 16], "spans": [(5, 7), (9, 9)]},
    "padded": {"lengths": [12, 7, 16], "spans": [(4, 6), (0, 0), (10, 15)]},
    "ignored-positions": {"lengths": [12, 9], "spans": [(4, 40), (14, 6)]},
}


def batch_of(lengths, spans, generator):
    width = max(lengths)
    input_ids = torch.zeros(len(lengths), width, dtype=torch.long)
    attention_mask = torch.zeros_like(input_ids)
    token_type_ids = torch.zeros_like(input_ids)
    for row, length in enumerate(lengths):
        input_ids[row, :length] = torch.randint(5, 128, (length,), generator=generator)
        attention_mask[row, :length] = 1
        token_type_ids[row, length // 3 : length] = 1
    starts, ends = (torch.tensor([span[side] for span in spans]) for side in (0, 1))
    return dict(
        input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids,
        start_positions=starts, end_positions=ends,
    )  # fmt: skip


def record(name, folder):
    config, Model = FAMILIES[name]
    config._attn_implementation = "eager"
    torch.manual_seed(7)
    generator = torch.Generator().manual_seed(7)
    model = Model(config).eval()
    for parameter_name, parameter in model.named_parameters():
        if parameter.dim() == 1:
            centre = 1.0 if "norm" in parameter_name.lower() and parameter_name.endswith("weight") else 0.0
            torch.nn.init.normal_(parameter, centre, 0.2)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder / "model")
    takes_types = getattr(config, "type_vocab_size", 0) > 1
    for batch_name, options in BATCHES.items():
        batch = batch_of(**options, generator=generator)
        save_file(batch, folder / f"batch-{batch_name}.safetensors")
        model.zero_grad()
        out = model(**{key: value for key, value in batch.items() if takes_types or key != "token_type_ids"})
        out.loss.backward()
        recorded = {
            "start_logits": out.start_logits.detach(), "end_logits": out.end_logits.detach(), "loss": out.loss.detach(),
            **{f"grad.{n}": p.grad for n, p in model.named_parameters() if p.grad is not None},
        }  # fmt: skip
        save_file({key: value.contiguous() for key, value in recorded.items()}, folder / f"expected-{batch_name}.safetensors")
        print(name, batch_name, out.loss.item())


if __name__ == "__main__":
    target = Path(sys.argv[1])
    for name in sys.argv[2:] or FAMILIES:
        record(name, target / name)
