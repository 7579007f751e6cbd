"""Figures of trained models draw the results that they are given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2, multivariate_normal

from vael.errors import InputError
from vael.plots import DARK
from vael.plots.theory import (
    FIGURES,
    FitMeasures,
    LatentView,
    beta_sweep,
    evidence_split,
    latent_regularisation,
    overfitting,
    posterior_contours,
)
from vael.plots.theory.posteriors import mass_levels, normal_ellipse
from vael.theory import Decomposition
from vael.theory.latent_grid import PosteriorGrid
from vael.theory.normal_expectation import Normals


def named(axes, label):
    return [line for line in axes.lines if line.get_label() == label]


MEANS = np.array([[0.0, 0.0], [1.0, -2.0], [3.0, 0.5], [-1.0, 1.0], [0.2, 0.1], [2.0, 2.0]])
COVARIANCE = np.array([[0.5, 0.2], [0.2, 0.3]])


def grid_of(mean):
    """A normal posterior on a grid."""
    axes = tuple(np.linspace(m - 5, m + 5, 161) for m in mean)
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    return PosteriorGrid(axes, multivariate_normal(mean, COVARIANCE).logpdf(points), -100.0, 1e-5)


@pytest.fixture(scope="module")
def split():
    rows = len(MEANS)
    approximation, amortisation = np.linspace(0.1, 0.6, rows), np.linspace(2.0, 1.0, rows)
    evidence = np.linspace(-90.0, -120.0, rows)
    tril = np.broadcast_to(np.diag([0.6, 0.4]), (rows, 2, 2))
    return Decomposition(
        evidence=evidence,
        elbo=evidence - approximation - amortisation,
        approximation_gap=approximation,
        amortisation_gap=amortisation,
        posterior=tuple(grid_of(mean) for mean in MEANS),
        q=Normals(MEANS + 0.3, tril),
        best_q=Normals(MEANS, 0.9 * tril),
        family="diagonal",
        evidence_error=np.zeros(rows),
        elbo_error=np.zeros(rows),
        estimator="made up",
    )


def test_bars_are_the_mean_gaps_of_each_class(split, sound, theme):
    y = np.array([3, 3, 7, 7, 7, 3])
    figure = evidence_split(split, y, label_name="digit", theme=theme)
    sound(figure, theme)
    left, right = figure.axes
    (evidence,), (elbo,) = named(left, "ln p(x)"), named(left, "ELBO")
    assert [t.get_text() for t in left.get_yticklabels()] == ["3", "7"]
    for place, digit in ((1, 3), (0, 7)):
        rows = y == digit
        at = list(evidence.get_ydata()).index(place)
        assert evidence.get_xdata()[at] == pytest.approx(split.evidence[rows].mean())
        assert elbo.get_xdata()[at] == pytest.approx(split.elbo[rows].mean())
        for container, gap in zip(right.containers, (split.approximation_gap, split.amortisation_gap)):
            bar = next(b for b in container if b.get_y() < place < b.get_y() + b.get_height())
            assert bar.get_width() == pytest.approx(gap[rows].mean())
        whole = split.inference_gap[rows].mean()
        assert bar.get_x() + bar.get_width() == pytest.approx(whole)
        assert f"{whole:.2f}" in [text.get_text() for text in right.texts]


def test_gaps_need_a_class_for_each_row(split):
    with pytest.raises(InputError, match="one label for each point"):
        evidence_split(split, np.array([1, 2]))
    with pytest.raises(InputError, match="y must hold classes"):
        evidence_split(split, np.linspace(0.5, 1, 6))


def test_contours_hold_their_share_of_the_posterior():
    grid = grid_of(MEANS[0])
    # a normal's region of mass m lies within r^2 = chi2 quantile, where ln p is r^2 / 2 below its top
    top = multivariate_normal(MEANS[0], COVARIANCE).pdf(MEANS[0])
    expected = [top * np.exp(-chi2.ppf(mass, 2) / 2) for mass in (0.99, 0.9, 0.5)]
    np.testing.assert_allclose(mass_levels(grid, (0.99, 0.9, 0.5)), expected, rtol=0.02)


def test_an_ellipse_holds_its_share_of_a_normal():
    points = normal_ellipse(MEANS[1], COVARIANCE, 0.9)
    away = points - MEANS[1]
    distance = np.einsum("ij,ij->i", away, np.linalg.solve(COVARIANCE, away.T).T)
    np.testing.assert_allclose(distance, chi2.ppf(0.9, 2))


def test_panels_show_the_posterior_and_both_normals(split, sound, theme):
    X = np.eye(6, 16)
    figure = posterior_contours(split, [4, 1, 0], X, (4, 4), theme=theme)
    sound(figure, theme)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert len(shown) == 3
    for axes, row in zip(shown, (4, 1, 0)):
        for label, normals in (("encoder's q", split.q), ("best q", split.best_q)):
            (line,) = named(axes, label)
            expected = normal_ellipse(normals.mean[row], normals.covariance[row])
            np.testing.assert_allclose(line.get_xydata(), expected)
            low, high = np.array([axes.get_xlim(), axes.get_ylim()]).T
            assert ((expected > low) & (expected < high)).all()
        gaps = split.approximation_gap[row], split.amortisation_gap[row]
        assert axes.get_title(loc="left") == f"{gaps[0]:.2f} + {gaps[1]:.2f} nats"
        (contours,) = axes.collections
        np.testing.assert_allclose(contours.levels[:3], mass_levels(split.posterior[row]))


def test_contours_refuse_what_they_cannot_draw(split):
    with pytest.raises(InputError, match=r"rows must name rows of the 6 .* got \[6\]"):
        posterior_contours(split, [6])
    with pytest.raises(InputError, match="rows must name rows"):
        posterior_contours(split, [])
    with pytest.raises(InputError, match="go together"):
        posterior_contours(split, [0], np.eye(6, 16))
    with pytest.raises(InputError, match="two latents"):
        posterior_contours(replace(split, posterior=None), [0])


@pytest.fixture(scope="module")
def views():
    rng = np.random.default_rng(0)
    return [LatentView(spread * rng.normal(size=(200, 2)), rng.random((16, 16))) for spread in (20.0, 1.0)]


def test_codes_are_drawn_with_the_prior_around_them(views, sound, theme):
    y = np.arange(200) % 3
    figure = latent_regularisation(*views, y, (4, 4), theme=theme)
    sound(figure, theme)
    maps = [axes for axes in figure.axes if axes.collections]
    for axes, view in zip(maps, views, strict=True):
        drawn = np.asarray(axes.collections[0].get_offsets())
        np.testing.assert_allclose(np.sort(drawn, axis=0), np.sort(view.codes, axis=0))
        for circle in axes.patches:
            assert circle.get_radius() ** 2 == pytest.approx(chi2.ppf(0.95, 2))
    assert maps[0].get_xlim()[1] > 10 * maps[1].get_xlim()[1]
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["0", "1", "2"]


def test_codes_must_be_of_two_latents(views):
    flat = LatentView(views[0].codes[:, :1], views[0].decoded)
    with pytest.raises(InputError, match="codes must have two columns, got 1"):
        latent_regularisation(flat, views[1], np.zeros(200, dtype=int), (4, 4))
    few = LatentView(views[0].codes, views[0].decoded[:3])
    with pytest.raises(InputError, match="decoded must hold 8 images or more, got 3"):
        latent_regularisation(few, views[1], np.zeros(200, dtype=int), (4, 4))


def fit(beta, rows):
    return FitMeasures(
        beta=beta,
        rows=rows,
        train_reconstruction=-80 - 5 * beta,
        test_reconstruction=-90 - 5 * beta - 1000 / rows,
        train_kl=20 / (1 + beta),
        test_kl=21 / (1 + beta),
        train_likelihood=-95 - beta,
        test_likelihood=-99 - beta - 2000 / rows,
    )


def test_curves_are_the_measures(sound, theme):
    by_beta = [fit(beta, 1000) for beta in (3.0, 0.1, 1.0)]
    by_rows = [fit(beta, rows) for beta in (1.0, 0.1) for rows in (100, 1000)]
    figure = overfitting(by_beta, by_rows, theme=theme)
    sound(figure, theme)
    panels = np.array(figure.axes).reshape(2, 2)
    for axes, quantity in zip(panels, ("reconstruction", "likelihood")):
        for part in ("train", "test"):
            (left,) = named(axes[0], part)
            assert list(left.get_xdata()) == [0.1, 1.0, 3.0]
            expected = [getattr(fit(beta, 1000), f"{part}_{quantity}") for beta in (0.1, 1.0, 3.0)]
            assert list(left.get_ydata()) == expected
            for line, beta in zip(named(axes[1], part), (1.0, 0.1), strict=True):
                assert list(line.get_xdata()) == [100, 1000]
                expected = [getattr(fit(beta, rows), f"{part}_{quantity}") for rows in (100, 1000)]
                assert list(line.get_ydata()) == expected


def test_rates_are_the_measures_and_the_best_bound_is_ringed(sound, theme):
    fits = [fit(beta, 1000) for beta in (4.0, 0.25, 1.0)]
    images = np.random.default_rng(0).random((3, 5, 16))
    figure = beta_sweep(fits, images, images, images[0], (4, 4), theme=theme)
    sound(figure, theme)
    axes = figure.axes[0]
    (curve,) = named(axes, "fits")
    ordered = [fit(beta, 1000) for beta in (0.25, 1.0, 4.0)]
    assert list(curve.get_xdata()) == [f.test_kl for f in ordered]
    assert list(curve.get_ydata()) == [-f.test_reconstruction for f in ordered]
    best = max(ordered, key=lambda f: f.test_elbo)
    ring = next(line for line in axes.lines if line.get_markersize() == 9)
    assert ring.get_xdata()[0] == best.test_kl
    (equal,) = named(axes, "equal ELBO")
    np.testing.assert_allclose(-np.add(equal.get_xdata(), equal.get_ydata()), best.test_elbo)
    numbers = [t.get_text() for t in figure.axes[1].get_yticklabels()]
    assert numbers == ["data", "0.25", "1", "4"]


def test_pictures_follow_their_fit():
    fits = [fit(beta, 1000) for beta in (4.0, 0.25)]
    again = np.stack([np.full((2, 4), 0.9), np.full((2, 4), 0.3)])
    figure = beta_sweep(fits, again, again, np.zeros((2, 4)), (2, 2), theme=DARK)
    pixels = figure.axes[1].images[0].get_array()
    shades = [float(pixels[row, 0, 0]) for row in (0, 3, 6)]
    assert shades == [0.0, pytest.approx(0.3), pytest.approx(0.9)]


def test_measures_that_are_no_numbers_are_named():
    broken = replace(fit(1.0, 100), test_kl=float("nan"))
    with pytest.raises(InputError, match="by_rows: test_kl is nan at beta 1, 100 rows"):
        overfitting([fit(1.0, 100)], [broken])
    with pytest.raises(InputError, match="by_beta is empty"):
        overfitting([], [fit(1.0, 100)])
    with pytest.raises(InputError, match=r"samples must have shape \(fits, k, features\) for 1 fits"):
        beta_sweep([fit(1.0, 9)], np.zeros((1, 2, 4)), np.zeros((2, 2, 4)), np.zeros((2, 4)), (2, 2))


def test_every_figure_has_its_words():
    assert len(FIGURES) == 13
    for name, record in FIGURES.items():
        assert record.name == name
        assert name == name.lower().replace(" ", "-")
        assert record.caption.endswith(".")
        assert len(record.caption) > 150
        assert 30 < len(record.alt) < 160
        assert record.title
        assert "theme" in record.draw.__annotations__
    assert {name for name, record in FIGURES.items() if record.trained} == {
        "evidence-split",
        "posteriors",
        "latent-regularisation",
        "overfitting",
        "beta-sweep",
    }
