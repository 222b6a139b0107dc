"""Load question-answering folders in transformers and print their logits.

    saved-models.py check           exits with 1 and says what is missing unless torch and transformers are installed
    saved-models.py FOLDER...       each folder holds a model and inputs.json: {"input_ids", "token_type_ids"} of one window

Prints one line of JSON for each folder: {"class", "start_logits", "end_logits", "complaints"}, or {"error"}. Complaints are
warnings of transformers, and weights that were missing, unexpected or of another shape.
"""

import importlib.util
import json
import logging
import sys
from pathlib import Path


def load(folder):
    import torch
    from transformers import AutoModelForQuestionAnswering, logging as transformers_logging

    complaints = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: complaints.append(record.getMessage())
    transformers_logging.disable_default_handler()
    transformers_logging.disable_progress_bar()
    transformers_logging.get_logger().addHandler(handler)
    try:
        model, info = AutoModelForQuestionAnswering.from_pretrained(folder, output_loading_info=True)
        inputs = json.loads((Path(folder) / "inputs.json").read_text())
        with torch.no_grad():
            outputs = model.eval()(**{name: torch.tensor([ids]) for name, ids in inputs.items()})
        return {
            "class": type(model).__name__,
            "start_logits": outputs.start_logits[0].tolist(),
            "end_logits": outputs.end_logits[0].tolist(),
            "complaints": complaints + [f"{kind}: {found}" for kind, found in info.items() if found],
        }
    except Exception as error:  # any failure is a result
        return {"error": f"{type(error).__name__}: {error}"}
    finally:
        transformers_logging.get_logger().removeHandler(handler)


if __name__ == "__main__":
    if sys.argv[1:] == ["check"]:
        missing = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]
        sys.exit(f"no {' and no '.join(missing)}" if missing else 0)
    for folder in sys.argv[1:]:
        print(json.dumps(load(folder)), flush=True)
