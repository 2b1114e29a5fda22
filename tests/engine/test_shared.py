"""A corpus that grows: what another artifact has made of the same is taken over, and the artifact is the same."""

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from smelt.engine.make import make_artifact, make_context, serially
from smelt.lake import Lake, PartRecord
from smelt.lake.shared import SHARED
from smelt.maintenance.verify import verify
from smelt.recipe import parse_recipe
from smelt.sources.listed import ListedFile
from tasks.ingest.shards import hash_of, parted
from tests.chain import dies_after, make_through, plan_of

FILES = 6
SHARING = ("ingest", "clean", "score")
LAST = "select"


@pytest.fixture
def recipe(tmp_path):
    """Recipes over small files, each a shard of its own; ``sections`` as a recipe has them."""

    def given(**sections):
        raw = {
            "name": "small",
            "sources": [{"name": "notes", "kind": "files", "paths": [f"{tmp_path}/*.txt"]}],
            "ingest": {"shard_bytes": 1000},
            "model": {"preset": "tiny"},
            "phases": [{"name": "main", "tokens": 100_000, "sequence_length": 64, "global_batch_size": 8}],
        }
        return parse_recipe(raw | sections, where="small")

    for number in range(FILES):
        write(tmp_path, f"{number:02d}")
    return given


def write(folder, name: str) -> None:
    lines = [f"File {name}, line {line}: some plain words about the day that was." for line in range(20)]
    (folder / f"{name}.txt").write_text("\n".join(lines))


def parts_made(lake: Lake) -> dict[str, int]:
    """Parts that lie in the lake for all artifacts, by kind; the one that clean makes of its config left out."""
    keys = [item.key for item in lake.objects(SHARED) if item.key.endswith(".record.json")]
    rows = {key: PartRecord.parsed(lake, key, lake.get_json(key)).rows for key in keys}
    return {kind: sum(rows[key] > 0 for key in keys if key.startswith(f"{SHARED}{kind}/")) for kind in SHARING}


def test_one_more_file_makes_its_own_parts_alone_and_a_changed_rule_none(recipe, lake, tmp_path):
    first = make_through(recipe(), lake, LAST)
    assert parts_made(lake) == dict.fromkeys(SHARING, FILES)
    write(tmp_path, "00a")  # among the others: all parts behind it have new names
    grown = make_through(recipe(), lake, LAST)
    assert parts_made(lake) == dict.fromkeys(SHARING, FILES + 1)
    anew = make_through(recipe(), Lake(lake.settings, url=f"{lake.url}-other"), LAST)
    for stage in (*SHARING, LAST):
        assert grown[stage].fingerprint != first[stage].fingerprint
        assert grown[stage].digest == anew[stage].digest and grown[stage].stats == anew[stage].stats
        assert verify(lake, grown[stage]).damages == verify(lake, first[stage]).damages == ()
    shorter = {"groups": [{"rules": {"short": "num_chars >= 5"}}]}
    changed = make_through(recipe(select=shorter), lake, LAST)
    assert [changed[stage].fingerprint == grown[stage].fingerprint for stage in (*SHARING, LAST)] == [True] * 3 + [
        False
    ]
    assert parts_made(lake) == dict.fromkeys(SHARING, FILES + 1)


def test_a_shared_part_that_was_damaged_or_half_made_is_made_anew(recipe, lake):
    made = make_through(recipe(), lake, "ingest")["ingest"]
    first, second = made.parts[:2]
    lake.put(f"{first.at}.parquet", lake.get(f"{first.at}.parquet")[:-1] + b"?")
    lake.delete([f"{second.at}.parquet"])
    assert len(verify(lake, made).damages) == 2
    again = make_through(recipe(ingest={"shard_bytes": 999}), lake, "ingest")["ingest"]
    assert again.fingerprint != made.fingerprint and again.digest == made.digest
    assert verify(lake, again).damages == verify(lake, made).damages == (), (
        "the artifact that shares them is mended too"
    )


def test_a_killed_artifact_leaves_its_parts_to_the_others(recipe, lake):
    killed, other = recipe(), recipe(ingest={"shard_bytes": 999})
    make_through(killed, lake, "fetch")
    planned = plan_of(killed, lake).planned("ingest")
    with pytest.raises(KeyboardInterrupt):
        make_artifact(planned, make_context(killed, planned, lake), dies_after(FILES - 2))
    newest = {item.key: item.modified for item in lake.objects(SHARED) if item.key.endswith(".parquet")}
    made = make_through(other, lake, "ingest")["ingest"]
    assert parts_made(lake)["ingest"] == FILES and verify(lake, made).damages == ()
    now = {item.key: item.modified for item in lake.objects(SHARED)}
    assert len(newest) == FILES - 2 and all(now[key] == modified for key, modified in newest.items())
    assert make_through(killed, lake, "ingest")["ingest"].digest == made.digest


def test_two_artifacts_that_make_the_same_parts_at_once_are_both_whole(recipe, lake):
    recipes = [recipe(), recipe(ingest={"shard_bytes": 999})]
    make_through(recipes[0], lake, "fetch")
    planned = [plan_of(given, lake).planned("ingest") for given in recipes]
    with ThreadPoolExecutor(2) as threads:
        jobs = zip(recipes, planned, strict=True)
        made = list(threads.map(lambda job: make_artifact(job[1], make_context(*job, lake), serially), jobs))
    assert made[0].digest == made[1].digest and made[0].fingerprint != made[1].fingerprint
    assert [verify(lake, one).damages for one in made] == [(), ()]


def test_a_stage_that_is_built_anew_takes_nothing_over(recipe, lake):
    made = make_through(recipe(), lake, "ingest")["ingest"]
    forced = make_through(recipe(rebuild={"ingest": 1}), lake, "clean")
    assert forced["ingest"].digest == made.digest
    assert not {part.at for part in forced["ingest"].parts} & {part.at for part in made.parts}


def groups(files: list[ListedFile]) -> list[tuple[ListedFile, ...]]:
    """Files as they are put into shards."""
    sizes = np.array([file.bytes for file in files], np.int64)
    hashes = np.array([hash_of(file) for file in files], np.uint64)
    return [tuple(files[start:stop]) for start, stop in parted(sizes, hashes, 1000)]


def test_borders_between_small_files_stay_where_they_are_when_one_is_added():
    draw = random.Random(7)
    files = [
        ListedFile(source="s", path=f"{number:05d}", uri="", bytes=draw.randint(1, 200), version="")
        for number in range(2000)
    ]
    before = groups(files)
    assert [file for group in before for file in group] == files
    assert all(sum(file.bytes for file in group) <= 1000 for group in before)
    changed = []
    for _ in range(60):
        place = draw.randrange(len(files))
        more = ListedFile(source="s", path=f"{place:05d}a", uri="", bytes=draw.randint(1, 200), version="")
        after = groups([*files[: place + 1], more, *files[place + 1 :]])
        changed.append(len(set(after) - set(before)))
    assert sum(changed) / len(changed) < 2 and max(changed) <= 4, "of some 400 groups"
