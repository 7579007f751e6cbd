from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import vael
from vael.estimators.inference import CHUNK
from vael.models.binarising import binarise_by_content

Quick = Callable[..., vael.VAE]

METHODS: dict[str, Callable[[Any, np.ndarray], np.ndarray]] = {
    "transform": lambda vae, X: vae.transform(X),
    "deviation": lambda vae, X: vae.posterior_moments(X)[1],
    "score_samples": lambda vae, X: vae.score_samples(X, n_samples=70),
    "reconstruct": lambda vae, X: vae.reconstruct(X),
    "inverse_transform": lambda vae, X: vae.inverse_transform(X[:, :2]),
}
KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "real": ({}, "real"),
    "greys": ({"likelihood": "bernoulli"}, "greys"),
    "continuous": ({}, "greys"),
    "full": ({"posterior": "full"}, "real"),
    "convolutional": ({"network": "convolutional", "image_shape": (8, 8), "hidden": (4, 8)}, "greys"),
}


def rows(kind: str, n: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    return rng.random((n, 64)) if kind == "greys" else rng.normal(size=(n, 6)) * [1, 2, 3, 4, 5, 6]


@pytest.fixture(scope="module", params=KINDS)
def fitted(request: pytest.FixtureRequest) -> tuple[vael.VAE, np.ndarray]:
    settings, kind = KINDS[request.param]
    X = rows(kind, 40)
    settings = {"hidden": 50} | settings
    vae = vael.VAE(n_components=2, max_epochs=2, random_state=0, device="cpu", **settings).fit(X)
    return vae, rows(kind, CHUNK + 100)


@pytest.mark.parametrize("method", METHODS)
def test_a_row_has_one_answer_whatever_rows_stand_beside_it(
    fitted: tuple[vael.VAE, np.ndarray], method: str
) -> None:
    vae, X = fitted
    call = METHODS[method]
    whole = call(vae, X)
    assert len(np.unique(whole, axis=0)) == len(X)
    np.testing.assert_array_equal(call(vae, X), whole)  # twice the same
    order = np.random.default_rng(0).permutation(len(X))
    np.testing.assert_array_equal(call(vae, X[order]), whole[order])
    np.testing.assert_array_equal(call(vae, X[:7]), whole[:7])
    for i in (0, 63, 64, CHUNK - 1, CHUNK, len(X) - 1):
        np.testing.assert_array_equal(call(vae, X[i : i + 1]), whole[i : i + 1])


def test_transform_is_the_posterior_mean_of_the_model(fitted: tuple[vael.VAE, np.ndarray]) -> None:
    vae, X = fitted
    x = torch.from_numpy(vae.schema_.scaling.to_model(X))
    with torch.no_grad():
        q_z = vae.model_.encoder(x)
        z = q_z.mean
    mean, std = vae.posterior_moments(X)
    np.testing.assert_array_equal(mean, vae.transform(X))
    np.testing.assert_allclose(mean, z.numpy(), rtol=0, atol=2e-5)
    np.testing.assert_allclose(std, q_z.variance.sqrt().numpy(), rtol=1e-4)


def test_reconstructing_is_transforming_and_back(fitted: tuple[vael.VAE, np.ndarray]) -> None:
    vae, X = fitted
    np.testing.assert_array_equal(vae.reconstruct(X), vae.inverse_transform(vae.transform(X)))


def test_a_path_between_rows_ends_in_their_reconstructions(fitted: tuple[vael.VAE, np.ndarray]) -> None:
    vae, X = fitted
    path = vae.interpolate(X[3], X[11], steps=5)
    assert path.shape == (5, X.shape[1])
    ends = vae.reconstruct(X[[3, 11]])
    np.testing.assert_array_equal(path[[0, -1]], ends)
    Z = vae.transform(X[[3, 11]])
    np.testing.assert_allclose(path[2], vae.inverse_transform(Z.mean(0, keepdims=True))[0], atol=1e-4)
    several = vae.interpolate(X[:4], X[4:8], steps=3)
    assert several.shape == (4, 3, X.shape[1])
    np.testing.assert_array_equal(several[2], vae.interpolate(X[2], X[6], steps=3))


def test_inference_leaves_no_trace(fitted: tuple[vael.VAE, np.ndarray]) -> None:
    vae, X = fitted
    torch.manual_seed(1)
    state = torch.get_rng_state()
    before = [p.clone() for p in vae.model_.state_dict().values()]
    for call in METHODS.values():
        call(vae, X[:5])
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(before, vae.model_.state_dict().values(), strict=True))
    assert all(p.grad is None or not p.grad.requires_grad for p in vae.model_.parameters())


