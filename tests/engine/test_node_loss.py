"""A node that is lost in the middle of a stage: others do its shards, and the bytes are the same."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from smelt.engine.make import Mapper
from smelt.engine.spread import over_ray
from smelt.lake import Lake, PartRecord
from smelt.recipe import parse_recipe
from smelt.recipe.resources import Resources
from smelt.stage import Context, Shard
from tests.chain import make_through
from tests.ray_nodes import Nodes

NUM_FILES = 8


def loses_a_node(nodes: Nodes, stage: str) -> Mapper:
    """Over Ray; a node is killed as soon as the stage's first part is there, with other parts under way."""

    def mapper(context: Context, index: int, shards: list[Shard]) -> Iterator[PartRecord]:
        context = replace(context, resources=Resources(memory_gb=0.5))
        for number, record in enumerate(over_ray(context, index, shards)):
            yield record
            if (context.artifact.stage, index, number) == (stage, 0, 0):
                assert len(shards) == NUM_FILES
                nodes.kill(nodes.working[0])

    return mapper


def test_a_node_lost_during_dedup_changes_nothing(lake: Lake, tmp_path: Path, nodes: Nodes) -> None:
    for number in range(NUM_FILES):
        lines = [f"第{number % 3}号文件的第{line}行：这里写着一些普通的中文句子，用来检验流程。" for line in range(40)]
        (tmp_path / f"{number}.txt").write_text("\n".join(lines), encoding="utf-8")
    raw = {
        "name": "small",
        "sources": [{"name": "notes", "kind": "files", "paths": [f"{tmp_path}/*.txt"], "lang": "zh"}],
        "ingest": {"shard_bytes": 1000},
        "model": {"preset": "tiny"},
        "phases": [{"name": "main", "tokens": 100_000, "sequence_length": 64, "global_batch_size": 8}],
    }
    recipe = parse_recipe(raw, where="small")
    undisturbed = make_through(recipe, lake, "dedup")
    other = Lake(lake.settings, url=lake.url + "-other")
    make_through(recipe, other, "select")
    disturbed = make_through(recipe, other, "dedup", mapper=loses_a_node(nodes, "dedup"))
    assert len(nodes.working) == 1
    assert sum(reason["documents"] for reason in disturbed["dedup"].stats["dropped"].values()) == NUM_FILES - 3
    assert {name: made.digest for name, made in disturbed.items()} == {
        name: made.digest for name, made in undisturbed.items()
    }
