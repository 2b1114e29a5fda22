"""Runs that begin with the same steps stand in one chart, each from where it parts."""

from smelt.lake import Lake
from tests.comparing.test_family import family
from tests.evaluation.artifacts import whole_run


def test_a_branch_is_drawn_from_where_it_parts(client, lake: Lake, tmp_path) -> None:
    family(lake, tmp_path, whole_run(lake)[0])
    page = client.get("/smelt/runs/trunk").text
    assert "behind step 210" in page
    chart = page.partition("<svg")[2].partition("</svg>")[0]
    assert "branch" in chart and "same" not in chart
    assert "drawn from where they part" not in client.get("/smelt/runs/stranger").text
