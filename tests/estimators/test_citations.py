from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import zuko

import vael
from vael.objectives import ELBO, IWELBO

Quick = Callable[..., vael.VAE]


def keys(estimator: Any) -> set[str]:
    return set(re.findall(r"^@\w+\{(\w+),$", estimator.citation(), re.MULTILINE))


@pytest.mark.parametrize(
    ("settings", "cited"),
    [
        ({}, {"kingma2014autoencoding", "rybkin2021simple"}),
        ({"preset": "beta-vae"}, {"kingma2014autoencoding", "higgins2017beta", "rybkin2021simple"}),
        ({"beta": 2.0}, {"kingma2014autoencoding", "higgins2017beta", "rybkin2021simple"}),
        ({"preset": "iwae"}, {"burda2016importance", "rybkin2021simple"}),
        (
            {"preset": "iwae", "objective": IWELBO(5, doubly_reparameterised=True)},
            {"burda2016importance", "tucker2019doubly", "rybkin2021simple"},
        ),
        (
            {"objective": ELBO(free_bits=0.1), "likelihood": "gaussian-fixed"},
            {"kingma2014autoencoding", "kingma2016improved"},
        ),
        (
            {"preset": "ppca"},
            {
                "tipping1999probabilistic",
                "lucas2019dont",
                "kingma2014autoencoding",
                "loshchilov2017sgdr",
            },
        ),
        ({"network": "gated"}, {"kingma2014autoencoding", "rybkin2021simple", "tomczak2018vamp"}),
        ({"schedule": "one-cycle"}, {"kingma2014autoencoding", "rybkin2021simple", "smith2019super"}),
        ({"preset": "autoencoder"}, {"hinton2006reducing"}),
    ],
)
def test_what_was_used_is_cited_and_nothing_else(
    quick: Quick, X: np.ndarray, settings: dict[str, Any], cited: set[str]
) -> None:
    assert keys(quick(max_epochs=1, **settings).fit(X)) == cited | {"kingma2015adam"}


def test_a_flow_and_the_law_of_greys_are_cited(quick: Quick) -> None:
    torch.manual_seed(0)
    X = np.random.default_rng(0).random((30, 5))
    vae = quick(max_epochs=1, prior=zuko.flows.NSF(features=2)).fit(X)
    assert {"rozet2022zuko", "loaizaganem2019continuous"} <= keys(vae)


def test_entries_are_whole_bibtex(quick: Quick, X: np.ndarray) -> None:
    entries = quick(max_epochs=1, preset="ppca").fit(X).citation().split("\n\n")
    for entry in entries:
        assert entry.count("{") == entry.count("}")
        assert re.fullmatch(r"@(misc|article|inproceedings)\{\w+,\n(  \w+ = \{.*\},\n)+\}", entry)
        assert all(f"  {field} = {{" in entry for field in ("title", "author", "year"))
    with pytest.raises(ValueError, match="not fitted"):
        quick().citation()
