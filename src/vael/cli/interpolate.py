"""`vael interpolate`: the way from one row to another, decoded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, validators

from vael.cli.common import COMMON, Common
from vael.cli.outputs import PICTURES, TABLES, check_output, write_picture, write_table
from vael.cli.runs import the_run
from vael.cli.sizes import Whole
from vael.errors import InputError

__all__ = ["interpolate"]

_ROW = re.compile(r"(test:)?(\d+)")


def interpolate(
    *places: Annotated[str, Parameter(name="[RUN] A B")],
    out: Path,
    steps: Annotated[Whole, Parameter(validator=validators.Number(gte=2))] = 10,
    overwrite: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    common: Common = COMMON,
) -> None:
    """Decode points on the straight line between the latents of two rows of the run's data.

    Parameters
    ----------
    places
        Folder of the run [the newest under ./runs]; two rows by number, from 0, or test:5 for a test row.
    out
        File to write: .npy, .npz, .csv, .parquet, or for images a picture: .png, .svg, .pdf.
    steps
        Points on the way, ends included.
    overwrite
        Replace the file if it is there.
    common
        How the command speaks.
    """
    import torch

    import vael
    from vael.estimators.run_data import read

    if len(places) not in (2, 3):
        raise InputError("interpolate needs two row numbers, after the folder of a run if one is named")
    check_output(out, TABLES + PICTURES, overwrite=overwrite)
    folder = the_run(places[0] if len(places) == 3 else None)
    estimator = vael.load(folder)
    data = read(folder)
    start, end = (_latents(data, place) for place in places[-2:])
    t = torch.linspace(0, 1, steps)[:, None]
    way = estimator.space_.geodesic(*(torch.as_tensor(z)[None] for z in (start, end)), t)
    X = estimator.inverse_transform(way.numpy()).reshape(steps, -1)
    if out.suffix.lower() not in PICTURES:
        write_table(out, X, data.feature_names, key="X")
    elif estimator.image_shape_ is None:
        raise InputError(f"the rows of {folder} are no images: choose an --out in {', '.join(TABLES)}")
    else:
        from vael import plots

        write_picture(out, plots.interpolation(X[None], estimator.image_shape_))
    a, b = places[-2:]
    common.result(
        {"run": folder, "out": out, "from": a, "to": b, "steps": steps},
        f"{steps} steps from row {a} to row {b} of {data.name}: {out}",
    )


def _latents(data: Any, place: str) -> Any:
    """Return the latent mean of a row: ``12`` of the data, ``test:12`` of the test rows."""
    found = _ROW.fullmatch(place)
    if found is None:
        raise InputError(f"{place!r} is no row: give its number, counted from 0, or test:NUMBER")
    of_test, row = bool(found[1]), int(found[2])
    latents = data.latents_test if of_test else data.latents
    if latents is None:
        raise InputError(f"{data.name} has no test rows: leave test: out")
    if row >= len(latents):
        what = "test rows" if of_test else "rows"
        raise InputError(f"no row {place}: {data.name} has {len(latents)} {what}, counted from 0")
    return latents[row]
