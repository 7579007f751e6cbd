"""Help, and what a newcomer is told who types something wrong."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import vael as package
from vael.cli import app
from vael.cli.datasets import BUILT_IN
from vael.cli.main import main
from vael.cli.options import FitOptions
from vael.cli.wording import as_options

COMMANDS = (
    "fit",
    "report",
    "evaluate",
    "compare",
    "encode",
    "sample",
    "interpolate",
    "geometry",
    "studio",
    "datasets",
    "demo",
    "theory",
)


def test_help_names_the_commands_and_loads_nothing_heavy() -> None:
    script = (
        "import sys; from vael.cli import main; status = main(['--help']); "
        "heavy = [m for m in ('torch', 'numpy', 'sklearn', 'matplotlib', 'jinja2') if m in sys.modules]; "
        "print('heavy:', heavy); sys.exit(status)"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert found.returncode == 0
    assert found.stderr == ""
    for command in COMMANDS:
        assert command in found.stdout
    assert "heavy: []" in found.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_examples(command: str, vael: Callable[..., Any]) -> None:
    said = vael(command, "--help")
    assert said.status == 0
    assert said.out.startswith(f"Usage: vael {command}")
    examples = said.out.split("Examples:\n")[1].strip().splitlines()
    assert all(line.strip().startswith(f"vael {command}") for line in examples)
    assert "--json" in said.out


def test_nothing_at_all_is_help(vael: Callable[..., Any]) -> None:
    said = vael()
    assert said.status == 0
    assert "Usage: vael COMMAND" in said.out


def test_version(vael: Callable[..., Any]) -> None:
    from importlib.metadata import version

    assert vael("--version").out.strip() == version("vael")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fti"], 'Unknown command "fti". Did you mean "fit"?'),
        (["fit"], "fit needs SOURCE (see vael fit --help)"),
        (["fit", "digits", "--out"], "--out needs a value"),
        (["fit", "digits", "more"], "unexpected argument 'more'"),
        (["fit", "digits", "--n-componets", "3"], "Did you mean --n-components?"),
        (["fit", "digits", "--n-components", "x"], "--n-components: 'x' is not a whole number"),
        (["fit", "digits", "--n-components", "2.5"], "--n-components: '2.5' is not a whole number"),
        (["fit", "digits", "--patience", "1.5"], "--patience: '1.5' is not a whole number"),
        (["fit", "digits", "--seed=-1"], "--seed. Must be >= 0"),
        (["fit", "digits", "--seed", "4294967296"], "--seed. Must be < 4294967296"),
        (["fit", "digits", "--preset", "iwa"], 'Did you mean "iwae"?'),
        (["fit", "digits", "--hidden", "5,a"], "'5,a' is not whole numbers from 1 on"),
        (["fit", "digits", "--hidden", "0"], "'0' is not whole numbers from 1 on"),
        (["fit", "digts"], "did you mean 'digits'?"),
        (["fit", "none.csv"], "no such file or folder:"),
        (["fit", "."], "holds no images"),
        (["fit", "digits", "--label", "y"], "digits has labels of its own"),
        (["fit", "digits", "--image-shape", "5x5"], "64"),
        (["fit", "digits", "--quiet", "--max-epochs", "0"], "--max-epochs must be"),
        (["fit", "digits", "--preset", "autoencoder", "--beta", "2"], "leave --beta out"),
        (["fit", "digits", "--preset", "autoencoder", "--posterior", "full"], "leave --posterior out"),
        (["fit", "digits", "--resume"], "no run under ./runs"),
        (["fit", "digits", "--out", "r", "--resume", "--overwrite"], "give one of them"),
        (["fit", "digits", "--config", "none.toml"], "no such file of options: none.toml"),
        (["report"], "no run under ./runs: name the folder of one"),
        (["report", "nowhere"], "nowhere is no folder: give the folder of a run"),
        (["evaluate", "."], "is . a run folder of vael?"),
        (["evaluate", ".", "--samples", "0"], "Must be >= 1"),
        (["evaluate", ".", "--seed=-1"], "--seed. Must be >= 0"),
        (["report", ".", "--seed=-1"], "--seed. Must be >= 0"),
        (["sample"], "sample needs --out"),
        (["sample", "--out", "x.gif"], "must end in .npy"),
        (["sample", "--out", "none/x.npy"], "no such folder: none"),
        (["sample", "--out", "x.npy"], "no run under ./runs"),
        (["sample", "--out", "x.npy", "-n", "0"], "Must be >= 1"),
        (["sample", "--out", "x.npy", "-n", "2.7"], "'2.7' is not a whole number"),
        (["sample", "--out", "x.npy", "--seed=-1"], "--seed. Must be >= 0"),
        (["encode", "a", "b", "c", "--out", "x.npy"], "unexpected argument 'c'"),
        (["interpolate", "1", "--out", "x.npy"], "needs two row numbers"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(
    words: list[str], message: str, vael: Callable[..., Any], tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))
    said = vael(*words)
    assert said.status == 2
    assert said.out == ""
    lines = [line for line in said.err.splitlines() if line.startswith("vael: ") and "warning" not in line]
    assert len(lines) == 1
    assert message in lines[0]
    assert "Traceback" not in said.err
    assert sorted(tmp_path.rglob("*")) == before  # what was there is untouched


def test_wrong_bytes_in_a_file_of_options(vael: Callable[..., Any], tmp_path: Path) -> None:
    for text, message in (
        ("max-epochs =", "bad.toml is no TOML"),
        ("max_epoch = 2", "Did you mean --max-epochs?"),
        ('max-epochs = "two"', "'two' is not a whole number"),
        ("max-epochs = 2.5", "'2.5' is not a whole number"),
    ):
        (tmp_path / "bad.toml").write_text(text)
        said = vael("fit", "digits", "--config", "bad.toml")
        assert said.status == 2
        assert message in said.err


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(package.InputError, match="no such file"):
        main(["fit", "none.csv", "--debug"])
    monkeypatch.setenv("VAEL_TRACEBACK", "1")
    with pytest.raises(package.InputError, match="no such file"):
        main(["fit", "none.csv"])


def test_without_a_standard_output_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python has none where the shell closed it: `vael datasets >&-`."""
    monkeypatch.setattr("sys.stdout", None)
    assert main(["datasets"]) == 0


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (package.NonFiniteError("the loss broke"), 1, "the loss broke"),
        (MemoryError(), 1, "not enough memory"),
        (OSError(28, "No space left on device"), 1, "No space left on device"),
        (PermissionError(13, "Permission denied", "secret.csv"), 2, "secret.csv: Permission denied"),
        (ZeroDivisionError("a slip"), 1, "unexpected ZeroDivisionError: a slip (--debug shows where"),
    ],
)
def test_status_of_what_fails_in_the_work(
    error: BaseException,
    status: int,
    message: str,
    vael: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("vael.datasets.load", fail)
    said = vael("fit", "digits")
    assert said.status == status
    assert said.err.strip().startswith("vael: ")
    assert message in said.err
    assert said.err.strip().count("\n") == 0


def test_warnings_are_lines_and_other_packages_are_silent(
    vael: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def warn(*_: object, **__: object) -> None:
        warnings.warn("likelihood='gaussian' fits\n better", package.VaelWarning, stacklevel=1)
        warnings.warn("noise", RuntimeWarning, stacklevel=1)
        raise package.InputError("enough")

    monkeypatch.setattr("vael.datasets.load", warn)
    said = vael("fit", "digits")
    assert said.err == "vael: warning: --likelihood gaussian fits better\nvael: enough\n"


def test_parameters_are_worded_as_options() -> None:
    assert as_options("max_epochs must be >= 1, got 0") == "--max-epochs must be >= 1, got 0"
    assert as_options("choose likelihood='gaussian', or") == "choose --likelihood gaussian, or"
    assert as_options("use batch_size=8: it fits") == "use --batch-size 8: it fits"
    assert as_options("runs/max_epochs/x is no folder") == "runs/max_epochs/x is no folder"
    assert as_options("the likelihood is fine") == "the likelihood is fine"


def test_choices_are_the_registries() -> None:
    from vael.estimators import LIKELIHOODS, PRESETS, VAE
    from vael.nn.activations import ACTIVATIONS
    from vael.training.schedules import SCHEDULES

    hints = get_type_hints(FitOptions)

    def choices(name: str) -> set[str]:
        literal = next(each for each in get_args(hints[name]) if each is not type(None))
        return set(get_args(literal))

    assert choices("preset") == set(PRESETS)
    assert choices("likelihood") == {"auto", *LIKELIHOODS}
    assert choices("activation") == set(ACTIVATIONS)
    assert choices("schedule") == set(SCHEDULES)
    parameters = set(VAE().get_params()) | {"seed"}
    assert set(hints) <= parameters
    # What an option cannot say, or the command says itself.
    left = {"prior", "objective", "encoder", "decoder", "image_shape", "n_importance_samples"}
    assert parameters - set(hints) == left | {"random_state", "verbose", "run", "resume"}


def test_list_of_data_sets_tells_the_truth(vael: Callable[..., Any]) -> None:
    from vael.datasets import load, names

    said = vael("datasets", "--json")
    listed = json.loads(said.out)["datasets"]
    assert [each["name"] for each in listed] == list(names())
    for each in BUILT_IN:
        if each.name == "fashion-mnist":  # not fetched in tests
            continue
        dataset = load(each.name)
        tests = 0 if dataset.X_test is None else len(dataset.X_test)
        assert (len(dataset.X), tests) == (each.rows, each.test_rows)
        assert dataset.image_shape == each.image_shape
    assert "mnist" in vael("datasets").out


def test_completion_is_installed_for_the_shell(
    vael: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["vael"])
    assert vael("--install-completion", "--shell", "bash").status == 0
    script = tmp_path / ".local/share/bash-completion/completions/vael"
    assert "--n-components" in script.read_text()
    assert "vael" in (tmp_path / ".bashrc").read_text()


def test_every_command_is_registered() -> None:
    assert [name for name in app.make_app() if not name.startswith("-")] == list(COMMANDS)
