"""What a probe found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vael.evaluation.tables import percent, text_table

__all__ = ["PairedDifference", "ProbeRow", "ProbeTable", "paired_differences"]


@dataclass(frozen=True)
class ProbeRow:
    """One method on one representation with one number of labels.

    Attributes
    ----------
    representation, features : its name and number of columns
    method : name
    labels : training rows with a label; 0 for a clustering, which knows the number of classes only
    all_labels : whether these are all training rows
    accuracies : share of the test rows that are right, one a draw
    transductive : whether the method saw the test rows, without their labels, when it was fitted
    unlabelled : rows that it saw without a label when it was fitted, test rows included
    seconds : to fit and to predict, mean over the draws
    setup_seconds : once for all draws: building the neighbour graph
    nmi, ari : of a clustering, one a draw: normalised mutual information, adjusted Rand index
    """

    representation: str
    features: int
    method: str
    labels: int
    all_labels: bool
    accuracies: tuple[float, ...]
    transductive: bool
    unlabelled: int
    seconds: float
    setup_seconds: float = 0.0
    nmi: tuple[float, ...] = ()
    ari: tuple[float, ...] = ()

    @property
    def mean(self) -> float:
        """Mean accuracy over the draws, in [0, 1]."""
        return float(np.mean(self.accuracies))

    @property
    def std(self) -> float | None:
        """Standard deviation over the draws (n - 1 in the denominator); None for one draw."""
        return float(np.std(self.accuracies, ddof=1)) if len(self.accuracies) > 1 else None


@dataclass(frozen=True)
class PairedDifference:
    """Accuracy on `representation` minus accuracy on `other`, for the same draws of labels."""

    representation: str
    other: str
    method: str
    labels: int
    all_labels: bool
    differences: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over the draws."""
        return float(np.mean(self.differences))

    @property
    def standard_error(self) -> float | None:
        """Standard error of the mean over the draws; None for one draw."""
        n = len(self.differences)
        return float(np.std(self.differences, ddof=1) / np.sqrt(n)) if n > 1 else None

    @property
    def not_worse(self) -> bool:
        """Whether the mean is no lower than one standard error below 0."""
        return self.mean >= -(self.standard_error or 0.0)


@dataclass(frozen=True)
class ProbeTable:
    """Rows of a probe, and the setting that they share.

    `str` gives text, `to_rows` flat dictionaries for a data frame, `to_dict` all of it for JSON.

    Attributes
    ----------
    rows : one a representation, method and number of labels
    differences : the first representation against each other one; empty where there is one only
    classes : how many
    n_train, n_test : rows
    n_pool : training rows that labels were drawn from and graphs made of
    draws : of labels, and of starts of a clustering
    """

    rows: tuple[ProbeRow, ...]
    differences: tuple[PairedDifference, ...]
    classes: int
    n_train: int
    n_test: int
    n_pool: int
    draws: int

    def row(self, method: str, labels: int | None, representation: str | None = None) -> ProbeRow:
        """Find a row, the first that fits; `labels` is None for all labels, 0 for a clustering."""
        for row in self.rows:
            wanted = row.all_labels if labels is None else row.labels == labels
            if row.method == method and wanted and representation in (None, row.representation):
                return row
        raise KeyError(f"no row of {method!r} with {labels} labels on {representation!r}")

    def best(self, labels: int | None, representation: str | None = None) -> ProbeRow:
        """Give the row of the highest mean accuracy with that many labels."""
        rows = [
            row
            for row in self.rows
            if (row.all_labels if labels is None else row.labels == labels)
            and representation in (None, row.representation)
        ]
        if not rows:
            raise KeyError(f"no row with {labels} labels on {representation!r}")
        return max(rows, key=lambda row: row.mean)

    def to_rows(self) -> list[dict[str, Any]]:
        """Flat dictionaries of text and numbers, one a row; a standard deviation may be None."""
        flat: list[dict[str, Any]] = []
        for row in self.rows:
            entry = {name: value for name, value in asdict(row).items() if not isinstance(value, tuple)}
            entry |= {"accuracy": row.mean, "accuracy_std": row.std, "draws": len(row.accuracies)}
            entry["nmi"] = float(np.mean(row.nmi)) if row.nmi else None
            entry["ari"] = float(np.mean(row.ari)) if row.ari else None
            flat.append(entry)
        return flat

    def to_dict(self) -> dict[str, Any]:
        """Everything, per draw too, in types that `json.dumps` takes."""
        record = asdict(self)
        for entry, row in zip(record["rows"], self.rows, strict=True):
            entry |= {"mean": row.mean, "std": row.std}
        for entry, difference in zip(record["differences"], self.differences, strict=True):
            entry |= {
                "mean": difference.mean,
                "standard_error": difference.standard_error,
                "not_worse": difference.not_worse,
            }
        return record

    def __str__(self) -> str:
        """Text: accuracies in per cent, then paired differences, then what the numbers mean."""
        parts = [_accuracies(self.rows)]
        if self.differences:
            parts.append(_differences(self.differences))
        parts.append(
            f"Accuracy in % on {self.n_test} test rows, mean ± standard deviation over {self.draws} "
            f"draws of labels\n(for clusters, of starts), classes in balance, from {self.n_pool} of "
            f"{self.n_train} training rows.\n"
            "* transductive: fitted on the test rows too, without their labels"
        )
        return "\n\n".join(parts)


def paired_differences(rows: Sequence[ProbeRow]) -> list[PairedDifference]:
    """Subtract each other representation from the first, row by row."""
    first = rows[0].representation if rows else ""
    reference = {(row.method, row.labels, row.all_labels): row for row in rows if row.representation == first}
    return [
        PairedDifference(
            representation=first,
            other=row.representation,
            method=row.method,
            labels=row.labels,
            all_labels=row.all_labels,
            differences=tuple(
                float(ours - theirs)
                for ours, theirs in zip(
                    reference[row.method, row.labels, row.all_labels].accuracies,
                    row.accuracies,
                    strict=True,
                )
            ),
        )
        for row in rows
        if row.representation != first
    ]


def _accuracies(rows: Sequence[ProbeRow]) -> str:
    names = list(dict.fromkeys(row.representation for row in rows))
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        line = lines.setdefault((_labels(row), row.method + " *" * row.transductive), {})
        line[row.representation] = percent(row.mean, row.std)
        for score, values in (("NMI", row.nmi), ("ARI", row.ari)):
            if values:
                spread = float(np.std(values, ddof=1)) if len(values) > 1 else None
                line = lines.setdefault((_labels(row), f"{row.method}, {score}"), {})
                line[row.representation] = percent(float(np.mean(values)), spread)
    body = [[*key, *(line.get(name, "") for name in names)] for key, line in lines.items()]
    return text_table(["labels", "method", *names], body)


def _differences(differences: Sequence[PairedDifference]) -> str:
    others = list(dict.fromkeys(each.other for each in differences))
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for each in differences:
        line = lines.setdefault((_labels(each), each.method), {})
        line[each.other] = percent(each.mean, each.standard_error, signed=True)
    body = [[*key, *(line.get(other, "") for other in others)] for key, line in lines.items()]
    first = differences[0].representation
    return (
        f"{first} minus the others: mean ± standard error of the differences, paired by draw\n"
        + text_table(["labels", "method", *others], body)
    )


def _labels(row: ProbeRow | PairedDifference) -> str:
    return f"all {row.labels}" if row.all_labels else str(row.labels or "none")
