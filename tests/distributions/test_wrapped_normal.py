"""The wrapped normal law against quadrature, change of variables and its limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import jacrev

from vael.distributions import DiagonalNormal, PoincareBall, WrappedNormal, closed_form_kl, draw


def law_of(dim: int, rows: int = 1, c: float = 1.0, seed: int = 0) -> WrappedNormal:
    generator = torch.Generator().manual_seed(seed)
    u, s = torch.randn(2, rows, dim, generator=generator, dtype=torch.float64)
    loc = PoincareBall(dim, c).from_normal(torch.zeros(rows, dim, dtype=torch.float64), 0.7 * u)
    return WrappedNormal(loc, 0.4 * s - 0.5, c)


@pytest.mark.parametrize("c", [0.3, 1.0, 2.5])
def test_it_integrates_to_one(c: float) -> None:
    law = law_of(2, c=c)
    at, weights = (torch.from_numpy(each) for each in np.polynomial.legendre.leggauss(400))
    r = (at + 1) / 2 / math.sqrt(c)
    angles = 2 * math.pi * torch.arange(400, dtype=torch.float64) / 400
    z = torch.stack([torch.outer(r, angles.cos()), torch.outer(r, angles.sin())], dim=-1)
    volume = law.space.scale(z).squeeze(-1).square()
    rings = (law.log_prob(z).exp() * volume).mean(1) * 2 * math.pi * r
    assert float((rings * weights).sum()) / 2 / math.sqrt(c) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_density_is_the_change_of_variables(dim: int) -> None:
    """ln p(z) = ln N(noise) - ln |det dz / dnoise|, less d ln lambda for hyperbolic volume."""
    law = law_of(dim, c=0.7)
    noise = torch.randn(dim, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    jacobian = jacrev(lambda e: law.distort(e.unsqueeze(0))[0])(noise)
    z = law.distort(noise.unsqueeze(0))
    base = DiagonalNormal(torch.zeros_like(noise), torch.zeros_like(noise)).log_prob(noise)
    expected = base - torch.linalg.slogdet(jacobian)[1] - dim * law.space.scale(z)[0, 0].log()
    torch.testing.assert_close(law.log_prob(z)[0], expected)


def test_scaling_the_ball_changes_nothing_but_the_unit_of_volume() -> None:
    c, dim = 2.5, 3
    law = law_of(dim, 4, c)
    same = WrappedNormal(c**0.5 * law.loc, law.log_scale + 0.5 * math.log(c))
    noise = torch.randn(6, 4, dim, dtype=torch.float64)
    z, scaled = law.distort(noise), same.distort(noise)
    torch.testing.assert_close(scaled, c**0.5 * z)
    torch.testing.assert_close(law.log_prob(z), same.log_prob(scaled) + 0.5 * dim * math.log(c))


def test_flat_space_is_its_limit() -> None:
    law = law_of(3, 4, c=1.0)
    flat = WrappedNormal(law.loc, law.log_scale, 1e-9)
    noise = torch.randn(4, 3, dtype=torch.float64)
    z = flat.distort(noise)
    torch.testing.assert_close(z, law.loc + 0.5 * law.log_scale.exp() * noise)  # lambda is 2 there
    normal = DiagonalNormal(law.loc, law.log_scale - math.log(2))
    torch.testing.assert_close(flat.log_prob(z), normal.log_prob(z) - 3 * math.log(2), rtol=1e-6, atol=1e-6)


def test_distances_to_the_centre_are_those_of_the_noise(generator: torch.Generator) -> None:
    law = law_of(4, 3)
    z = draw(law, (20000,), generator)
    u = law.space.to_normal(law.loc, z)
    error = u.square().std(0) / 20000**0.5
    assert ((u.square().mean(0) - law.variance).abs() < 5 * error).all()
    assert (u.mean(0).abs() < 5 * u.std(0) / 20000**0.5).all()


def test_gradients_of_draws(generator: torch.Generator) -> None:
    """E[d(mu, z)^2] = sum sigma^2, in any curvature: its derivatives in ln sigma and in c."""
    dim, n = 3, 4000
    log_scale = torch.full((dim,), -0.3, dtype=torch.float64, requires_grad=True)
    c = torch.tensor(0.8, dtype=torch.float64, requires_grad=True)
    loc = law_of(dim).loc.expand(n, dim)
    law = WrappedNormal(loc, log_scale, c)
    z = law.draw((), generator)
    mean = PoincareBall(dim, c).distance(loc, z).square().mean()
    slopes = torch.autograd.grad(mean, (log_scale, c))
    error = 5 * float(2 * (2 * log_scale.detach()).exp()[0]) * math.sqrt(2 / n)
    torch.testing.assert_close(slopes[0], 2 * (2 * log_scale).exp().detach(), atol=error, rtol=0)
    assert float(slopes[1]) == pytest.approx(0, abs=1e-9)


def test_the_curvature_s_gradient_is_a_difference_quotient_s() -> None:
    law = law_of(3, 2)
    z = law_of(3, 2, seed=3).loc
    c = torch.tensor(0.9, dtype=torch.float64, requires_grad=True)

    def log_prob(curvature: Tensor) -> Tensor:
        return WrappedNormal(law.loc, law.log_scale, curvature).log_prob(z).sum()

    (slope,) = torch.autograd.grad(log_prob(c), c)
    step = 1e-5
    quotient = (log_prob(c.detach() + step) - log_prob(c.detach() - step)) / (2 * step)
    assert float(slope) == pytest.approx(float(quotient), rel=1e-7)


def test_single_precision_at_a_thousand_dimensions() -> None:
    dim = 1000
    law = WrappedNormal(0.3 * law_of(dim, 3).loc / 10, torch.full((3, dim), -3.0, dtype=torch.float64))
    rough = WrappedNormal(law.loc.float(), law.log_scale.float())
    noise = rough.noise((4, 3, dim), torch.Generator().manual_seed(0))
    z = rough.distort(noise)
    torch.testing.assert_close(z.double(), law.distort(noise.double()), atol=1e-6, rtol=0)
    torch.testing.assert_close(rough.log_prob(z).double(), law.log_prob(z.double()), rtol=1e-5, atol=0)
    mirror = WrappedNormal(-rough.loc, rough.log_scale)
    assert torch.equal(mirror.log_prob(-z), rough.log_prob(z))


def test_draws_beyond_single_precision_stay_inside_and_finite() -> None:
    loc = torch.zeros(2, 3, requires_grad=True)
    law = WrappedNormal(loc, torch.full((2, 3), 4.0))
    z = law.draw((500,), torch.Generator().manual_seed(0))
    assert not law.space.outside(z).any()
    log_p = law.log_prob(z)
    assert torch.isfinite(log_p).all()
    (log_p.sum() + z.sum()).backward()
    assert loc.grad is not None
    assert torch.isfinite(loc.grad).all()


def test_no_closed_form_is_claimed() -> None:
    assert closed_form_kl(law_of(2), law_of(2, seed=1)) is None
    with pytest.raises(NotImplementedError):
        law_of(2).entropy()
