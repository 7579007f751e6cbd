"""The likelihood that "auto" chooses, the scale that goes with it, and what is told."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import vael
from vael.estimators.schema import LIKELIHOODS, Schema, choose_likelihood, likelihood_name
from vael.models import Bernoulli, Categorical, DiscretisedLogistic, FeatureGaussian, Likelihood

Quick = Callable[..., vael.VAE]
rng = np.random.default_rng(0)
BINARY = rng.integers(0, 2, (30, 4))
BYTES = rng.integers(0, 256, (30, 4)).astype(np.uint8)


@pytest.mark.parametrize(
    ("X", "name"),
    [
        (BINARY, "bernoulli"),
        (BINARY.astype(float), "bernoulli"),
        (BINARY.astype(bool), "bernoulli"),
        (BINARY.astype(np.uint8), "bernoulli"),
        ((BINARY * 255).astype(np.uint8), "bernoulli"),
        (np.zeros((5, 3)), "bernoulli"),
        (BINARY * 0.5, "continuous-bernoulli"),
        (rng.random((30, 4)), "continuous-bernoulli"),
        (BYTES, "continuous-bernoulli"),
        (BINARY.astype(np.uint8) * 7, "continuous-bernoulli"),
        (rng.integers(0, 16, (90, 4)), "categorical"),
        (rng.integers(0, 16, (90, 4)).astype(np.float32), "categorical"),
        (rng.normal(size=(30, 4)), "gaussian"),
        (rng.random((30, 4)) + 0.01, "gaussian"),
        (rng.random((30, 4)) - 0.01, "gaussian"),
        (-BINARY, "gaussian"),
        (BINARY + 0.5, "gaussian"),
    ],
)
def test_the_likelihood_fits_the_data(X: np.ndarray, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert choose_likelihood(X) == name


@pytest.mark.parametrize("dtype", [int, np.uint16, float])
def test_many_whole_numbers_are_gaussian_with_a_warning(dtype: type) -> None:
    X = np.arange(17 * 2).reshape(-1, 2).astype(dtype)
    with pytest.warns(vael.VaelWarning, match=r"whole numbers up to 33 .*likelihood='discretised-logistic'"):
        assert choose_likelihood(X) == "gaussian"
    sixteen, seventeen = np.arange(16).reshape(-1, 2), np.arange(18).reshape(-1, 2) - 1
    assert choose_likelihood(sixteen.astype(dtype)) == "categorical"
    assert choose_likelihood(seventeen) == "gaussian"  # one is negative: no counts, no warning


def infer(X: np.ndarray, likelihood: Any = "auto", rescale: bool = True) -> Schema:
    return Schema.infer(X, X.shape[1:], None, likelihood, rescale)


def test_each_law_has_its_scale() -> None:
    real = rng.normal(size=(50, 3)) * [1, 10, 100] + 5
    assert infer(BYTES).scaling.scale == 255
    assert infer(rng.random((9, 2))).scaling.kind == "identity"
    assert infer(rng.integers(0, 6, (90, 2))).scaling.scale == 5
    assert infer(rng.integers(0, 6, (90, 2))).levels == 6
    np.testing.assert_allclose(infer(real).scaling.scale, real.std(axis=0))
    np.testing.assert_allclose(infer(real).scaling.offset, real.mean(axis=0))
    np.testing.assert_allclose(infer(real, rescale=False).scaling.offset, real.mean(axis=0))
    assert infer(real, rescale=False).scaling.scale == 1
    assert infer(BYTES, "discretised-logistic").levels == 256
    assert infer(BYTES % 10, "categorical").levels == 10
    counts = rng.integers(0, 40, (90, 2))
    assert infer(counts, "bernoulli").scaling.scale == counts.max()


def test_a_likelihood_that_has_levels_says_how_many() -> None:
    X = rng.integers(0, 5, (90, 2))
    found = infer(X, Categorical(8))
    assert found.levels == 8
    assert found.scaling.scale == 7
    with pytest.raises(
        vael.InputError, match=r"'categorical' has 3 levels, 0 to 2, but X holds 4: give it levels=5"
    ):
        infer(X, Categorical(3))
    with pytest.raises(vael.InputError, match=r"'discretised-logistic' has 3 levels"):
        infer(X, DiscretisedLogistic(3))


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_every_name_makes_a_likelihood_of_that_name(name: str) -> None:
    made = LIKELIHOODS[name](5, 4)
    assert isinstance(made, Likelihood)
    assert likelihood_name(made) == name


class _Own(Bernoulli):
    """A user's likelihood."""


