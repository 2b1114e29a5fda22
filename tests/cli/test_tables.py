"""Tables lose nothing of what stands in them, on a narrow terminal and where there is none."""

import io

import pytest
from rich.console import Console
from rich.table import Table
from rich.tree import Tree

from smelt.cli.tables import print_whole

FINGERPRINT, DIGEST = "0123456789abcdef0123", "fedcba9876543210" * 4
ADDRESS = "s3://a-bucket/a/rather/long/prefix/of/a/lake?with=something&more=of-it"


def table() -> Table:
    made = Table("stage", "fingerprint", "digest", "address", box=None)
    made.add_row("decontaminate", FINGERPRINT, DIGEST, ADDRESS)
    return made


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("width", [20, 40, 80, 300])
def test_addresses_and_digests_are_whole_and_on_one_line(terminal, width):
    for what in (table(), _tree()):
        file = io.StringIO()
        print_whole(what, Console(file=file, width=width, force_terminal=terminal, color_system=None))
        rows = [line for line in file.getvalue().splitlines() if DIGEST in line]
        assert len(rows) == 1 and FINGERPRINT in rows[0] and ADDRESS in rows[0]
        assert "…" not in file.getvalue()


def _tree() -> Tree:
    tree = Tree("lake")
    tree.add("report").add(f"tokens/{FINGERPRINT}  {DIGEST}  {ADDRESS}")
    return tree
