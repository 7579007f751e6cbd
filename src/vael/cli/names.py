"""What the features of a run's data are called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["feature_names"]


def feature_names(folder: Path, estimator: Any) -> tuple[str, ...]:
    """Return the names that the run keeps, or the estimator's, or x0, x1, ..."""
    from vael.datasets.dataset import column_names
    from vael.estimators.run_data import FACTS, read

    if (folder / FACTS).exists():
        return read(folder).feature_names
    own = getattr(estimator, "feature_names_in_", None)
    return column_names(estimator.n_features_in_) if own is None else tuple(map(str, own))
