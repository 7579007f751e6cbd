"""What lies behind the points: where codes are, how fast the decoder moves, how unsure it is."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vael.distributions import as_law
from vael.distributions.normal import DiagonalNormal
from vael.errors import InputError
from vael.estimators.geometry import radial_precision
from vael.geometry import LatentManifold
from vael.models.ensembles import DecoderEnsemble
from vael.studio.apart import apart
from vael.studio.asked import Asked
from vael.studio.columns import Reply
from vael.studio.kept import kept
from vael.studio.loaded import TRAIN, Loaded

__all__ = ["answer", "manifold", "training_sample"]

KINDS = ("density", "magnification", "uncertainty")
MOST_SIDE = 512
ROWS = 4_000
PIECE = 128


@dataclass(frozen=True)
class _Field:
    """A number for each point of the latent space, (n, coordinates) to (n,)."""

    of: Callable[[np.ndarray], np.ndarray]
    title: str
    unit: str


def answer(loaded: Loaded, asked: Asked) -> Generator[float, None, Reply]:
    """Return `values` (height, width), float32, of a parallelogram of the latent space.

    Value (i, j) is of the point origin + (j + 1/2) / width u + (i + 1/2) / height v.
    Not a number where there is none.

    Fields:
        kind: "density", ln q(z) of the aggregate posterior in nats; "magnification", ln sqrt det G of the
            decoder's metric; "uncertainty", the decoder's standard deviation where it knows one.
        origin, u, v: The corner and the sides, points and vectors of the latent space.
        width, height: Pixels.
    """
    kind = asked.choice("kind", KINDS)
    size = loaded.coordinates
    origin, u, v = (asked.vector(name, size) for name in ("origin", "u", "v"))
    width, height = (asked.whole(name, 1, MOST_SIDE) for name in ("width", "height"))
    yield 0.0
    make = {"density": _density, "magnification": _magnification, "uncertainty": _uncertainty}[kind]
    field = yield from apart(lambda: make(loaded))
    across, down = ((np.arange(n) + 0.5) / n for n in (width, height))
    Z = (origin + down[:, None, None] * v + across[None, :, None] * u).reshape(-1, size)
    values = np.empty(len(Z), np.float32)
    for start in range(0, len(Z), PIECE):
        part = slice(start, start + PIECE)
        values[part] = field.of(Z[part])
        yield min(1.0, (start + PIECE) / len(Z))
    finite = values[np.isfinite(values)]
    low, high = np.quantile(finite, (0.02, 1.0)) if len(finite) else (0.0, 1.0)
    if kind == "density":
        low = max(low, high - 12)  # nats: what is rarer is as good as empty
    facts = {"title": field.title, "unit": field.unit, "low": low, "high": high}
    return Reply(facts, {"values": values.reshape(height, width)})


@kept
def manifold(loaded: Loaded) -> LatentManifold:
    """Return the run's latent manifold, with ways through some thousands of training rows."""
    return loaded.estimator.manifold(loaded.shaped(training_sample(loaded)))


def training_sample(loaded: Loaded) -> np.ndarray:
    """Return some thousands of training rows at most, the same at every call, (n, features)."""
    rows = np.flatnonzero(loaded.parts == TRAIN)
    if len(rows) > ROWS:
        rows = np.sort(np.random.default_rng(0).permutation(rows)[:ROWS])
    return loaded.rows[rows]


@kept
def _density(loaded: Loaded) -> _Field:
    estimator = loaded.estimator
    x = torch.from_numpy(np.ascontiguousarray(estimator.scored_rows(loaded.shaped(training_sample(loaded)))))
    with torch.inference_mode():
        q_z = as_law(estimator.model_.eval().encoder(x))
    if not isinstance(q_z, DiagonalNormal):
        raise InputError("the density is drawn for normal posteriors, and this model's are others")
    loc, log_scale = q_z.loc.double().numpy(), q_z.log_scale.double().numpy()
    weight, constant = (
        np.exp(-2 * log_scale),
        -(log_scale + 0.5 * np.log(2 * np.pi)).sum(1) - np.log(len(loc)),
    )
    centre = (weight * loc**2).sum(1)

    def of(Z: np.ndarray) -> np.ndarray:
        square = (Z**2) @ weight.T - 2 * Z @ (weight * loc).T + centre
        log = constant - 0.5 * np.maximum(square, 0)
        most = log.max(1, keepdims=True)
        return (most + np.log(np.exp(log - most).sum(1, keepdims=True)))[:, 0]

    return _Field(of, f"ln q(z), the aggregate posterior of {len(loc)} training rows", "nats")


@kept
def _magnification(loaded: Loaded) -> _Field:
    space = manifold(loaded)

    def of(Z: np.ndarray) -> np.ndarray:
        return space.log_volume(torch.from_numpy(Z.astype(np.float32))).numpy()

    of(loaded.latents[:2])  # the first call imports torch.func, which takes seconds
    return _Field(of, "ln √det G, the magnification factor", "")


@kept
def _uncertainty(loaded: Loaded) -> _Field:
    decoder = loaded.estimator.model_.decoder
    if isinstance(decoder, DecoderEnsemble):

        @torch.inference_mode()
        def spread(Z: np.ndarray) -> np.ndarray:
            z = torch.from_numpy(Z.astype(np.float32))
            means = torch.stack([law.mean for law in decoder.laws(z)])
            return means.std(0).square().mean(-1).sqrt().numpy()

        return _Field(spread, f"standard deviation over {len(decoder)} decoders, a feature", "")
    sample = training_sample(loaded)
    radial = radial_precision(loaded.estimator, loaded.shaped(sample))
    features = sample.shape[1]

    @torch.inference_mode()
    def deviation(Z: np.ndarray) -> np.ndarray:
        found: Tensor = radial(torch.from_numpy(Z.astype(np.float32)))
        return found[:, 0].numpy() / features**0.5

    return _Field(deviation, "standard deviation of what the decoder misses, a feature", "")
