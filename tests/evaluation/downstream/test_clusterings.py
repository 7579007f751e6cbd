"""Clusterings of a probe, and representations by any transformer."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.manifold import TSNE
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from vael.errors import InputError, VaelWarning
from vael.evaluation.downstream.clustering import clustering_accuracy
from vael.evaluation.downstream.probe import compare_representations, probe
from vael.evaluation.downstream.probe_methods import METHODS, Clusterer, PrincipalAxes
from vael.evaluation.downstream.representations import representations


def gaussians(n: int, apart: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Three long clouds, side by side."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, size=n)
    return rng.normal(size=(n, 2)) * [5.0, 1.0] + np.c_[np.zeros(n), apart * y], y


def test_separated_gaussians_are_found_without_fault() -> None:
    (Z, y), (T, t) = gaussians(600, 12.0, 0), gaussians(300, 12.0, 1)
    table = probe(Z, y, T, t, labels=(), draws=3, methods=["k-means", "Gaussian mixture"])
    for row in table.rows:
        assert row.accuracies == row.nmi == row.ari == (1.0, 1.0, 1.0)


def test_a_mixture_tells_a_narrow_cloud_within_a_wide_one_and_k_means_does_not() -> None:
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, size=900)
    Z = rng.normal(size=(900, 4)) * np.where(y, 8.0, 0.3)[:, None]
    table = probe(
        Z[:600], y[:600], Z[600:], y[600:], labels=(), draws=3, methods=["k-means", "Gaussian mixture"]
    )
    assert table.row("Gaussian mixture", 0).mean > 0.99
    assert table.row("k-means", 0).mean < 0.85


def test_the_mixture_is_scikit_learns_on_the_same_rows() -> None:
    (Z, y), (T, t) = gaussians(500, 3.0, 2), gaussians(400, 3.0, 3)
    made = METHODS["Gaussian mixture"]
    assert isinstance(made, Clusterer)
    found = made.make(3, 5).fit(Z).predict(T)
    centre, scale = Z.mean(0), np.sqrt(np.square(Z - Z.mean(0)).sum(1).mean())
    turn = PCA(2, svd_solver="covariance_eigh").fit((Z - centre) / scale)
    # axes are known up to their sign
    signs = np.sign((turn.components_ * PrincipalAxes(2).fit((Z - centre) / scale).axes_.T).sum(1))
    theirs = GaussianMixture(3, tol=1e-2, reg_covar=1e-5, max_iter=300, random_state=5)
    theirs.fit(turn.transform((Z - centre) / scale) * signs)
    np.testing.assert_array_equal(found, theirs.predict(turn.transform((T - centre) / scale) * signs))
    row = probe(Z, y, T, t, labels=(), draws=1, methods=[Clusterer("ours", lambda k, _: made.make(k, 5))])
    assert row.rows[0].accuracies[0] == clustering_accuracy(t, found)
    assert row.rows[0].nmi[0] == pytest.approx(normalized_mutual_info_score(t, found))
    assert row.rows[0].ari[0] == pytest.approx(adjusted_rand_score(t, found))


def test_units_and_copies_of_columns_do_not_change_a_clustering() -> None:
    (Z, y), (T, t) = gaussians(600, 6.0, 4), gaussians(300, 6.0, 5)
    variants = {
        "metres": (Z, T),
        "kilometres": (1e-3 * Z, 1e-3 * T),
        "a constant beside": (np.c_[Z, np.full(600, 9.0)], np.c_[T, np.full(300, 9.0)]),
    }
    table = compare_representations(variants, y, t, labels=(), methods=["Gaussian mixture"])
    for difference in table.differences:
        np.testing.assert_allclose(difference.differences, 0.0, atol=0.01)


@pytest.mark.parametrize(("rows", "features"), [(300, 30), (20, 30), (600, 800)])
def test_principal_axes_are_pcas(rows: int, features: int) -> None:
    spread = np.where(np.arange(features) < 8, 100 / 2.0 ** np.arange(features).clip(max=8), 0.01)
    X = np.random.default_rng(6).normal(size=(rows, features)) * spread + 10
    ours, theirs = PrincipalAxes(5).fit(X), PCA(5, svd_solver="full").fit(X)
    np.testing.assert_allclose(np.abs(ours.transform(X)), np.abs(theirs.transform(X)), atol=0.05)
    single = PrincipalAxes(5).fit(X.astype(np.float32)).transform(X.astype(np.float32))
    np.testing.assert_allclose(np.abs(single), np.abs(ours.transform(X)), atol=0.05)
    assert (PrincipalAxes(4).fit(np.ones((5, 3))).transform(np.ones((2, 3))) == 0).all()


@pytest.mark.parametrize("method", ["k-means", "Gaussian mixture"])
def test_latents_that_do_not_vary_cluster_at_chance_with_a_warning(method: str) -> None:
    y = np.arange(60) % 3
    with pytest.warns(VaelWarning, match="latents: 1 different rows cannot make 3 clusters"):
        table = probe(np.ones((60, 4)), y, np.ones((30, 4)), y[:30], labels=(), draws=2, methods=[method])
    assert table.rows[0].accuracies == (pytest.approx(1 / 3),) * 2
    assert table.rows[0].ari == (0.0, 0.0)


def test_one_class_is_nothing_to_tell_apart() -> None:
    Z = np.random.default_rng(0).normal(size=(20, 2))
    with pytest.raises(InputError, match="all training rows are of class ant"):
        probe(Z, ["ant"] * 20, Z, ["ant"] * 20, labels=(10,))


def test_transformers_are_used_as_they_are_or_fitted_on_training_rows() -> None:
    rng = np.random.default_rng(7)
    X, T = rng.normal(size=(50, 4)), rng.normal(size=(20, 4)) + 100
    fitted, bare = PCA(2).fit(X[:10]), make_pipeline(StandardScaler(), PCA(3))
    made = representations(
        {
            "fitted": fitted,
            "not yet": bare,
            "function": lambda rows: rows[:, :1],
            "stateless": FunctionTransformer(np.abs),
            "rows": None,
        },
        X,
        T,
    )
    np.testing.assert_array_equal(made["fitted"][1], fitted.transform(T))
    theirs = make_pipeline(StandardScaler(), PCA(3)).fit(X)
    np.testing.assert_array_equal(made["not yet"][0], theirs.transform(X))
    np.testing.assert_array_equal(made["not yet"][1], theirs.transform(T))
    with pytest.raises(NotFittedError):  # the user's own object is left alone
        bare.transform(X)
    np.testing.assert_array_equal(made["function"][1], T[:, :1])
    np.testing.assert_array_equal(made["stateless"][1], np.abs(T))
    np.testing.assert_array_equal(made["rows"][0], X)
    table = compare_representations(made, np.arange(50) % 2, np.arange(20) % 2, labels=(10,), draws=2)
    assert {row.representation for row in table.rows} == set(made)


def test_raw_bytes_of_images_become_flat_rows_in_the_unit_interval() -> None:
    X = np.random.default_rng(8).integers(0, 256, size=(6, 3, 3), dtype=np.uint8)
    train, test = representations({"pixels": None}, X[:4], X[4:])["pixels"]
    assert train.shape == (4, 9)
    np.testing.assert_allclose(test, X[4:].reshape(2, 9) / 255, rtol=1e-6)


@pytest.mark.parametrize(
    ("transformer", "message"),
    [
        (TSNE(2), "TSNE cannot transform new rows: it embeds only the rows that it is fitted on"),
        (3, "int cannot transform new rows; give"),
        (lambda rows: rows[:-1], r"a: 5 rows must become a matrix of as many, but became shape \(4, 2\)"),
    ],
)
def test_what_is_no_transformer_is_refused(transformer, message: str) -> None:
    with pytest.raises(InputError, match=message):
        representations({"a": transformer}, np.ones((5, 2)), np.ones((3, 2)))


def test_rows_of_two_shapes_are_refused() -> None:
    with pytest.raises(InputError, match="must be rows of one shape"):
        representations({"a": None}, np.ones((5, 2)), np.ones((3, 4)))
