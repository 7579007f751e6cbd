"""Estimators whose latents live on a sphere or in the Poincare ball."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import vael
from vael.distributions import PoincareBall, Sphere
from vael.estimators import fitting
from vael.estimators.latent_spaces import LATENT_SPACES
from vael.evaluation import AIS, ImportanceSampling, log_likelihood

Quick = Callable[..., vael.VAE]
CURVED: list[dict[str, Any]] = [
    {"latent_space": "sphere"},
    {"latent_space": "sphere", "n_components": 4},
    {"latent_space": "sphere", "posterior": "power-spherical", "n_components": 3},
    {"latent_space": "poincare"},
    {"latent_space": "poincare", "n_components": 3, "preset": "iwae"},
]


def named(settings: dict[str, Any]) -> str:
    return "-".join(str(v) for v in settings.values())


@pytest.mark.parametrize("settings", CURVED, ids=named)
def test_from_fit_to_samples(quick: Quick, X: np.ndarray, settings: dict[str, Any], tmp_path: Path) -> None:
    vae = quick(**settings).fit(X)
    dim = settings.get("n_components", 2)
    space = LATENT_SPACES[settings["latent_space"]].space(dim)
    Z = vae.transform(X)
    assert Z.shape == (120, space.coordinates)
    assert list(vae.get_feature_names_out()) == [f"vae{i}" for i in range(space.coordinates)]
    space.check(torch.from_numpy(Z))
    np.testing.assert_allclose(vae.transform(X[::-1])[::-1], Z, atol=1e-7)
    np.testing.assert_array_equal(vae.inverse_transform(Z), vae.reconstruct(X))
    mean, std = vae.posterior_moments(X)
    np.testing.assert_array_equal(mean, Z)
    assert std.shape == Z.shape
    assert (std > 0).all()
    scores = vae.score_samples(X)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(vae.score_samples(X[5:7]), scores[5:7], atol=1e-6)
    assert vae.sample(5, random_state=0).shape == (5, 6)
    vae.save(tmp_path / "run")
    loaded = vael.load(tmp_path / "run")
    np.testing.assert_array_equal(loaded.transform(X), Z)
    np.testing.assert_array_equal(loaded.score_samples(X), scores)
    np.testing.assert_array_equal(loaded.sample(4, random_state=1), vae.sample(4, random_state=1))


def test_interpolation_follows_the_space(quick: Quick, X: np.ndarray) -> None:
    for name, space in (("sphere", Sphere(2)), ("poincare", PoincareBall(2)), ("euclidean", None)):
        vae = quick(latent_space=name).fit(X)
        a, b = (torch.from_numpy(Z) for Z in vae.transform(X[:2]))
        t = torch.linspace(0, 1, 5).unsqueeze(-1)
        way = (1 - t) * a + t * b if space is None else space.geodesic(a, b, t)
        expected = vae.inverse_transform(way.numpy())
        np.testing.assert_allclose(vae.interpolate(X[0], X[1], steps=5), expected, atol=1e-5)


def test_a_run_is_resumed_exactly(
    quick: Quick, X: np.ndarray, tmp_path: Path, weight_bytes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "CHECKPOINT_SECONDS", 0.0)

    class Stop:
        def setup(self, estimator: Any, context: Any) -> None: ...
        def teardown(self, estimator: Any, context: Any) -> None: ...
        def on_fit_task_begin(self, estimator: Any, context: Any) -> None: ...
        def on_fit_task_end(self, estimator: Any, context: Any) -> bool:
            return context.task_name == "epoch" and len(estimator.history_) == 2

    for name in ("sphere", "poincare"):
        straight = quick(latent_space=name).fit(X)
        part = quick(latent_space=name, run=tmp_path / name).set_callbacks(Stop()).fit(X)
        assert part.n_iter_ == 2
        resumed = quick(latent_space=name, run=tmp_path / name, resume=True).fit(X)
        assert weight_bytes(resumed) == weight_bytes(straight)


def test_a_circle_is_found(quick: Quick) -> None:
    """Rows on a circle in six dimensions: the angles of a one-dimensional sphere follow theirs."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 400)
    frame = np.linalg.qr(rng.normal(size=(6, 2)))[0]
    X = 3 * np.c_[np.cos(angle), np.sin(angle)] @ frame.T + 0.1 * rng.normal(size=(400, 6))
    vae = quick(
        n_components=1, latent_space="sphere", max_epochs=60, learning_rate=1e-2, validation_fraction=0.0
    ).fit(X)
    Z = vae.transform(X)
    found = np.arctan2(Z[:, 1], Z[:, 0])
    turn = max(abs(np.exp(1j * (found - s * angle)).mean()) for s in (1, -1))
    assert turn > 0.95
    assert vae.score(X) > quick(n_components=1, max_epochs=60, learning_rate=1e-2).fit(X).score(X)