def test_a_users_likelihood_meets_the_data_as_given() -> None:
    assert likelihood_name(_Own()) == "custom"
    assert infer(rng.normal(size=(9, 2)), _Own()).scaling.kind == "identity"
    assert infer(BYTES, _Own()).scaling.scale == 255


@pytest.mark.parametrize(
    ("likelihood", "X", "said"),
    [
        ("poisson", BINARY, "unknown likelihood 'poisson': choose 'auto' or one of bernoulli, "),
        ("bernoulli", BINARY * 2.5, r"needs values in \[0, 1\] or whole numbers from 0, .* from 0 to 2.5"),
        (
            "continuous-bernoulli",
            BINARY - 1,
            "holds values from -1 to 0: choose likelihood='gaussian', or scale X",
        ),
        ("categorical", BINARY * 0.5, "needs whole numbers from 0, but X holds values from 0 to 0.5"),
        ("discretised-logistic", -BINARY, "needs whole numbers from 0, but X holds values from -1 to 0"),
    ],
)
def test_a_law_that_cannot_have_the_data_is_refused(likelihood: str, X: np.ndarray, said: str) -> None:
    with pytest.raises(vael.InputError, match=said):
        infer(X, likelihood)


def test_constant_columns_are_fine_and_named(quick: Quick, X: np.ndarray) -> None:
    X = X.copy()
    X[:, [1, 4]] = 7.0
    with pytest.warns(vael.VaelWarning, match=r"^2 constant columns \(1, 4\) have no scale to learn"):
        vae = quick().fit(X)
    assert np.isfinite(vae.score_samples(X)).all()
    with pytest.warns(vael.VaelWarning, match=r"^2 constant columns \(b, e\) have"):
        quick().fit(pd.DataFrame(X, columns=list("abcdef")))


def test_many_constant_columns_are_not_all_named_and_bytes_are_looked_at_too(quick: Quick) -> None:
    X = BYTES.repeat(10, axis=1)
    X[:, 5:30] = 3
    with pytest.warns(
        vael.VaelWarning, match=r"^25 constant columns \(5, 6, 7, 8, 9, 10, 11, 12, ...\) have"
    ):
        quick(likelihood="gaussian").fit(X)
    quick().fit(X)  # a continuous Bernoulli has no scale to learn, and no warning


def test_a_schema_comes_back_from_json() -> None:
    for X in (BYTES, rng.normal(size=(20, 3)), rng.integers(0, 6, (90, 2))):
        schema = infer(X)
        assert Schema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema


def test_a_learned_scale_is_of_each_feature(quick: Quick, X: np.ndarray) -> None:
    likelihood = quick().fit(X).model_.decoder.likelihood
    assert isinstance(likelihood, FeatureGaussian)
    assert likelihood.raw_log_scale.shape == (6,)


def test_images_of_whole_numbers_are_greys():
    """scikit-learn's digits hold 0 ... 16: no counts, but greys whose white is the largest value seen."""
    X = np.random.default_rng(0).integers(0, 17, (50, 16)).astype(float)
    X[0, 0] = 16
    vae = vael.VAE(2, max_epochs=1, image_shape=(4, 4), random_state=0).fit(X)
    assert vae.likelihood_ == "continuous-bernoulli"
    assert vae.schema_.scaling.to_model(X).max() == 1.0
    assert vae.sample(20, random_state=0).max() <= 16
