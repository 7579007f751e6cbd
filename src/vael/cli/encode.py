"""`vael encode`: the latents of rows, in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from vael.cli.common import COMMON, Common
from vael.cli.outputs import TABLES, check_output, write_table
from vael.cli.runs import is_run, newest
from vael.cli.sizes import Shape
from vael.errors import InputError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["encode"]


def encode(
    *places: Annotated[str, Parameter(name="[RUN] [SOURCE]")],
    out: Path,
    part: Literal["train", "test"] = "train",
    label: str | None = None,
    image_shape: Shape | None = None,
    overwrite: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    common: Common = COMMON,
) -> None:
    """Write the posterior mean of each row's latents, in the order of the rows.

    Parameters
    ----------
    places
        Folder of the run [the newest under ./runs], and the data: a name, file or folder [the run's own].
    out
        File to write: .npy, .npz (latents, labels), .csv or .parquet (z0, z1, ..., label).
    part
        The data's training rows, or their test rows.
    label
        Column, key or file of the labels, as in vael fit: it is no feature, and goes along.
    image_shape
        As in vael fit.
    overwrite
        Replace the file if it is there.
    common
        How the command speaks.
    """
    run, source = _places(places)
    check_output(out, TABLES, overwrite=overwrite)
    Z, labels = (
        _kept(run, part, label, image_shape)
        if source is None
        else _computed(run, source, part, label, image_shape)
    )
    table = out.suffix.lower() != ".npz"
    extra = {} if labels is None else {"label" if table else "labels": labels}
    write_table(out, Z, [f"z{i}" for i in range(Z.shape[1])], key="latents", extra=extra)
    common.result(
        {"run": run, "source": source, "part": part, "out": out, "rows": len(Z), "latents": Z.shape[1]},
        f"{len(Z)} rows of {Z.shape[1]} latents: {out}",
    )


def _places(places: tuple[str, ...]) -> tuple[Path, str | None]:
    """Tell the run from the source; a single folder that holds a run is the run."""
    match places:
        case ():
            return newest(), None
        case (one,):
            return (Path(one), None) if is_run(one) else (newest(), one)
        case (run, source):
            return Path(run), source
        case _:
            raise InputError(f"unexpected argument {places[2]!r}: encode takes RUN and SOURCE")


def _kept(
    run: Path, part: str, label: str | None, image_shape: tuple[int, ...] | None
) -> tuple[np.ndarray, np.ndarray | None]:
    from vael.estimators.run_data import read

    if label is not None or image_shape is not None:
        raise InputError("--label and --image-shape belong to a SOURCE: name one, or leave them out")
    data = read(run)
    Z, labels = (data.latents, data.labels) if part == "train" else (data.latents_test, data.labels_test)
    if Z is None:
        raise InputError(f"{data.name} has no test rows: leave --part out")
    return Z, labels


def _computed(
    run: Path, source: str, part: str, label: str | None, image_shape: tuple[int, ...] | None
) -> tuple[np.ndarray, np.ndarray | None]:
    import vael
    from vael.datasets import load

    estimator = vael.load(run)
    dataset = load(source, label=label, image_shape=image_shape)
    X, labels = (dataset.X, dataset.y) if part == "train" else (dataset.X_test, dataset.y_test)
    if X is None:
        raise InputError(f"{dataset.name} has no test rows: leave --part out")
    if X.shape[1] != estimator.n_features_in_:
        one_more = X.shape[1] == estimator.n_features_in_ + 1
        hint = " (is one of them a label? name it by --label)" if one_more else ""
        raise InputError(
            f"{dataset.name} has {X.shape[1]} features, but the model of {run} was fitted to "
            f"{estimator.n_features_in_}{hint}"
        )
    return estimator.transform(X), labels
