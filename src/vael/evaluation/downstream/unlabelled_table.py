"""What more unlabelled rows are worth at a fixed number of labels."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vael.evaluation.downstream.repeated import crossed_standard_error
from vael.evaluation.tables import percent, text_table

__all__ = ["UnlabelledCurve", "UnlabelledRow"]


@dataclass(frozen=True)
class UnlabelledRow:
    """The error of one classifier on the representation that some number of unlabelled rows gave.

    Attributes
    ----------
    rows : unlabelled rows that the representation was fitted to; None for the raw rows, which need none
    method : name of the classifier
    features : columns of the representation
    errors : share of the test rows that are wrong, (fits, draws): a list a fit, a number a draw of labels
    raw_errors : of the same classifier on the raw rows, one a draw of the same labels
    fit_seconds : to fit the representation, one a fit
    """

    rows: int | None
    method: str
    features: int
    errors: tuple[tuple[float, ...], ...]
    raw_errors: tuple[float, ...]
    fit_seconds: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean error over fits and draws, in [0, 1]."""
        return float(np.mean(self.errors))

    @property
    def standard_error(self) -> float | None:
        """Standard error of the mean over fits and draws of labels; None for one of each."""
        return crossed_standard_error(np.array(self.errors))

    @property
    def gain(self) -> float:
        """Error on the raw rows minus this one, mean over the same draws: above 0 it helps."""
        return float(np.mean(self.raw_errors)) - self.mean

    @property
    def gain_standard_error(self) -> float | None:
        """Standard error of `gain`, paired by draw."""
        return crossed_standard_error(np.array(self.raw_errors) - np.array(self.errors))


@dataclass(frozen=True)
class UnlabelledCurve:
    """Errors against the number of unlabelled rows; `str` gives text, `to_dict` all of it for JSON.

    Attributes
    ----------
    rows : the raw rows first, one a method, then one a size and method
    labels : rows with a label, classes in balance, the same draws for every size
    classes : how many
    n_train, n_test : rows
    draws : of labels
    fits : of the representation for each size, each to other rows
    """

    rows: tuple[UnlabelledRow, ...]
    labels: int
    classes: int
    n_train: int
    n_test: int
    draws: int
    fits: int

    def row(self, rows: int | None, method: str | None = None) -> UnlabelledRow:
        """Find a row by its size, None for the raw rows; without a method the first that fits."""
        for row in self.rows:
            if row.rows == rows and method in (None, row.method):
                return row
        raise KeyError(f"no row of {method!r} with {rows} unlabelled rows")

    def to_rows(self) -> list[dict[str, Any]]:
        """Flat dictionaries of text and numbers, one a size and method."""
        return [
            {
                "unlabelled": row.rows,
                "method": row.method,
                "features": row.features,
                "error": row.mean,
                "standard_error": row.standard_error,
                "gain": None if row.rows is None else row.gain,
                "gain_standard_error": None if row.rows is None else row.gain_standard_error,
                "fit_seconds": float(np.mean(row.fit_seconds)) if row.fit_seconds else None,
            }
            for row in self.rows
        ]

    def to_dict(self) -> dict[str, Any]:
        """Everything, per fit and draw too, in types that `json.dumps` takes."""
        record = asdict(self)
        for entry, flat in zip(record["rows"], self.to_rows(), strict=True):
            names = ("error", "standard_error", "gain", "gain_standard_error")
            entry |= {name: flat[name] for name in names}
        return record

    def __str__(self) -> str:
        """Text: errors in per cent, the gain over the raw rows, and what the numbers mean."""
        body = [
            [
                "raw rows" if row.rows is None else str(row.rows),
                row.method,
                percent(row.mean, row.standard_error),
                "" if row.rows is None else percent(row.gain, row.gain_standard_error, signed=True),
                f"{np.mean(row.fit_seconds):.1f}" if row.fit_seconds else "",
            ]
            for row in self.rows
        ]
        over = f"{self.draws} draws of labels" + (f" and {self.fits} fits" if self.fits > 1 else "")
        only = "" if self.fits > 1 else "\nOne fit a size: how fits differ is not in the errors."
        return (
            text_table(["unlabelled rows", "method", "error %", "gain on raw rows", "fit s"], body)
            + f"\n\nError in % on {self.n_test} test rows with {self.labels} labels, mean ± standard error "
            f"over {over},\nclasses in balance, the same labels in every line; gain: paired by draw.{only}"
        )
