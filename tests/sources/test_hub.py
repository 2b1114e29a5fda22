"""Data sets of a hub: listed under their content hashes, fetched with resume, held to the listed digest."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

import pytest

from smelt.errors import RecipeError, StageError
from smelt.lake import Lake
from smelt.recipe import parse_recipe
from smelt.recipe.benchmarks import Benchmark
from smelt.recipe.decontaminate import DecontaminateConfig, with_evaluation
from smelt.recipe.evaluate import EvaluateConfig
from smelt.recipe.ingest import IngestConfig
from smelt.recipe.sources import HubSource
from smelt.sources import download
from tasks.ingest.stage import STAGE
from tests.chain import make_through
from tests.servers import Quiet, serving
from tests.sources.listings import digest_of, files_of
from tests.tasks.ingest.test_ingest import parquet
from tests.tasks.refinery import columns, listed, run

COMMIT = "c" * 40
ROWS = [
    {"text": f"page {number} " + "x" * 300, "url": f"http://x/{number}", "language": "eng"} for number in range(900)
]
FILES = {
    "README.md": b"# A data set",
    "data/00.parquet": parquet(**{key: [row[key] for row in ROWS[:400]] for key in ROWS[0]}),
    "data/01.jsonl": b"".join(json.dumps(row).encode() + b"\n" for row in ROWS[400:700]),
    "data/more/02.jsonl.gz": gzip.compress(b"".join(json.dumps(row).encode() + b"\n" for row in ROWS[700:]), mtime=0),
}


class Hub(Quiet):
    """The few endpoints of a hub that are used, for one data set that needs a token.

    Large files are stored as LFS does it (named by SHA-256), and are passed on to another path.
    """

    files: ClassVar = dict(FILES)
    commit = COMMIT
    breaks = 0
    ranges: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if self.headers.get("Authorization") != "Bearer good":
            return self.answer(401, b'{"error": "Invalid credentials"}', X_Error_Message="Invalid credentials")
        if path in ("/api/datasets/us/set/revision/main", f"/api/datasets/us/set/revision/{self.commit}"):
            return self.answer(200, json.dumps({"id": "us/set", "sha": self.commit}).encode())
        if path.startswith("/api/datasets/us/set/revision/"):
            return self.answer(404, b"{}", X_Error_Code="RevisionNotFound")
        if path.startswith("/api/datasets/us/set/tree/"):
            return self._tree(path.split("/tree/", 1)[1].partition("/")[2])
        if path.startswith(f"/datasets/us/set/resolve/{self.commit}/"):
            return self.answer(302, Location=f"/cdn/{path.split(f'{self.commit}/', 1)[1]}")
        if path.startswith("/cdn/"):
            return self._content(self.files[path.removeprefix("/cdn/")])
        self.answer(404, b"{}", X_Error_Code="RepoNotFound")

    def _tree(self, folder: str) -> None:
        """All files below a folder, as the endpoint gives them when it is asked to go through folders."""
        entries = []
        for name, content in self.files.items():
            if name.startswith(f"{folder}/" if folder else ""):
                blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
                lfs = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}
                large = {"lfs": lfs} if name.endswith((".parquet", ".gz")) else {}
                entries.append({"type": "file", "oid": blob, "size": len(content), "path": name, **large})
        if entries:
            self.answer(200, json.dumps(entries).encode())
        else:
            self.answer(404, b"{}", X_Error_Code="EntryNotFound")

    def _content(self, content: bytes) -> None:
        asked = self.headers.get("Range", "")
        self.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if type(self).breaks > 0:
            type(self).breaks -= 1
            self.wfile.write(content[start : start + len(content) // 3])
            self.close_connection = True  # in the middle of what was promised
        else:
            self.wfile.write(content[start:])


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    monkeypatch.setattr(download, "_WAIT_S", 0.001)
    monkeypatch.setattr(download, "_CHUNK", 1000)
    monkeypatch.setattr(Hub, "files", dict(FILES))
    monkeypatch.setattr(Hub, "ranges", [])
    monkeypatch.setattr(Hub, "breaks", 0)
    with serving(Hub) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        monkeypatch.setenv("HF_TOKEN", "good")
        yield Hub


def source(*paths: str, **fields: str) -> HubSource:
    return HubSource(name="web", repo="us/set", paths=paths or ("data/**",), layout="fineweb", **fields)


def test_files_are_listed_by_content_and_pinned_to_the_commit(hub: type[Hub], lake: Lake) -> None:
    files, _ = files_of(source(), settings=lake.settings)
    assert [file.path for file in files] == ["data/00.parquet", "data/01.jsonl", "data/more/02.jsonl.gz"]
    assert files[0].version == "sha256:" + hashlib.sha256(FILES["data/00.parquet"]).hexdigest()
    assert files[0].uri == f"hf://datasets/us/set@{COMMIT}/data/00.parquet"
    digest = digest_of(source(), settings=lake.settings)
    hub.commit = "d" * 40  # a commit that changes nothing of ours
    try:
        assert digest_of(source(), settings=lake.settings) == digest
    finally:
        hub.commit = COMMIT
    hub.files["data/01.jsonl"] += b'{"text": "new"}\n'
    assert digest_of(source(), settings=lake.settings) != digest
    assert [file.path for file in files_of(source("data/*.jsonl"), settings=lake.settings)[0]] == ["data/01.jsonl"]


@pytest.mark.parametrize(
    ("token", "fields", "message"),
    [
        ("", {}, "answered 401 for us/set .*needs a token in HF_TOKEN"),
        ("bad", {}, "answered 401 for us/set .*that the token in HF_TOKEN may read it"),
        ("good", {"revision": "v9"}, r"sources\.web\.revision: us/set has no revision 'v9'"),
        ("good", {"repo": "us/other"}, r"sources\.web\.repo: .* answered 404 for us/other"),
        ("good", {"paths": ("none/*.jsonl",)}, r"sources\.web\.paths: 'none/\*\.jsonl' matches no file"),
    ],
)
def test_what_the_hub_refuses_is_one_line(
    hub: type[Hub], monkeypatch: pytest.MonkeyPatch, lake: Lake, token: str, fields: dict, message: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(RecipeError, match=message) as error:
        digest_of(source().model_copy(update=fields), settings=lake.settings)
    assert "\n" not in str(error.value)


def test_a_hub_out_of_reach_is_one_line(monkeypatch: pytest.MonkeyPatch, lake: Lake) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(RecipeError, match="can't be reached"):
        digest_of(source(), settings=lake.settings)


def test_broken_downloads_go_on_where_they_broke_off_and_files_are_divided(hub: type[Hub], lake: Lake) -> None:
    hub.breaks = 3
    config = IngestConfig(sources=(source(),), shard_bytes=20_000)
    given = listed(lake, config)
    made = run(STAGE, given)
    rows = columns(lake, made, ["text", "url", "lang"])
    assert sorted(row["url"] for row in rows) == sorted(row["url"] for row in ROWS)
    assert {row["lang"] for row in rows} == {"en"} and len(made.parts) > 5
    assert made.stats["fetched_files"] == 3
    resumed = [asked for asked in hub.ranges if asked]
    assert len(resumed) == 3 and len(hub.ranges) == 6


def test_a_changed_extractor_downloads_nothing(hub: type[Hub], lake: Lake) -> None:
    fields = {"kind": "hf", "name": "web", "repo": "us/set", "paths": ["data/*.jsonl"], "layout": "fineweb"}
    raw = {
        "name": "small",
        "sources": [fields],
        "model": {"preset": "tiny"},
        "phases": [{"name": "main", "tokens": 100_000, "sequence_length": 64, "global_batch_size": 8}],
    }
    made = make_through(parse_recipe(raw, where="small"), lake, "ingest")["ingest"]
    assert len(hub.ranges) == 1
    changed = make_through(parse_recipe(raw | {"ingest": {"html": "all"}}, where="small"), lake, "ingest")["ingest"]
    assert changed.fingerprint != made.fingerprint and changed.digest == made.digest
    assert len(hub.ranges) == 1 and changed.parts[0].at != made.parts[0].at
    forced = parse_recipe(raw | {"rebuild": {"ingest": 1}}, where="small")
    assert make_through(forced, lake, "ingest")["ingest"].digest == made.digest and len(hub.ranges) == 1


def test_a_download_of_another_content_is_refused(hub: type[Hub], lake: Lake, tmp_path: Path) -> None:
    given = listed(lake, IngestConfig(sources=(source(),)))
    for name in ("data/00.parquet", "data/01.jsonl"):  # one named by SHA-256, one by git's blob id
        content = hub.files[name]
        hub.files[name] = content[:-1] + bytes([content[-1] ^ 1])
        shard = next(shard for shard in STAGE.rounds[0].shards(given) if shard.payload["path"] == name)
        with pytest.raises(StageError, match=r"the content is .*, not "):
            STAGE.rounds[0].work(given, shard)
        hub.files[name] = content
        assert STAGE.rounds[0].work(given, shard).files


def test_a_killed_download_is_gone_on_with_by_the_next_process(hub: type[Hub], tmp_path: Path) -> None:
    content = FILES["data/00.parquet"]
    (tmp_path / "a.partial").write_bytes(content[:1000])
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    with serving(hub) as address:
        download.download(
            f"{address}/cdn/data/00.parquet", tmp_path / "a", digest=digest, headers={"Authorization": "Bearer good"}
        )
    assert (tmp_path / "a").read_bytes() == content and hub.ranges == ["bytes=1000-"]


def test_a_benchmark_is_read_from_the_hub(hub: type[Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file and a folder; each content is downloaded once, and held to the digest of the plan."""
    monkeypatch.setenv("SMELT_HOME", str(tmp_path))
    rows = {f"exam/val/{name}_val.csv": f"id,question,A,B,answer\n0,{name}?,x,y,B\n".encode() for name in ("a", "b")}
    hub.files.update(rows)
    folder = Benchmark(name="exam", path="hf://datasets/us/set/exam/val", layout="ceval", forms=("letters",))
    folder.insist()
    assert [(item.subject, item.question, item.right) for item in folder.items()] == [
        ("a", "a?", (1,)),
        ("b", "b?", (1,)),
    ]
    assert len(hub.ranges) == 2, "though they were read several times"
    one = Benchmark(name="one", path=f"hf://datasets/us/set@{COMMIT}/exam/val/b_val.csv", layout="ceval").with_digest()
    assert [item.question for item in one.items()] == ["b?"]
    assert with_evaluation(DecontaminateConfig(), EvaluateConfig(benchmarks=(one,))).benchmarks != ()
    hub.files["exam/val/b_val.csv"] += b"1,c?,x,y,A\n"
    with pytest.raises(RecipeError, match=r"evaluate\.benchmarks\.one: .*the files' digest is .*plan again"):
        one.items()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("hf://datasets/us", r"evaluate\.benchmarks\.b: hf://datasets/us: names no data set of a hub \(write hf://"),
        ("hf://us/set/a.jsonl", "names no data set of a hub"),
        ("hf://datasets/us/set/a.jsonl", "no such file on the hub .see the files of us/set at main"),
        ("hf://datasets/us/set/none", "no file to read"),
        ("hf://datasets/us/set@v9/a.jsonl", r"b: hf://datasets/us/set@v9/a.jsonl: us/set has no revision 'v9'"),
        ("hf://datasets/us/other/a.jsonl", "answered 404 for us/other"),
        ("hf://datasets/us/set/README.md", "no file to read"),
    ],
)
def test_a_benchmark_that_the_hub_has_not_is_one_line(
    hub: type[Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, message: str
) -> None:
    monkeypatch.setenv("SMELT_HOME", str(tmp_path))
    with pytest.raises(RecipeError, match=message) as error:
        Benchmark(name="b", path=path).insist()
    assert "\n" not in str(error.value)
