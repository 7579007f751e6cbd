"""Ensembles of decoders at the estimators: kept, resumed, refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

import vael
from vael.errors import InputError
from vael.models import Bernoulli, Decoder, DecoderEnsemble
from vael.nn import MLP

Quick = Callable[..., vael.VAE]
KINDS = ["full", "last-layer"]


@pytest.mark.parametrize("ensemble", KINDS)
@pytest.mark.parametrize("network", ["mlp", "gated", "convolutional", "linear"])
def test_saved_and_loaded(
    quick: Quick, images: np.ndarray, tmp_path: Path, ensemble: str, network: str
) -> None:
    hidden = (4, 3) if network == "convolutional" else (6, 5)
    vae = quick(n_decoders=3, ensemble=ensemble, network=network, hidden=hidden, likelihood="bernoulli")
    vae.fit(images)
    decoder = vae.model_.decoder
    assert isinstance(decoder, DecoderEnsemble)
    assert (len(decoder), decoder.trunk is None) == (3, ensemble == "full")
    vae.save(tmp_path / "run")
    again = vael.load(tmp_path / "run")
    assert again.get_params() == vae.get_params()
    np.testing.assert_array_equal(again.reconstruct(images), vae.reconstruct(images))
    np.testing.assert_array_equal(again.score_samples(images[:5]), vae.score_samples(images[:5]))
    np.testing.assert_array_equal(again.sample(3, random_state=0), vae.sample(3, random_state=0))
    assert "Syrota" in again.citation()


@pytest.mark.parametrize("ensemble", KINDS)
def test_resumed_to_the_same_weights(
    quick: Quick,
    X: np.ndarray,
    tmp_path: Path,
    ensemble: str,
    weight_bytes: Callable[[Any], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vael.estimators.fitting.CHECKPOINT_SECONDS", 0.0)
    given = {"n_decoders": 2, "ensemble": ensemble}
    whole = quick(**given).fit(X)

    class Stop(Exception):
        pass

    from vael.training import Trainer

    epochs = Trainer.epochs

    def stopping(self: Trainer) -> Any:
        for metrics in epochs(self):
            yield metrics
            if metrics.epoch == 2:
                raise Stop

    with monkeypatch.context() as patched:
        patched.setattr(Trainer, "epochs", stopping)
        with pytest.raises(Stop):
            quick(**given, run=tmp_path / "run").fit(X)
    resumed = quick(**given, run=tmp_path / "run", resume=True).fit(X)
    assert weight_bytes(resumed) == weight_bytes(whole)


def test_members_are_trained_apart_and_differ(quick: Quick, X: np.ndarray) -> None:
    decoder = quick(n_decoders=3).fit(X).model_.decoder
    assert isinstance(decoder, DecoderEnsemble)
    first, *others = [net.state_dict() for net in decoder.nets]
    for other in others:
        assert all(not (first[name] == other[name]).all() for name in first)


def test_an_ensemble_explains_the_data_about_as_well_as_one_decoder(quick: Quick, X: np.ndarray) -> None:
    vae = quick(n_decoders=4, max_epochs=60, learning_rate=1e-2, likelihood="gaussian").fit(X)
    alone = quick(max_epochs=60, learning_rate=1e-2, likelihood="gaussian").fit(X)
    assert vae.bound_ > alone.bound_ - 1
    assert vae.score(X) > alone.score(X) - 1


def test_an_autoencoder_takes_them_too(X: np.ndarray) -> None:
    given: dict[str, Any] = {"hidden": 8, "max_epochs": 2, "random_state": 0, "n_decoders": 2}
    fitted = vael.Autoencoder(2, **given).fit(X)
    assert isinstance(fitted.model_.decoder, DecoderEnsemble)
    assert fitted.reconstruct(X).shape == X.shape


def test_one_decoder_is_no_ensemble(quick: Quick, X: np.ndarray) -> None:
    vae = quick().fit(X)
    assert isinstance(vae.model_.decoder, Decoder)
    assert "Syrota" not in vae.citation()


def test_an_ensemble_of_ones_own_networks(quick: Quick, images: np.ndarray) -> None:
    nets = [MLP(2, 64, (5,)) for _ in range(2)]
    vae = quick(decoder=DecoderEnsemble(nets, Bernoulli()), likelihood="auto").fit(images)
    assert vae.likelihood_ == "bernoulli"
    assert vae.sample(2).shape == (2, 8, 8)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"n_decoders": 0}, "n_decoders must be a whole number >= 1, got 0"),
        ({"ensemble": "dropout"}, "ensemble must be one of full, last-layer, got 'dropout'"),
        ({"n_decoders": 2, "decoder": nn.Linear(2, 6)}, "leave n_decoders out, or give decoder="),
    ],
)
def test_what_is_refused(quick: Quick, X: np.ndarray, given: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        quick(**given).fit(X)
