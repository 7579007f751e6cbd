"""Use of the latents: closed forms of linear-Gaussian models, mixtures by quadrature, collapse, ceilings."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch import Tensor, nn
from torch.distributions import Independent, Laplace, MultivariateNormal, Normal, StudentT
from zuko.flows import MAF
from zuko.lazy import LazyDistribution

from vael.distributions import Delta, DiagonalNormal, FullNormal
from vael.errors import InputError
from vael.evaluation.latents import (
    active_units,
    aggregate_posterior,
    latent_kl,
    mixture,
    mutual_information,
    posteriors,
    use_of_latents,
)
from vael.evaluation.subject import Subject
from vael.models import Decoder, FixedGaussian, LatentVariableModel, StandardNormal
from vael.nn import Linear


class Coded(LazyDistribution):
    """q(z|x) whose mean is x itself, times a slope, with one deviation for each latent."""

    def __init__(self, latent: int, deviation: Any, kind: str = "diagonal", slope: float = 1.0) -> None:
        super().__init__()
        self.latent, self.kind, self.slope = latent, kind, slope
        self.deviation = nn.Parameter(torch.full((latent,), 1.0).double() * torch.as_tensor(deviation))

    def forward(self, c: Tensor | None = None) -> Any:
        assert c is not None
        loc, deviation = self.slope * c[..., : self.latent], self.deviation.expand(len(c), -1)
        if self.kind == "diagonal":
            return DiagonalNormal(loc, deviation.log())
        if self.kind == "full":
            return FullNormal(loc, torch.diag_embed(deviation))
        if self.kind == "multivariate":
            return MultivariateNormal(loc, scale_tril=torch.diag_embed(deviation))
        if self.kind == "laplace":
            return Independent(Laplace(loc, deviation), 1)
        return Delta(loc)


def model_of(
    latent: int, deviation: Any, kind: str = "diagonal", prior: Any = "normal", slope: float = 1.0
) -> Any:
    decoder = Decoder(Linear(latent, latent), FixedGaussian(1.0)).double()
    law = StandardNormal(latent).double() if prior == "normal" else prior
    return LatentVariableModel(law, Coded(latent, deviation, kind, slope), decoder)


def normal_rows(n: int, features: int, seed: int = 0, scale: float = 1.0) -> np.ndarray:
    return scale * np.random.default_rng(seed).standard_normal((n, features))


# -- exact models ----------------------------------------------------------------------------------------


def test_the_exact_posterior_of_a_linear_gaussian_model(linear_gaussian: Any) -> None:
    """I(x; z) = 1/2 ln|I + W^T W / s2|, and the codes of the model's own rows follow its prior."""
    W, s2 = linear_gaussian.W, linear_gaussian.s2
    exact = 0.5 * float(torch.logdet(torch.eye(2).double() + W.mT @ W / s2))
    use = use_of_latents(linear_gaussian.model(), linear_gaussian.sample(1500).numpy(), samples=4)
    assert use.information is not None
    assert use.kl is not None
    assert use.aggregate is not None
    assert use.aggregate.kl is not None
    known = use.information
    assert known.estimate == pytest.approx(exact, abs=4 * known.standard_error)
    assert known.standard_error < 0.03
    assert known.estimate < known.upper < known.estimate + 0.06
    assert use.kl.mean == pytest.approx(exact, abs=4 * use.kl.standard_error)
    assert use.kl.estimator == "closed form"
    assert use.aggregate.kl.estimate == pytest.approx(0.0, abs=0.03)
    assert use.aggregate.kl.direct == pytest.approx(use.aggregate.kl.estimate, abs=0.05)
    assert use.aggregate.kl.lower <= use.aggregate.kl.estimate
    assert use.aggregate.moments_kl == pytest.approx(0.0, abs=5 * use.aggregate.moments_bias)
    assert use.aggregate.least_kl < 0.02
    assert use.aggregate.mmd.p_value is not None
    assert use.aggregate.mmd.p_value > 0.01
    assert use.active.count == 2
    exact_variances = (torch.eye(2).double() - s2 * torch.linalg.inv(linear_gaussian.M)).diagonal()
    np.testing.assert_allclose(use.active.variances, exact_variances, rtol=0.15)