def test_paths_that_cannot_be_are_refused(quick: Quick, X: np.ndarray) -> None:
    vae = quick().fit(X)
    with pytest.raises(vael.InputError, match=r"^steps must be a whole number >= 2, got 1$"):
        vae.interpolate(X[0], X[1], steps=1)
    with pytest.raises(vael.InputError, match=r"^a has 2 rows and b has 3: give as many of each$"):
        vae.interpolate(X[:2], X[:3])
    with pytest.raises(vael.InputError, match=r"^Z has 3 columns, but this model has 2 latents$"):
        vae.inverse_transform(np.zeros((4, 3)))


# -- coins that follow from a row's content ------------------------------------------------------------


def greys(n: int, features: int) -> torch.Tensor:
    return torch.rand(n, features, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("p", [0.0, 0.02, 0.3, 0.5, 0.97, 1.0])
def test_coins_have_the_chance_that_the_grey_says(p: float) -> None:
    x = greys(2000, 50)  # one column of p; the others make the rows differ
    x[:, 7] = p
    ones = binarise_by_content(x, seed=5)[:, 7].double().mean().item()
    assert ones == pytest.approx(p, abs=4.5 * (p * (1 - p) / 2000) ** 0.5)


def test_coins_follow_the_row_and_not_its_place() -> None:
    x = greys(300, 20)
    order = torch.randperm(300, generator=torch.Generator().manual_seed(1))
    coins = binarise_by_content(x, seed=5)
    assert set(coins.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(binarise_by_content(x[order], seed=5), coins[order])
    assert not torch.equal(binarise_by_content(x, seed=6), coins)


@pytest.mark.parametrize("other", ["row", "pixel", "seed"])
def test_coins_of_other_rows_pixels_and_seeds_are_uncorrelated(other: str) -> None:
    """Residuals coin - grey are centred and independent given the greys: their products average to 0."""
    x = greys(2000, 64)
    residual = (binarise_by_content(x, seed=5) - x).double()
    if other == "row":
        product = residual[1:] * residual[:-1]
    elif other == "pixel":
        product = residual[:, 1:] * residual[:, :-1]
    else:
        product = residual * (binarise_by_content(x, seed=6) - x).double()
    error = product.std() / product.numel() ** 0.5
    assert abs(product.mean()) < 4.5 * error


def test_rows_that_differ_in_one_bit_get_other_coins() -> None:
    x = torch.full((2, 4000), 0.5)
    x[1, 0] = torch.nextafter(torch.tensor(0.5), torch.tensor(1.0))
    first, second = binarise_by_content(x, seed=0)
    differing = (first != second).double().mean().item()
    assert differing == pytest.approx(0.5, abs=4.5 * (0.25 / 4000) ** 0.5)


def test_zeros_and_ones_stay() -> None:
    x = (greys(50, 30) > 0.5).float()
    assert torch.equal(binarise_by_content(x, seed=3), x)


def test_rows_of_the_same_greys_in_another_order_get_other_coins() -> None:
    """Their thresholds differ too, pixel by pixel: half the coins of equal chance differ."""
    x = torch.full((2, 4000), 0.5)
    x[0, 0], x[1, -1] = 0.25, 0.25
    first, second = binarise_by_content(x, seed=0)[:, 1:-1]
    differing = (first != second).double().mean().item()
    assert differing == pytest.approx(0.5, abs=4.5 * (0.25 / 3998) ** 0.5)
