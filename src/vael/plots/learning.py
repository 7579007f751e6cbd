"""Learning curves: the bound and its two parts, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vael.errors import InputError
from vael.plots.numbers import signed
from vael.plots.style import LIGHT, Theme

__all__ = ["EpochLike", "learning_curves", "robust_limits"]


@runtime_checkable
class EpochLike(Protocol):
    """What a curve needs to know of one epoch; all bounds and their parts in nats a row."""

    @property
    def epoch(self) -> int: ...  # noqa: D102
    @property
    def train_bound(self) -> float: ...  # noqa: D102
    @property
    def train_log_likelihood(self) -> float: ...  # noqa: D102
    @property
    def train_kl(self) -> float: ...  # noqa: D102
    @property
    def validation_bound(self) -> float | None: ...  # noqa: D102
    @property
    def validation_log_likelihood(self) -> float | None: ...  # noqa: D102
    @property
    def validation_kl(self) -> float | None: ...  # noqa: D102
    @property
    def best(self) -> bool: ...  # noqa: D102


def learning_curves(history: Sequence[EpochLike], *, theme: Theme = LIGHT) -> Figure:
    """Draw the bound over the epochs, for training and validation, and its two parts below.

    The bound is the ELBO in nats a row, higher is better; its parts are the reconstruction, the
    mean of ln p(x|z), and the KL divergence that is taken off it. The best epoch is the last that
    is flagged so. Early epochs that lie far off do not set the scale: an arrow says
    how far they reach.
    """
    if len(history) == 0:
        raise InputError("history is empty: fit for one epoch or more before drawing its curves")
    epochs = np.array([row.epoch for row in history])
    flagged = [i for i, row in enumerate(history) if row.best]
    best = flagged[-1] if flagged else None
    figure = theme.figure(5.0)
    grid = figure.add_gridspec(2, 2, height_ratios=[1.5, 1.0])
    panels = (
        ("Bound (ELBO)", "bound", figure.add_subplot(grid[0, :])),
        ("Reconstruction, ln p(x|z)", "log_likelihood", figure.add_subplot(grid[1, 0])),
        ("KL divergence from the prior", "kl", figure.add_subplot(grid[1, 1])),
    )
    for title, name, axes in panels:
        train = _series(history, f"train_{name}")
        validation = _series(history, f"validation_{name}")
        theme.dress(axes, title=title)
        axes.set_ylabel("nats a row")
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True, steps=[1, 2, 5, 10]))
        marker = "o" if len(history) < 4 else ""
        axes.plot(epochs, train, color=theme.accent, lw=1.6, marker=marker, ms=4, label="training")
        if np.isfinite(validation).any():
            axes.plot(
                epochs, validation, color=theme.contrast, lw=1.6, marker=marker, ms=4,
                label="validation",
            )  # fmt: skip
        _scale(axes, epochs, np.stack([train, validation]), theme)
        if best is not None:
            axes.axvline(epochs[best], color=theme.muted, lw=0.9, ls=(0, (3, 3)), zorder=1.5)
    _mark_best(panels[0][2], history, best, theme)
    # in the line of the title, where no curve can pass
    legend = panels[0][2].legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 0.99), borderaxespad=0.0)
    theme.dress_legend(legend)
    return figure


def _series(history: Sequence[EpochLike], name: str) -> np.ndarray:
    values = [getattr(row, name) for row in history]
    return np.array([np.nan if v is None else float(v) for v in values])


def robust_limits(curves: np.ndarray) -> tuple[float, float]:
    """Give limits (low, high) for curves (k, epochs) that a wild beginning does not stretch.

    The epochs after the first tenth set the scale; the first tenth is let in as far as it
    stretches the scale by no more than half.
    """
    curves = np.where(np.isfinite(curves), curves, np.nan)
    start = -(-curves.shape[1] // 10) if curves.shape[1] >= 5 else 0
    settled = curves[:, start:]
    if not np.isfinite(settled).any():
        settled = curves
    if not np.isfinite(settled).any():
        return 0.0, 1.0
    low, high = float(np.nanmin(settled)), float(np.nanmax(settled))
    span = max(high - low, 1e-3 * max(abs(high), abs(low)), 1e-9)
    near = curves[(curves >= low - span / 2) & (curves <= high + span / 2)]
    low, high = min(low, float(near.min())), max(high, float(near.max()))
    return low - 0.06 * span, high + 0.12 * span


def _scale(axes: Axes, epochs: np.ndarray, curves: np.ndarray, theme: Theme) -> None:
    low, high = robust_limits(curves)
    axes.set_ylim(low, high)
    margin = max(0.02 * float(epochs[-1] - epochs[0]), 0.4)
    axes.set_xlim(epochs[0] - margin, epochs[-1] + margin)
    for off, height, arrow, worst in (
        (curves < low, 0.03, "↓", np.nanmin(curves, initial=low)),
        (curves > high, 0.97, "↑", np.nanmax(curves, initial=high)),
    ):
        if off.any():
            last = int(np.flatnonzero(off.any(axis=0))[-1])
            axes.text(
                epochs[min(last + 1, len(epochs) - 1)] + margin / 2,
                height,
                f"{arrow} from {signed(float(worst), 0 if abs(worst) >= 100 else 1)}",
                transform=axes.get_xaxis_transform(),
                va="bottom" if arrow == "↓" else "top",
                color=theme.muted,
                fontsize=theme.small_size,
                path_effects=theme.halo(),
            )


def _mark_best(axes: Axes, history: Sequence[EpochLike], best: int | None, theme: Theme) -> None:
    if best is None:
        return
    row = history[best]
    value = row.validation_bound if row.validation_bound is not None else row.train_bound
    colour = theme.contrast if row.validation_bound is not None else theme.accent
    axes.plot([row.epoch], [value], "o", ms=7, color=colour, mec=theme.background, mew=1.2, zorder=4)
    axes.set_title(
        f"best: epoch {row.epoch}, {signed(value, 2)} nats",
        loc="right",
        color=theme.muted,
        fontsize=theme.small_size,
    )
