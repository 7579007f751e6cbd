"""Reparameterisation: draws move with q while their noise stays; two estimators make gradients of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from vael.studio.asked import Asked
from vael.studio.columns import Reply
from vael.studio.loaded import Loaded
from vael.theory import (
    GradientSamples,
    exact_gradient,
    mean_baseline,
    reparameterised_gradient,
    score_function_gradient,
)

__all__ = ["answer"]

SAMPLES, SHOWN = 1000, 200


def answer(loaded: Loaded, asked: Asked) -> Reply:
    """Estimate the gradient of E_q[z^2] by 1000 draws, each way.

    Asks `mean` and `deviation` of q, and `seed` of the noise.

    Arrays:
        noise, z: Draws from N(0, 1), and mean + deviation noise, (200,), float64.
        score, baseline, reparameterised: Each of those draws' estimate of d/dmean, (200,).

    Facts:
        exact: `mean` and `deviation`, the gradient by quadrature.
        score, baseline, reparameterised: Of each estimator `mean`, `error` (standard error of 1000 draws) and
            `variance` (of one draw) towards the mean, and `deviation`, `deviation_error`,
            `deviation_variance` towards the standard deviation.
    """
    mean = asked.number("mean", -3.0, 3.0)
    deviation = asked.number("deviation", 0.1, 2.0)
    seed = asked.whole("seed", 0, 10**6, default=0)
    baseline = mean_baseline(_square, mean, deviation, SAMPLES, random_state=seed + 1)
    ways = {
        "score": score_function_gradient(_square, mean, deviation, SAMPLES, random_state=seed),
        "baseline": score_function_gradient(
            _square, mean, deviation, SAMPLES, baseline=baseline, random_state=seed
        ),
        "reparameterised": reparameterised_gradient(_square, mean, deviation, SAMPLES, random_state=seed),
    }
    exact = exact_gradient(_square, mean, deviation)
    noise = np.random.default_rng(seed).standard_normal((SAMPLES, 1))[:SHOWN, 0]  # as they draw it
    return Reply(
        {
            "exact": {"mean": exact.mu[0], "deviation": exact.sigma[0]},
            **{name: _summary(samples) for name, samples in ways.items()},
        },
        {
            "noise": noise,
            "z": mean + deviation * noise,
            **{name: samples.mu[:SHOWN, 0] for name, samples in ways.items()},
        },
    )


def _square(z: Tensor) -> Tensor:
    return z.square().sum(-1)


def _summary(samples: GradientSamples) -> dict[str, Any]:
    mean, error, variance = samples.mean, samples.standard_error, samples.variance
    return {
        "mean": mean.mu[0],
        "error": error.mu[0],
        "variance": variance.mu[0],
        "deviation": mean.sigma[0],
        "deviation_error": error.sigma[0],
        "deviation_variance": variance.sigma[0],
    }
