"""Normal laws and their divergences against torch, SciPy and quadrature."""

from __future__ import annotations

import pytest
import torch
import zuko
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats
from torch import Tensor
from torch.distributions import Gamma, Independent, MultivariateNormal, Normal, kl_divergence
from torch.func import hessian, jvp, vmap

from vael.distributions import DiagonalNormal, FullNormal, as_law, closed_form_kl, kl_per_latent

DIAGONAL = DiagonalNormal(
    torch.tensor([[0.3, -2.0, 1.0], [0.0, 0.5, 4.0]], dtype=torch.float64),
    torch.tensor([[0.0, -3.0, 1.5], [0.2, 0.1, -0.4]], dtype=torch.float64),
)


def factor(*batch: int) -> Tensor:
    square = torch.randn(*batch, 3, 3, dtype=torch.float64)
    return square.tril(-1) + torch.diag_embed(square.diagonal(dim1=-2, dim2=-1).exp())


def full(*batch: int) -> FullNormal:
    return FullNormal(torch.randn(*batch, 3, dtype=torch.float64), factor(*batch))


@given(loc=st.floats(-5, 5), log_scale=st.floats(-6, 6))
def test_the_density_integrates_to_one(loc: float, log_scale: float) -> None:
    law = DiagonalNormal(*(torch.tensor([v], dtype=torch.float64) for v in (loc, log_scale)))
    width = float(law.stddev)

    def density(t: float) -> float:
        value = torch.tensor([loc + width * t], dtype=torch.float64)
        return width * float(law.log_prob(value).exp())

    mass, _ = integrate.quad(density, -12, 12, limit=100)
    assert mass == pytest.approx(1, abs=1e-8)


def test_diagonal_is_torch_s_normal_summed() -> None:
    torch_law = Independent(Normal(DIAGONAL.loc, DIAGONAL.log_scale.exp()), 1)
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    torch.testing.assert_close(DIAGONAL.log_prob(x), torch_law.log_prob(x))
    torch.testing.assert_close(DIAGONAL.entropy(), torch_law.entropy())
    torch.testing.assert_close(DIAGONAL.variance, torch_law.variance)
    torch.testing.assert_close(DIAGONAL.stddev, torch_law.stddev)


def test_full_is_scipy_s_multivariate_normal() -> None:
    law = full()
    covariance = law.scale_tril @ law.scale_tril.mT
    x = torch.randn(5, 3, dtype=torch.float64)
    expected = stats.multivariate_normal(law.loc.numpy(), covariance.numpy())
    torch.testing.assert_close(law.log_prob(x), torch.from_numpy(expected.logpdf(x.numpy())))
    assert float(law.entropy()) == pytest.approx(expected.entropy())
    torch.testing.assert_close(law.variance, covariance.diagonal())


def test_full_over_batches_is_torch_s() -> None:
    law = full(2)
    torch_law = MultivariateNormal(law.loc, scale_tril=law.scale_tril)
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    torch.testing.assert_close(law.log_prob(x), torch_law.log_prob(x))
    assert law.log_prob(x).shape == (4, 2)


@pytest.mark.parametrize("law", [DIAGONAL, full(2)], ids=["diagonal", "full"])
def test_draws_have_the_law_s_moments(law: FullNormal, generator: torch.Generator) -> None:
    n = 20000
    draws = law.draw((n,), generator)
    error = law.variance.sqrt() / n**0.5
    assert ((draws.mean(0) - law.mean).abs() < 5 * error).all()
    torch.testing.assert_close(draws.var(0), law.variance, rtol=5 * (2 / n) ** 0.5, atol=0)
    # the right density, not only the right moments: the mean of ln p is minus the entropy
    log_prob = law.log_prob(draws)
    error = log_prob.std(0) / n**0.5
    assert ((log_prob.mean(0) + law.entropy()).abs() < 5 * error).all()


def test_a_shared_scale_need_not_be_repeated() -> None:
    loc = torch.randn(4, 3, dtype=torch.float64)
    value = torch.randn(4, 3, dtype=torch.float64)
    for log_scale in (torch.tensor(0.7).double(), torch.tensor([0.1, -2.0, 0.7]).double()):
        shared = DiagonalNormal(loc, log_scale)
        repeated = DiagonalNormal(loc, log_scale.expand(4, 3))
        for found, expected in (
            (shared.log_prob(value), repeated.log_prob(value)),
            (shared.entropy(), repeated.entropy()),
            (shared.variance, repeated.variance),
            (shared.expand((2, 4)).log_prob(value), repeated.log_prob(value).expand(2, 4)),
            (kl_divergence(shared, repeated), torch.zeros(4).double()),
        ):
            torch.testing.assert_close(found, expected)


