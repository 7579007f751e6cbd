"""Precision, recall, density, coverage: transcribed formulas, exact expectations, cases known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from vael.errors import InputError, VaelWarning
from vael.evaluation.samples import expected_coverage, manifold, precision_recall


def transcribed(real: np.ndarray, fake: np.ndarray, k: int) -> tuple[float, float, float, float]:
    """Equations 1 and 2 of arXiv 1904.06991 and 3 to 5 of arXiv 2002.09797, row by row."""

    def radius(rows: np.ndarray, i: int) -> float:
        return sorted(float(np.linalg.norm(rows[i] - rows[j])) for j in range(len(rows)) if j != i)[k - 1]

    r_real = [radius(real, i) for i in range(len(real))]
    r_fake = [radius(fake, j) for j in range(len(fake))]
    in_real = np.array(
        [[np.linalg.norm(x - y) <= r for y in fake] for x, r in zip(real, r_real, strict=True)]
    )
    in_fake = np.array(
        [[np.linalg.norm(x - y) <= r for y, r in zip(fake, r_fake, strict=True)] for x in real]
    )
    return (
        float(np.mean([in_real[:, j].any() for j in range(len(fake))])),
        float(np.mean([in_fake[i].any() for i in range(len(real))])),
        in_real.sum() / (k * len(fake)),
        float(np.mean([in_real[i].any() for i in range(len(real))])),
    )


def values(scores: manifold.ManifoldScores) -> tuple[float, float, float, float]:
    return scores.precision, scores.recall, scores.density, scores.coverage


@pytest.mark.parametrize(("n", "m", "k"), [(30, 50, 1), (50, 30, 3), (40, 40, 5), (6, 7, 5)])
def test_scores_are_the_transcribed_formulas(n: int, m: int, k: int) -> None:
    rng = np.random.default_rng(n + k)
    real, fake = rng.normal(size=(n, 4)), 0.3 + 1.2 * rng.normal(size=(m, 4))
    assert values(precision_recall(real, fake, k=k)) == pytest.approx(transcribed(real, fake, k))


def test_expectations_where_both_have_one_law() -> None:
    rng, n, m, k = np.random.default_rng(0), 40, 25, 3
    scores = [precision_recall(rng.normal(size=(n, 3)), rng.normal(size=(m, 3)), k=k) for _ in range(300)]
    for name, expected in (("density", 1.0), ("coverage", expected_coverage(n, m, k))):
        found = np.array([getattr(s, name) for s in scores])
        assert found.mean() == pytest.approx(expected, abs=4 * found.std() / np.sqrt(len(found)))


def test_expected_coverage_is_lemma_2_by_hand() -> None:
    assert expected_coverage(3, 2, 1) == pytest.approx(1 - 2 / 4)
    assert expected_coverage(5, 5, 2) == pytest.approx(1 - (4 * 3) / (9 * 8))


@pytest.mark.parametrize("binary", [False, True])
def test_a_sample_against_itself(binary: bool) -> None:
    real = np.random.default_rng(1).normal(size=(100, 30))
    if binary:
        real = (real > 0).astype(np.uint8)
    scores = precision_recall(real, real, k=4)
    assert (scores.precision, scores.recall, scores.coverage) == (1, 1, 1)
    assert scores.density >= 5 / 4
    assert binary or scores.density == 5 / 4  # each of the k neighbours, and the row itself


def test_clusters_apart_share_nothing() -> None:
    rng = np.random.default_rng(2)
    scores = precision_recall(rng.normal(size=(50, 3)), rng.normal(size=(60, 3)) + 100)
    assert values(scores) == (0, 0, 0, 0)


def test_a_dropped_mode_costs_recall_and_coverage_alone() -> None:
    rng = np.random.default_rng(3)
    centres = np.array([[0.0, 0.0], [50.0, 0.0]])
    real = rng.normal(size=(400, 2)) + centres[np.arange(400) % 2]
    scores = precision_recall(real, rng.normal(size=(400, 2)), k=5)
    assert scores.precision > 0.9
    assert scores.recall == pytest.approx(0.5, abs=0.05)
    assert scores.coverage == pytest.approx(0.5, abs=0.05)
    assert scores.density == pytest.approx(1, abs=0.1)  # half as many balls, each with twice as many fakes
    back = precision_recall(rng.normal(size=(400, 2)), real, k=5)
    assert back.precision == pytest.approx(0.5, abs=0.05)
    assert back.recall > 0.9


def test_scores_do_not_move_with_shift_scale_order_or_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    real, fake = rng.normal(size=(90, 5)), rng.normal(size=(70, 5))
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    expected = values(precision_recall(real, fake))
    assert values(precision_recall(real @ turn + 1e4, fake @ turn + 1e4)) == expected
    assert values(precision_recall(1e-9 * real[::-1], 1e-9 * fake[rng.permutation(70)])) == expected
    monkeypatch.setattr(manifold, "_BLOCK", 7)
    assert values(precision_recall(real, fake)) == expected
    assert values(precision_recall(real, real)) == (1, 1, 6 / 5, 1)


def test_a_sample_of_points_says_that_its_balls_are_points() -> None:
    with pytest.warns(VaelWarning, match="20 of 20 rows of real have 5 copies or more"):
        precision_recall(np.full((20, 3), 0.1), np.random.default_rng(0).normal(size=(20, 3)))


def test_what_cannot_be_scored_is_refused() -> None:
    rng = np.random.default_rng(5)
    good = rng.normal(size=(20, 3))
    with pytest.raises(InputError, match="real has 5 rows, but k = 5 neighbours of each need at least 6"):
        precision_recall(good[:5], good)
    with pytest.raises(InputError, match="fake has 5 rows"):
        precision_recall(good, good[:5])
    with pytest.raises(InputError, match="k must be 1 or more"):
        precision_recall(good, good, k=0)
    with pytest.raises(InputError, match="real has 3 features a row and fake has 2"):
        precision_recall(good, good[:, :2])
    bad = good.copy()
    bad[4, 1] = np.nan
    with pytest.raises(InputError, match=r"fake contains NaN .* row 4, column 1"):
        precision_recall(good, bad)


def test_text_states_the_setting() -> None:
    rng = np.random.default_rng(6)
    text = str(precision_recall(rng.normal(size=(30, 2)), rng.normal(size=(20, 2)), k=3))
    assert "k = 3; 30 real and 20 fake rows" in text
    assert f"coverage {expected_coverage(30, 20, 3):.4f}" in text
