"""Nothing that comes from outside is run: no pickle is loaded but by the places that say why, no shell is asked."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from smelt.checkout import CHECKOUT

ROOMS = ("smelt", "tasks", "training", "evaluation", "operators", "dags")
MAY_UNPICKLE = {
    "training/blocks/stream.py",  # from the pipe of a process that this one has started
    "training/blocks/prefetch.py",  # the other end of it
    "training/checkpoints/index.py",  # classes of an index alone
}
MAY_RUN = {"evaluation/benchmarks/confined.py"}  # programs that a benchmark asks for, where nothing can be harmed
UNPICKLE = {"load", "loads", "Unpickler"}


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func)


def harm(tree: ast.AST) -> list[str]:
    """What a file does that would run what it reads, by kind."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("pickle", "marshal", "dill", "cloudpickle"):
            found += ["unpickles"] if node.attr in UNPICKLE else []
        if isinstance(node, ast.ImportFrom) and node.module in ("pickle", "marshal", "shelve", "joblib", "dill"):
            found.append("unpickles")
        if isinstance(node, ast.Import) and any(name.name in ("shelve", "joblib", "dill") for name in node.names):
            found.append("unpickles")
    for call in _calls(tree):
        name, words = _name(call), {word.arg: ast.unparse(word.value) for word in call.keywords}
        if name.endswith("np.load") and words.get("allow_pickle", "False") != "False":
            found.append("unpickles")
        if name in ("torch.load", "pd.read_pickle") and words.get("weights_only", "True") != "True":
            found.append("unpickles")
        if name in ("eval", "exec"):
            found.append("runs")
        if words.get("shell") == "True" or name in ("os.system", "os.popen"):
            found.append("asks a shell")
        if name == "yaml.load" and "Safe" not in ast.unparse(call):
            found.append("runs")
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_that_is_read_is_run(room: str):
    for file in sorted((CHECKOUT / room).rglob("*.py")):
        name = str(file.relative_to(CHECKOUT))
        allowed = {"unpickles": MAY_UNPICKLE, "runs": MAY_RUN}
        for kind in harm(ast.parse(file.read_text())):
            assert name in allowed.get(kind, ()), f"{name} {kind}"


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        ("import pickle\npickle.load(file)", ["unpickles"]),
        ("class Own(pickle.Unpickler): pass", ["unpickles"]),
        ("from pickle import loads", ["unpickles"]),
        ("np.load(file, allow_pickle=True)", ["unpickles"]),
        ("torch.load(file, weights_only=False)", ["unpickles"]),
        ("eval(text)", ["runs"]),
        ("yaml.load(text, Loader=yaml.Loader)", ["runs"]),
        ("subprocess.run(text, shell=True)", ["asks a shell"]),
        ("model.eval()\nnp.load(file)\ntorch.load(file)\npickle.dumps(1)\nyaml.safe_load(text)", []),
    ],
)
def test_what_it_is_told_by(code: str, kinds: list[str]):
    assert harm(ast.parse(code)) == kinds


def test_every_exception_is_still_needed():
    for name in MAY_UNPICKLE | MAY_RUN:
        assert harm(ast.parse(Path(CHECKOUT / name).read_text())), name
