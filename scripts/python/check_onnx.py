"""Check exported ONNX files with onnx.checker, and compute their logits with Python's onnxruntime.

    check_onnx.py BATCHES.json        a list of {"file", "input_ids", "attention_mask", "token_type_ids"}; "-" is
                                      standard input. The last three are padded rows.

Prints one JSON document: a list of {file, opset, domains, inputs, start_logits, end_logits}. Only the inputs that a file
has are passed to it. An invalid file ends the script with the error of onnx.checker.
"""

import functools
import json
import sys
from pathlib import Path

import numpy
import onnx
import onnxruntime


@functools.cache
def open_file(file):
    onnx.checker.check_model(file, full_check=True)
    model = onnx.load(file, load_external_data=False)
    return model, onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])


def check(batch):
    file = batch["file"]
    model, session = open_file(file)
    inputs = [given.name for given in session.get_inputs()]
    feeds = {name: numpy.array(batch[name], dtype=numpy.int64) for name in inputs}
    start_logits, end_logits = session.run(["start_logits", "end_logits"], feeds)
    return {
        "file": file,
        "opset": next(used.version for used in model.opset_import if used.domain == ""),
        "domains": sorted({node.domain for node in model.graph.node if node.domain}),
        "inputs": inputs,
        "start_logits": start_logits.astype(numpy.float32).tolist(),
        "end_logits": end_logits.astype(numpy.float32).tolist(),
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    text = sys.stdin.read() if sys.argv[1] == "-" else Path(sys.argv[1]).read_text()
    json.dump([check(batch) for batch in json.loads(text)], sys.stdout)
