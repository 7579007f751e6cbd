"""`vael sample`: new rows from a model."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from vael.cli.common import COMMON, Common
from vael.cli.outputs import PICTURES, TABLES, check_output, write_picture, write_table
from vael.cli.runs import the_run
from vael.cli.sizes import Seed, Whole

__all__ = ["sample"]


def sample(
    run: Path | None = None,
    /,
    *,
    out: Path,
    number: Annotated[Whole, Parameter(alias="-n", validator=validators.Number(gte=1))] = 64,
    mean: bool | None = None,
    seed: Seed = 0,
    overwrite: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    common: Common = COMMON,
) -> None:
    """Draw new rows: z from the prior, then x from p(x|z).

    Parameters
    ----------
    run
        Folder of the run [the newest under ./runs].
    out
        File to write: .npy, .npz, .csv, .parquet, or a picture: .png, .svg, .pdf.
    number
        How many rows.
    mean
        Means of p(x|z) in place of draws from it [for a picture means, else draws].
    seed
        Same number, same rows.
    overwrite
        Replace the file if it is there.
    common
        How the command speaks.
    """
    import vael

    check_output(out, TABLES + PICTURES, overwrite=overwrite)
    folder = the_run(run)
    estimator = vael.load(folder)
    picture = out.suffix.lower() in PICTURES
    means = picture if mean is None else mean
    if not hasattr(estimator, "sample"):
        raise vael.InputError(f"{folder} holds an autoencoder, which has no prior to sample from")
    X = estimator.sample(number, mean=means, random_state=seed)
    flat = X.reshape(len(X), -1)
    if picture:
        from vael import plots

        columns = min(16, math.ceil(math.sqrt(number)))
        write_picture(out, plots.samples(flat, estimator.image_shape_, columns=columns))
    else:
        from vael.cli.names import feature_names

        write_table(out, flat, feature_names(folder, estimator), key="X")
    what = "means of p(x|z)" if means else "draws"
    common.result(
        {"run": folder, "out": out, "rows": number, "mean": means, "seed": seed},
        f"{number} {what} from {folder}: {out}",
    )
