"""``smelt gc``, ``pin``, ``unpin`` and ``verify``: looking after the lake."""

from typing import Annotated

import typer
from rich.console import Console

from smelt.cli.figures import size
from smelt.cli.main import app


@app.command()
def gc(
    delete: Annotated[bool, typer.Option("--delete", help="Delete; without it, only show what would go.")] = False,
    keep_runs: Annotated[int, typer.Option(min=1, help="Newest runs of each recipe whose artifacts stay.")] = 3,
    grace_days: Annotated[float, typer.Option(min=0, help="Age in days below which nothing goes.")] = 7,
) -> None:
    """Show or delete what no kept run refers to, shared parts included, and multipart uploads that nobody finished."""
    from datetime import timedelta

    from smelt.lake import Lake
    from smelt.maintenance.garbage import Policy, collect, find_garbage
    from smelt.maintenance.uploads import stale_uploads

    lake, console = Lake.connect(), Console(soft_wrap=True, highlight=False)
    policy = Policy(keep_runs=keep_runs, grace=timedelta(days=grace_days))
    found, uploads = find_garbage(lake, policy), stale_uploads(lake, policy.grace)
    for item in found:
        console.print(f"{item.name}  {size(item.bytes)}, last written {item.newest:%Y-%m-%d}")
    for upload in uploads:
        console.print(f"upload of {upload.key}, begun {upload.begun:%Y-%m-%d}")
    if delete:
        gone = list(collect(lake, found, policy))
        for upload in uploads:
            lake.abort(upload)
    freed = sum(item.bytes for item in (gone if delete else found))
    console.print(
        f"{'deleted' if delete else 'would delete (--delete does)'}: "
        f"{len(gone if delete else found)} artifacts, listings and parts of {size(freed)}, {len(uploads)} uploads"
    )


@app.command()
def pin(run: Annotated[str, typer.Argument(help="Id of a run; `smelt artifacts --runs` lists them.")]) -> None:
    """Keep what a run planned, however many newer runs there are."""
    from smelt.lake import Lake
    from smelt.maintenance import pins
    from smelt.run import safe_run_id

    pins.pin(Lake.connect(), safe_run_id(run))


@app.command()
def unpin(run: Annotated[str, typer.Argument(help="Id of a pinned run.")]) -> None:
    """Let a pinned run count as any other again."""
    from smelt.lake import Lake
    from smelt.maintenance import pins
    from smelt.run import safe_run_id

    pins.unpin(Lake.connect(), safe_run_id(run))


@app.command()
def verify(
    which: Annotated[str, typer.Argument(help="STAGE, or STAGE/FINGERPRINT (a prefix will do).")] = "",
) -> None:
    """Read artifacts whole and hold each object to the digest in its record. Exit status 1 if one is damaged."""
    from smelt.artifacts import existing
    from smelt.errors import LakeError
    from smelt.lake import Lake
    from smelt.maintenance.verify import verify as verify_artifact

    lake, console = Lake.connect(), Console(soft_wrap=True, highlight=False)
    looked_at = damaged = 0
    for manifest in existing(lake, which):
        looked_at += 1
        found = verify_artifact(lake, manifest)
        damaged += bool(found.damages)
        verdict = "[red]damaged[/red]" if found.damages else "[green]whole[/green]"
        console.print(f"{manifest.artifact.root}  {found.objects:,} objects, {size(found.bytes)}  {verdict}")
        for line in found.damages:
            console.print(f"  {line}", style="red", markup=False)
    if which and not looked_at:
        raise LakeError("no such artifact", where=which, mend="`smelt artifacts` lists them")
    if damaged:
        console.print("`smelt run RECIPE --force STAGE` builds a damaged artifact's successor.")
        raise typer.Exit(1)
