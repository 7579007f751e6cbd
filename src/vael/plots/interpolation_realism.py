"""How far from the data the ways between rows lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from vael.errors import InputError
from vael.plots.style import LIGHT, Theme

__all__ = ["interpolation_realism"]

_MARKERS = ("o", "s", "^", "D")


def interpolation_realism(
    t: Sequence[float] | np.ndarray,
    lines: Mapping[str, Sequence[float] | np.ndarray],
    *,
    reconstruction: float | None = None,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw percentiles of the distance to the data against the place on the way, a line a kind of way.

    `t` are places on the way, 0 and 1 its ends; each of `lines` has a value for each place: the per cent of
    held-out rows that are nearer to the data. Held-out rows themselves are at 50, and `reconstruction` says
    where reconstructed rows are; both are drawn across.
    """
    places = np.asarray(t, dtype=np.float64)
    values = {name: np.asarray(line, dtype=np.float64) for name, line in lines.items()}
    if not values or any(line.shape != places.shape or places.ndim != 1 for line in values.values()):
        raise InputError(f"give one value for each of the {places.size} places on the way, for each line")
    figure = theme.figure(3.0)
    axes = theme.dress(figure.add_subplot())
    axes.axhline(50, color=theme.muted, lw=1.2, ls=(0, (5, 3)), label="held-out rows")
    if reconstruction is not None:
        axes.axhline(reconstruction, color=theme.muted, lw=1.4, ls=":", label="reconstructions")
    for (name, line), colour, marker in zip(values.items(), theme.class_colours(len(values)), _MARKERS):
        axes.plot(places, line, color=colour, marker=marker, ms=4.5, mew=0, lw=1.6, label=name)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(0, 100)
    axes.set_xlabel("place on the way")
    axes.set_ylabel("nearer held-out rows (%)")
    theme.dress_legend(figure.legend(loc="outside upper left", ncols=4))
    return figure
