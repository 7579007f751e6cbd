"""Bessel functions' quotients against 40 digits."""

from __future__ import annotations

import mpmath
import pytest
import torch

from vael.distributions.tilting import tilted

KAPPAS = (0.0, 1e-8, 1e-3, 0.0999, 0.1001, 1.0, 10.0, 500.0, 3e3, 1e6)


@pytest.mark.parametrize("p", [2, 3, 4, 10, 33, 50, 51, 1001, 5000])
def test_gap_mean_and_divergence_in_every_dimension(p: int) -> None:
    kappa = torch.tensor(KAPPAS, dtype=torch.float64, requires_grad=True)
    found = tilted(p, kappa)
    (slope,) = torch.autograd.grad(found.mean.sum(), kappa, retain_graph=True)
    (gap_slope,) = torch.autograd.grad(found.gap.sum(), kappa, retain_graph=True)
    (cost,) = torch.autograd.grad(found.divergence.sum(), kappa)
    gap_of, mean_of, lack_of = (part.detach() for part in (found.gap, found.mean, found.lack))
    divergence = found.divergence.detach()
    with mpmath.workdps(40):
        for i, k in enumerate(KAPPAS):
            order = mpmath.mpf(p) / 2 - 1
            if k == 0:
                gap, mean, change = mpmath.mpf(0), mpmath.mpf(0), mpmath.mpf(1) / p
            else:
                exact = mpmath.mpf(k)
                bessel = mpmath.besseli(order, exact)
                mean = mpmath.besseli(order + 1, exact) / bessel
                log_m = mpmath.loggamma(order + 1) + order * mpmath.log(2 / exact) + mpmath.log(bessel)
                gap = exact - log_m
                change = 1 - mean**2 - (2 * order + 1) * mean / exact
            assert float(gap_of[i]) == pytest.approx(float(gap), rel=1e-13, abs=1e-15)
            assert float(mean_of[i]) == pytest.approx(float(mean), rel=1e-13)
            assert float(lack_of[i]) == pytest.approx(float(1 - mean), rel=1e-10)
            assert float(gap_slope[i]) == pytest.approx(float(1 - mean), rel=1e-12)
            assert float(slope[i]) == pytest.approx(float(change), rel=1e-10)
            assert float(divergence[i]) == pytest.approx(float(k * mean - k + gap), abs=3e-11)
            assert float(cost[i]) == pytest.approx(float(k * change), rel=1e-9, abs=1e-13)
