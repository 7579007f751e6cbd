"""What cannot be used is refused at the door: one line that says what, where, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

import vael

Quick = Callable[..., vael.VAE]


def with_cell(value: float) -> np.ndarray:
    X = np.ones((5, 3))
    X[3, 2] = value
    return X


BAD: dict[str, tuple[Any, str]] = {
    "NaN": (with_cell(np.nan), "X contains NaN .*row 3, column 2"),
    "infinity": (with_cell(np.inf), "X contains infinity .*row 3, column 2"),
    "NaN in a frame": (pd.DataFrame(with_cell(np.nan), columns=["a", "b", "c"]), "row 3, column 2 .*'c'"),
    "null in a frame": (pl.DataFrame({"a": [1.0, None], "b": [1.0, 2.0]}), "row 1, column 0 .*'a'"),
    "no rows": (np.empty((0, 3)), r"0 sample\(s\)"),
    "no columns": (np.empty((5, 0)), r"0 feature\(s\)"),
    "one row": (np.ones((1, 3)), r"1 sample\(s\) .*minimum of 2 is required"),
    "one number": (3.0, "X has shape .*must be"),
    "a vector": (np.ones(5), r"Reshape your data: X.reshape\(-1, 1\)"),
    "five axes": (np.ones((2, 2, 2, 2, 2)), r"X has shape \(2, 2, 2, 2, 2\), but must be"),
    "strings": ([["a", "b"], ["c", "d"]], "X holds strings .*'a'.*convert them to numbers"),
    "strings in a frame": (pd.DataFrame({"a": [1.0, 2.0], "name": ["x", "y"]}), "'name'"),
    "complex": (np.ones((3, 2)) * 1j, "Complex data not supported"),
    "ragged": ([[1, 2], [3]], "X has rows of different lengths"),
    "nothing": (None, "X"),
    "masked values": (np.ma.masked_array(np.ones((5, 3)), mask=np.eye(5, 3)), "X contains masked"),
    "a lazy frame": (pl.DataFrame({"a": [1.0, 2.0]}).lazy(), "^X is a LazyFrame, not an array or a frame"),
    "a string": ("data.csv", "X"),
}


@pytest.mark.parametrize("kind", BAD)
def test_data_that_cannot_be_learned_from_are_refused(quick: Quick, kind: str) -> None:
    X, said = BAD[kind]
    with pytest.raises(vael.InputError, match=said) as error:
        quick().fit(X)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", [k for k in BAD if k not in ("one row", "no columns")])
@pytest.mark.parametrize("method", ["transform", "score_samples", "reconstruct", "inverse_transform"])
def test_and_so_are_they_later(quick: Quick, kind: str, method: str) -> None:
    X, _ = BAD[kind]
    vae = quick(n_components=3).fit(np.random.default_rng(0).normal(size=(9, 3)))
    with pytest.raises(vael.InputError) as error:
        getattr(vae, method)(X)
    assert "\n" not in str(error.value)


def test_sparse_matrices_are_refused(quick: Quick) -> None:
    from scipy.sparse import csr_array

    with pytest.raises(vael.InputError, match=r"X is a sparse matrix: give a dense one, X.toarray\(\)"):
        quick().fit(csr_array(np.eye(4)))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_a_device_that_is_not_there_is_refused(quick: Quick, X: np.ndarray) -> None:
    with pytest.raises(vael.InputError, match=r"^device 'cuda' cannot be used here: choose 'auto', 'cpu'"):
        quick(device="cuda").fit(X)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"max_epochs": 0}, "^max_epochs must be a whole number >= 1, got 0$"),
        ({"batch_size": -8}, "^batch_size must be a whole number >= 1, got -8$"),
        ({"learning_rate": -1.0}, "^learning_rate must be a number > 0, got -1.0$"),
        ({"schedule": "steps"}, "^unknown schedule 'steps': choose one of constant, cosine"),
        ({"beta": -1.0}, "^beta must be >= 0 and finite, got -1.0$"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    quick: Quick, X: np.ndarray, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(vael.InputError, match=said):
        quick().set_params(**settings).fit(X)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda vae, X: vae.transform(X[:, :5]), "^X has 5 features, but VAE is expecting 6 features"),
        (lambda vae, X: vae.sample(0), "^n_samples must be a whole number >= 1, got 0$"),
        (lambda vae, X: vae.sample(2, random_state=-1), "^random_state must be None, a RandomState or"),
        (lambda vae, X: vae.score_samples(X, n_samples=0), "^n_samples must be a whole number >= 1"),
        (lambda vae, X: vae.interpolate(X[0], X[1], 1), "^steps must be a whole number >= 2, got 1$"),
        (
            lambda vae, X: vae.set_params(n_importance_samples=2.5).score(X),
            "^n_importance_samples must be a whole number >= 1, got 2.5$",
        ),
    ],
)
def test_calls_that_cannot_be_answered_are_refused(
    quick: Quick, X: np.ndarray, call: Callable[[vael.VAE, np.ndarray], Any], said: str
) -> None:
    with pytest.raises(vael.InputError, match=said):
        call(quick().fit(X), X)


def test_the_error_of_divergence_says_where_and_what_to_try(quick: Quick, X: np.ndarray) -> None:
    with pytest.raises(
        vael.NonFiniteError,
        match=r"^the loss is not finite at epoch \d+, batch \d+: .* broke on .* try a learning",
    ) as error:
        quick(learning_rate=1e12, max_epochs=50).fit(X)
    assert "\n" not in str(error.value)


def test_read_only_data_are_read(quick: Quick, X: np.ndarray) -> None:
    X.flags.writeable = False
    quick().fit(X).transform(X)
    bytes_ = np.random.default_rng(0).integers(0, 256, size=(20, 5)).astype(np.uint8)
    bytes_.flags.writeable = False
    before = bytes_.copy()
    quick().fit(bytes_).score_samples(bytes_)
    np.testing.assert_array_equal(bytes_, before)


@pytest.mark.parametrize("order", ["F", "strided", "big-endian", "list"])
def test_arrays_of_any_layout_are_the_same_data(
    quick: Quick, X: np.ndarray, order: str, weight_bytes: Callable[[Any], bytes]
) -> None:
    given: Any = {
        "F": np.asfortranarray(X),
        "strided": np.repeat(X, 2, axis=0)[::2],
        "big-endian": X.astype(">f8"),
        "list": X.tolist(),
    }[order]
    assert weight_bytes(quick().fit(given)) == weight_bytes(quick().fit(X))
