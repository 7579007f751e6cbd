"""A user's own networks, distributions and flows in the places of vael's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import zuko
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Laplace
from zuko.lazy import LazyDistribution

import vael
from vael.distributions import DiagonalNormal
from vael.models import Decoder, FixedGaussian
from vael.nn import MLP
from vael.objectives import ELBO

Quick = Callable[..., vael.VAE]


class OverPictures(nn.Module):
    """Takes (n, C, H, W)."""

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 4, 3, stride=2)
        self.out = nn.LazyLinear(outputs)

    def forward(self, images: Tensor) -> Tensor:
        assert images.dim() == 4
        return self.out(torch.relu(self.conv(images)).flatten(1))


class Pictures(nn.Module):
    """Gives (n, C, H, W): each channel one value, 0, 1, 2."""

    def __init__(self) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.arange(3.0))

    def forward(self, z: Tensor) -> Tensor:
        return self.level[None, :, None, None].expand(len(z), 3, 4, 5)


class LooseDecoder(LazyDistribution):
    """Forgets that the features belong together."""

    def __init__(self, latent: int, features: int) -> None:
        super().__init__()
        self.net = nn.Linear(latent, features)

    def forward(self, c: Tensor | None = None) -> Distribution:
        assert c is not None
        return Laplace(self.net(c), 1.0)


class LaplaceDecoder(LazyDistribution):
    """p(x|z) of a family that vael does not have."""

    def __init__(self, latent: int, features: int) -> None:
        super().__init__()
        self.net = nn.Linear(latent, features)
        self.log_scale = nn.Parameter(torch.zeros(features))

    def forward(self, c: Tensor | None = None) -> Distribution:
        assert c is not None
        return Independent(Laplace(self.net(c), self.log_scale.exp().expand(*c.shape[:-1], -1)), 1)


class NormalEncoder(LazyDistribution):
    """q(z|x) in a module of the user's."""

    def __init__(self, features: int, latent: int) -> None:
        super().__init__()
        self.net = nn.Linear(features, 2 * latent)

    def forward(self, c: Tensor | None = None) -> Distribution:
        assert c is not None
        loc, log_scale = self.net(c).chunk(2, -1)
        return DiagonalNormal(loc, log_scale)


def improves(vae: vael.VAE, by: float = 0.3) -> bool:
    bounds = [m.validation_bound for m in vae.history_]
    return bounds[-1] > bounds[0] + by


