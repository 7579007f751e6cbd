from __future__ import annotations

import json

import numpy as np
import pytest

from vael.datasets import Sprites
from vael.errors import InputError
from vael.evaluation.disentanglement import (
    DCI,
    BetaVAEScore,
    FactorVAEScore,
    MutualInformationGap,
    disentanglement_scores,
)

QUICK = (
    BetaVAEScore(batch=16, train=200, evaluation=100),
    FactorVAEScore(batch=16, train=200, evaluation=100, variance_images=500),
    MutualInformationGap(images=1000),
    DCI(train=300, evaluation=200, trees="boosted regression"),
)


def test_defaults_are_those_of_disentanglement_lib():
    assert BetaVAEScore() == BetaVAEScore(batch=64, train=10000, evaluation=5000)
    assert FactorVAEScore() == FactorVAEScore(64, 10000, 5000, 10000, 0.05)
    assert MutualInformationGap() == MutualInformationGap(images=10000, bins=20)
    assert DCI() == DCI(train=10000, evaluation=5000, trees="boosted classifier")


def test_all_scores_of_the_factors_themselves(small):
    found = disentanglement_scores(lambda f: f, small, scores=QUICK)
    names = ["beta-VAE score", "FactorVAE score", "MIG", *(f"DCI {each}" for each in (
        "disentanglement", "completeness", "informativeness"))]  # fmt: skip
    assert [score.name for score in found.scores] == names
    for score in found.scores:
        assert score.value == pytest.approx(score.identity, abs=0.05)
        assert 0 <= score.chance < 0.5
    assert (found.latents, found.sizes) == (3, (3, 4, 5))


def test_sprites_by_their_moments():
    """Area and centre of mass: x and y are disentangled, and the rotation is not told."""

    def represent(images):
        mass = images.sum((1, 2))
        across = np.arange(64)
        centre = [(images.sum(axis) * across).sum(1) / mass for axis in (1, 2)]
        return np.stack([np.sqrt(mass), *centre], axis=1)

    found = disentanglement_scores(represent, Sprites(), scores=(MutualInformationGap(images=3000), QUICK[3]))
    gaps = dict(zip(found.factors, found.results[0].gaps, strict=True))
    assert min(gaps["x"], gaps["y"]) > 0.7
    assert gaps["scale"] > 0.4
    assert gaps["rotation"] < 0.05
    # columns: shape, scale, rotation, x, y; rows: root of the area, across, down
    np.testing.assert_array_equal(found.results[1].importance.argmax(axis=0)[[1, 3, 4]], [0, 1, 2])
    assert found.encoded < 4000


def test_same_seed_same_scores_whatever_else_is_asked(small):
    all_of_them = disentanglement_scores(small.rotated, small, scores=QUICK, random_state=3)
    alone = disentanglement_scores(small.rotated, small, scores=QUICK[1:2], random_state=3)
    assert alone.score("FactorVAE score").value == all_of_them.score("FactorVAE score").value
    np.testing.assert_array_equal(alone.results[0].votes, all_of_them.results[1].votes)
    again = disentanglement_scores(small.rotated, small, scores=QUICK[1:2], random_state=4)
    assert (again.results[0].votes != alone.results[0].votes).any()
    by_generator = disentanglement_scores(
        small.rotated, small, scores=QUICK[1:2], random_state=np.random.default_rng(3)
    )
    np.testing.assert_array_equal(by_generator.results[0].votes, alone.results[0].votes)


def test_text_and_json(small):
    found = disentanglement_scores(lambda f: f[:, :1], small, scores=QUICK)
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert record["scores"][2]["value"] is None
    assert record["factors"] == {"factor 0": 3, "factor 1": 4, "factor 2": 5}
    text = str(found)
    assert "MIG                  not defined  0.000   1.000" in text
    assert "MIG: not defined: a gap needs two latents" in text
    assert "200 + 100 votes of 16 images, variances from 500; 1 of 1 latents vote" in text
    with pytest.raises(KeyError, match="no score 'SAP'"):
        found.score("SAP")


def test_no_score_is_refused(small):
    with pytest.raises(InputError, match="at least one score"):
        disentanglement_scores(lambda f: f, small, scores=())
