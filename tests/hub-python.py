"""The other side of the shared cache: Python's huggingface_hub and datasets. Prints one JSON document."""

import json
import sys
import warnings


def snapshot(name, *patterns):
    from huggingface_hub import snapshot_download

    return snapshot_download(name, allow_patterns=list(patterns))


def files(name, *paths):
    from huggingface_hub import hf_hub_download

    return [hf_hub_download(name, path) for path in paths]


def scan():
    from huggingface_hub import scan_cache_dir

    found = scan_cache_dir()
    repos = [[repo.repo_type, repo.repo_id, repo.size_on_disk, repo.nb_files] for repo in found.repos]
    return {"repos": repos, "warnings": [str(warning) for warning in found.warnings]}


def dataset(name, split):
    import datasets

    datasets.disable_progress_bars()
    rows = datasets.load_dataset(name, split=split)
    return {"rows": len(rows), "first": rows[0]}


def card(path):
    from huggingface_hub import ModelCard

    data = ModelCard.load(path).data
    return {
        "base_model": data.base_model,
        "license": data.license,
        "model_name": data.model_name,
        "results": [[result.dataset_type, result.metric_type, result.metric_value] for result in data.eval_results],
    }


def versions():
    import importlib.util

    import huggingface_hub

    return {"huggingface_hub": huggingface_hub.__version__, "datasets": importlib.util.find_spec("datasets") is not None}


warnings.simplefilter("ignore")
action, *arguments = sys.argv[1:]
print(json.dumps(globals()[action](*arguments)))