@pytest.mark.parametrize(("slope", "deviation"), [(1.5, 0.5), (0.3, 0.2)])
def test_codes_that_do_not_follow_the_prior(slope: float, deviation: float) -> None:
    """q(z) = N(0, slope^2 + deviation^2) for each latent: its KL and information in closed form."""
    variance = slope**2 + deviation**2
    kl = 2 * 0.5 * (variance - 1 - math.log(variance))
    information = 2 * 0.5 * math.log(variance / deviation**2)
    model, X = model_of(2, deviation, slope=slope), normal_rows(2000, 2)
    found = aggregate_posterior(model, X, samples=2)
    assert found.kl is not None
    assert found.kl.estimate == pytest.approx(kl, abs=4 * found.kl.standard_error)
    assert found.kl.direct == pytest.approx(kl, abs=5 * found.kl.standard_error)
    assert found.moments_kl == pytest.approx(kl, rel=0.1)
    assert found.mmd.p_value == pytest.approx(1 / 201)
    np.testing.assert_allclose(found.deviation, math.sqrt(variance), rtol=0.05)
    assert found.prior_deviation == (1.0, 1.0)
    told = mutual_information(model, X, samples=2)
    assert told.estimate == pytest.approx(information, abs=4 * told.standard_error)


def test_a_mixture_of_a_few_rows_by_quadrature() -> None:
    """With the rows as the whole law, I and KL(q(z)||p(z)) are integrals over one latent."""
    X = np.linspace(-2, 2, 10)[:, None] ** 3 / 4
    deviation = 0.4

    def mixture_density(z: float) -> float:
        return float(stats.norm.pdf(z, X[:, 0], deviation).mean())

    def entropy_part(z: float) -> float:
        return -mixture_density(z) * math.log(mixture_density(z))

    def divergence_part(z: float) -> float:
        return mixture_density(z) * (math.log(mixture_density(z)) - float(stats.norm.logpdf(z)))

    entropy = integrate.quad(entropy_part, -6, 6, limit=200)[0]
    exact_information = entropy - float(stats.norm.entropy(scale=deviation))
    exact_kl = integrate.quad(divergence_part, -6, 6, limit=200)[0]
    found = use_of_latents(model_of(1, deviation), X, samples=4_000)
    assert found.information is not None
    assert found.aggregate is not None
    assert found.aggregate.kl is not None
    assert found.information.estimate == pytest.approx(exact_information, abs=0.02)
    assert found.aggregate.kl.estimate == pytest.approx(exact_kl, abs=0.02)
    assert found.aggregate.kl.direct == pytest.approx(exact_kl, abs=0.03)


@pytest.mark.parametrize("samples", [1, 8])
def test_standard_errors_are_those_of_repeated_samples(samples: int) -> None:
    model = model_of(1, 0.5, slope=1.5)
    rows = [normal_rows(150, 1, s) for s in range(80)]
    found = [aggregate_posterior(model, X, samples=samples, permutations=1).kl for X in rows]
    told = [mutual_information(model, X, samples=samples) for X in rows]
    for values, stated in (
        ([f.estimate for f in found if f is not None], [f.standard_error for f in found if f is not None]),
        ([f.lower for f in found if f is not None], [f.lower_standard_error for f in found if f is not None]),
        ([t.estimate for t in told], [t.standard_error for t in told]),
    ):
        assert np.std(values) == pytest.approx(np.mean(stated), rel=0.25)


def test_the_two_estimates_of_the_information_hold_the_truth_between_them() -> None:
    exact = 3 * 0.5 * math.log(1 + 1 / 0.4**2)
    told = [mutual_information(model_of(3, 0.4), normal_rows(60, 3, s), samples=4) for s in range(40)]
    assert np.mean([t.estimate for t in told]) < exact < np.mean([t.upper for t in told])


