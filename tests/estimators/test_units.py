"""What comes back has the units and the shape of what was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import vael
from vael.models import ContinuousBernoulli, Decoder

Quick = Callable[..., vael.VAE]


def forms() -> dict[str, tuple[np.ndarray, dict[str, Any], type, str]]:
    """Data, settings, dtype that comes back, likelihood that is chosen."""
    rng = np.random.default_rng(0)
    real = rng.normal(size=(50, 12)) * 5 + 100
    byte = rng.integers(0, 256, size=(50, 8, 8), dtype=np.uint8)
    return {
        "unit": (rng.random((50, 12)), {}, np.float64, "continuous-bernoulli"),
        "unit-single": (rng.random((50, 12), dtype=np.float32), {}, np.float32, "continuous-bernoulli"),
        "bytes-flat": (byte.reshape(50, -1), {}, np.uint8, "continuous-bernoulli"),
        "bytes-hw": (byte, {}, np.uint8, "continuous-bernoulli"),
        "bytes-hwc": (byte.reshape(50, 4, 8, 2), {}, np.uint8, "continuous-bernoulli"),
        "bytes-gaussian": (byte, {"likelihood": "gaussian"}, np.uint8, "gaussian"),
        "bytes-levels": (
            byte,
            {"likelihood": "discretised-logistic"},
            np.uint8,
            "discretised-logistic",
        ),
        "bytes-two": ((byte > 99).astype(np.uint8) * 255, {}, np.uint8, "bernoulli"),
        "binary": (rng.integers(0, 2, size=(50, 12)), {}, np.float64, "bernoulli"),
        "booleans": (rng.integers(0, 2, size=(50, 12)) > 0, {}, np.float64, "bernoulli"),
        "categories": (rng.integers(0, 7, size=(50, 12)).astype(float), {}, np.float64, "categorical"),
        "categories-int": (rng.integers(0, 7, size=(50, 12)), {}, np.float64, "categorical"),
        "real": (real, {}, np.float64, "gaussian"),
        "real-single": (real.astype(np.float32), {}, np.float32, "gaussian"),
        "real-half": (real.astype(np.float16), {}, np.float32, "gaussian"),
        "ppca": (real, {"preset": "ppca"}, np.float64, "gaussian-shared"),
        "ppca-bytes": (byte, {"preset": "ppca"}, np.float64, "gaussian-shared"),
    }


@pytest.mark.parametrize("form", forms())
def test_every_form_of_data_comes_back_as_it_was_given(quick: Quick, form: str) -> None:
    X, settings, dtype, likelihood = forms()[form]
    vae = quick(**settings).fit(X)
    assert vae.likelihood_ == likelihood
    Z = vae.transform(X)
    outputs = {
        "decoded": vae.inverse_transform(Z),
        "reconstructed": vae.reconstruct(X),
        "mean": vae.sample(50, mean=True, random_state=0),
        "drawn": vae.sample(50, random_state=0),
    }
    for output in outputs.values():
        assert output.dtype == dtype
        assert output.shape == X.shape
    np.testing.assert_array_equal(outputs["decoded"], outputs["reconstructed"])
    # The decoder starts at the data's mean, and hardly moved: units that were off would show.
    spread = X.astype(float).std()
    assert abs(outputs["decoded"].astype(float).mean() - X.mean()) < 0.25 * spread
    if form not in ("ppca", "ppca-bytes"):  # whose scale has not come to the data's yet
        assert abs(outputs["drawn"].astype(float).mean() - X.mean()) < 0.25 * spread
    if likelihood in ("bernoulli", "categorical"):
        assert set(np.unique(outputs["drawn"])) <= set(np.unique(X).astype(float))
        assert len(np.unique(outputs["decoded"])) > 20  # a mean of coins is no coin


@pytest.mark.parametrize("form", ["bytes-hw", "bytes-hwc", "unit"])
def test_flat_rows_and_images_are_the_same_rows(quick: Quick, form: str) -> None:
    X = forms()[form][0]
    vae = quick().fit(X)
    np.testing.assert_array_equal(vae.transform(X.reshape(50, -1)), vae.transform(X))


def test_an_image_of_another_shape_is_refused(quick: Quick) -> None:
    vae = quick().fit(forms()["bytes-hw"][0])
    with pytest.raises(
        vael.InputError, match=r"^rows of X have shape \(4, 16\), but those given to fit had \(8, 8\)$"
    ):
        vae.transform(np.zeros((3, 4, 16), np.uint8))


def test_flat_rows_may_be_called_images(quick: Quick) -> None:
    X = forms()["bytes-flat"][0]
    vae = quick(image_shape=(8, 8)).fit(X)
    assert vae.image_shape_ == (8, 8)
    assert vae.reconstruct(X).shape == X.shape
    np.testing.assert_array_equal(vae.transform(X.reshape(50, 8, 8)), vae.transform(X))
    with pytest.raises(vael.InputError, match=r"image_shape=\(8, 9\) holds 72 values, but a row of X has 64"):
        quick(image_shape=(8, 9)).fit(X)


class _Constant(nn.Module):
    """Gives every latent the same outputs."""

    def __init__(self, value: float, features: int) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.full((features,), value))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.value.expand(len(z), -1)


@pytest.mark.parametrize(("mean", "byte"), [(1.02, 255), (-0.02, 0), (0.5, 128), (200 / 255, 200)])
def test_a_mean_beyond_white_is_white(quick: Quick, mean: float, byte: int) -> None:
    """(255 * 1.02) as a byte is 4: several libraries shipped that."""
    X = forms()["bytes-hw"][0]
    vae = quick(likelihood="gaussian-fixed").fit(X)
    vae.model_.decoder.net = _Constant(mean, 64)
    assert set(np.unique(vae.inverse_transform(np.zeros((3, 2))))) == {byte}


def test_a_sure_grey_comes_back_as_its_own_byte(quick: Quick) -> None:
    """A continuous Bernoulli whose mean is 1/255 is not rounded away, nor one of 254/255."""
    X = forms()["bytes-hw"][0]
    vae = quick().fit(X)
    assert isinstance(vae.model_.decoder, Decoder)
    for byte in (1, 127, 254):
        mean = torch.full((64,), byte / 255)
        logit = ContinuousBernoulli().start(mean)[0].item()
        vae.model_.decoder.net = _Constant(logit, 64)
        assert set(np.unique(vae.inverse_transform(np.zeros((3, 2))))) == {byte}


def test_far_from_zero_the_digits_that_matter_are_kept(quick: Quick, X: np.ndarray) -> None:
    """Seconds since 1970 differ in digits that float32 has not: the scale is applied before."""
    near, far = quick(max_epochs=20).fit(X), quick(max_epochs=20).fit(X + 1.7e9)
    assert far.bound_ == pytest.approx(near.bound_, abs=1e-3)
    np.testing.assert_allclose(far.transform(X + 1.7e9), near.transform(X), atol=1e-3)


def test_data_too_large_for_single_precision_are_refused(quick: Quick, X: np.ndarray) -> None:
    with pytest.raises(vael.InputError, match="values too large for float32: bring the data to a smaller"):
        quick(preset="ppca").fit(X * 1e300)


def test_one_random_state_draws_the_same_rows_and_none_draws_others(quick: Quick, X: np.ndarray) -> None:
    vae = quick().fit(X)
    first = vae.sample(5, random_state=1)
    np.testing.assert_array_equal(vae.sample(5, random_state=1), first)
    np.testing.assert_array_equal(vae.sample(5, random_state=np.random.RandomState(1)), first)
    assert not np.array_equal(vae.sample(5, random_state=2), first)
    assert not np.array_equal(vae.sample(5), vae.sample(5))
    with pytest.raises(vael.InputError, match=r"^n_samples must be a whole number >= 1, got 0$"):
        vae.sample(0)


def test_draws_have_the_moments_of_the_data() -> None:
    rng = np.random.default_rng(0)
    loadings = rng.normal(size=(2, 4)) * [1, 2, 5, 0.5]
    X = rng.normal(size=(2000, 2)) @ loadings + rng.normal(size=(2000, 4)) * 0.3 + [0, 10, -3, 100]
    vae = vael.VAE(
        n_components=2,
        network="linear",
        posterior="full",
        max_epochs=80,
        learning_rate=1e-2,
        schedule="cosine",
        validation_fraction=0.0,
        batch_size=200,
        random_state=0,
        device="cpu",
    ).fit(X)
    drawn = vae.sample(20000, random_state=0)
    sd = X.std(axis=0)
    np.testing.assert_allclose(drawn.mean(0) / sd, X.mean(0) / sd, atol=0.08)
    np.testing.assert_allclose(np.cov(drawn.T) / np.outer(sd, sd), np.corrcoef(X.T), atol=0.08)
    means = vae.sample(20000, mean=True, random_state=0)
    noise = (
        vae.model_.decoder.likelihood.log_scale(torch.zeros(4)).exp().detach().numpy()
        * vae.schema_.scaling.scale
    )
    np.testing.assert_allclose(means.var(0) / sd**2, 1 - (noise / sd) ** 2, atol=0.08)
