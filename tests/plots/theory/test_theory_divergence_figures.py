"""What is drawn of divergences, bounds and gradients is what `vael.theory` computes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import trapezoid
from scipy.optimize import minimize_scalar

from vael.errors import InputError
from vael.plots import DARK
from vael.plots.theory import elbo_bound, gradient_variance, kl_asymmetry, kl_contributions
from vael.plots.theory.kl_asymmetry import fit_exclusive, fit_inclusive
from vael.theory import Density, kl_normal, kl_quadrature, normal_density
from vael.theory.bound import LatentToy, elbo_three_ways
from vael.theory.gradient_study import gradient_study


def named(axes, label):
    return [line for line in axes.lines if line.get_label() == label]


def test_the_area_of_the_integrand_is_the_divergence(sound, theme):
    parameters = ((0.0, 1.0), (1.0, 1.0), (0.0, 2.0), (0.3, 0.5))
    figure = kl_contributions(parameters, theme=theme)
    sound(figure, theme)
    above, below = np.array(figure.axes).reshape(2, len(parameters))
    for top, axes, (mean, deviation) in zip(above, below, parameters, strict=True):
        (line,) = named(axes, "q ln(q/p)")
        expected = kl_normal(mean, deviation**2, 0, 1)
        assert trapezoid(line.get_ydata(), line.get_xdata()) == pytest.approx(expected, abs=0.03)
        assert axes.get_title(loc="left") == f"KL = {expected:.3f} nats"
        (q,) = named(top, "q")
        np.testing.assert_allclose(q.get_ydata(), normal_density(mean, deviation).pdf(q.get_xdata()))
        assert top.get_ylim()[1] > max(line.get_ydata().max() for line in top.lines)


def test_no_parameters_are_refused():
    with pytest.raises(InputError, match="parameters is empty"):
        kl_contributions(())


@pytest.fixture(scope="module")
def two_peaks():
    parts = (0.6, normal_density(-2.4, 0.6)), (0.4, normal_density(2.4, 0.8))
    return Density(
        lambda x: np.logaddexp(*(np.log(w) + p.log_pdf(x) for w, p in parts)), log=True, points=(-2.4, 2.4)
    )


def test_each_direction_is_minimised(two_peaks):
    first, second = fit_exclusive(two_peaks, ((-2.4, 0.6), (2.4, 0.8)))
    assert (first.mean, second.mean) == (pytest.approx(-2.4, abs=0.05), pytest.approx(2.4, abs=0.05))
    assert first.divergence < second.divergence
    # separate peaks: each costs minus the logarithm of its weight
    assert first.divergence == pytest.approx(-np.log(0.6), abs=0.01)
    assert second.divergence == pytest.approx(-np.log(0.4), abs=0.01)
    both = fit_inclusive(two_peaks)
    assert both.mean == pytest.approx(0.6 * -2.4 + 0.4 * 2.4, abs=1e-8)
    for fit, divergence in (
        (first, lambda q: kl_quadrature(q, two_peaks).value),
        (both, lambda q: kl_quadrature(two_peaks, q).value),
    ):
        assert divergence(fit.density) == pytest.approx(fit.divergence, abs=1e-9)
        for change in (-0.05, 0.05):
            moved = normal_density(fit.mean + change, fit.standard_deviation)
            wider = normal_density(fit.mean, fit.standard_deviation * (1 + change))
            assert min(divergence(moved), divergence(wider)) > fit.divergence


def test_fits_are_drawn_where_they_are(two_peaks, sound):
    figure = kl_asymmetry(theme=DARK)
    sound(figure, DARK)
    left, right = figure.axes
    (target,) = named(left, "p")
    np.testing.assert_allclose(target.get_ydata(), two_peaks.pdf(target.get_xdata()), rtol=1e-9)
    best, other = named(left, "q")
    assert best.get_xdata()[best.get_ydata().argmax()] == pytest.approx(-2.4, abs=0.05)
    assert other.get_xdata()[other.get_ydata().argmax()] == pytest.approx(2.4, abs=0.05)
    (cover,) = named(right, "q")
    fit = fit_inclusive(two_peaks)
    np.testing.assert_allclose(cover.get_ydata(), fit.density.pdf(cover.get_xdata()), atol=1e-6)
    assert any(f"{fit.divergence:.2f} nats" in text.get_text() for text in right.texts)


def linear_toy():
    """z ~ N(0, 1), x | z ~ N(z, 1): the posterior of x is N(x/2, 1/2)."""
    error = normal_density()
    return LatentToy(normal_density(), lambda x, z: error.log_pdf(x - z))


def test_the_curve_is_the_elbo_and_touches_where_the_posterior_is_normal(sound):
    figure = elbo_bound(linear_toy(), 1.0, shifts=(-1.0, 0.0), widths=(1.0, 1.5), theme=DARK)
    sound(figure, DARK)
    evidence = normal_density(0.0, np.sqrt(2.0)).log_pdf(1.0)
    for axes, which in ((figure.axes[2], 0), (figure.axes[3], 1)):
        (curve,), (line,) = named(axes, "ELBO"), named(axes, "ln p(x)")
        assert line.get_ydata()[0] == pytest.approx(evidence, abs=1e-8)
        place, elbo = np.asarray(curve.get_xdata()), np.asarray(curve.get_ydata())
        for at, value in zip(place, elbo):
            q = (at, 0.5) if which == 0 else (0.5, at**2)
            assert value == pytest.approx(evidence - kl_normal(*q, 0.5, 0.5), abs=1e-6)
        assert (elbo <= evidence + 1e-9).all()
        dots = {round(dot.get_xdata()[0], 3): dot.get_ydata()[0] for dot in named(axes, "marked")}
        touching = 0.5 if which == 0 else round(0.5**0.5, 3)
        assert dots[touching] == pytest.approx(evidence, abs=1e-6)


def test_a_leaning_posterior_leaves_a_gap():
    from vael.plots.theory.bound import _posterior_and_best, exponential_toy

    toy = exponential_toy()
    _, posterior, best = _posterior_and_best(toy, 1.5)
    assert posterior.mass.value == pytest.approx(1.0, abs=1e-8)
    ways = elbo_three_ways(toy, 1.5, best.density)
    assert best.divergence == pytest.approx(float(ways.evidence - ways.prior), abs=1e-7)
    assert best.divergence > 0.05

    def shifted(mean):
        return kl_quadrature(normal_density(mean, best.standard_deviation), posterior).value

    assert minimize_scalar(shifted, (best.mean - 0.1, best.mean + 0.1)).x == pytest.approx(
        best.mean, abs=1e-3
    )


def test_two_latents_have_no_curve():
    flat = LatentToy(
        lambda a, b: -0.5 * (a**2 + b**2) - np.log(2 * np.pi), lambda x, a, b: -((x - a - b) ** 2), latent=2
    )
    with pytest.raises(InputError, match="drawn for one latent, this toy has 2"):
        elbo_bound(flat)


@pytest.fixture(scope="module")
def study():
    return gradient_study(dimensions=(1, 4), sample_sizes=(1, 10), draws=500)


def test_lines_are_the_study(study, sound, theme):
    figure = gradient_variance(study, dimension=4, theme=theme)
    sound(figure, theme)
    left, right = figure.axes
    for i, name in enumerate(study.estimators):
        assert left.lines[i].get_ydata().tolist() == study.variance_mu[i].tolist()
        assert right.lines[i].get_ydata().tolist() == study.error_mu[i, 1].tolist()
        assert left.lines[i].get_label() == name
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(study.estimators)


def test_a_dimension_that_was_not_studied_is_refused(study):
    with pytest.raises(InputError, match=r"no dimension 3, it has \[1, 4\]"):
        gradient_variance(study, dimension=3)
