from __future__ import annotations

import copy
import io
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import vael

Quick = Callable[..., vael.VAE]

CHECKS = """
import json, warnings
import vael
from sklearn.utils.estimator_checks import check_estimator
warnings.simplefilter("ignore")
found = {}
for make in (vael.VAE, vael.Autoencoder):
    results = check_estimator(make(n_components=2, hidden=8, max_epochs=3), on_fail=None, on_skip=None)
    found[make.__name__] = [[r["check_name"], r["status"], repr(r["exception"])] for r in results]
print(json.dumps(found))
"""


def test_every_check_of_scikit_learn_passes_and_none_is_skipped() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", CHECKS],
        env=os.environ | {"SCIPY_ARRAY_API": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(ran.stdout)
    for results in found.values():
        assert len(results) >= 40
        assert [r for r in results if r[1] != "passed"] == []
    assert set(found) == {"VAE", "Autoencoder"}


def test_a_clone_has_the_same_parameters_and_no_fit(quick: Quick, X: np.ndarray) -> None:
    fitted = quick(beta=2.0, likelihood="gaussian").fit(X)
    copied = clone(fitted)
    assert copied.get_params() == fitted.get_params()
    assert [k for k in vars(copied) if k.endswith("_")] == []


def test_in_a_pipeline_the_latents_classify(quick: Quick) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    X = rng.normal(size=(300, 8)) * 0.2
    X[:, :4] += 2 * y[:, None]
    vae = quick(max_epochs=30, learning_rate=1e-2)
    pipeline = make_pipeline(StandardScaler(), vae, LogisticRegression()).fit(X[:200], y[:200])
    assert pipeline.score(X[200:], y[200:]) > 0.95


def test_a_grid_search_scores_by_ln_p(quick: Quick, X: np.ndarray) -> None:
    """The data have two causes: two latents explain them better than one and a strangled KL."""
    vae = quick(max_epochs=60, learning_rate=1e-2, n_importance_samples=20, validation_fraction=0.0)
    search = GridSearchCV(vae, {"beta": [1.0, 1e4]}, cv=2, n_jobs=1, error_score="raise").fit(X)
    assert search.best_params_ == {"beta": 1.0}
    assert search.cv_results_["mean_test_score"][0] > search.cv_results_["mean_test_score"][1] + 0.3


def test_frames_come_in_and_go_out(quick: Quick, X: np.ndarray) -> None:
    names = [f"x{i}" for i in range(6)]
    plain = quick().fit(X).transform(X)
    pandas, polars = pd.DataFrame(X, columns=names), pl.DataFrame(X, schema=names)
    for frame, kind, container in ((pandas, "pandas", pd.DataFrame), (polars, "polars", pl.DataFrame)):
        vae = quick().set_output(transform=kind).fit(frame)
        Z = vae.transform(frame)
        assert isinstance(Z, container)
        assert list(Z.columns) == ["vae0", "vae1"] == list(vae.get_feature_names_out())
        assert list(vae.feature_names_in_) == names
        np.testing.assert_array_equal(Z.to_numpy(), plain)
    assert list(
        vae.set_output(transform="pandas").transform(pandas.set_index(np.arange(5, 125))).index
    ) == list(range(5, 125))


def test_other_column_names_are_refused(quick: Quick, X: np.ndarray) -> None:
    frame = pd.DataFrame(X, columns=list("abcdef"))
    vae = quick().fit(frame)
    with pytest.raises(ValueError, match=r"(?s)feature names should match.*\n- z\n"):
        vae.transform(frame.rename(columns={"a": "z"}))
    with pytest.raises(ValueError, match="same order"):
        vae.transform(frame[list("fedcba")])


def test_fewer_features_are_refused(quick: Quick, X: np.ndarray) -> None:
    vae = quick().fit(X)
    for method in (vae.transform, vae.score_samples, vae.reconstruct, vae.posterior_moments):
        with pytest.raises(ValueError, match="X has 4 features, but VAE is expecting 6 features as input"):
            method(X[:, :4])


@pytest.mark.parametrize("through", ["pickle", "joblib", "deepcopy"])
def test_a_copy_in_memory_gives_the_same_numbers(quick: Quick, X: np.ndarray, through: str) -> None:
    vae = quick().fit(X)
    if through == "pickle":
        copied = pickle.loads(pickle.dumps(vae))
    elif through == "joblib":
        file = io.BytesIO()
        joblib.dump(vae, file)
        file.seek(0)
        copied = joblib.load(file)
    else:
        copied = copy.deepcopy(vae)
    np.testing.assert_array_equal(copied.transform(X), vae.transform(X))
    np.testing.assert_array_equal(copied.score_samples(X), vae.score_samples(X))
    assert copied.model_ is not vae.model_
    assert copied.citation() == vae.citation()


def test_one_random_state_is_one_result(
    quick: Quick, X: np.ndarray, weight_bytes: Callable[[Any], bytes]
) -> None:
    first, second, other = quick().fit(X), quick().fit(X), quick(random_state=1).fit(X)
    assert weight_bytes(first) == weight_bytes(second)
    assert weight_bytes(first) != weight_bytes(other)
    np.testing.assert_array_equal(first.score_samples(X), second.score_samples(X))
    np.testing.assert_array_equal(first.validation_rows_, second.validation_rows_)


def test_a_random_state_object_moves_on(
    quick: Quick, X: np.ndarray, weight_bytes: Callable[[Any], bytes]
) -> None:
    def pair() -> list[bytes]:
        state = np.random.RandomState(5)
        return [weight_bytes(quick(random_state=state).fit(X)) for _ in range(2)]

    first, second = pair(), pair()
    assert first == second
    assert first[0] != first[1]


def test_without_a_random_state_fits_differ_and_numpys_seed_decides(
    quick: Quick, X: np.ndarray, weight_bytes: Callable[[Any], bytes]
) -> None:
    def fit() -> bytes:
        return weight_bytes(quick(random_state=None).fit(X))

    np.random.seed(3)  # noqa: NPY002 - scikit-learn's meaning of None
    first, second = fit(), fit()
    np.random.seed(3)  # noqa: NPY002
    assert fit() == first != second


def test_a_refit_is_as_a_first_fit(
    quick: Quick, X: np.ndarray, images: np.ndarray, weight_bytes: Callable[[Any], bytes]
) -> None:
    used = quick().fit(images).fit(X)
    fresh = quick().fit(X)
    assert weight_bytes(used) == weight_bytes(fresh)
    assert used.n_features_in_ == 6
    assert used.image_shape_ is None
    assert len(used.history_) == 4
    assert {k for k in vars(used) if k.endswith("_")} == {k for k in vars(fresh) if k.endswith("_")}


def test_a_fit_refused_at_the_door_leaves_the_earlier_one(quick: Quick, X: np.ndarray) -> None:
    vae = quick().fit(X)
    before = vae.transform(X)
    with pytest.raises(vael.InputError):
        vae.fit(np.full((5, 6), np.nan))
    np.testing.assert_array_equal(vae.transform(X), before)


def test_a_fit_that_diverged_leaves_nothing_that_looks_fitted(quick: Quick, X: np.ndarray) -> None:
    vae = quick().fit(X)
    with pytest.raises(vael.NonFiniteError):
        vae.set_params(learning_rate=1e12, max_epochs=100).fit(X)
    with pytest.raises(ValueError, match="not fitted"):
        vae.transform(X)


def test_the_repr_shows_the_likelihood_that_was_chosen(quick: Quick, X: np.ndarray) -> None:
    vae = quick()
    assert "likelihood" not in repr(vae)
    vae.fit(X)
    shown = repr(vae)
    assert shown.startswith(repr(clone(vae)))
    assert f"likelihood 'gaussian', bound {vae.bound_:.2f} nats at epoch {vae.best_epoch_}" in shown
    assert "VAE" in repr(make_pipeline(vae))


def test_a_cross_entropy_on_greys_is_labelled(quick: Quick) -> None:
    greys = np.random.default_rng(0).random((40, 5))
    vae = quick(likelihood="bernoulli-greys").fit(greys)
    assert "'bernoulli-greys' (on greys not a likelihood)" in repr(vae)
    assert quick(likelihood=vael.models.Bernoulli(None)).fit(greys).likelihood_ == "bernoulli-greys"
    assert quick(likelihood=vael.models.Bernoulli("static")).fit(greys).likelihood_ == "bernoulli-static"


def test_what_fit_leaves_is_what_is_documented(quick: Quick, X: np.ndarray) -> None:
    vae = quick(max_epochs=7).fit(X)
    assert [m.epoch for m in vae.history_] == list(range(1, 8))
    assert vae.n_iter_ == 7
    assert vae.stopped_ == "max_epochs"
    assert vae.bound_ == max(m.validation_bound for m in vae.history_)
    assert vae.history_[vae.best_epoch_ - 1].validation_bound == vae.bound_
    assert (vae.n_components_, vae.n_features_in_, vae.n_train_, vae.n_validation_) == (2, 6, 108, 12)
    assert len(vae.validation_rows_) == 12


@pytest.mark.parametrize(("fraction", "held"), [(0.0, 0), (0.001, 1), (0.25, 30), (0.999, 119)])
def test_the_validation_fraction_is_of_the_rows(
    quick: Quick, X: np.ndarray, fraction: float, held: int
) -> None:
    vae = quick(validation_fraction=fraction).fit(X)
    assert (vae.n_train_, vae.n_validation_) == (120 - held, held)
    assert len(set(vae.validation_rows_.tolist())) == held


def test_patience_can_be_endless(quick: Quick, X: np.ndarray) -> None:
    """A rate of nil improves nothing: the preset's ten epochs of patience end, "never" does not."""
    settings: dict[str, Any] = {"max_epochs": 15, "learning_rate": 1e-30}
    assert quick(**settings, patience=None).fit(X).n_iter_ < 15
    assert quick(**settings, patience="never").fit(X).n_iter_ == 15


def test_early_stopping_says_so(quick: Quick, X: np.ndarray) -> None:
    vae = quick(max_epochs=500, learning_rate=0.1, patience=3).fit(X)
    assert vae.stopped_ == "converged"
    assert vae.n_iter_ == vae.best_epoch_ + 3


def test_verbose_shows_epochs_on_standard_error_and_nothing_else_prints(
    quick: Quick, X: np.ndarray, capfd: pytest.CaptureFixture[str]
) -> None:
    quick(verbose=1).fit(X)
    out, err = capfd.readouterr()
    assert out == ""
    assert [line[:9] for line in err.splitlines()] == [f"epoch {i}/4" for i in range(1, 5)]
    quick().fit(X)
    assert capfd.readouterr() == ("", "")
