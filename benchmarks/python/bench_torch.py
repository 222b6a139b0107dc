"""Measure how fast torch fine-tunes BERT for question answering on the CPU. See README.md in the same folder.

Each model runs in a new process for each mode, so that its peak memory can be measured. Progress is written to standard
error, and the results as one JSON document to standard output.
"""

import argparse
import ctypes.util
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

MODES = {
    "run_qa": {"grouped": False, "bf16": False, "tcmalloc": False, "steps": 2},
    "longest-fp32": {"grouped": True, "bf16": False, "tcmalloc": True, "steps": 6},
    "longest-bf16": {"grouped": True, "bf16": True, "tcmalloc": True, "steps": 6},
}
KNOWN_MODELS = Path(__file__).parents[1] / "speed" / "models.json"
MODELS = [*json.loads(KNOWN_MODELS.read_text(encoding="utf-8")), "folder"]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train_file", help="SQuAD v1.1 JSON file")
    parser.add_argument("folder", help="Hugging Face model folder: the second model, and the tokenizer of both models")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=["bert-base", "folder"], metavar="MODEL",
                        help="models to measure: folder, or those of ../speed/models.json, which have random weights "
                             "(default: bert-base folder)")  # fmt: skip
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES), metavar="MODE",
                        help="modes to measure: run_qa, longest-fp32, longest-bf16 (default: all)")  # fmt: skip
    parser.add_argument("--steps", nargs="+", type=int, metavar="N",
                        help="number of timed steps, for all modes or for each mode (default: 2 6 6)")  # fmt: skip
    parser.add_argument("--attention", nargs="+", choices=["sdpa", "eager"], default=["sdpa"],
                        help="implementations of attention; the result is that of the fastest (default: sdpa)")  # fmt: skip
    parser.add_argument("--questions", type=int, default=3000, help="number of questions to read (default: 3000)")
    parser.add_argument("--threads", type=int, default=2, help="number of threads of torch (default: 2)")
    parser.add_argument("--tcmalloc", action="store_true",
                        help="preload libtcmalloc_minimal in the two longest-* modes")  # fmt: skip
    arguments = parser.parse_args()
    steps = arguments.steps or [MODES[mode]["steps"] for mode in arguments.modes]
    if len(steps) == 1:
        steps *= len(arguments.modes)
    if len(steps) != len(arguments.modes):
        parser.error(f"--steps: found {len(steps)} numbers, expected 1 or {len(arguments.modes)} (one for each mode)")
    if min(steps) < 1:
        parser.error("--steps: expected positive integers")
    arguments.steps = steps
    return arguments


def cpu_name():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")


def child_environment(arguments, mode):
    environment = dict(os.environ, OMP_NUM_THREADS=str(arguments.threads), TOKENIZERS_PARALLELISM="false")
    if arguments.tcmalloc and MODES[mode]["tcmalloc"]:
        library = ctypes.util.find_library("tcmalloc_minimal")
        if not library:
            sys.exit("--tcmalloc: libtcmalloc_minimal not found; on Debian, install libtcmalloc-minimal4")
        environment["LD_PRELOAD"] = library
    return environment


def run_mode(arguments, model, mode, steps):
    """Measure a model in one mode, with the fastest of the implementations of attention that it has."""
    results = [time_mode(arguments, model, mode, steps, attention) for attention in arguments.attention]
    supported = [result for result in results if result]
    if not supported:
        sys.exit(f"{model} supports none of the attentions {arguments.attention}")
    return max(supported, key=lambda result: result["training"]["samples_per_second"])


def time_mode(arguments, model, mode, steps, attention):
    settings = {
        "train_file": arguments.train_file,
        "folder": arguments.folder,
        "questions": arguments.questions,
        "threads": arguments.threads,
        "model": model,
        "attention": attention,
        "steps": steps,
        "grouped": MODES[mode]["grouped"],
        "bf16": MODES[mode]["bf16"],
    }
    child = subprocess.run(
        [sys.executable, Path(__file__).with_name("time_mode.py"), json.dumps(settings)],
        env=child_environment(arguments, mode),
        stdout=subprocess.PIPE,
    )
    if child.returncode != 0:
        sys.exit(f"{model} in mode {mode} failed with exit code {child.returncode} (-9 usually means out of memory)")
    measured = json.loads(child.stdout)
    return measured and {"model": model, "mode": mode, **measured}


def report(result):
    training, evaluation = result["training"], result["evaluation"]
    print(
        f"{result['model']:<10} {result['mode']:<13} training {training['samples_per_second']:6.2f} samples/s "
        f"{training['real_tokens_per_second']:7.0f} tokens/s {training['gflop_per_second']:6.1f} GFLOP/s "
        f"{training['peak_resident_bytes'] / 1e9:5.2f} GB evaluation {evaluation['samples_per_second']:6.2f} samples/s",
        file=sys.stderr,
        flush=True,
    )


def main():
    arguments = parse_arguments()
    results = []
    for model in arguments.models:
        for mode, mode_steps in zip(arguments.modes, arguments.steps, strict=True):
            results.append(run_mode(arguments, model, mode, mode_steps))
            report(results[-1])
    machine = {"cpu": cpu_name(), "cores": os.cpu_count(), "python": platform.python_version()}
    print(json.dumps({**machine, "train_file": Path(arguments.train_file).name, "results": results}, indent=1))


if __name__ == "__main__":
    main()
