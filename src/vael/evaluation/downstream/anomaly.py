"""How well scores tell anomalies from other rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vael.errors import InputError
from vael.evaluation.downstream.anomaly_scores import AnomalyScores
from vael.evaluation.downstream.roc import checked_truth, roc_auc
from vael.evaluation.tables import text_table

__all__ = ["QUANTILES", "AnomalyRow", "AnomalyTable", "anomaly"]

QUANTILES = (0.05, 0.5, 0.95, 0.99)


@dataclass(frozen=True)
class AnomalyRow:
    """One score.

    Attributes
    ----------
    score : its name
    quantiles : of all rows' scores, at `QUANTILES`, in the score's unit; None where the score is not defined
    normal_quantiles, anomalous_quantiles : of either kind; None without labels
    auc : probability that an anomaly scores above a normal row, ties one half; None without labels
    auc_standard_error : DeLong's, or None
    average_precision : mean precision over the anomalies, by rank; its chance level is their share
    why : what is not defined, and the reason, in words; empty where all is
    """

    score: str
    quantiles: tuple[float, ...] | None
    normal_quantiles: tuple[float, ...] | None = None
    anomalous_quantiles: tuple[float, ...] | None = None
    auc: float | None = None
    auc_standard_error: float | None = None
    average_precision: float | None = None
    why: str = ""


@dataclass(frozen=True)
class AnomalyTable:
    """Scores side by side on the same rows; `str` gives text, `to_dict` all of it for JSON.

    Attributes
    ----------
    rows : one a score
    n : rows scored
    anomalies : of them; None without labels
    """

    rows: tuple[AnomalyRow, ...]
    n: int
    anomalies: int | None

    def row(self, score: str) -> AnomalyRow:
        """Find the row of a score."""
        for row in self.rows:
            if row.score == score:
                return row
        raise KeyError(f"no score is called {score!r}: there are {[row.score for row in self.rows]}")

    def to_rows(self) -> list[dict[str, Any]]:
        """Flat dictionaries of text and numbers, one a score, without the quantiles."""
        return [
            {name: value for name, value in asdict(row).items() if "quantiles" not in name}
            for row in self.rows
        ]

    def to_dict(self) -> dict[str, Any]:
        """Everything, in types that `json.dumps` takes; an infinite quantile is the text "inf" or "-inf"."""
        record: dict[str, Any] = asdict(self)
        record["quantile_levels"] = list(QUANTILES)
        for entry in record["rows"]:
            for name in ("quantiles", "normal_quantiles", "anomalous_quantiles"):
                if entry[name] is not None:
                    entry[name] = [q if np.isfinite(q) else str(q) for q in entry[name]]
        return record

    def __str__(self) -> str:
        """Text: the scores, why any is not defined, and what the numbers mean."""
        levels = [f"{100 * level:g} %" for level in QUANTILES]
        if self.anomalies is None:
            body = [[row.score, *_numbers(row.quantiles)] for row in self.rows]
            parts = [text_table(["score", *levels], body)]
            meaning = f"Quantiles of {self.n} rows. Higher is more anomalous; no labels, so no accuracy"
        else:
            header = ["score", "ROC AUC", "average precision", *(f"normal {level}" for level in levels[1:])]
            header.append("anomalies 50 %")
            parts = [text_table(header, [_labelled(row) for row in self.rows])]
            meaning = (
                f"{self.anomalies} anomalies among {self.n} rows. ROC AUC ± DeLong's standard error, chance "
                f"0.5;\naverage precision, chance {self.anomalies / self.n:.3f}; "
                "then quantiles of the scores. Higher is more anomalous"
            )
        parts += [f"{row.score}: {row.why}" for row in self.rows if row.why]
        return "\n\n".join([*parts, meaning])


def anomaly(
    scores: AnomalyScores | Mapping[str, ArrayLike], is_anomaly: ArrayLike | None = None
) -> AnomalyTable:
    """Judge anomaly scores by labels, or only describe them where there are none.

    A likelihood that is higher on anomalies than on normal rows gives an AUC below 0.5. That is
    no mistake of the measure: see `anomaly_scores` and Nalisnick et al. 2019 (arXiv 1810.09136).

    Parameters
    ----------
    scores : AnomalyScores, or mapping of name to array-like of shape (n_rows,)
        Higher is more anomalous. Infinite is allowed, NaN is not.
    is_anomaly : array-like of bool, of shape (n_rows,), default=None
        The truth, where it is known. Both kinds must be there.

    Returns
    -------
    AnomalyTable
    """
    given = scores.scores if isinstance(scores, AnomalyScores) else scores
    missing = scores.not_defined if isinstance(scores, AnomalyScores) else {}
    values = {name: _checked(name, each) for name, each in given.items()}
    lengths = {len(each) for each in values.values()}
    if len(lengths) > 1 or 0 in lengths:
        raise InputError(f"scores must be of the same rows, one or more; got {sorted(lengths)} rows")
    if not values:
        raise InputError("there is no score: " + ("; ".join(missing.values()) or "give one or more"))
    n = lengths.pop()
    truth = None if is_anomaly is None else checked_truth(is_anomaly, n)
    rows = [_row(name, each, truth) for name, each in values.items()]
    rows += [AnomalyRow(name, None, why=f"not defined: {why}") for name, why in missing.items()]
    return AnomalyTable(tuple(rows), n, None if truth is None else int(truth.sum()))


def _row(name: str, values: np.ndarray, truth: np.ndarray | None) -> AnomalyRow:
    if truth is None:
        return AnomalyRow(name, _quantiles(values))
    from sklearn.metrics import average_precision_score

    area = roc_auc(values, truth)
    ranks = np.unique(values, return_inverse=True)[1]  # the same order, and never infinite
    return AnomalyRow(
        score=name,
        quantiles=_quantiles(values),
        normal_quantiles=_quantiles(values[~truth]),
        anomalous_quantiles=_quantiles(values[truth]),
        auc=area.auc,
        auc_standard_error=area.standard_error,
        average_precision=float(average_precision_score(truth, ranks)),
        why=area.why and f"no standard error: {area.why}",
    )


def _quantiles(values: np.ndarray) -> tuple[float, ...]:
    """Quantiles that are values themselves: between two values, one infinite, there is no middle."""
    return tuple(float(q) for q in np.quantile(values, QUANTILES, method="inverted_cdf"))


def _checked(name: str, scores: ArrayLike) -> np.ndarray:
    values = np.asarray(scores)
    if values.ndim != 1 or values.dtype.kind not in "buif" or np.isnan(values.astype(np.float64)).any():
        raise InputError(
            f"{name}: scores must be a list of numbers without NaN; got {values.dtype} "
            f"of shape {values.shape}"
        )
    return values.astype(np.float64)


def _numbers(quantiles: tuple[float, ...] | None) -> list[str]:
    return ["not defined"] * len(QUANTILES) if quantiles is None else [f"{q:.4g}" for q in quantiles]


def _labelled(row: AnomalyRow) -> list[str]:
    if row.auc is None or row.average_precision is None or row.anomalous_quantiles is None:
        return [row.score, "not defined", *[""] * 5]
    error = "" if row.auc_standard_error is None else f" ± {row.auc_standard_error:.3f}"
    return [
        row.score,
        f"{row.auc:.3f}{error}",
        f"{row.average_precision:.3f}",
        *_numbers(row.normal_quantiles)[1:],
        f"{row.anomalous_quantiles[1]:.4g}",
    ]
