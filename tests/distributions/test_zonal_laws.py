"""Von Mises-Fisher, power spherical and uniform laws against quadrature, moments and closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import special, stats
from torch import Tensor

from vael.distributions import PowerSpherical, SphereUniform, VonMisesFisher, closed_form_kl, draw
from vael.distributions.zonal import Zonal, log_area

LAWS = [VonMisesFisher, PowerSpherical]
KAPPAS = [0.0, 0.3, 5.0, 80.0]
GRID = 8192


def direction(p: int, rows: int = 1, seed: int = 0) -> Tensor:
    x = torch.randn(rows, p, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return x / x.norm(dim=-1, keepdim=True)


def law_of(kind: type[Zonal], p: int, kappa: float, dtype: torch.dtype = torch.float64) -> Zonal:
    return kind(direction(p)[0].to(dtype), torch.tensor(kappa, dtype=dtype))


def over_sphere(law: Zonal, function: Callable[[Tensor, Tensor], Tensor]) -> float:
    """The integral of p(x) function(theta, ln p(x)) over rings about the mean direction, of their area."""
    p = law.event_shape[0]
    at, weights = (torch.from_numpy(each) for each in np.polynomial.legendre.leggauss(300))
    rest = (1 - at) / 2
    theta = math.pi * (1 - rest**4)  # crowded at pi, where densities may end in a fraction's power
    weights = weights * 4 * rest**3
    across = direction(p, seed=9)[0]
    across = across - (across @ law.loc) * law.loc
    log_p = law.log_prob(torch.outer(theta.cos(), law.loc) + torch.outer(theta.sin(), across / across.norm()))
    ring = log_area(p - 1) + (p - 2) * theta.sin().log() if p > 2 else math.log(2)
    return float((weights * (log_p + ring).exp() * function(theta, log_p)).sum()) * math.pi / 2


@pytest.mark.parametrize("kind", LAWS)
@pytest.mark.parametrize("p", [2, 3, 4, 12])
@pytest.mark.parametrize("kappa", KAPPAS)
def test_density_entropy_and_moments_by_quadrature(kind: type[Zonal], p: int, kappa: float) -> None:
    law = law_of(kind, p, kappa)
    uniform = SphereUniform(law.loc)
    kl = closed_form_kl(law, uniform)
    assert kl is not None
    assert over_sphere(law, lambda theta, log_p: torch.ones(())) == pytest.approx(1, abs=1e-9)
    assert over_sphere(law, lambda theta, log_p: -log_p) == pytest.approx(float(law.entropy()), abs=1e-9)
    assert over_sphere(law, lambda theta, log_p: log_p + log_area(p)) == pytest.approx(float(kl), abs=1e-9)
    cosine = over_sphere(law, lambda theta, log_p: theta.cos())
    square = over_sphere(law, lambda theta, log_p: theta.cos() ** 2)
    assert cosine == pytest.approx(float(law.mean_cosine), abs=1e-9)
    assert square == pytest.approx(float(law.mean_square_cosine), abs=1e-9)


@pytest.mark.parametrize("kappa", [0.5, 20.0, 3000.0])
@pytest.mark.parametrize("p", [2, 3, 8, 100])
def test_von_mises_fisher_is_scipy_s(p: int, kappa: float) -> None:
    law = law_of(VonMisesFisher, p, kappa)
    x = law.draw((20,), torch.Generator().manual_seed(1))
    expected = stats.vonmises_fisher(law.loc.numpy(), kappa)
    np.testing.assert_allclose(law.log_prob(x).numpy(), expected.logpdf(x.numpy()), rtol=1e-9)
    assert float(law.entropy()) == pytest.approx(expected.entropy(), abs=1e-8)


@pytest.mark.parametrize("kind", LAWS)
@pytest.mark.parametrize("p", [2, 3, 4, 30, 1000])
@pytest.mark.parametrize("kappa", [0.0, 1.0, 50.0, 1e6])
def test_quantiles_have_the_moments_and_their_derivatives(kind: type[Zonal], p: int, kappa: float) -> None:
    """By midpoints in t, where level = t^2 (3 - 2 t): dense at 0 and 1, where the quantile is singular."""
    t = (torch.arange(GRID, dtype=torch.float64) + 0.5) / GRID
    level, weight = t * t * (3 - 2 * t), 6 * t * (1 - t) / GRID
    k = torch.tensor([kappa], dtype=torch.float64, requires_grad=True)
    law = kind(direction(p), k)
    fall = law._fall(level.unsqueeze(-1)).squeeze(-1)
    mean, expected = (weight * fall).sum(), 1 - law.mean_cosine[0]
    deviation = float((weight * (fall - mean).square()).sum().sqrt().detach())
    assert float((mean - expected).detach()) == pytest.approx(0, abs=2e-6 * deviation)
    (slope,) = torch.autograd.grad(mean, k, retain_graph=True)
    (known,) = torch.autograd.grad(expected, k)
    assert float(slope) == pytest.approx(float(known), rel=1e-5)


def test_power_spherical_angles_are_beta_s_quantiles() -> None:
    level = torch.linspace(0.001, 0.999, 101, dtype=torch.float64)
    for p, kappa in ((2, 3.0), (3, 0.7), (6, 40.0), (200, 1.0)):
        law = PowerSpherical(direction(p), torch.tensor([kappa], dtype=torch.float64))
        found = 1 - law._fall(level.unsqueeze(-1)).squeeze(-1) / 2
        expected = special.betaincinv(kappa + (p - 1) / 2, (p - 1) / 2, 1 - level.numpy())
        np.testing.assert_allclose(found.numpy(), expected, rtol=2e-9)


@pytest.mark.parametrize("kind", LAWS)
@pytest.mark.parametrize("p", [2, 3, 7])
def test_draws_lie_about_their_direction(kind: type[Zonal], p: int, generator: torch.Generator) -> None:
    law = kind(direction(p, 4), torch.tensor([0.0, 2.0, 20.0, 1e4], dtype=torch.float64))
    x = law.draw((40000,), generator)
    torch.testing.assert_close(x.norm(dim=-1), torch.ones(40000, 4, dtype=torch.float64))
    error = x.std(0) / 200 + 1e-12
    assert ((x.mean(0) - law.mean_cosine.unsqueeze(-1) * law.loc).abs() < 5 * error).all()
    spread = (x - law.mean_cosine.unsqueeze(-1) * law.loc).square()
    assert ((spread.mean(0) - law.variance).abs() < 5 * spread.std(0) / 200 + 1e-12).all()
    ratio = law.log_prob(x)
    assert ((ratio.mean(0) + law.entropy()).abs() < 5 * ratio.std(0) / 200 + 1e-12).all()


@pytest.mark.parametrize("kind", LAWS)
@pytest.mark.parametrize("p", [3, 5])
def test_gradients_of_draws_are_unbiased(kind: type[Zonal], p: int, generator: torch.Generator) -> None:
    """E[a.x] = mean_cosine a.mu: its derivatives in kappa and in mu, within their standard errors."""
    a, mu = direction(p, seed=3)[0], direction(p)[0]
    n = 20000
    loc = mu.expand(n, p).clone().requires_grad_()
    kappa = torch.full((n,), 4.0, dtype=torch.float64, requires_grad=True)
    (kind(loc, kappa).draw((), generator) @ a).sum().backward()
    assert kappa.grad is not None
    assert loc.grad is not None
    exact = torch.tensor(4.0, dtype=torch.float64, requires_grad=True)
    mean = kind(mu, exact).mean_cosine
    (slope,) = torch.autograd.grad(mean, exact)
    each = kappa.grad
    assert abs(float(each.mean() - slope * (a @ mu))) < 5 * float(each.std()) / n**0.5
    tangent = direction(p, seed=4)[0]
    tangent = tangent - (tangent @ mu) * mu
    along = loc.grad @ tangent
    assert abs(float(along.mean() - mean.detach() * (a @ tangent))) < 5 * float(along.std()) / n**0.5


@pytest.mark.parametrize("kind", LAWS)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_gradients_stay_small_at_both_poles(kind: type[Zonal], sign: float) -> None:
    loc = torch.tensor([[sign, 0.0, 0.0]], dtype=torch.float64, requires_grad=True)
    law = kind(loc, torch.tensor([10.0], dtype=torch.float64))
    law.draw((1000,), torch.Generator().manual_seed(0)).sum().backward()
    assert loc.grad is not None
    assert float(loc.grad.abs().max()) < 5000


@pytest.mark.parametrize("kind", LAWS)
def test_single_precision_at_a_thousand_dimensions_is_double_s(kind: type[Zonal]) -> None:
    p = 1001
    loc = direction(p, 5)
    kappa = torch.tensor([0.0, 1.0, 100.0, 1e4, 1e6], dtype=torch.float64)
    exact, rough = kind(loc, kappa), kind(loc.float(), kappa.float())
    noise = rough.noise((3, 5, p), torch.Generator().manual_seed(0))
    x, y = exact.distort(noise.double()), rough.distort(noise)
    torch.testing.assert_close(y.double(), x, atol=1e-6, rtol=0)
    torch.testing.assert_close(rough.divergence.double(), exact.divergence, rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(rough.log_prob(y).double(), exact.log_prob(x), rtol=1e-4, atol=0)
    mirror = kind(-loc.float(), kappa.float())
    assert torch.equal(mirror.log_prob(-y), rough.log_prob(y))
    assert torch.isfinite(rough.entropy()).all()


def test_noise_is_shared_over_rows() -> None:
    """Each row's draws are the same whatever rows stand beside it."""
    for kind in LAWS:
        for p in (3, 6):
            law = kind(direction(p, 4), torch.tensor([0.1, 1.0, 9.0, 300.0], dtype=torch.float64))
            noise = law.noise((7, 1, p), torch.Generator().manual_seed(0))
            together = law.distort(noise)
            assert together.shape == (7, 4, p)
            for i in range(4):
                alone = kind(law.loc[i : i + 1], law.concentration[i : i + 1]).distort(noise)
                torch.testing.assert_close(alone, together[:, i : i + 1], atol=1e-12, rtol=0)


def test_uniform(generator: torch.Generator) -> None:
    law = SphereUniform(torch.zeros(4, dtype=torch.float64))
    x = draw(law, (20000,), generator)
    torch.testing.assert_close(x.norm(dim=-1), torch.ones(20000, dtype=torch.float64))
    assert (x.mean(0).abs() < 5 * x.std(0) / 20000**0.5).all()
    assert float(law.log_prob(x[0])) == pytest.approx(-math.log(2 * math.pi**2))
    assert float(law.entropy()) == pytest.approx(math.log(2 * math.pi**2))
    assert log_area(3) == pytest.approx(math.log(4 * math.pi))
    assert log_area(2) == pytest.approx(math.log(2 * math.pi))


@pytest.mark.parametrize("kind", LAWS)
def test_expanding_and_holding_constant(kind: type[Zonal]) -> None:
    law = kind(direction(3, 2), torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True))
    x = direction(3, 2, seed=5)
    torch.testing.assert_close(law.expand((4, 2)).log_prob(x), law.log_prob(x).expand(4, 2))
    assert not law.detach().log_prob(x).requires_grad
