import os
import subprocess
import sys
from pathlib import Path

SMELT = str(Path(sys.executable).with_name("smelt"))
HEAVY = ("torch", "ray", "airflow", "boto3", "obstore", "polars", "pyarrow", "numba", "great_expectations", "pydantic")


def run(*arguments: str, home: Path) -> subprocess.CompletedProcess:
    environment = {**os.environ, "SMELT_HOME": str(home), "COLUMNS": "160"}
    environment.pop("SMELT_LAKE", None)
    return subprocess.run([SMELT, *arguments], env=environment, capture_output=True, text=True)


def test_help_names_the_commands_and_imports_nothing_heavy(tmp_path):
    program = (
        "import sys; sys.argv = ['smelt', '--help']\n"
        "from smelt.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not heavy, heavy"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert all(name in answer.stdout for name in ("up", "status", "logs", "down"))


def test_an_error_is_one_line_and_exit_status_2(tmp_path):
    answer = run("logs", "nonsense", home=tmp_path)
    assert answer.returncode == 2
    assert answer.stderr.splitlines() == ["error: nonsense: no such log (one of: none yet)"]


def test_a_command_that_needs_the_lake_says_how_to_get_one(tmp_path):
    answer = run("artifacts", home=tmp_path)
    assert answer.returncode == 2
    assert answer.stderr.startswith("error: SMELT_LAKE: no lake is known (start the embedded services with `smelt up`")


def test_nothing_runs_in_a_new_home(tmp_path):
    assert run("status", home=tmp_path).returncode == 1
    assert "nothing was running" in run("down", home=tmp_path).stdout


def test_logs_show_the_last_lines_with_their_service(tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "s3.log").write_text("one\ntwo\nthree\n")
    (tmp_path / "logs" / "ray.log").write_text("four\n")
    assert run("logs", "-n", "2", home=tmp_path).stdout == "ray | four\ns3  | two\ns3  | three\n"
    assert run("logs", "s3", "-n", "1", home=tmp_path).stdout == "three\n"


def test_the_production_recipe_is_valid_and_recomputing_is_suggested_where_nothing_fits(tmp_path):
    recipe = ("check", "recipes/zh-en-code-1b.yaml")
    answer = run(*recipe, home=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert "The recipe is valid." in answer.stdout and "costs speed" not in answer.stdout
    assert "65,280 (256 reserved, 10 added), padded to 65,536: 256 spare rows" in answer.stdout
    small = ("--set", "training.card=l4-24gb", "--set", "resources.train={workers: 4, min_workers: null}")
    assert "with training.recompute: layer, tensor 1 x pipeline 1 takes" in run(*recipe, *small, home=tmp_path).stdout
    already = run(*recipe, *small, "--set", "training.recompute=layer", home=tmp_path).stdout
    assert "with training.recompute" not in already and "tensor 1 x pipeline 1 takes" in already
