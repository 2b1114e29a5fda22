"""What is new of a training is told once, by whoever sees it first."""

import json

from operators.jobs.news import claim, untold
from smelt.lake import Artifact


def test_news_of_a_training_is_told_once(lake):
    artifact = Artifact("train", "f00d")

    def news():
        return [claim(lake, artifact, name) for name in untold(lake, artifact)]

    def happens(name, **event):
        content = json.dumps(event).encode()
        artifact.write_part(lake, "events", name, files={".json": content}, rows=1, stats={})

    happens("0000000-respected", kind="respected", step=0, blocks=[])
    happens("0001200-spike", kind="spike", step=1200, loss=9.25, losses=[2.0, 9.25])
    assert news() == ["spike at step 1,200: loss 9.25"]
    happens("0001200-spike-after", kind="after", of="0001200-spike", losses=[2.0])
    happens("0001201-rollback", kind="rollback", step=1201, block="00004", end=1100)
    assert news() == ["rollback at step 1,201: block 00004, end 1100"]
    assert news() == []
    assert claim(lake, artifact, "0001200-spike") is None, "somebody else is telling it"