@given(mean=st.floats(-3, 3), log_scale=st.floats(-3, 2))
def test_kl_from_the_standard_normal(mean: float, log_scale: float) -> None:
    """(mu^2 + s^2 - 1 - ln s^2) / 2."""
    q = DiagonalNormal(*(torch.tensor([v], dtype=torch.float64) for v in (mean, log_scale)))
    zero = torch.zeros(1, dtype=torch.float64)
    variance = float(q.variance)
    expected = (mean**2 + variance - 1 - 2 * log_scale) / 2
    found = closed_form_kl(q, DiagonalNormal(zero, zero))
    assert found is not None
    assert float(found) == pytest.approx(expected, abs=1e-12)


def test_kl_against_quadrature() -> None:
    q = DiagonalNormal(torch.tensor([0.4]).double(), torch.tensor([-0.6]).double())
    p = DiagonalNormal(torch.tensor([-1.0]).double(), torch.tensor([0.3]).double())

    def integrand(t: float) -> float:
        value = torch.tensor([t], dtype=torch.float64)
        log_q = q.log_prob(value)
        return float(log_q.exp() * (log_q - p.log_prob(value)))

    expected, _ = integrate.quad(integrand, -8, 8)
    assert float(kl_divergence(q, p)) == pytest.approx(expected, abs=1e-9)


def as_torch(law: DiagonalNormal | FullNormal) -> MultivariateNormal:
    tril = law.scale_tril if isinstance(law, FullNormal) else torch.diag_embed(law.stddev)
    return MultivariateNormal(law.loc, scale_tril=tril)


PRIOR = DiagonalNormal(torch.tensor([0.1, 0.2, -1.0]).double(), torch.tensor([0.0, 0.5, -1]).double())


@pytest.mark.parametrize("q", [DIAGONAL, full(2)], ids=["diagonal", "full"])
@pytest.mark.parametrize("p", [PRIOR, full()], ids=["diagonal", "full"])
def test_kl_is_torch_s(q: DiagonalNormal, p: DiagonalNormal, generator: torch.Generator) -> None:
    found = closed_form_kl(q, p)
    assert found is not None
    torch.testing.assert_close(found, kl_divergence(as_torch(q), as_torch(p)))
    split = kl_per_latent(q, p)
    if isinstance(q, DiagonalNormal) and isinstance(p, DiagonalNormal):
        assert split is not None
        torch.testing.assert_close(split.sum(-1), found)
    else:
        assert split is None
    z = q.draw((20000,), generator)
    ratio = q.log_prob(z) - p.log_prob(z)
    assert ((ratio.mean(0) - found).abs() < 5 * ratio.std(0) / 20000**0.5).all()


def test_torch_s_and_zuko_s_normals_have_the_same_kl() -> None:
    loc, scale = torch.randn(4, 3), torch.rand(4, 3) + 0.1
    prior = zuko.distributions.DiagNormal(torch.zeros(3), torch.ones(3))
    expected = 0.5 * (loc**2 + scale**2 - 1) - scale.log()
    for q in (Independent(Normal(loc, scale), 1), zuko.distributions.DiagNormal(loc, scale)):
        split = kl_per_latent(q, prior)
        assert split is not None
        torch.testing.assert_close(split, expected)
        total = closed_form_kl(MultivariateNormal(loc, torch.diag_embed(scale**2)), prior)
        assert total is not None
        torch.testing.assert_close(total, expected.sum(-1))


def test_an_unknown_pair_has_no_closed_form() -> None:
    q = Independent(Gamma(torch.ones(3), torch.ones(3)), 1)
    assert as_law(q) is q
    assert closed_form_kl(q, DIAGONAL) is None
    assert kl_per_latent(q, DIAGONAL) is None


@pytest.mark.parametrize("law", [DIAGONAL, full(2)], ids=["diagonal", "full"])
def test_curvature_through_torch_func(law: DiagonalNormal | FullNormal) -> None:
    """Minus the Hessian of ln p in x is the precision, whatever transform computes it."""
    if isinstance(law, FullNormal):
        row = FullNormal(law.loc[0], law.scale_tril[0])
    else:
        row = DiagonalNormal(law.loc[0], law.log_scale[0])
    precision = as_torch(row).precision_matrix
    x = torch.randn(3, dtype=torch.float64)
    torch.testing.assert_close(-hessian(row.log_prob)(x), precision)
    _, slope = jvp(row.log_prob, (x,), (torch.eye(3).double()[0],))
    torch.testing.assert_close(slope, -(precision @ (x - row.loc))[0])
    rows = torch.randn(5, 3, dtype=torch.float64)
    torch.testing.assert_close(vmap(row.log_prob)(rows), row.log_prob(rows))
