"""``smelt artifacts`` and ``smelt lineage``: what the lake holds, and where it came from."""

from typing import Annotated

import typer
from rich.table import Table
from rich.tree import Tree

from smelt.cli.figures import size
from smelt.cli.main import app
from smelt.cli.tables import print_whole


@app.command()
def artifacts(
    stage: Annotated[str, typer.Argument(help="Only this stage's.")] = "",
    runs: Annotated[bool, typer.Option("--runs", help="List the runs instead.")] = False,
) -> None:
    """List what the lake holds: one line an artifact, by stage."""
    from smelt.artifacts import existing
    from smelt.lake import Lake

    lake = Lake.connect()
    if runs:
        _list_runs(lake)
        return
    table = Table("stage", "fingerprint", "rows", "size", "parts", "digest", "made", "took")
    for manifest in existing(lake, stage):
        made = manifest.provenance
        table.add_row(
            manifest.stage,
            manifest.fingerprint,
            f"{manifest.rows:,}",
            size(manifest.bytes),
            str(len(manifest.parts)),
            manifest.digest,
            made.get("started", ""),
            f"{made.get('wall_s', 0):,.1f} s",
        )
    print_whole(table)


@app.command()
def lineage(
    artifact: Annotated[str, typer.Argument(help="STAGE, or STAGE/FINGERPRINT (a prefix will do).")] = "report",
) -> None:
    """Show what an artifact was made from, up to the sources."""
    from smelt.artifacts import existing
    from smelt.errors import LakeError
    from smelt.lake import Artifact, Lake
    from smelt.plan import BEFORE, DAY, days_of, is_kind

    lake = Lake.connect()
    found = list(existing(lake, artifact))
    if not found:
        raise LakeError("no such artifact", where=artifact, mend="`smelt artifacts` lists them")
    newest = max(found, key=lambda manifest: manifest.provenance.get("started", ""))
    seen: set[str] = set()
    asked = f"{newest.stage}/{newest.fingerprint}"

    def grow(branch: Tree, name: str, value: str) -> None:
        label = f"{name}/{value}"
        manifest = Artifact(name, value).manifest(lake) if is_kind(name) else None
        if label in seen or manifest is None:
            branch.add(f"{label} [dim]{'(above)' if label in seen else ''}[/dim]")
            return
        seen.add(label)
        node = branch.add(f"[bold]{label}[/bold]  {manifest.rows:,} rows, {size(manifest.bytes)}")
        for input_name, input_value in manifest.inputs.items():
            if not input_name.startswith((DAY, BEFORE)):
                grow(node, input_name, input_value)
        if days := days_of(manifest.inputs):
            node.add(f"gathered from what {len(days)} days have: {min(days)} to {max(days)}")
        if before := days_of(manifest.inputs, BEFORE):
            node.add(f"compared with what {len(before)} earlier days have: {min(before)} to {max(before)}")
        if label == asked:
            for day, fingerprint in (days | before).items():
                node.add(f"{name}/{fingerprint}  of {day}")

    root = Tree(lake.url)
    grow(root, newest.stage, newest.fingerprint)
    print_whole(root)


def _list_runs(lake) -> None:
    from smelt.maintenance.pins import pin_key
    from smelt.run import run_key

    table = Table("run", "recipe", "created", "to do then", "")
    keys = {item.key for item in lake.objects("runs/")}
    for run_id in sorted({key.split("/")[1] for key in keys}):
        # plain JSON: a run that an older version wrote down is listed although its recipe is no longer valid
        if (run := lake.find_json(run_key(run_id))) is not None:
            stages = run.get("plan", {}).get("stages", ())
            to_do = ", ".join(planned["stage"] for planned in stages if not planned.get("cached"))
            pinned = "pinned" if pin_key(run_id) in keys else ""
            table.add_row(run_id, run.get("recipe_path", ""), run.get("created", ""), to_do or "nothing", pinned)
    print_whole(table)
