from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vael.studio.services.theory.kl_term import NOISE, rows
from vael.theory import LinearGaussian


@pytest.mark.parametrize("beta", [0.05, 1.0, 4.0, 12.0, 60.0])
def test_terms_as_the_api_has_them(ask: Any, beta: float) -> None:
    reply = ask("kl-term", {"beta": beta})
    best = LinearGaussian.optimal_beta_elbo(rows(), 2, beta=beta, noise_variance=NOISE)
    assert reply.facts["elbo"] == best.elbo
    assert reply.facts["kl"] == best.kl.tolist()
    assert reply.facts["active"] == best.active == (best.eigenvalues[:2] > beta * NOISE).sum()


@pytest.mark.parametrize("beta", [0.05, 1.0, 4.0, 12.0, 60.0])
def test_means_shrink_as_posteriors_grow_and_both_make_the_prior(ask: Any, beta: float) -> None:
    reply = ask("kl-term", {"beta": beta})
    values = np.array(reply.facts["eigenvalues"])[:2]
    share = np.minimum(reply.facts["threshold"] / values, 1)
    np.testing.assert_allclose(reply.facts["deviations"], np.sqrt(share), rtol=1e-9)
    np.testing.assert_allclose(reply.facts["spread"], np.sqrt(1 - share), atol=1e-9)
    np.testing.assert_allclose(reply.facts["aggregate"], 1, rtol=1e-9)
    np.testing.assert_allclose(reply.arrays["means"].std(0), reply.facts["spread"], atol=1e-12)


def test_at_beta_1_q_is_the_true_posterior(ask: Any) -> None:
    means = ask("kl-term", {"beta": 1.0}).arrays["means"]
    best = LinearGaussian.optimal_beta_elbo(rows(), 2, noise_variance=NOISE)
    np.testing.assert_allclose(means, best.generative.posterior(rows()).mean, atol=1e-12)
    assert best.elbo == pytest.approx(best.generative.log_evidence(rows()).mean(), abs=1e-9)


def test_all_three_states_are_within_reach(ask: Any) -> None:
    assert [ask("kl-term", {"beta": b}).facts["active"] for b in (1, 10, 90)] == [2, 1, 0]
