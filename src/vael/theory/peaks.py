"""Where a density has its mass, found from its logarithm, which slopes towards it from afar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from vael.theory.quadrature import line_points

__all__ = ["Peak", "peaks"]

_GRID = 2001
_MOST = 8  # peaks followed to their top
_DEPTH = 40.0  # nats below the highest at which a peak no longer matters


@dataclass(frozen=True)
class Peak:
    """A local maximum.

    Attributes
    ----------
        place: Where it is.
        log_density: Its height, in nats.
        width: A distance at which the logarithm has fallen by about one nat.
    """

    place: float
    log_density: float
    width: float

    @property
    def points(self) -> tuple[float, ...]:
        """Where to cut an integral over it: what lies past six widths is hardly seen from afar."""
        return tuple(self.place + k * self.width for k in (-30, -6, -2, 0, 2, 6, 30))


def peaks(
    log_density: Callable[[NDArray], NDArray],
    lower: float,
    upper: float,
    points: Sequence[float] = (),
) -> list[Peak]:
    """Find the local maxima of a log-density on a line, the highest first.

    A grid, finer where `points` are, gives the slopes; each of the highest places on it is followed to its
    top. A narrow peak is found where its logarithm rises towards it over a step of the grid.

    Arguments:
        log_density: Takes an array ``(n,)`` and gives as many numbers, -inf where there is no density.
        lower: Lower end of the line, may be -inf.
        upper: Upper end, may be inf.
        points: Where mass is expected; as of `integrate`.
    """
    x = line_points(lower, upper, points, _GRID)
    values = log_density(x)
    beside = np.maximum(np.r_[-np.inf, values[:-1]], np.r_[values[1:], -np.inf])
    tops = np.flatnonzero((values >= beside) & (values > -np.inf))
    highest = tops[np.argsort(-values[tops], kind="stable")][:_MOST]

    def height(place: float) -> float:
        return float(log_density(np.array([place]))[0])

    found = [_climbed(height, x, int(i), lower, upper) for i in highest]
    found.sort(key=lambda peak: -peak.log_density)
    return [peak for peak in found if peak.log_density > found[0].log_density - _DEPTH]


def _climbed(height: Callable[[float], float], x: NDArray, i: int, lower: float, upper: float) -> Peak:
    low, high = x[max(i - 1, 0)], x[min(i + 1, len(x) - 1)]
    place = float(x[i])
    # A bounded search stops at the square root of what rounding leaves; a second one starts closer.
    for reach in (high - low, 1e-3 * (high - low), 1e-6 * (high - low)):
        bounds = max(low, place - reach), min(high, place + reach)
        found: Any = minimize_scalar(
            lambda z: -height(z), bounds=bounds, method="bounded", options={"xatol": 1e-9 * reach}
        )
        better = float(found.x)
        place = better if height(better) >= height(place) else place
    top = height(place)

    def fall(width: float) -> float:
        ends = [z for z in (place - width, place + width) if lower <= z <= upper]
        return top - max(map(height, ends)) if ends else np.inf

    width = float(high - low)
    while fall(width) > 2 and width > 1e-14 * max(abs(place), 1e-300):
        width /= 2
    for _ in range(60):
        if fall(width) >= 0.5:
            break
        width *= 2
    return Peak(place, top, width)