def test_plain_modules_learn_and_are_left_as_they_were(quick: Quick, X: np.ndarray) -> None:
    torch.manual_seed(0)
    encoder, decoder = MLP(6, 4, (8,)), nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 6))
    before = [p.clone() for net in (encoder, decoder) for p in net.parameters()]
    vae = quick(encoder=encoder, decoder=decoder, max_epochs=40, learning_rate=1e-2).fit(X)
    assert improves(vae)
    after = [p for net in (encoder, decoder) for p in net.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_a_refit_starts_from_the_modules_as_given(
    quick: Quick, X: np.ndarray, weight_bytes: Callable[[Any], bytes]
) -> None:
    torch.manual_seed(0)
    flow = zuko.flows.NSF(features=2, transforms=1, hidden_features=(8,))
    likelihood = vael.models.FeatureGaussian(6)
    vae = quick(encoder=nn.Linear(6, 4), decoder=nn.Linear(2, 6), prior=flow, likelihood=likelihood)
    assert weight_bytes(vae.fit(X)) == weight_bytes(vae.fit(X))
    assert likelihood.raw_log_scale.abs().max() == 0


def test_a_module_that_takes_images_is_given_images(quick: Quick, images: np.ndarray) -> None:
    torch.manual_seed(0)
    encoder = OverPictures(1, 4)
    encoder(torch.zeros(1, 1, 8, 8))
    vae = quick(encoder=encoder, max_epochs=10).fit(images)
    net = vae.model_.encoder.net
    x = torch.from_numpy(images[:5] / np.float32(255)).float()
    with torch.no_grad():
        expected = net.net(x.unsqueeze(1))[:, :2]
    np.testing.assert_allclose(vae.transform(images)[:5], expected, atol=1e-5)
    flat = quick(encoder=encoder, image_shape=(8, 8), max_epochs=10).fit(images.reshape(-1, 64))
    np.testing.assert_array_equal(flat.transform(images.reshape(-1, 64)), vae.transform(images))


def test_a_module_that_gives_images_has_its_channels_put_last(quick: Quick) -> None:
    """Rows are in height, width, channel order; the module's images are in channel, height, width."""
    X = np.random.default_rng(0).normal(size=(40, 4, 5, 3)) + np.arange(3)
    vae = quick(decoder=Pictures(), likelihood=FixedGaussian(), max_epochs=1, learning_rate=1e-9).fit(X)
    x = vae.schema_.scaling.to_model(vae.inverse_transform(np.zeros((1, 2))).reshape(1, -1))
    np.testing.assert_allclose(x.reshape(4, 5, 3), np.broadcast_to(np.arange(3.0), (4, 5, 3)), atol=1e-4)


def test_distributions_of_the_users_learn_score_and_sample(quick: Quick, X: np.ndarray) -> None:
    torch.manual_seed(0)
    vae = quick(
        encoder=NormalEncoder(6, 2), decoder=LaplaceDecoder(2, 6), max_epochs=60, learning_rate=3e-2
    ).fit(X)
    assert improves(vae, 1.0)
    assert vae.likelihood_ == "custom"
    assert vae.schema_.scaling.kind == "identity"  # the user's law is of the data as they are
    log_p = vae.score_samples(X, n_samples=500)
    order = np.random.default_rng(0).permutation(len(X))
    # The user's own products: to rounding, where vael's are exact.
    np.testing.assert_allclose(vae.score_samples(X[order], n_samples=500), log_p[order], rtol=1e-6)
    assert vae.sample(500, random_state=0).mean(0) == pytest.approx(X.mean(0), abs=1.0)


def test_vaels_own_decoder_given_whole_keeps_its_likelihood(quick: Quick, X: np.ndarray) -> None:
    torch.manual_seed(0)
    vae = quick(decoder=Decoder(MLP(2, 6, (8,)), FixedGaussian(0.5))).fit(X)
    assert vae.likelihood_ == "gaussian-fixed"
    assert vae.schema_.scaling.kind == "standardise"


@pytest.mark.parametrize(
    ("modules", "said"),
    [
        ({"encoder": nn.Linear(6, 3)}, r"^encoder: your module returns 3 values a row, but 4 are needed"),
        ({"decoder": nn.Linear(2, 7)}, r"^decoder: your module returns 7 values a row, but 6 are needed"),
        ({"encoder": nn.Linear(5, 4)}, r"^encoder: your module cannot take a batch of shape \(2, 6\): mat1"),
        ({"decoder": nn.Linear(3, 6)}, r"^decoder: your module cannot take a batch of shape \(2, 2\): mat1"),
        ({"prior": "gaussian"}, "^unknown prior 'gaussian': choose 'normal', or give a zuko flow"),
        (
            {"posterior": "laplace"},
            "^unknown posterior 'laplace': choose one of diagonal, full, shared, delta",
        ),
        ({"network": "transformer"}, "^unknown network 'transformer': choose one of mlp, gated, "),
        ({"network": "convolutional"}, "^a convolutional network needs images: give X as"),
        ({"activation": "relux"}, "unknown activation 'relux'"),
        ({"preset": "gan"}, "^unknown preset 'gan': choose one of autoencoder, vae"),
        ({"hidden": (20, 0)}, r"^hidden must be whole numbers >= 1, got \(20, 0\)"),
        ({"hidden": 2.5}, "^hidden must be whole numbers >= 1, got 2.5"),
        ({"n_components": 0}, "^n_components must be a whole number >= 1, got 0"),
        ({"n_components": 2.0}, "^n_components must be a whole number >= 1, got 2.0"),
        ({"n_components": True}, "^n_components must be a whole number >= 1, got True"),
        ({"encoder": "mlp"}, "^encoder must be a torch.nn.Module, built and not its class, got 'mlp'"),
        ({"decoder": nn.Linear}, "^decoder must be a torch.nn.Module, built and not its class"),
        ({"objective": "elbo"}, r"^objective must be one of vael.objectives, ELBO\(\) say, got 'elbo'"),
        ({"objective": ELBO}, "^objective must be one of vael.objectives"),
        ({"beta": "4"}, "^beta must be >= 0 and finite, got '4'"),
        ({"random_state": -1}, "^random_state must be None, a RandomState or a whole number from 0 to"),
        ({"random_state": "seed"}, "^random_state must be None, .* got 'seed'"),
        (
            {"preset": "iwae", "beta": 2.0},
            "^beta weighs the KL of an ELBO, and IWELBO has none: leave it out",
        ),
        ({"validation_fraction": 1.0}, r"^validation_fraction must be a number in \[0, 1\), got 1.0"),
        ({"run": None, "resume": True}, "^resume=True needs run=..., the folder of the run to go on with"),
    ],
)
def test_parts_that_do_not_fit_are_said_at_the_door(
    quick: Quick, X: np.ndarray, modules: dict[str, Any], said: str
) -> None:
    with pytest.raises(vael.InputError, match=said) as error:
        quick().set_params(**modules).fit(X)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("modules", "said"),
    [
        ({"prior": zuko.flows.NSF(3, 0, transforms=1)}, "^your prior cannot be used in a model of 2 latents"),
        ({"prior": nn.Linear(2, 2)}, "^your prior cannot be used in a model of 2 latents and 6 features"),
        ({"encoder": zuko.flows.NSF(3, 6, transforms=1)}, "^your encoder cannot be used"),
        ({"decoder": LaplaceDecoder(3, 6)}, "^your decoder cannot be used"),
        ({"decoder": LooseDecoder(2, 6)}, "^your decoder cannot be used"),
        (
            {"decoder": LooseDecoder(2, 6), "preset": "autoencoder"},
            r"^the model gives a bound of shape \(2, 6\) for 2 rows",
        ),
        ({"posterior": "delta"}, "^a point posterior has no density, so it has no ELBO"),
    ],
)
def test_and_leave_no_folder_of_a_run(
    quick: Quick, X: np.ndarray, tmp_path: Path, modules: dict[str, Any], said: str
) -> None:
    with pytest.raises(vael.InputError, match=said) as error:
        quick(run=tmp_path / "run").set_params(**modules).fit(X)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


