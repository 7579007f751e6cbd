"""The table of all measures: equal sizes, the floor, and each number that of its own function."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.datasets import load_digits

from vael.errors import InputError
from vael.evaluation.mmd import mmd
from vael.evaluation.samples import (
    SampleQuality,
    frechet_distance,
    nearest_training_rows,
    precision_recall,
    sample_quality,
)


def squares(X: np.ndarray) -> np.ndarray:
    return np.concatenate([X[:, :6], X[:, :6] ** 2], axis=1).astype(np.float64)


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(150, 6)), rng.normal(size=(240, 6)), rng.normal(size=(300, 6))


@pytest.fixture(scope="module")
def quality(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> SampleQuality:
    return sample_quality(*rows, features=squares, k=3, most_mmd=80, permutations=50)


def test_sizes_are_equal_and_no_row_stands_twice(quality: SampleQuality) -> None:
    assert quality.n == 120
    assert {s.n for s in quality.scores} == {120, 80}
    assert len(set(quality.sample_indices.tolist())) == 120
    halves = [*quality.stand_in_indices.tolist(), *quality.reference_indices.tolist()]
    assert sorted(halves) == list(range(240))


def test_each_number_is_that_of_its_own_function(
    quality: SampleQuality, rows: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    samples, held_out, train = rows
    reference = held_out[quality.reference_indices]
    for side, place in (
        (samples[quality.sample_indices], "value"),
        (held_out[quality.stand_in_indices], "floor"),
    ):
        scores = precision_recall(squares(reference), squares(side), k=3)
        for name in ("precision", "recall", "density", "coverage"):
            assert getattr(quality.score(name), place) == pytest.approx(getattr(scores, name))
        frechet = frechet_distance(side, reference, features=squares).value
        assert getattr(quality.score("Frechet distance"), place) == pytest.approx(frechet)
        near = nearest_training_rows(side, train, reference)
        assert getattr(quality.score("data-copying z"), place) == near.copying_z
        assert getattr(quality.score("training share"), place) == near.training_share
        assert getattr(quality.score("distance ratio"), place) == near.ratio
        kernel = mmd(squares(side)[:80], squares(reference)[:80], permutations=0, random_state=0)
        assert getattr(quality.score("MMD^2"), place) == pytest.approx(kernel.estimate)


def test_samples_of_the_law_pass_and_the_floor_too(quality: SampleQuality) -> None:
    for name in ("MMD^2", "classifier accuracy", "data-copying z", "training share"):
        score = quality.score(name)
        assert score.p_value is not None
        assert score.floor_p_value is not None
        assert min(score.p_value, score.floor_p_value) > 1e-3
    assert quality.score("density").value == pytest.approx(1, abs=0.35)


def test_numbers_carry_estimator_space_and_unit(quality: SampleQuality) -> None:
    assert all(s.estimator and s.space and s.unit for s in quality.scores)
    text = str(quality)
    assert "120 samples against 120 held-out rows" in text
    assert "On features of squares:" in text
    assert "Frechet distance, 120 rows a side: Gaussians fitted to 12 features" in text
    assert "FID" not in text
    record = json.loads(json.dumps(quality.to_dict()))
    assert [row["name"] for row in record["scores"]] == [s.name for s in quality.scores]
    assert record["scores"] == [*quality.to_rows()]
    with pytest.raises(KeyError, match="no score 'FID'"):
        quality.score("FID")


def test_copies_and_bad_samples_stand_out_on_digits() -> None:
    X = load_digits().data[np.random.default_rng(1).permutation(1797)]
    train, held_out = X[:1000], X[1000:]
    noise = np.random.default_rng(2).uniform(0, 16, (400, 64))
    setting = {"most": 300, "most_mmd": 150, "permutations": 50}
    copied = sample_quality(train[:400], held_out, train, **setting)
    assert copied.score("training share").p_value == 1 / 500
    assert copied.score("data-copying z").value < -10
    assert abs(copied.score("data-copying z").floor) < 4
    assert copied.score("classifier accuracy").p_value > 1e-3  # data it is, but for having been seen
    bad = sample_quality(noise, held_out, train, **setting)
    for name in ("precision", "recall", "coverage"):
        assert bad.score(name).value < 0.05 < 0.7 < bad.score(name).floor
    assert bad.score("classifier accuracy").p_value < 1e-20
    assert bad.score("MMD^2").p_value == 1 / 51
    assert bad.score("Frechet distance").value > 20 * bad.score("Frechet distance").floor
    assert "singular" in bad.notes[0]  # digits have pixels that are always 0


def test_one_seed_gives_one_table(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    first, second, third = (
        sample_quality(*rows, most=40, permutations=20, random_state=s) for s in (5, 5, 6)
    )
    assert first.scores == second.scores
    assert first.scores != third.scores
    assert first.n == 40


def test_what_cannot_be_measured_is_refused(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    samples, held_out, train = rows
    with pytest.raises(InputError, match="needs 10 samples and 20 held-out rows at least, got 150 and 19"):
        sample_quality(samples, held_out[:19], train)
    with pytest.raises(InputError, match="k = 30 needs 31 samples"):
        sample_quality(samples[:30], held_out, train, k=30)
    with pytest.raises(InputError, match="samples has 5 features a row and held_out has 6"):
        sample_quality(samples[:, :5], held_out, train)
    with pytest.raises(InputError, match="samples contains infinity"):
        sample_quality(np.where(samples > 2, np.inf, samples), held_out, train)
