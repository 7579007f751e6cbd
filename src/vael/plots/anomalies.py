"""Anomaly scores: how normal and anomalous rows lie on each, and what a threshold would catch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from vael.errors import InputError
from vael.plots.style import LIGHT, Theme

__all__ = ["anomaly_histograms"]


def anomaly_histograms(
    scores: Mapping[str, np.ndarray],
    is_anomaly: np.ndarray | None = None,
    *,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw the scores of normal and of anomalous rows, a panel a score.

    Each kind is a histogram of its own shares, so that few anomalies are seen beside many normal rows.
    Scores beyond the whole set's 0.5th and 99.5th percentile are counted at the ends.

    Arguments:
        scores: By name, each of shape (n,), higher for more anomalous; infinite ones are counted at the ends.
        is_anomaly: Which rows are anomalies, booleans of shape (n,); None where it is not known.
        theme: Colours and sizes.
    """
    if not scores:
        raise InputError("scores is empty: give one score or more")
    figure = theme.figure(2.7)
    panels = figure.subplots(1, len(scores), squeeze=False)[0]
    for panel, (name, given) in zip(panels, scores.items()):
        values = np.asarray(given, dtype=np.float64)
        if values.ndim != 1 or not np.isfinite(values).any() or np.isnan(values).any():
            raise InputError(f"{name} must be numbers, one a row and not NaN; got shape {values.shape}")
        truth = np.zeros(len(values), bool) if is_anomaly is None else np.asarray(is_anomaly, dtype=bool)
        if truth.shape != values.shape:
            raise InputError(f"is_anomaly has shape {truth.shape}, but {name} has {values.shape}")
        axes = theme.dress(panel, title=name)
        low, high = np.quantile(values[np.isfinite(values)], [0.005, 0.995])
        edges = np.linspace(low, high if high > low else low + 1.0, 31)
        kinds = [("all rows" if is_anomaly is None else "normal", ~truth, theme.accent)]
        kinds.append(("anomalies", truth, theme.contrast))
        for kind, chosen, colour in kinds:
            if chosen.any():
                inside = np.clip(values[chosen], edges[0], edges[-1])
                weights = np.full(len(inside), 100 / len(inside))
                axes.hist(inside, edges, weights=weights, color=colour, alpha=0.65, label=kind)
        axes.grid(False, axis="x")
        axes.locator_params(axis="x", nbins=4)
    panels[0].set_ylabel("rows of the kind (%)")
    handles, names = panels[0].get_legend_handles_labels()
    theme.dress_legend(figure.legend(handles, names, loc="outside upper left", ncols=2))
    return figure