# -- collapse and ceilings -------------------------------------------------------------------------------


def test_a_collapsed_encoder_tells_nothing() -> None:
    use = use_of_latents(model_of(3, 1.0, slope=0.0), normal_rows(200, 3))
    assert use.information is not None
    assert use.kl is not None
    assert use.aggregate is not None
    assert use.aggregate.kl is not None
    assert use.active.count == 0
    assert use.information.estimate == pytest.approx(0.0, abs=1e-12)
    assert use.information.upper == pytest.approx(0.0, abs=1e-12)
    assert use.information.standard_error == pytest.approx(0.0, abs=1e-12)
    assert use.kl.mean == 0.0
    assert use.aggregate.kl.estimate == pytest.approx(0.0, abs=1e-12)
    assert use.aggregate.moments_kl == pytest.approx(0.0, abs=1e-12)


def test_tiny_posteriors_tell_each_row_apart() -> None:
    told = mutual_information(model_of(2, 1e-6), normal_rows(100, 2), samples=3)
    assert told.estimate == pytest.approx(math.log(100), abs=1e-9)
    assert told.ceiling == pytest.approx(math.log(100))
    assert told.saturated
    assert told.upper > 100
    assert told.standard_error < 1e-6


def test_equal_rows_are_told_apart_as_groups_only() -> None:
    X = np.repeat(normal_rows(5, 1), 8, axis=0)
    told = mutual_information(model_of(1, 1e-4), X, samples=2)
    assert told.estimate == pytest.approx(math.log(5), abs=1e-9)


# -- families --------------------------------------------------------------------------------------------


def test_families_agree_on_one_law() -> None:
    X = normal_rows(80, 2)
    deviation = [0.5, 0.2]
    found = {
        kind: use_of_latents(model_of(2, torch.tensor(deviation), kind), X, samples=3, permutations=1)
        for kind in ("diagonal", "full", "multivariate")
    }
    first = found["diagonal"]
    assert first.kl is not None
    assert first.kl.sums
    for use in found.values():
        assert use.information is not None
        assert use.kl is not None
        assert use.aggregate is not None
        assert first.information is not None
        assert use.information.estimate == pytest.approx(first.information.estimate, abs=1e-9)
        np.testing.assert_allclose(use.kl.per_latent, first.kl.per_latent, rtol=1e-9)
        np.testing.assert_allclose(use.active.variances, X.var(axis=0), rtol=1e-9)


def test_densities_of_every_draw_under_every_row() -> None:
    generator = torch.Generator().manual_seed(0)
    loc = 5 + torch.randn(30, 3, generator=generator).double()
    below = torch.randn(30, 3, 3, generator=generator).double().tril(-1)
    tril = below + torch.diag_embed(torch.rand(30, 3, generator=generator).double() + 0.1)
    z = 5 + torch.randn(20, 3, generator=generator).double()
    for law, own in (
        (
            DiagonalNormal(loc, tril.diagonal(dim1=1, dim2=2).log()),
            Normal(loc, tril.diagonal(dim1=1, dim2=2)),
        ),
        (FullNormal(loc, tril), None),
    ):
        rows = posteriors.Posteriors(model_of(3, 1.0), loc, law)
        exact = (
            MultivariateNormal(loc, scale_tril=tril).log_prob(z[:, None])
            if own is None
            else own.log_prob(z[:, None]).sum(-1)
        )
        torch.testing.assert_close(rows.log_densities(z), exact, rtol=1e-10, atol=1e-9)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model, X = model_of(2, 0.3, "full"), normal_rows(60, 2)
    whole = mutual_information(model, X, samples=3)
    monkeypatch.setattr(posteriors, "BLOCK", 100)
    monkeypatch.setattr(mixture, "BLOCK", 250)
    monkeypatch.setattr(posteriors, "CHUNK", 7)
    parts = mutual_information(model, X, samples=3)
    assert parts.estimate == pytest.approx(whole.estimate, abs=1e-12)
    assert parts.upper == pytest.approx(whole.upper, abs=1e-12)
    assert parts.standard_error == pytest.approx(whole.standard_error, abs=1e-12)


