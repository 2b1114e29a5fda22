"""The largest clusters of duplicates, and where the document lies that another went for."""

import pytest

from smelt.errors import StageError
from smelt.explaining import duplicates
from smelt.explaining.duplicates import Better, better_of, largest
from smelt.lake import Lake, Manifest
from smelt.recipe.dedup import DedupConfig
from tasks.dedup import STAGE
from tests.tasks import refinery
from tests.tasks.test_dedup import article


@pytest.fixture
def dedup(lake: Lake) -> Manifest:
    """Of one text four copies in two parts, one of them edited; of another one two; and a third that has none."""
    first, second = article(1), article(2)
    edited = first.replace(first.split()[60], "elsewhere")
    texts = [
        [first, second, edited, article(3)],
        [first.replace(" ", "\n"), second.upper(), first.replace(" ", "  ")],
    ]
    parts = [[{"text": text, "url": f"https://a/{number}"} for number, text in enumerate(part)] for part in texts]
    given = refinery.scored(lake, parts)
    made = refinery.run(STAGE, refinery.context(lake, "dedup", DedupConfig(keep="first"), given))
    inputs = {name: manifest.artifact.commit(lake, manifest).fingerprint for name, manifest in given.items()}
    return made.artifact.commit(lake, made.model_copy(update={"inputs": inputs}))


def test_the_largest_clusters_come_first_with_their_least_alike_copies(
    lake: Lake, dedup: Manifest, monkeypatch
) -> None:
    found = largest(lake, dedup).clusters
    assert [(one.stays.part, one.stays.row, one.copies) for one in found] == [("00000", 0, 3), ("00000", 1, 1)]
    assert found[0].excerpt == article(1)[:240] and found[0].stays.url == "https://a/0"
    assert [(copy.part, copy.row, copy.reason) for copy in found[0].shown] == [
        ("00000", 2, "minhash"),
        ("00001", 0, "exact"),
        ("00001", 2, "exact"),
    ]
    assert found[0].shown[0].similarity < found[0].shown[1].similarity == 1
    assert [copy.url for copy in found[1].shown] == ["https://a/1"]
    monkeypatch.setattr(duplicates, "CLUSTERS", 1)
    monkeypatch.setattr(duplicates, "COPIES", 2)
    [alone] = largest(lake, dedup).clusters
    assert (alone.copies, [copy.row for copy in alone.shown]) == (3, [2, 0])


def test_where_the_better_one_lies_is_found(lake: Lake, dedup: Manifest) -> None:
    assert better_of(lake, dedup, "00001", 2) == Better(fingerprint=dedup.fingerprint, part="00000", row=0)
    with pytest.raises(StageError, match="row 0 of part 00000: went for no other document"):
        better_of(lake, dedup, "00000", 0)
    with pytest.raises(StageError, match="no row 9"):
        better_of(lake, dedup, "00001", 9)
