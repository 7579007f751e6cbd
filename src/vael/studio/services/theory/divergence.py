"""The Kullback-Leibler divergence both ways, with its integrand and the best normal of each way."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.optimize import minimize

from vael.studio.asked import Asked
from vael.studio.columns import Reply
from vael.studio.loaded import Loaded
from vael.theory import Density, kl_integrand, kl_quadrature, normal_density

__all__ = ["answer", "two_peaks"]

ENDS, POINTS = 7.0, 281
WIDTH = 0.6


def answer(loaded: Loaded, asked: Asked) -> Reply:
    """Return KL(q || p) and KL(p || q) of a normal q and a p of two peaks, in nats.

    Asks `mean` and `deviation` of q, and `distance` of p's peaks; each peak is 0.6 wide.

    Arrays:
        grid: Places, (281,), float64.
        p, q: Densities there.
        from_q, from_p: q ln(q/p) and p ln(p/q): the integrands of KL(q || p) and KL(p || q).

    Facts:
        kl_q, kl_p: KL(q || p) and KL(p || q).
        best_q, best_p: `mean`, `deviation` and `kl` of the normal that makes each the least.
    """
    mean = asked.number("mean", -5.0, 5.0)
    deviation = asked.number("deviation", 0.15, 4.0)
    distance = asked.number("distance", 0.0, 6.0)
    q, p = normal_density(mean, deviation), two_peaks(distance)
    grid = np.linspace(-ENDS, ENDS, POINTS)
    seeking, covering = _best(round(distance, 4))
    side = -1.0 if mean < 0 else 1.0  # p is the same from both sides, and so has two such q
    return Reply(
        {
            "kl_q": kl_quadrature(q, p).value,
            "kl_p": kl_quadrature(p, q).value,
            "best_q": {"mean": side * seeking[0], "deviation": seeking[1], "kl": seeking[2]},
            "best_p": {"mean": covering[0], "deviation": covering[1], "kl": covering[2]},
        },
        {
            "grid": grid,
            "p": p.pdf(grid),
            "q": q.pdf(grid),
            "from_q": kl_integrand(q, p, grid),
            "from_p": kl_integrand(p, q, grid),
        },
    )


def two_peaks(distance: float) -> Density:
    """Return the mixture of two normals, half each, 0.6 wide and `distance` apart."""
    left, right = normal_density(-distance / 2, WIDTH), normal_density(distance / 2, WIDTH)
    return Density(
        lambda x: np.logaddexp(left.log_pdf(x), right.log_pdf(x)) - np.log(2),
        log=True,
        check=False,  # true by its formula
        points=sorted({*left.points, *right.points, 0.0}),
        name="two peaks",
    )


@lru_cache(maxsize=256)
def _best(distance: float) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Mean, deviation and divergence of the normal of least KL(q || p), and of least KL(p || q).

    The second has the mean and the variance of p. The first is sought by sums over an even grid, which for
    smooth densities are as good as quadrature, from one peak and from the whole of p.
    """
    p = two_peaks(distance)
    whole = float(np.sqrt(WIDTH**2 + distance**2 / 4))
    u = np.linspace(-8, 8, 641)  # in deviations of q
    weight = np.exp(-0.5 * u**2) / np.sqrt(2 * np.pi) * (u[1] - u[0])
    entropy = 0.5 * np.log(2 * np.pi * np.e)

    def divergence(parameters: np.ndarray) -> float:
        deviation = np.exp(parameters[1])
        return float(-entropy - parameters[1] - weight @ p.log_pdf(parameters[0] + deviation * u))

    found = min(
        (
            minimize(
                divergence,
                start,
                method="Nelder-Mead",
                options={
                    "xatol": 1e-7,
                    "fatol": 1e-12,
                    "initial_simplex": start + np.vstack([np.zeros(2), 0.1 * np.eye(2)]),
                },
            )
            for start in (np.array([distance / 2, np.log(WIDTH)]), np.array([0.0, np.log(whole)]))
        ),
        key=lambda result: result.fun,
    )
    seeking = (abs(float(found.x[0])), float(np.exp(found.x[1])), float(found.fun))
    return seeking, (0.0, whole, kl_quadrature(p, normal_density(0.0, whole)).value)
