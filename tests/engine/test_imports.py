"""What a stage's driver imports: each job and each of its workers pays for it in seconds."""

import json
import subprocess
import sys
from pathlib import Path

from smelt.recipe.graph import STAGES

HEAVY = ("torch", "megatron", "transformers", "pandas", "great_expectations")
ASK = """
import json, sys
from importlib import import_module
stages, heavy = json.load(sys.stdin)
found = {}
for stage in stages:
    import_module(stage.partition(":")[0])
    found[stage] = [name for name in heavy if name in sys.modules]
print(json.dumps(found))
"""


def test_no_stage_brings_a_model_s_libraries_before_it_works() -> None:
    stages = sorted({stage.implementation for stage in STAGES})
    answer = subprocess.run(
        [sys.executable, "-c", ASK],
        input=json.dumps([stages, HEAVY]),
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    found = json.loads(answer.stdout)
    assert len(found) > 12
    assert not any(found.values()), found