def test_a_flow_posterior_and_a_flow_prior() -> None:
    torch.manual_seed(3)
    encoder = MAF(2, context=2, transforms=1, hidden_features=(8,)).double()
    decoder = Decoder(Linear(2, 2), FixedGaussian(1.0)).double()
    prior = MAF(2, transforms=1, hidden_features=(8,)).double()
    model = LatentVariableModel(prior, encoder, decoder)
    X = normal_rows(60, 2, scale=2.0)
    use = use_of_latents(model, X, samples=200, permutations=9)
    assert use.kl is not None
    assert use.information is not None
    assert use.aggregate is not None
    assert use.aggregate.kl is not None
    assert use.kl.per_latent is None
    assert use.kl.why is not None
    assert use.kl.estimator == "Monte Carlo, 200 draws a row"
    assert use.aggregate.moments_kl is None
    assert "moments_kl" in use.aggregate.why
    # A one-transform affine flow is a normal given its context: its moments are those of many draws.
    with torch.no_grad():
        x = torch.from_numpy(X)
        z = encoder(x).sample((4000,))
        own = encoder(x).log_prob(z)
    means = z.mean(0).var(0, correction=0)
    np.testing.assert_allclose(use.active.variances, means, atol=0.02)
    expected = float((own - prior().log_prob(z)).mean().detach())
    assert use.kl.mean == pytest.approx(expected, abs=0.05)
    assert 0 <= use.information.estimate <= use.information.upper
    assert use.aggregate.kl.direct == pytest.approx(use.aggregate.kl.estimate, abs=1e-9)


class Fixed(LazyDistribution):
    """A prior that is one law."""

    def __init__(self, law: Any) -> None:
        super().__init__()
        self.law = law

    def forward(self, c: Tensor | None = None) -> Any:
        return self.law


def test_independent_latents_of_other_families() -> None:
    X = normal_rows(40, 2)
    zeros, ones = torch.zeros(2).double(), torch.ones(2).double()
    closed = latent_kl(model_of(2, 0.5, "laplace", Fixed(Independent(Normal(zeros, ones), 1))), X)
    # KL(Laplace(m, b) || N(0, 1)) = (2b^2 + m^2) / 2 + ln sqrt(2 pi) - 1 - ln 2b
    exact = (2 * 0.25 + X**2) / 2 + 0.5 * math.log(2 * math.pi) - 1 - math.log(2 * 0.5)
    np.testing.assert_allclose(closed.per_latent, exact.mean(axis=0), rtol=1e-6)
    assert closed.estimator == "closed form"
    assert closed.mean == pytest.approx(float(exact.sum(axis=1).mean()), rel=1e-6)
    heavy = Fixed(Independent(StudentT(5.0 * ones, zeros, ones), 1))
    drawn = latent_kl(model_of(2, 0.5, "laplace", heavy), X, samples=4000)
    assert drawn.estimator == "Monte Carlo, 4000 draws a row"

    def integrand(z: float, m: float) -> float:
        return float(stats.laplace.pdf(z, m, 0.5) * (stats.laplace.logpdf(z, m, 0.5) - stats.t.logpdf(z, 5)))

    first = [integrate.quad(integrand, m - 12, m + 12, args=(m,), points=[m])[0] for m in X[:, 0]]
    assert drawn.per_latent is not None
    assert drawn.per_latent[0] == pytest.approx(np.mean(first), abs=0.02)


def test_correlated_latents_are_given_by_their_marginals(linear_gaussian: Any) -> None:
    model, X = linear_gaussian.model(), linear_gaussian.sample(50)
    found = latent_kl(model, X.numpy())
    q = model.encoder(X)
    exact = 0.5 * (q.variance + q.mean.square() - 1) - 0.5 * q.variance.log()
    np.testing.assert_allclose(found.per_latent, exact.mean(0).detach(), rtol=1e-9)
    assert not found.sums
    assert found.mean > sum(found.per_latent or ())
    assert "no sum" in str(found)


