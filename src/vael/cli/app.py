"""The commands, put together. Nothing here imports torch: `vael --help` must be quick."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cyclopts import App
from cyclopts.config import Toml

from vael.cli.compare import compare
from vael.cli.datasets import datasets
from vael.cli.demo import demo
from vael.cli.encode import encode
from vael.cli.evaluate import evaluate
from vael.cli.fit import fit
from vael.cli.geometry import geometry
from vael.cli.interpolate import interpolate
from vael.cli.report import report
from vael.cli.sample import sample
from vael.cli.studio import studio
from vael.cli.theory import theory
from vael.errors import InputError

__all__ = ["make_app"]

_EXAMPLES = """\
Examples:
  vael fit digits                     learn scikit-learn's digits, in ./runs
  vael report                         a page about the newest run
  vael fit mnist --n-components 2 --out runs/map
  vael sample runs/map -n 100 --out samples.png
  vael studio                         walk through the newest run, in the browser
  vael demo                           the case study on MNIST, a few minutes

Where a command takes RUN, leaving it out means the newest run under ./runs."""

_COMMANDS: tuple[tuple[Callable[..., None], str], ...] = (
    (
        fit,
        """\
  vael fit digits
  vael fit mnist --preset iwae --n-components 20 --out runs/iwae
  vael fit table.csv --label species --hidden 64,32
  vael fit pictures/ --network convolutional --max-epochs 50
  vael fit mnist --n-components 2 --studio     watch it learn, in the browser
  vael fit mnist --out runs/iwae --resume      go on where it was stopped
  vael fit digits --config settings.toml       lines like: max-epochs = 50""",
    ),
    (
        report,
        """\
  vael report
  vael report runs/map
  vael report runs/table --data moved/table.csv""",
    ),
    (
        evaluate,
        """\
  vael evaluate
  vael evaluate runs/map --samples 1000
  vael evaluate runs/map --json > map.json""",
    ),
    (
        compare,
        """\
  vael compare runs/vae runs/iwae
  vael compare runs/vae runs/iwae runs/map --out compared.html
  vael compare runs/vae runs/iwae --samples 5000 --json > compared.json""",
    ),
    (
        encode,
        """\
  vael encode --out latents.npy                the newest run's own rows
  vael encode runs/map new.csv --out latents.csv
  vael encode runs/map --part test --out test.npz""",
    ),
    (
        sample,
        """\
  vael sample -n 100 --out samples.png
  vael sample runs/map -n 10000 --out samples.npy --seed 1""",
    ),
    (
        interpolate,
        """\
  vael interpolate 3 7 --out strip.png    between rows 3 and 7
  vael interpolate runs/map 0 test:5 --steps 20 --out strip.npy""",
    ),
    (
        geometry,
        """\
  vael geometry
  vael geometry runs/map --uncertainty radial
  vael geometry runs/a runs/b runs/c         with distances over these trainings
  vael geometry runs/map --json > geometry.json""",
    ),
    (
        studio,
        """\
  vael studio
  vael studio runs/map --port 8000 --no-open""",
    ),
    (
        datasets,
        """\
  vael datasets
  vael datasets --json""",
    ),
    (
        demo,
        """\
  vael demo
  vael demo --quick --out /tmp/demo""",
    ),
    (
        theory,
        """\
  vael theory --out figures
  vael theory --out figures --quick""",
    ),
)


# Where the words differ from what the signature would say.
_USAGE = {
    "fit": "SOURCE [OPTIONS]",
    "report": "[RUN] [OPTIONS]",
    "evaluate": "[RUN] [OPTIONS]",
    "compare": "RUN RUN... [OPTIONS]",
    "encode": "[RUN] [SOURCE] --out FILE [OPTIONS]",
    "sample": "[RUN] --out FILE [OPTIONS]",
    "interpolate": "[RUN] A B --out FILE [OPTIONS]",
    "geometry": "[RUN...] [OPTIONS]",
    "studio": "[RUN] [OPTIONS]",
    "datasets": "[OPTIONS]",
    "demo": "[OPTIONS]",
    "theory": "--out DIR [OPTIONS]",
}


def make_app(given: Sequence[str] = ()) -> App:
    """Build the command line; `given` are its words, in which `--config` names a file of options."""
    app = App(
        name="vael",
        help="Learn a distribution with a variational autoencoder, and put it to work.",
        help_epilogue=_EXAMPLES,
        help_format="plaintext",
        version=version("vael"),
        suppress_keyboard_interrupt=False,
    )
    for place, (command, examples) in enumerate(_COMMANDS):
        name = command.__name__
        usage = f"Usage: vael {name} {_USAGE.get(name, '')}".rstrip()
        app.command(command, usage=usage, help_epilogue=f"Examples:\n{examples}", sort_key=place)
    app.register_install_completion_command(
        help="Install completion for the shell that this is typed in (a line is added to its startup file)."
    )
    config = _config_file(given)
    if config is not None:
        app["fit"].config = (_toml(config),)
    return app


def _config_file(given: Sequence[str]) -> Path | None:
    for place, word in enumerate(given):
        if word == "--config" and place + 1 < len(given):
            return Path(given[place + 1])
        if word.startswith("--config="):
            return Path(word.removeprefix("--config="))
    return None


def _toml(path: Path) -> Any:
    if not path.is_file():
        raise InputError(f"no such file of options: {path}")
    try:
        tomllib.loads(path.read_text())
    except ValueError as error:
        raise InputError(f"{path} is no TOML: {error}") from error
    return Toml(path, must_exist=True, search_parents=False, use_commands_as_keys=False)
