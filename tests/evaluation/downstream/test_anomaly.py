"""Anomaly scores against exact densities; their judgement against scikit-learn and simulation."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA
from sklearn.metrics import average_precision_score, roc_auc_score

from vael.errors import InputError
from vael.evaluation.downstream.anomaly import QUANTILES, anomaly
from vael.evaluation.downstream.anomaly_scores import (
    LATENT_DISTANCE,
    LIKELIHOOD,
    RECONSTRUCTION,
    AnomalyScores,
    RowFunctions,
    anomaly_scores,
)
from vael.evaluation.downstream.latent_distance import LatentDistance
from vael.evaluation.downstream.roc import roc_auc
from vael.models import LatentVariableModel


@pytest.mark.parametrize("levels", [3, 1000, None])
def test_area_and_precision_are_scikit_learns_with_ties(levels) -> None:
    rng = np.random.default_rng(0)
    truth = rng.random(300) < 0.2
    scores = rng.normal(size=300) + truth
    if levels is not None:
        scores = np.round(scores * levels / 10)
    found = roc_auc(scores, truth)
    assert found.auc == pytest.approx(roc_auc_score(truth, scores), abs=1e-12)
    assert (found.positives, found.negatives) == (truth.sum(), (~truth).sum())
    row = anomaly({"a": scores}, truth).rows[0]
    assert row.average_precision == pytest.approx(average_precision_score(truth, scores))


def test_standard_error_is_delongs_formula_and_jackknifes() -> None:
    rng = np.random.default_rng(1)
    x, y = np.round(rng.normal(1, 1, size=40), 1), np.round(rng.normal(size=70), 1)
    psi = (x[:, None] > y).astype(float) + 0.5 * (x[:, None] == y)
    expected = np.sqrt(psi.mean(1).var(ddof=1) / 40 + psi.mean(0).var(ddof=1) / 70)
    found = roc_auc(np.r_[x, y], np.arange(110) < 40)
    assert found.auc == pytest.approx(psi.mean())
    assert found.standard_error == pytest.approx(expected)


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_standard_error_is_the_spread_of_simulated_areas(shift: float) -> None:
    rng = np.random.default_rng(2)
    truth = np.arange(150) < 50
    found = [roc_auc(rng.normal(size=150) + shift * truth, truth) for _ in range(600)]
    areas = np.array([each.auc for each in found])
    errors = np.array([each.standard_error for each in found])
    if shift == 0:
        # of exchangeable rows the variance is known: (m + n + 1) / (12 m n)
        assert areas.std(ddof=1) == pytest.approx(np.sqrt(151 / (12 * 50 * 100)), rel=0.08)
        assert areas.mean() == pytest.approx(0.5, abs=0.01)
    assert errors.mean() == pytest.approx(areas.std(ddof=1), rel=0.08)
    inside = np.abs(areas - areas.mean()) < 1.96 * errors
    assert 0.91 < inside.mean() < 0.98


def test_area_feels_order_alone_and_no_order_of_rows() -> None:
    rng = np.random.default_rng(3)
    truth, scores = rng.random(80) < 0.3, rng.normal(size=80)
    mixed = rng.permutation(80)
    plain = roc_auc(scores, truth)
    assert roc_auc(np.exp(5 * scores), truth) == plain
    assert roc_auc(scores[mixed], truth[mixed]).auc == pytest.approx(plain.auc)
    assert roc_auc(-scores, truth).auc == pytest.approx(1 - plain.auc)
    raised = np.where(scores == scores.max(), np.inf, scores)
    assert roc_auc(raised, truth) == plain


def test_what_no_sample_can_say_is_not_said() -> None:
    apart = roc_auc([3.0, 4.0, 1.0, 2.0], [1, 1, 0, 0])
    assert apart.auc == 1.0
    assert apart.standard_error is None
    assert "do not overlap" in apart.why
    one = roc_auc([3.0, 4.0, 1.0, 2.0], [True, False, False, False])
    assert one.standard_error is None
    assert "1 positive row" in one.why
    row = anomaly({"a": [3.0, 4.0, 1.0, 2.0]}, [1, 1, 0, 0]).rows[0]
    assert row.auc_standard_error is None
    assert "do not overlap" in str(anomaly({"a": [3.0, 4.0, 1.0, 2.0]}, [1, 1, 0, 0]))
    constant = anomaly({"a": np.ones(6)}, [1, 1, 1, 0, 0, 0]).rows[0]
    assert (constant.auc, constant.average_precision) == (0.5, 0.5)


def test_distance_is_mahalanobis_and_feels_no_linear_map() -> None:
    rng = np.random.default_rng(4)
    Z, new = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 3)), rng.normal(size=(20, 3))
    distance = LatentDistance.fit(Z)
    assert not isinstance(distance, str)
    inverse = np.linalg.inv(np.cov(Z.T))
    expected = cdist(new, Z.mean(0, keepdims=True), "mahalanobis", VI=inverse)[:, 0]
    np.testing.assert_allclose(distance(new), expected)
    A = rng.normal(size=(3, 3))
    turned = LatentDistance.fit(Z @ A + 5)
    assert not isinstance(turned, str)
    np.testing.assert_allclose(turned(new @ A + 5), expected)


def test_distance_leaves_out_directions_that_do_not_vary() -> None:
    rng = np.random.default_rng(5)
    Z = rng.normal(size=(200, 2))
    dead = np.c_[Z, np.full(200, 7.0), Z[:, 0] + Z[:, 1]]
    distance, plain = LatentDistance.fit(dead), LatentDistance.fit(Z)
    assert not isinstance(distance, str)
    assert not isinstance(plain, str)
    assert distance.whitening.shape == (4, 2)
    np.testing.assert_allclose(distance(dead), plain(Z), rtol=1e-6)
    assert "do not vary" in str(LatentDistance.fit(np.full((50, 3), 0.1)))
    assert "too few" in str(LatentDistance.fit(Z[:2]))


@pytest.fixture
def gaussian(linear_gaussian):
    """A linear Gaussian model with its exact posterior, rows of it, and rows of another kind."""
    strange = 5 * torch.randn(80, 5, dtype=torch.float64)
    return linear_gaussian, linear_gaussian.sample(500).numpy(), strange.numpy()


def test_scores_of_a_model_are_its_exact_density_and_projection(gaussian) -> None:
    exact, rows, strange = gaussian
    X = np.concatenate([rows[:100], strange])
    found = anomaly_scores(exact.model(), X, rows)
    assert not found.not_defined
    truth = exact.log_evidence(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(found.scores[LIKELIHOOD], -truth, atol=1e-9)
    W, mu = exact.W.numpy(), exact.mu.numpy()
    Z = (X - mu) @ W @ np.linalg.inv(exact.M.numpy())
    np.testing.assert_allclose(
        found.scores[RECONSTRUCTION], np.sqrt(np.square(Z @ W.T + mu - X).mean(1)), atol=1e-10
    )
    Z_train = (rows - mu) @ W @ np.linalg.inv(exact.M.numpy())
    inverse = np.linalg.inv(np.cov(Z_train.T))
    expected = cdist(Z, Z_train.mean(0, keepdims=True), "mahalanobis", VI=inverse)[:, 0]
    np.testing.assert_allclose(found.scores[LATENT_DISTANCE], expected, atol=1e-9)
    table = anomaly(found, np.arange(180) >= 100)
    assert table.row(LIKELIHOOD).auc > 0.99


def test_a_rows_scores_do_not_depend_on_the_rows_beside(gaussian) -> None:
    exact, rows, strange = gaussian
    model = exact.model(widen=1.5)  # the estimate of ln p(x) has noise
    together = anomaly_scores(model, strange, rows)
    mixed = np.random.default_rng(0).permutation(80)
    apart = anomaly_scores(model, strange[mixed[:11]], rows)
    for name, values in apart.scores.items():
        np.testing.assert_allclose(values, together.scores[name][mixed[:11]], rtol=1e-10)


def test_any_transformer_has_the_scores_that_it_can_give() -> None:
    rng = np.random.default_rng(6)
    X = rng.normal(size=(200, 5)) * [3.0, 2.0, 1.0, 0.5, 0.1]
    pca = PCA(2).fit(X)
    found = anomaly_scores(pca, X[:30], X)
    back = pca.inverse_transform(pca.transform(X[:30]))
    np.testing.assert_allclose(found.scores[RECONSTRUCTION], np.sqrt(np.square(back - X[:30]).mean(1)))
    np.testing.assert_allclose(found.scores[LIKELIHOOD], -pca.score_samples(X[:30]))
    scale = X.std(axis=0)
    scaled = anomaly_scores(pca, X[:30], X, feature_scale=scale).scores[RECONSTRUCTION]
    np.testing.assert_allclose(scaled, np.sqrt(np.square((back - X[:30]) / scale).mean(1)))
    alone = anomaly_scores(RowFunctions(reconstruct=lambda rows: 0 * rows), X[:30], X)
    assert list(alone.scores) == [RECONSTRUCTION]
    assert set(alone.not_defined) == {LIKELIHOOD, LATENT_DISTANCE}


def test_a_missing_score_is_labelled_with_its_reason(gaussian) -> None:
    exact, rows, strange = gaussian
    model = exact.model()
    bare = LatentVariableModel(None, model.encoder, model.decoder)
    found = anomaly_scores(bare, strange, rows)
    assert "no prior" in found.not_defined[LIKELIHOOD]
    table = anomaly(found, np.arange(80) < 40)
    assert table.row(LIKELIHOOD).auc is None
    assert table.row(LIKELIHOOD).why.startswith("not defined: this model has no prior")
    assert "not defined" in str(table)
    json.dumps(table.to_dict(), allow_nan=False)


def test_table_with_and_without_labels() -> None:
    rng = np.random.default_rng(7)
    truth = np.arange(400) < 100
    scores = rng.normal(size=400) + 1.5 * truth
    scores[0] = np.inf
    table = anomaly({"a": scores, "b": -scores}, truth)
    row = table.row("a")
    assert row.auc == pytest.approx(1 - table.row("b").auc)
    assert row.anomalous_quantiles[1] == np.sort(scores[truth])[49]
    assert row.normal_quantiles[1] == np.sort(scores[~truth])[149]
    assert f"{row.auc:.3f} ± {row.auc_standard_error:.3f}" in str(table)
    assert "chance 0.250" in str(table)
    json.dumps(table.to_dict(), allow_nan=False)
    assert table.to_rows()[0]["auc"] == row.auc
    unlabelled = anomaly({"a": scores})
    assert unlabelled.anomalies is None
    assert unlabelled.rows[0].auc is None
    ranked = np.sort(scores)
    expected = [ranked[int(np.ceil(level * 400)) - 1] for level in QUANTILES]
    assert unlabelled.rows[0].quantiles == tuple(expected)
    assert "no labels" in str(unlabelled)


X = np.random.default_rng(8).normal(size=(20, 3))
HOLE = np.where(np.arange(60).reshape(20, 3) == 32, np.nan, X)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: anomaly({"a": [1.0, 2.0]}, [1, 1]), "all 2 rows are positive"),
        (lambda: anomaly({"a": [1.0, 2.0]}, [0, 0]), "all 2 rows are negative"),
        (lambda: anomaly({"a": [1.0, 2.0]}, [0, 2]), "must be 2 booleans"),
        (lambda: anomaly({"a": [1.0, 2.0]}, [0, 1, 1]), "must be 2 booleans"),
        (lambda: anomaly({"a": [1.0, np.nan]}), "a: scores must be a list of numbers without NaN"),
        (lambda: anomaly({"a": [1.0, 2.0], "b": [1.0]}), r"got \[1, 2\] rows"),
        (lambda: anomaly({"a": []}), "one or more"),
        (lambda: anomaly(AnomalyScores({}, {"a": "no encoder"})), "there is no score: no encoder"),
        (lambda: roc_auc([np.nan, 1.0], [0, 1]), "without NaN"),
        (lambda: anomaly_scores(PCA(2).fit(X), HOLE, X), "X holds a number that is not finite in row 10"),
        (lambda: anomaly_scores(PCA(2).fit(X), X, HOLE), "X_train holds a number"),
        (lambda: anomaly_scores(PCA(2).fit(X), X[:, :2], X), "a row of X has shape"),
        (lambda: anomaly_scores(object(), X, X), "neither transform nor"),
        (
            lambda: anomaly_scores(PCA(2).fit(X), X, X, feature_scale=[1.0, 0.0, 1.0]),
            "give a constant feature a scale",
        ),
        (lambda: anomaly_scores(RowFunctions(reconstruct=lambda rows: rows[:3]), X, X), "must give back"),
    ],
)
def test_bad_input_is_one_clear_error(call, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


def test_an_estimator_of_vael_gives_all_three() -> None:
    from vael import VAE

    rng = np.random.default_rng(9)
    X = rng.normal(size=(300, 4)) @ rng.normal(size=(4, 4))
    vae = VAE(2, hidden=8, max_epochs=2, random_state=0).fit(X)
    strange = 6 * rng.normal(size=(40, 4))
    found = anomaly_scores(vae, np.concatenate([X[:60], strange]), X)
    assert list(found.scores) == [LIKELIHOOD, RECONSTRUCTION, LATENT_DISTANCE]
    np.testing.assert_allclose(found.scores[LIKELIHOOD][:60], -vae.score_samples(X[:60]))
    assert anomaly(found, np.arange(100) >= 60).row(LIKELIHOOD).auc > 0.8
