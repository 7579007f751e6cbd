"""Comparisons against exact models, and what must not change them."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from vael.errors import InputError
from vael.evaluation.comparison import ForeignModel, compare
from vael.evaluation.samples import sample_quality
from vael.models import LatentVariableModel, log_weights


@pytest.fixture
def rows(linear_gaussian) -> np.ndarray:
    return linear_gaussian.sample(80).numpy()


def test_a_widened_posterior_costs_the_kl_and_no_evidence(linear_gaussian, rows):
    """q = N(m, w^2 S) beside p(z|x) = N(m, S): KL = d (w^2 - 1) / 2 - d ln w, the same for every row."""
    wide = 1.3
    models = {"exact": linear_gaussian.model(), "wide": linear_gaussian.model(wide)}
    found = compare(models, rows, samples=1000)
    truth = linear_gaussian.log_evidence(torch.from_numpy(rows)).numpy()
    assert found.row_values["ln p(x)"]["exact"] == pytest.approx(truth, abs=1e-9)
    assert found.row_values["ELBO"]["exact"] == pytest.approx(truth, abs=1e-9)
    evidence, elbo = found.difference("ln p(x)", "wide"), found.difference("ELBO", "wide")
    assert evidence.mean == pytest.approx(0, abs=0.05)
    assert evidence.low <= 0 <= evidence.high
    kl = 2 * ((wide**2 - 1) / 2 - math.log(wide))
    assert elbo.mean == pytest.approx(-kl, abs=0.08)
    assert elbo.low <= -kl <= elbo.high
    # The rows share their noise, whose spread over rows is nothing: log w varies by (w^2 - 1)^2 over samples.
    assert elbo.standard_error == pytest.approx((wide**2 - 1) / math.sqrt(1000), rel=0.1)
    assert found.measure("effective samples", "exact").value == pytest.approx(1000)
    assert found.best("ELBO") == ("exact",)


def test_a_model_beside_itself_differs_by_nothing(linear_gaussian, rows):
    model = linear_gaussian.model(1.5)
    found = compare(
        {"one": model, "two": model}, rows, X_train=linear_gaussian.sample(80).numpy(), samples=70
    )
    assert len(found.differences) > 5
    for each in found.differences:
        assert each.mean == 0
        assert each.standard_error in (0, None)


def test_a_foreign_model_made_of_vael_gives_the_same_numbers(digits, digit_models):
    X, y = digits
    inner = digit_models["binary"]
    foreign = _wrapped(inner, "binary")
    found = compare(
        {"own": inner, "foreign": foreign}, X[1000:1150], X_train=X[:300],
        y_test=y[1000:1150], y_train=y[:300], samples=128, generated=60,
    )  # fmt: skip
    for name in found.names:
        own, other = found.measure(name, "own"), found.measure(name, "foreign")
        assert other.of == own.of
        if own.name in ("ln p(x)", "ELBO", "effective samples", "reconstruction error", "active units"):
            assert other.value == pytest.approx(own.value, rel=1e-5), name
    for k in ("1-NN", "5-NN"):
        assert found.difference(f"{k} accuracy", "foreign").mean == 0
    # Its prior is drawn by NumPy, so its samples are others of the same law.
    assert found.measure("precision", "foreign").value is not None


def _wrapped(estimator, law: str) -> ForeignModel:
    model = estimator.model_

    def weights(X: np.ndarray, k: int, seed: int) -> np.ndarray:
        x = torch.from_numpy(X.reshape(len(X), -1) / np.float32(255))
        noise = torch.Generator().manual_seed(seed)
        with torch.inference_mode():
            return log_weights(model, x, k, generator=noise, common_noise=True).log_w.numpy()

    return ForeignModel(
        encode=estimator.transform,
        decode=estimator.inverse_transform,
        log_weights=weights,
        latent=4,
        law=law,  # type: ignore[arg-type]
    )


def test_the_order_of_the_rows_changes_nothing(digits, digit_models):
    X, y = digits
    order, mixed = (np.random.default_rng(seed).permutation(120) for seed in (0, 1))
    settings = {"samples": 20, "generated": 40}
    models = {name: digit_models[name] for name in ("binary", "greys")}
    first = compare(models, X[1000:1120], X_train=X[:120], y_test=y[1000:1120], y_train=y[:120], **settings)
    second = compare(
        models, X[1000:1120][order], X_train=X[:120][mixed],
        y_test=y[1000:1120][order], y_train=y[:120][mixed], **settings,
    )  # fmt: skip
    assert second.measures == first.measures
    assert second.differences == first.differences
    for name, values in first.row_values.items():
        for model, array in values.items():
            assert np.array_equal(second.row_values[name][model], array[order])


def test_all_binary_laws_meet_the_same_coins(digits, digit_models):
    X = digits[0][1000:1060]
    seen: list[np.ndarray] = []

    def weights(rows: np.ndarray, k: int, seed: int) -> np.ndarray:
        seen.append(rows)
        return np.zeros((k, len(rows)))

    spy = ForeignModel(
        lambda X: np.zeros((len(X), 1)), lambda Z: np.zeros((len(Z), 64)), weights, 1, "binary"
    )
    found = compare({"spy": spy, "own": digit_models["binary"], "greys": digit_models["greys"]}, X, samples=8)
    coins = np.concatenate(seen)
    assert set(np.unique(coins)) <= {0, 255}
    assert coins.dtype == np.uint8
    for name in ("own", "greys"):
        estimator = digit_models["binary" if name == "own" else "greys"]
        model: LatentVariableModel = estimator.model_
        x = torch.from_numpy(coins / np.float32(255))
        noise = torch.Generator().manual_seed(0)
        log_w = log_weights(model, x, 64, generator=noise, common_noise=True).log_w[:8].detach().double()
        expected = (log_w.logsumexp(0) - math.log(8)).mean().item()
        assert found.measure("ln p(x)", name).value == pytest.approx(expected, rel=1e-5)
    assert any("coins" in note for note in found.notes)
    # A coin is white as often as its pixel is: 60 x 64 coins, four standard errors.
    grey = X / 255
    spread = np.sqrt((grey * (1 - grey)).sum())
    order = sorted(range(len(X)), key=lambda i: X[i].tobytes())
    assert abs((coins / 255 - grey[order]).sum()) < 4 * spread


def test_densities_are_not_compared_with_probabilities(digits, digit_models):
    found = compare(digit_models, digits[0][1000:1060], samples=10)
    for name in ("ln p(x)", "ELBO"):
        assert found.difference(name, "greys").mean is not None
        for other in ("continuous", "levels"):
            apart = found.difference(name, other)
            assert apart.mean is None
            assert "not comparable" in apart.why
        assert found.best(name) == ()
    kinds = {name: found.measure("ln p(x)", name).of for name in found.models}
    assert kinds["continuous"] == "density of the values divided by 255"
    assert kinds["levels"] == "probability of the rows as given"
    assert kinds["binary"] == kinds["greys"] == "probability of the rows made 0 or 1"
    assert found.difference("reconstruction error", "levels").mean is not None
    assert "not comparable" in str(found)


def test_errors_are_in_the_units_of_the_data(digits, digit_models):
    X = digits[0][1000:1060]
    model = digit_models["continuous"]
    found = compare({"one": model}, X, samples=10)
    again = model.reconstruct(X).astype(float)
    expected = ((again - X) ** 2).mean(axis=1)
    assert found.row_values["reconstruction error"]["one"] == pytest.approx(expected)
    assert found.measure("reconstruction error", "one").value == pytest.approx(expected.mean())
    active = (model.transform(X).var(axis=0) > 0.01).sum()
    assert found.measure("active units", "one").value == active


def test_neighbours_are_those_of_scikit_learn(digits, digit_models):
    from sklearn.neighbors import KNeighborsClassifier

    X, y = digits
    model = digit_models["continuous"]
    found = compare(
        {"one": model}, X[1000:1200], X_train=X[:500], y_test=y[1000:1200], y_train=y[:500],
        samples=2, generated=0,
    )  # fmt: skip
    known, asked = model.transform(X[:500]), model.transform(X[1000:1200])
    for k in (1, 5):
        judge = KNeighborsClassifier(k, weights="distance").fit(known, y[:500])
        expected = judge.score(asked, y[1000:1200])
        assert found.measure(f"{k}-NN accuracy", "one").value == pytest.approx(expected)


def test_scores_of_samples_are_those_of_sample_quality(digits, digit_models):
    X = digits[0]
    found = compare(
        {"one": digit_models["continuous"]}, X[1000:1200], X_train=X[:200], samples=2, generated=60
    )
    order = sorted(range(200), key=lambda i: X[1000 + i].tobytes())
    train = sorted(range(200), key=lambda i: X[i].tobytes())
    seeds = np.random.SeedSequence(0).generate_state(4)
    expected = sample_quality(
        found.generated["one"], X[1000:1200][order], X[:200][train], random_state=int(seeds[2])
    )
    for score in expected.scores:
        measure = found.measure(score.name, "one")
        assert (measure.value, measure.floor, measure.p_value) == (score.value, score.floor, score.p_value)


def test_real_valued_rows_are_judged_by_draws_and_not_by_means(linear_gaussian):
    """Draws of the very model that made the rows pass for rows; its means would not."""
    held_out, train = linear_gaussian.sample(400).numpy(), linear_gaussian.sample(400).numpy()
    exact = linear_gaussian.model()
    means = ForeignModel(
        encode=lambda X: np.zeros((len(X), 2)),
        decode=lambda Z: Z @ linear_gaussian.W.mT.numpy() + linear_gaussian.mu.numpy(),
        log_weights=None,
        latent=2,
    )
    found = compare({"exact": exact, "means": means}, held_out, X_train=train, samples=4, generated=200)
    assert found.measure("MMD^2", "exact").p_value > 0.01
    assert found.generated["exact"].var(axis=0) == pytest.approx(held_out.var(axis=0), rel=0.4)
    assert "sample_rows" in found.measure("MMD^2", "means").why
    assert "no log-weights" in found.measure("ln p(x)", "means").why


def test_the_result_says_everything(digits, digit_models):
    X = digits[0]
    models = {name: digit_models[name] for name in ("binary", "greys")}
    found = compare(models, X[1000:1050], X_train=X[:50], samples=12, generated=20)
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert [m["model"] for m in record["measures"][:2]] == ["binary", "greys"]
    for measure in record["measures"]:
        assert measure["estimator"]
        assert measure["unit"]
        assert measure["rows"] == 50
    text = str(found)
    for expected in (
        "12 samples a row",
        "nats a row",
        "95 %",
        "Student's t",
        "by row",
        "Differences to binary",
    ):
        assert expected in text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"models": {}}, "one model or more"),
        ({"models": {"one": 3}}, "'one' must be a fitted estimator"),
        ({"X_test": np.full((4, 64), np.nan)}, "X_test"),
        ({"X_test": np.zeros((4, 63), np.uint8)}, "model 'binary': "),
        ({"X_train": np.zeros((4, 63), np.uint8)}, "rows of X_train"),
        ({"samples": 1}, "samples must be >= 2"),
        ({"y_test": np.zeros(4)}, "neighbours need"),
        ({"random_state": -1}, "random_state"),
    ],
)
def test_bad_input_is_refused_by_name(digits, digit_models, given, said):
    settings = {"models": {"binary": digit_models["binary"]}, "X_test": digits[0][:4], "samples": 2} | given
    with pytest.raises(InputError, match=said):
        compare(settings.pop("models"), settings.pop("X_test"), **settings)


def test_rows_of_another_width_are_refused_for_a_bare_model(linear_gaussian):
    with pytest.raises(InputError, match=r"model 'one': rows have 4 features"):
        compare({"one": linear_gaussian.model()}, np.zeros((3, 4)), samples=2)


def test_values_outside_a_binary_law_are_refused(digit_models):
    with pytest.raises(InputError, match="holds 300"):
        compare({"one": digit_models["binary"]}, np.full((4, 64), 300.0), samples=2)


def test_a_class_that_training_lacks_is_said_and_not_scored(digits, digit_models):
    X, y = digits
    found = compare(
        {"one": digit_models["binary"]}, X[1000:1030], X_train=X[:30], y_test=y[1000:1030],
        y_train=np.zeros(30, int), samples=2, generated=0,
    )  # fmt: skip
    assert "1-NN accuracy" not in found.names
    assert any("nothing to tell apart" in note for note in found.notes)


def test_one_row_has_values_but_no_intervals(digits, digit_models):
    found = compare({"one": digit_models["binary"]}, digits[0][:1], samples=4)
    assert found.measure("ln p(x)", "one").low is None
    assert found.measure("active units", "one").why == "one row does not vary"
    assert "[" not in str(found).splitlines()[3]
