from __future__ import annotations

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from vael.errors import InputError
from vael.theory import Integral, integrate, integrate_2d, integrate_many, quadrature

inf = np.inf
units = st.floats(-1, 1)


def within(found: Integral, exact: float) -> bool:
    return abs(found.value - exact) <= found.error + 1e-14 * max(1.0, abs(exact)) and found.error < 1e-7


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=8), st.floats(-2, 0), st.floats(0.1, 2))
def test_polynomials(coefficients: list[float], lower: float, width: float) -> None:
    f = np.polynomial.Polynomial(coefficients)
    exact = f.integ()(lower + width) - f.integ()(lower)
    found = integrate(f, lower, lower + width)
    assert within(found, exact)
    assert found.value == pytest.approx(exact, abs=1e-10)


@settings(max_examples=15)
@given(st.floats(-1e3, 1e3), st.floats(-6, 6))
def test_a_normal_of_any_place_and_scale(place: float, log_scale: float) -> None:
    s = 10**log_scale
    mean = place * s  # much further out, x itself has too few digits left
    points = (mean - 2 * s, mean, mean + 2 * s)
    assert within(integrate(norm(mean, s).pdf, points=points), 1)
    assert within(integrate(norm(mean, s).pdf, lower=mean, points=points), 0.5)
    assert within(integrate(norm(mean, s).pdf, upper=mean + s, points=points), norm.cdf(1))
    assert within(integrate(norm(mean, s).pdf, mean - 3 * s, mean + 1e3 * s, points=points), norm.cdf(3))


@pytest.mark.parametrize(
    ("f", "lower", "upper", "exact"),
    [
        (lambda x: np.exp(-x), 0, inf, 1),
        (lambda x: np.exp(x), -inf, 1, np.e),
        (lambda x: 1 / np.sqrt(x), 0, 1, 2),
        (lambda x: 1 / (1 + x**2), -inf, inf, np.pi),
        (lambda x: np.where(x > 0.3, 1.0, 0.0), 0, 1, 0.7),
        (lambda x: np.log(x), 0, 1, -1),
        (lambda x: 2.0, 1, 3, 4),
        (lambda x: x * np.exp(-(x**2)), -inf, inf, 0),
    ],
)
def test_closed_forms(f: object, lower: float, upper: float, exact: float) -> None:
    assert within(integrate(f, lower, upper), exact)  # type: ignore[arg-type]


def test_a_tiny_integral_keeps_its_digits_if_asked() -> None:
    found = integrate(lambda x: 1e-50 * np.exp(-np.abs(x)), absolute=0)
    assert found.value == pytest.approx(2e-50, rel=1e-9)
    assert found.error < 1e-59


def test_many_at_once() -> None:
    rates = np.array([[0.5, 1.0], [2.0, 30.0]])
    values, errors = integrate_many(lambda x: np.exp(-x[:, None, None] * rates), 0)
    assert (abs(values - 1 / rates) <= errors).all()
    assert errors.max() < 1e-9


@settings(max_examples=10)
@given(st.floats(-0.99, 0.99), units, units)
def test_a_normal_in_the_plane(rho: float, a: float, b: float) -> None:
    def density(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        u, v = x - a, y - b
        square = (u * u - 2 * rho * u * v + v * v) / (1 - rho**2)
        return np.exp(-0.5 * square) / (2 * np.pi * np.sqrt(1 - rho**2))

    assert within(integrate_2d(density), 1)
    below = integrate_2d(density, (-inf, a), (b, inf), points=[(a, b)])
    assert within(below, 0.25 - np.arcsin(rho) / (2 * np.pi))


def test_a_narrow_peak_in_the_plane_is_found_by_its_points() -> None:
    points = [(10 - 2e-3, -3 - 2e-3), (10, -3), (10 + 2e-3, -3 + 2e-3)]
    found = integrate_2d(lambda x, y: norm.pdf(x, 10, 1e-3) * norm.pdf(y, -3, 1e-3), points=points)
    assert within(found, 1)


@pytest.mark.parametrize(
    ("f", "lower", "upper", "message"),
    [
        (lambda x: x / (1 + x**2), -inf, inf, "did not converge"),
        (lambda x: np.abs(x) / (1 + x**2), -inf, inf, "did not converge"),
        (lambda x: 1.0, -inf, inf, "did not converge: the integrand does not fall off"),
        (lambda x: 1.0, 0, inf, "did not converge"),
        (lambda x: np.sin(1 / x), 1e-5, 1, "did not converge: .* with error .* asked for 1e-10"),
        (lambda x: 1 / x, 0, 1, r"integrand is inf at .*finite values|did not converge"),
        (lambda x: np.where(x > 0.5, np.nan, x), 0, 1, r"integrand is nan at 0\."),
        (lambda x: x, 1, 1, "below the upper one, got 1 and 1"),
        (lambda x: x, np.nan, 1, "got nan and 1"),
        (lambda x: x[:3], 0, 1, "values for .* points, got 3"),
        (lambda x: np.stack([x, x], axis=1), 0, 1, "one number per point"),
    ],
)
def test_what_cannot_be_integrated(f: object, lower: float, upper: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        integrate(f, lower, upper)  # type: ignore[arg-type]


def test_what_cannot_be_integrated_in_the_plane() -> None:
    with pytest.raises(InputError, match=r"integrand is nan at 0\.\d+, -?\d"):
        integrate_2d(lambda x, y: np.where((x > 0.5) & (y < 0), np.nan, 1.0), (0, 1), (-1, 1))
    with pytest.raises(InputError, match="did not converge"):
        integrate_2d(lambda x, y: np.exp(-(x**2)))


def test_bad_settings() -> None:
    with pytest.raises(InputError, match="tolerances must be positive, got 0"):
        integrate(np.exp, 0, 1, tolerance=0.0)
    with pytest.raises(InputError, match="points of a quadrature must be finite"):
        integrate(np.exp, 0, 1, points=[np.inf])


def test_examples() -> None:
    assert doctest.testmod(quadrature).failed == 0


def test_points_do_not_keep_an_integral_from_its_end() -> None:
    """Once the first of the parts was refined for ever, and not the worst."""
    rng = np.random.default_rng(0)
    for _ in range(2):
        (a, b), (s, t) = rng.uniform(-50, 50, 2), 10 ** rng.uniform(-3, 3, 2)
        rho, _ = rng.uniform(-0.95, 0.95), rng.uniform(-2, 2)
    points = [(a + 2 * k * s, b + 2 * k * t) for k in (-1, 0, 1)]

    def density(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        u, v = (x - a) / s, (y - b) / t
        return np.exp(-(u**2 - 2 * rho * u * v + v**2) / (2 * (1 - rho**2)))

    exact = 2 * np.pi * s * t * np.sqrt(1 - rho**2)
    assert integrate_2d(density, points=points, absolute=1e-6).value == pytest.approx(exact, rel=1e-8)
