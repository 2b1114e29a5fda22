"""What is made hangs on no machine's habits: time zone, locale, hash seed, threads, the folder that work goes on in."""

import json
import os
import subprocess
import sys
from pathlib import Path

from smelt.checkout import CHECKOUT
from smelt.lake import Lake
from tasks.compiled import cache_folder

MAKE = """
import json, sys
from smelt.lake import Lake
from smelt.recipe import load_recipe
from tests.chain import make_through
made = make_through(load_recipe(sys.argv[1]), Lake.connect(), "blocks-1")
print(json.dumps({stage: manifest.digest for stage, manifest in made.items()}))
"""
RECIPE = """
name: again
sources:
  - {{name: library, kind: files, paths: ["{library}/[a-c]*.py"], domain: code}}
ingest: {{shard_bytes: 300000}}
tokenizer: {{train: {{vocab_size: 600, sample_bytes: 300000}}}}
block_tokens: 16_384
model: {{preset: tiny}}
phases:
  - {{name: main, tokens: 65_536, sequence_length: 64, global_batch_size: 8}}
"""
HABITS = (
    {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1", "RAYON_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    {"TZ": "Asia/Kathmandu", "LC_ALL": "POSIX", "PYTHONHASHSEED": "77", "RAYON_NUM_THREADS": "3", "TMPDIR": "/var/tmp"},
)


def test_another_time_zone_locale_hash_seed_and_number_of_threads_give_the_same_digests(lake, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.format(library=Path(os.__file__).parent))
    found = []
    for number, habits in enumerate(HABITS):
        own = Lake(lake.settings, url=f"{lake.url}/{number}")
        (tmp_path / str(number)).mkdir()
        kernels = {"NUMBA_CACHE_DIR": str(cache_folder())}  # compiling them anew would take minutes
        environment = {**os.environ, **own.settings.environment(), "SMELT_LAKE": own.url, **kernels, **habits}
        environment["PYTHONPATH"] = str(CHECKOUT)  # of the tests, which the folder of work doesn't have
        asked = [sys.executable, "-c", MAKE, str(recipe)]
        made = subprocess.run(asked, env=environment, cwd=tmp_path / str(number), capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        found.append(json.loads(made.stdout))
    assert found[0] == found[1]
    assert "blocks-1" in found[0]
