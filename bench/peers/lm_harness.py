"""lm-evaluation-harness on local task files: seconds of the processor, and each task's figures, item by item.

Argument: a JSON file with ``model`` (a Hugging Face folder), ``batch_size``, ``threads`` and ``tasks`` (a task's
configuration each, as its YAML has it). It is run in an environment of its own, beside our packages.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}

import torch
from lm_eval import evaluator
from lm_eval.api.task import ConfigurableTask
from lm_eval.models.huggingface import HFLM

given = json.loads(Path(sys.argv[1]).read_text())
torch.set_num_threads(given["threads"])
model = HFLM(
    pretrained=given["model"], device="cpu", dtype="float32", batch_size=given["batch_size"], add_bos_token=True
)
tasks = [ConfigurableTask(config=config) for config in given["tasks"]]
started = time.process_time()
found = evaluator.evaluate(
    lm=model, task_dict={task.config.task: task for task in tasks}, bootstrap_iters=0, log_samples=True
)
seconds = time.process_time() - started
results = {
    name: {
        "figures": {key.partition(",")[0]: value for key, value in values.items() if isinstance(value, float)},
        "right": [
            next(sample[key] for key in ("acc", "exact_match") if key in sample)
            for sample in sorted(found["samples"][name], key=lambda sample: sample["doc_id"])
        ],
    }
    for name, values in found["results"].items()
}
print(json.dumps({"seconds": seconds, "first": model.tok_encode("a")[0], "tasks": results}))
