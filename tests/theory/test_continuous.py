from __future__ import annotations

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from vael.errors import InputError
from vael.theory import (
    Density,
    JointDensity,
    continuous,
    joint_density,
    joint_normal_density,
    normal_density,
)

inf = np.inf
means = st.floats(-50, 50)
scales = st.floats(-3, 3).map(lambda power: 10**power)
few = settings(max_examples=5)


@few
@given(means, scales, st.floats(-3, 3), st.floats(0.01, 4))
def test_normal(mean: float, s: float, a: float, width: float) -> None:
    normal, law = normal_density(mean, s), stats.norm(mean, s)
    x = np.linspace(mean - 8 * s, mean + 8 * s, 33).reshape(3, 11)
    np.testing.assert_allclose(normal.log_pdf(x), law.logpdf(x), atol=1e-8)
    np.testing.assert_allclose(normal.pdf(x), law.pdf(x), rtol=1e-8)
    interval = normal.probability(mean + a * s, mean + (a + width) * s)
    assert abs(interval.value - (law.cdf(mean + (a + width) * s) - law.cdf(mean + a * s))) <= (
        interval.error + 1e-12
    )
    assert abs(normal.mass.value - 1) <= normal.mass.error
    assert normal.mean == pytest.approx(mean, abs=1e-8)
    assert normal.variance == pytest.approx(s**2, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("law", [stats.laplace(1), stats.gamma(2.5), stats.beta(2, 3)])
@pytest.mark.parametrize("log", [False, True])
def test_laws_of_scipy(law: object, log: bool) -> None:
    lower, upper = map(float, law.support())  # type: ignore[attr-defined]
    density = Density(law.logpdf if log else law.pdf, lower, upper, log=log)  # type: ignore[attr-defined]
    assert density.mean == pytest.approx(law.mean(), abs=1e-7)  # type: ignore[attr-defined]
    assert density.variance == pytest.approx(law.var(), abs=1e-6)  # type: ignore[attr-defined]
    x = np.array([-2.0, 0.25, 0.5, 0.9])
    np.testing.assert_allclose(density.cdf(x), law.cdf(x), atol=1e-8)  # type: ignore[attr-defined]
    np.testing.assert_allclose(density.pdf(x), law.pdf(x), atol=1e-12)  # type: ignore[attr-defined]
    e = density.expectation(np.cos)
    assert abs(e.value - law.expect(np.cos)) < e.error + 1e-7  # type: ignore[attr-defined]


def test_outside_its_support_a_density_is_zero_and_not_asked() -> None:
    square = Density(lambda x: 0.5 / np.sqrt(x), 0, 1)
    assert square.pdf([-1, 4]).tolist() == [0, 0]
    assert square.log_pdf([-1, 4]).tolist() == [-inf, -inf]
    assert square.probability(-5, 0.25).value == pytest.approx(0.5, abs=1e-9)
    assert square.probability(3, 4).value == 0
    assert square.probability(0.5, 0.5).value == 0


def test_entropy_does_not_stumble_over_zero() -> None:
    block = Density(lambda x: np.where(np.abs(x - 2) < 0.25, 2.0, 0.0), 0, 4)
    entropy = block.expectation(lambda x: -block.log_pdf(x))
    assert entropy.value == pytest.approx(-np.log(2), abs=1e-8)


def test_samples_are_of_the_density() -> None:
    x = normal_density(3, 2).sample(4000, random_state=0)
    assert abs(x.mean() - 3) < 5 * 2 / np.sqrt(4000)
    assert stats.kstest(x, stats.norm(3, 2).cdf).pvalue > 1e-3
    np.testing.assert_array_equal(x, normal_density(3, 2).sample(4000, random_state=0))
    with pytest.raises(InputError, match=r"Density half on \(0, inf\) has no sampler"):
        Density(lambda x: np.exp(-x), 0, name="half").sample(3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Density(lambda x: np.exp(-(x**2))), r"integrates to 1\.77245385, not to 1"),
        (
            lambda: Density(lambda x: 1 - 2 * (x > 0.75), 0, 1),
            r"is -1 at 0\.\d+: a density is never negative",
        ),
        (lambda: Density(lambda x: np.where(x > 0.75, np.nan, 1), 0, 1), r"is nan at 0\.\d+"),
        (lambda: Density(lambda x: np.sqrt(x - 0.5), 0, 1, log=True), r"is nan at 0\.\d+"),
        (lambda: Density(lambda x: 1 / (1 + np.abs(x))), "did not converge"),
        (lambda: Density(lambda x: 0 * x, 0, 1, name="nothing"), r"nothing on \(0, 1\) integrates to 0"),
        (lambda: Density(stats.norm(1000, 0.01).pdf), "name points"),
        (lambda: Density(np.exp, 1, 0), "lower < upper, got 1 and 0"),
        (lambda: normal_density(0, 0), r"standard deviation > 0, got 0\.0 and 0\.0"),
        (lambda: normal_density(0, -1), r"got 0\.0 and -1\.0"),
        (lambda: normal_density(np.nan, 1), "got nan"),
        (lambda: normal_density(0, 1).probability(1, 0), "got 1 to 0"),
        (lambda: Density(stats.cauchy.pdf).mean, "did not converge"),
        (lambda: joint_normal_density([0, 0], [[1, 2], [2, 1]]), "smallest eigenvalue is -1"),
        (lambda: joint_normal_density([0, 0], [[1, 0.5], [0.2, 1]]), r"symmetric, got .* differ by 0\.3"),
        (lambda: joint_normal_density([0], [[1]]), "two finite numbers"),
        (lambda: JointDensity(lambda x, y: x + 2 * y, (0, 1), (0, 1)), r"integrates to 1\.5, not to 1"),
        (lambda: JointDensity(lambda x, y: x - y, (0, 1), (0, 1)), r"is -0\.\d+ at 0\.\d+, 0\.\d+"),
        (lambda: JointDensity(lambda x, y: x + y, (0, 1), (1, 1)), "limits of y must rise"),
    ],
)
def test_bad_input(make: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()  # type: ignore[operator]


def test_no_condition_where_there_is_no_density() -> None:
    triangle = JointDensity(lambda x, y: 2.0 * (y < x), (0, 1), (0, 1), check=False)
    with pytest.raises(InputError, match=r"cannot condition on x = 2: its density p\(x\) is 0 there"):
        triangle.conditional_y(2)
    with pytest.raises(InputError, match="cannot condition on y = -1"):
        triangle.conditional_x(-1)


@few
@given(means, means, scales, scales, st.floats(-0.95, 0.95), st.floats(-2, 2))
def test_joint_normal(a: float, b: float, s: float, t: float, rho: float, u: float) -> None:
    covariance = np.array([[s * s, rho * s * t], [rho * s * t, t * t]])
    joint, law = joint_normal_density([a, b], covariance), stats.multivariate_normal([a, b], covariance)
    x, y = a + s * np.linspace(-2, 2, 5)[:, None], b + t * np.linspace(-2, 2, 7)
    grid = np.stack(np.broadcast_arrays(x, y), axis=-1)
    np.testing.assert_allclose(joint.log_pdf(x, y), law.logpdf(grid), atol=1e-7)
    assert abs(joint.mass.value - 1) <= joint.mass.error
    np.testing.assert_allclose(joint.marginal_x().pdf(x), stats.norm(a, s).pdf(x), rtol=1e-8)
    np.testing.assert_allclose(joint.marginal_y().pdf(y), stats.norm(b, t).pdf(y), rtol=1e-8)
    given_x, given_y = joint.conditional_y(a + u * s), joint.conditional_x(b + u * t)
    rest = np.sqrt(1 - rho**2)
    for given_, mean, scale in ((given_x, b + rho * t * u, t * rest), (given_y, a + rho * s * u, s * rest)):
        assert given_.mass.value == pytest.approx(1, abs=1e-8)
        assert given_.mean == pytest.approx(mean, abs=1e-7 * max(1, abs(mean)))
        points = mean + scale * np.linspace(-3, 3, 5)
        np.testing.assert_allclose(given_.pdf(points), stats.norm(mean, scale).pdf(points), rtol=1e-7)


def test_moments_and_probabilities_in_the_plane() -> None:
    covariance = np.array([[1.0, -0.6], [-0.6, 2.0]])
    joint = joint_normal_density([1, -2], covariance)
    np.testing.assert_allclose(joint.mean, [1, -2], atol=1e-7)
    np.testing.assert_allclose(joint.covariance, covariance, atol=1e-7)
    quadrant = joint.probability((1, inf), (-2, inf))
    exact = 0.25 + np.arcsin(-0.6 / np.sqrt(2)) / (2 * np.pi)
    assert abs(quadrant.value - exact) <= quadrant.error
    square = JointDensity(lambda x, y: x + y, (0, 1), (0, 1))
    assert square.probability((-1, 0.5), (0, 2)).value == pytest.approx(3 / 8, abs=1e-10)
    assert square.probability((2, 3)).value == 0
    assert square.expectation(lambda x, y: x * y).value == pytest.approx(1 / 3, abs=1e-8)
    assert square.pdf(2, 0.5) == 0


@few
@given(st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_marginal_times_conditional_is_the_joint(x: float, y: float) -> None:
    joint = JointDensity(lambda x, y: 1.2 * (x + y**2), (0, 1), (0, 1))
    product_ = joint.marginal_x().pdf(x) * joint.conditional_y(x).pdf(y)
    other = joint.marginal_y().pdf(y) * joint.conditional_x(y).pdf(x)
    assert product_ == pytest.approx(1.2 * (x + y**2), abs=1e-8)
    assert other == pytest.approx(1.2 * (x + y**2), abs=1e-8)
    assert joint.marginal_x().pdf(x) == pytest.approx(1.2 * (x + 1 / 3), abs=1e-8)
    assert joint.marginal_x().mean == pytest.approx(0.6, abs=1e-8)  # integral of 1.2 (x^2 + x / 3)


def test_the_mean_of_conditional_means_is_the_mean() -> None:
    joint = JointDensity(lambda x, y: 1.2 * (x + y**2), (0, 1), (0, 1))
    nodes, weights = np.polynomial.legendre.leggauss(6)
    x = (1 + nodes) / 2
    means = [joint.conditional_y(float(v)).mean for v in x]
    total = np.sum(weights / 2 * joint.marginal_x().pdf(x) * means)
    assert total == pytest.approx(joint.mean[1], abs=1e-8)  # E[E[Y | X]] = E[Y]


def test_printing_explains() -> None:
    assert str(normal_density(1, 0.5)) == "Density N(1, 0.5^2) on (-inf, inf)"
    joint = joint_normal_density([0, 0], np.eye(2))
    assert str(joint) == "JointDensity normal on (-inf, inf) x (-inf, inf)"
    assert str(joint.conditional_y(1)) == "Density p(y | x = 1) on (-inf, inf)"


@pytest.mark.parametrize("module", [continuous, joint_density])
def test_examples(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]