def test_the_curvature_is_learned(quick: Quick, X: np.ndarray) -> None:
    vae = quick(latent_space="poincare", max_epochs=10).fit(X)
    assert vae.model_.prior.curvature != pytest.approx(-1.0, abs=1e-4)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"latent_space": "torus"},
            "unknown latent_space 'torus': choose one of euclidean, sphere, poin",
        ),
        (
            {"latent_space": "sphere", "posterior": "full"},
            "latent_space='sphere' has no posterior 'full': choose one of von-mises-fisher, power-spherical",
        ),
        ({"latent_space": "sphere", "prior": "normal"}, "has no prior 'normal': choose 'uniform'"),
        (
            {"latent_space": "poincare", "posterior": "diagonal"},
            "has no posterior 'diagonal'.*wrapped",
        ),
        ({"posterior": "von-mises-fisher"}, "unknown posterior 'von-mises-fisher': choose one of diagonal"),
        ({"latent_space": "sphere", "preset": "ppca"}, "latent_space='sphere' goes with presets"),
        ({"latent_space": "poincare", "preset": "autoencoder"}, "prior is None and posterior 'delta'"),
    ],
)
def test_what_makes_no_sense_is_refused(
    quick: Quick, X: np.ndarray, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(vael.InputError, match=message):
        quick(**given).fit(X)


def test_points_elsewhere_are_refused(quick: Quick, X: np.ndarray) -> None:
    sphere = quick(latent_space="sphere").fit(X)
    Z = sphere.transform(X)
    Z[3] *= 2
    with pytest.raises(vael.InputError, match=r"Z: 1 of 120 points do not lie on the sphere.*row 3"):
        sphere.inverse_transform(Z)
    with pytest.raises(vael.InputError, match="Z has 2 columns, but this model has 3 coordinates"):
        sphere.inverse_transform(Z[:, :2])
    ball = quick(latent_space="poincare").fit(X)
    with pytest.raises(vael.InputError, match=r"1 of 2 points do not lie in the ball.*row 1"):
        ball.inverse_transform([[0.1, 0.2], [1.0, 0.5]])


def test_measures_that_need_flat_space_say_so(quick: Quick, X: np.ndarray) -> None:
    for name in ("sphere", "poincare"):
        vae = quick(latent_space=name).fit(X)
        sampled = log_likelihood(vae, X[:4], method=ImportanceSampling(200))
        np.testing.assert_allclose(sampled.estimate, vae.score_samples(X[:4], n_samples=200), atol=0.5)
        with pytest.raises(vael.InputError, match="walks through flat space"):
            log_likelihood(vae, X[:4], method=AIS(5, 2))
    with pytest.raises(vael.InputError, match="points of a sphere"):
        quick(latent_space="sphere").fit(X).manifold()


def test_what_is_cited(quick: Quick, X: np.ndarray) -> None:
    for settings, work in (
        ({"latent_space": "sphere"}, "davidson2018hyperspherical"),
        ({"latent_space": "sphere", "posterior": "power-spherical"}, "decao2020power"),
        ({"latent_space": "poincare"}, "mathieu2019continuous"),
    ):
        assert work in quick(**settings).fit(X).citation()