def test_a_layer_that_keeps_averages_starts_from_its_own(quick: Quick, X: np.ndarray) -> None:
    """Looking whether parts fit leaves no trace in them."""
    encoder = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Linear(8, 4))
    vae = quick(encoder=encoder, max_epochs=1, batch_size=120, validation_fraction=0.0).fit(X)
    counts = [v for k, v in vae.model_.state_dict().items() if k.endswith("num_batches_tracked")]
    assert [int(v) for v in counts] == [1]


# -- flows -----------------------------------------------------------------------------------------------


@pytest.fixture
def flow() -> zuko.flows.NSF:
    torch.manual_seed(0)
    return zuko.flows.NSF(features=2, transforms=1, hidden_features=(16,))


def test_a_flow_is_a_prior(quick: Quick, X: np.ndarray, flow: zuko.flows.NSF) -> None:
    vae = quick(prior=flow, max_epochs=40, learning_rate=1e-2).fit(X)
    assert improves(vae, 1.0)
    first = vae.sample(2000, random_state=1)
    np.testing.assert_array_equal(vae.sample(2000, random_state=1), first)
    sd = X.std(axis=0)
    np.testing.assert_allclose(first.mean(0) / sd, X.mean(0) / sd, atol=0.35)
    np.testing.assert_allclose(first.std(0) / sd, 1, atol=0.35)
    log_p = vae.score_samples(X)
    order = np.random.default_rng(0).permutation(len(X))
    np.testing.assert_array_equal(vae.score_samples(X[order]), log_p[order])
    assert log_p.mean() > vae.history_[-1].train_bound - 0.5


def test_a_flow_prior_is_given_back_at_load(
    quick: Quick, X: np.ndarray, flow: zuko.flows.NSF, tmp_path: Path
) -> None:
    vae = quick(prior=flow).fit(X)
    vae.save(tmp_path / "run")
    with pytest.raises(
        vael.RunError, match=r"this model's prior holds .*NSF\): pass it, load\(path, prior=...\)"
    ):
        vael.load(tmp_path / "run")
    torch.manual_seed(99)
    again = zuko.flows.NSF(features=2, transforms=1, hidden_features=(16,))
    loaded = vael.load(tmp_path / "run", prior=again)
    np.testing.assert_array_equal(loaded.score_samples(X), vae.score_samples(X))
    np.testing.assert_array_equal(loaded.sample(9, random_state=0), vae.sample(9, random_state=0))
    with pytest.raises(vael.RunError, match="damaged or not a run of this version"):
        vael.load(tmp_path / "run", prior=zuko.flows.NSF(features=3))
    with pytest.raises(vael.RunError, match=r"^load takes modules as prior, encoder, decoder, not flow$"):
        vael.load(tmp_path / "run", flow=again)


def test_a_flow_is_a_posterior(quick: Quick, X: np.ndarray) -> None:
    """It knows no mean, so draws stand in: the same for a row whatever rows stand beside it."""
    torch.manual_seed(0)
    flow = zuko.flows.MAF(features=2, context=6, transforms=1, hidden_features=(8,))
    vae = quick(encoder=flow, max_epochs=3).fit(X)
    mean, std = vae.posterior_moments(X[:20])
    np.testing.assert_array_equal(vae.transform(X[:20]), mean)
    np.testing.assert_array_equal(vae.transform(X[5:6]), mean[5:6])
    x = torch.from_numpy(vae.schema_.scaling.to_model(X[:20]))
    with torch.no_grad():
        drawn = vae.model_.encoder(x).sample((20000,))
    np.testing.assert_allclose(mean, drawn.mean(0), atol=0.2)
    np.testing.assert_allclose(std, drawn.std(0), rtol=0.2)
    assert vae.history_[0].active_latents is None


def test_users_modules_are_saved_and_given_back(quick: Quick, images: np.ndarray, tmp_path: Path) -> None:
    def modules() -> dict[str, nn.Module]:
        encoder = OverPictures(1, 4)
        encoder(torch.zeros(1, 1, 8, 8))
        return {"encoder": encoder, "decoder": nn.Linear(2, 64)}

    vae = quick(**modules()).fit(images)
    vae.save(tmp_path / "run")
    given = modules()
    with pytest.raises(
        vael.RunError, match=r"decoder holds a module of your own \(torch.nn.*Linear\): pass it"
    ):
        vael.load(tmp_path / "run", encoder=given["encoder"])
    loaded = vael.load(tmp_path / "run", **given)
    np.testing.assert_array_equal(loaded.transform(images), vae.transform(images))
    np.testing.assert_array_equal(loaded.reconstruct(images), vae.reconstruct(images))