def test_an_autoencoder_has_codes_and_nothing_else() -> None:
    X = normal_rows(50, 3)
    use = use_of_latents(model_of(2, 1.0, "point", prior=None), X)
    assert use.active.count == 2
    np.testing.assert_allclose(use.active.variances, X[:, :2].var(axis=0), rtol=1e-12)
    assert use.kl is use.information is use.aggregate is None
    assert set(use.why) == {"kl", "information", "aggregate"}
    assert "not defined" in str(use)
    json.dumps(use.to_dict())


def test_points_and_a_prior_are_compared_as_samples() -> None:
    near = aggregate_posterior(model_of(2, 1.0, "point"), normal_rows(200, 2))
    far = aggregate_posterior(model_of(2, 1.0, "point"), normal_rows(200, 2, scale=3.0))
    assert near.kl is None
    assert "no density" in near.why["kl"]
    assert near.mmd.p_value is not None
    assert near.mmd.p_value > 0.01
    assert far.mmd.p_value == pytest.approx(1 / 201)
    assert far.least_kl > 1
    json.dumps(far.to_dict(), allow_nan=False)


# -- the face --------------------------------------------------------------------------------------------


def test_the_single_functions_and_the_whole_agree() -> None:
    model, X = model_of(2, 0.4), normal_rows(100, 2)
    use = use_of_latents(model, X, samples=5)
    assert active_units(model, X) == use.active
    assert latent_kl(model, X) == use.kl
    told = mutual_information(model, X, samples=500)
    assert use.information is not None
    assert told.estimate == pytest.approx(use.information.estimate, abs=0.1)
    assert use_of_latents(model, X, samples=5) == use
    assert use_of_latents(model, X, samples=5, random_state=1) != use
    json.dumps(use.to_dict(), allow_nan=False)
    for part in (use, use.active, use.kl, use.information, use.aggregate):
        assert "nats" in str(part).lower() or "active" in str(part)


def test_an_estimator() -> None:
    from vael import VAE

    X = normal_rows(120, 4)
    vae = VAE(n_components=2, beta=2.0, max_epochs=1, likelihood="gaussian-fixed", random_state=0).fit(X)
    use = use_of_latents(vae, X, samples=1)
    assert use.beta == 2.0
    assert use.fixed_scale == 1.0
    codes = vae.transform(X)
    np.testing.assert_allclose(use.active.variances, codes.var(axis=0), rtol=1e-4, atol=1e-7)
    x = vae.scored_rows(X).astype(float)
    eigenvalues = np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1]
    np.testing.assert_allclose(use.data_variances, eigenvalues[:2], rtol=1e-6)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (normal_rows(9, 2), "9 rows"),
        (np.ones((20, 2)), "all rows of X are the same"),
        (np.where(np.eye(20, 2) > 0, np.nan, 1.0), "holds nan at row 0"),
    ],
)
def test_bad_rows(X: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        use_of_latents(model_of(2, 0.5), X)


def test_what_is_not_defined_is_refused() -> None:
    X = normal_rows(20, 2)
    with pytest.raises(InputError, match="no density"):
        mutual_information(model_of(2, 1.0, "point"), X)
    with pytest.raises(InputError, match="no prior"):
        latent_kl(model_of(2, 0.5, prior=None), X)
    with pytest.raises(InputError, match="no prior"):
        aggregate_posterior(model_of(2, 0.5, prior=None), X)
    with pytest.raises(InputError, match="samples"):
        mutual_information(model_of(2, 0.5), X, samples=0)
    with pytest.raises(InputError, match="threshold"):
        active_units(model_of(2, 0.5), X, threshold=-1.0)
    broken = model_of(2, 0.5)
    with torch.no_grad():
        broken.encoder.deviation[1] = math.nan
    with pytest.raises(InputError, match="row 0"):
        posteriors.encode_rows(Subject(broken, torch.from_numpy(X), 0.0))
