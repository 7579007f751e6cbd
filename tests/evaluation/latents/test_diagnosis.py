"""Diagnosis: each fault is named where a model has it, and only there."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from vael.evaluation.latents import LatentUse, diagnose, use_of_latents
from vael.models import (
    Decoder,
    Encoder,
    FixedGaussian,
    LatentVariableModel,
    SharedScalePosterior,
    StandardNormal,
)
from vael.nn import Linear


def use_with(
    slopes: list[float], deviations: list[float], *, n: int = 400, scale: float = 0.1, spread: float = 1.0
) -> LatentUse:
    """A linear encoder with these slopes and deviations, on rows of independent normals."""
    latent = len(slopes)
    posterior = SharedScalePosterior(latent)
    encoder = Encoder(Linear(latent, latent), posterior).double()
    with torch.no_grad():
        encoder.net.output.weight.copy_(torch.diag(torch.tensor(slopes)))
        encoder.net.output.bias.zero_()
        posterior.log_scale.copy_(torch.tensor(deviations).log())
    decoder = Decoder(Linear(latent, latent), FixedGaussian(scale)).double()
    model = LatentVariableModel(StandardNormal(latent).double(), encoder, decoder)
    X = spread * np.random.default_rng(0).standard_normal((n, latent))
    return use_of_latents(model, X, samples=4)


def kept(deviation: float) -> float:
    """The slope with which an exact posterior's codes follow the prior: slope^2 + deviation^2 = 1."""
    return math.sqrt(1 - deviation**2)


def names(use: LatentUse) -> list[str]:
    return [finding.name for finding in diagnose(use).findings]


def test_latents_in_order() -> None:
    found = diagnose(use_with([kept(0.3)] * 2, [0.3] * 2, n=1000))
    assert found.findings == ()
    assert found.healthy
    assert str(found) == "The latents are in order."


def test_full_collapse_and_what_explains_it() -> None:
    use = use_with([0.01] * 4, [1.0] * 4)
    found = diagnose(use)
    assert [f.name for f in found.findings] == ["posterior collapse"]
    assert found.findings[0].level == "error"
    assert "warm_up" in found.findings[0].action
    assert not found.healthy
    assert "beta=1" in diagnose(replace(use, beta=8.0)).findings[0].action
    wide = diagnose(use_with([0.01] * 4, [1.0] * 4, scale=1.5))
    assert [f.name for f in wide.findings] == ["posterior collapse", "scale too wide"]
    assert "likelihood='gaussian'" in wide.findings[0].action


def test_partial_collapse_is_told_from_latents_that_are_not_needed() -> None:
    few = use_with([kept(0.3)] + [0.0] * 7, [0.3] + [1.0] * 7)
    assert names(few) == ["partial collapse"]
    assert "1 of 8 latents is active" in str(diagnose(few))
    enough = use_with([kept(0.3)] * 3 + [0.0] * 5, [0.3] * 3 + [1.0] * 5)
    assert names(enough) == ["unused latents"]
    assert diagnose(enough).healthy


def test_little_information() -> None:
    assert names(use_with([kept(0.8)], [0.8])) == ["little information"]


@pytest.mark.parametrize(("scale", "found"), [(0.9, []), (1.1, ["scale too wide"])])
def test_the_eigenvalue_rule(scale: float, found: list[str]) -> None:
    # Rows have variances near 1: a fixed variance of 0.81 lets them pay, one of 1.21 does not.
    assert [
        n for n in names(use_with([kept(0.3)] * 2, [0.3] * 2, n=600, scale=scale)) if "scale" in n
    ] == found


def test_the_eigenvalue_rule_weighs_beta() -> None:
    use = replace(use_with([kept(0.3)] * 2, [0.3] * 2, n=600, scale=0.6), beta=4.0)
    assert names(use) == ["scale too wide"]
    assert "beta s^2 = 1.44" in str(diagnose(use))


def test_codes_far_from_the_prior() -> None:
    found = diagnose(replace(use_with([4.0, kept(0.3)], [0.3, 0.3]), beta=0.01))
    assert found.findings[0].name == "codes far from the prior"
    assert "furthest is latent 0, with mean" in found.findings[0].text
    assert "beta=0.01" in found.findings[0].action


def test_codes_a_little_unlike_the_prior() -> None:
    use = use_with([1.4], [0.5], n=1000)
    assert names(use) == ["codes unlike the prior"]
    assert diagnose(use).healthy


def test_information_at_its_ceiling() -> None:
    use = use_with([1.0] * 3, [1e-4] * 3, n=60)
    assert "information at its ceiling" in names(use)
    assert "codes far from the prior" not in names(use)


def test_what_cannot_be_judged_is_said() -> None:
    use = replace(
        use_with([1.0], [0.3]), kl=None, information=None, why={"kl": "a point posterior has no density"}
    )
    found = diagnose(use)
    assert found.findings == ()
    assert not found.healthy
    assert "not judged" in str(found)
    json.dumps(found.to_dict())
