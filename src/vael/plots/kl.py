"""Which latents the model uses: the KL divergence that each one carries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from vael.errors import InputError
from vael.plots.style import LIGHT, Theme

__all__ = ["kl_bars"]


def kl_bars(
    kl_per_latent: Sequence[float] | np.ndarray,
    *,
    threshold: float = 0.1,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw each latent's mean KL divergence from the prior in nats, the largest first.

    Those above ``threshold`` nats are coloured. The number under a bar is the
    latent's place in the model, from 1.
    """
    kl = np.asarray(kl_per_latent, dtype=np.float64)
    if kl.ndim != 1 or len(kl) == 0 or not np.isfinite(kl).all():
        raise InputError(
            f"kl_per_latent must be a list of finite numbers, one a latent, got shape {kl.shape}"
        )
    order = np.argsort(-kl, kind="stable")
    active = kl[order] > threshold
    places = np.arange(len(kl))
    figure = theme.figure(3.0)
    axes = theme.dress(figure.add_subplot())
    colours = [theme.accent if a else theme.muted for a in active]
    axes.bar(places, kl[order], width=0.78, color=colours)
    axes.grid(False, axis="x")
    axes.axhline(threshold, color=theme.contrast, lw=1.0, ls=(0, (4, 3)))
    step = -(-len(kl) // 24)
    axes.set_xticks(places[::step], labels=[str(i + 1) for i in order[::step]])
    axes.set_xlim(-0.7, len(kl) - 0.3)
    axes.set_ylim(min(0.0, float(kl.min())), 1.06 * max(float(kl.max()), threshold))
    axes.set_xlabel("latent, by its share")
    axes.set_ylabel("KL (nats)")
    count = int(active.sum())
    keys = [
        Patch(color=theme.accent, label=f"{count} above {threshold:g} nats"),
        Patch(color=theme.muted, label=f"{len(kl) - count} at most {threshold:g} nats"),
    ]
    legend = figure.legend(handles=keys, loc="outside right upper", title=f"{kl.sum():.1f} nats in all")
    theme.dress_legend(legend)
    legend._legend_box.align = "left"  # pyright: ignore[reportAttributeAccessIssue]
    return figure
