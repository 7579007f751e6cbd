from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vael import InputError
from vael.studio.loaded import Loaded
from vael.theory import decompose


@pytest.mark.parametrize("row", [0, 3, 1796])
def test_the_gap_of_a_row(ask: Any, loaded: Loaded, row: int) -> None:
    facts = ask("digit", {"row": row}).facts
    expected = decompose(loaded.estimator, loaded.rows[row : row + 1])
    assert expected.posterior is not None
    assert facts["evidence"] == pytest.approx(expected.evidence[0], abs=1e-3)
    assert facts["elbo"] == pytest.approx(expected.elbo[0], abs=1e-3)
    assert facts["best_elbo"] == pytest.approx(expected.best_elbo[0], abs=1e-3)
    np.testing.assert_allclose(facts["q"]["mean"], expected.q.mean[0], atol=1e-6)
    np.testing.assert_allclose(facts["q"]["covariance"], expected.q.covariance[0], atol=1e-6)
    np.testing.assert_allclose(facts["best_q"]["mean"], expected.best_q.mean[0], atol=1e-3)
    np.testing.assert_allclose(facts["posterior"]["mean"], expected.posterior[0].mean, atol=1e-4)
    np.testing.assert_allclose(facts["posterior"]["covariance"], expected.posterior[0].covariance, atol=1e-4)


def test_shades_hold_what_they_say(ask: Any, loaded: Loaded) -> None:
    reply = ask("digit", {"row": 5})
    shades = reply.arrays["shades"]
    expected = decompose(loaded.estimator, loaded.rows[5:6])
    assert expected.posterior is not None
    grid = expected.posterior[0]
    low, high = np.array(reply.facts["low"]), np.array(reply.facts["high"])
    places = np.rint((grid.points - low) / (high - low) * (np.array(shades.shape) - 1)).astype(int)
    there = ((places >= 0) & (places < shades.shape)).all(1)
    for level, share in ((1, 0.99), (2, 0.9), (3, 0.5)):
        inside = there.copy()
        inside[there] = shades[tuple(places[there].T)] >= level
        assert grid.mass.ravel()[inside].sum() == pytest.approx(share, abs=0.04)
    assert shades.max() == 3
    for edge in (shades[0], shades[-1], shades[:, 0], shades[:, -1]):
        assert edge.any()


def test_the_row_is_shown(ask: Any, loaded: Loaded) -> None:
    reply = ask("digit", {"row": 5})
    np.testing.assert_array_equal(reply.arrays["row"], loaded.seen(loaded.rows[5:6]))
    mean = loaded.estimator.transform(loaded.rows[5:6])
    np.testing.assert_allclose(
        reply.arrays["reconstruction"].astype(int), loaded.decoded(mean).astype(int), atol=1
    )


def test_a_guess_at_the_encoders_q_has_its_elbo(ask: Any) -> None:
    facts = ask("digit", {"row": 5}).facts
    for name in ("q", "best_q"):
        deviation = np.sqrt(np.diag(facts[name]["covariance"])).tolist()
        guess = ask("guess", {"row": 5, "mean": facts[name]["mean"], "deviation": deviation}).facts
        assert guess["elbo"] == pytest.approx(facts["elbo" if name == "q" else "best_elbo"], abs=2e-3)
    assert facts["elbo"] <= facts["best_elbo"] <= facts["evidence"] + 2e-3


def test_a_guess_with_correlation(ask: Any, loaded: Loaded) -> None:
    from vael.theory import kl_normal

    facts = ask("digit", {"row": 5}).facts
    mean, covariance = facts["q"]["mean"], np.array(facts["q"]["covariance"])
    deviation = np.sqrt(np.diag(covariance))
    # the KL to a normal stand-in of the posterior tells how much the ELBO falls where the posterior is normal
    posterior = facts["posterior"]
    for correlation in (-0.9, 0.9):
        q = ask(
            "guess", {"row": 5, "mean": mean, "deviation": deviation.tolist(), "correlation": correlation}
        ).facts
        off = correlation * deviation[0] * deviation[1]
        tilted = np.diag(deviation**2) + np.array([[0, off], [off, 0]])
        near = kl_normal(mean, tilted, posterior["mean"], np.array(posterior["covariance"]))
        assert facts["evidence"] - q["elbo"] == pytest.approx(near, rel=0.35, abs=0.2)


@pytest.mark.parametrize("name", ["digit", "guess"])
def test_other_models_are_told(ask: Any, eight: Loaded, plain: Loaded, sphere: Loaded, name: str) -> None:
    fields = {"row": 0, "mean": [0, 0], "deviation": [1, 1]}
    for model in (eight, plain):
        with pytest.raises(InputError, match="VAEs with two latents"):
            ask(name, fields, of=model)
    with pytest.raises(InputError, match="sought among normals"):
        ask(name, fields, of=sphere)
    with pytest.raises(InputError, match="row must be a whole number from 0 to 1796"):
        ask(name, fields | {"row": 1797})


def test_a_table_has_true_posteriors_too(ask: Any, wine: Loaded) -> None:
    facts = ask("digit", {"row": 100}, of=wine).facts
    expected = decompose(wine.estimator, wine.rows[100:101])
    assert facts["evidence"] == pytest.approx(expected.evidence[0], abs=1e-3)
    assert facts["elbo"] == pytest.approx(expected.elbo[0], abs=1e-3)
    assert facts["elbo"] < facts["evidence"]
