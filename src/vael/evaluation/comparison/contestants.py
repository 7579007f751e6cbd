"""One face for all that can be compared: estimators, bare models, models of other libraries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from vael.distributions import Delta, draw
from vael.errors import InputError
from vael.evaluation.foreign import ForeignModel
from vael.evaluation.likelihood.blocks import MEMORY, bytes_a_point, padded_blocks
from vael.evaluation.likelihood.importance_sampling import ROWS, SAMPLES, sampled_log_weights
from vael.evaluation.likelihood.support import check_support
from vael.evaluation.subject import FittedModel, subject
from vael.models import Bernoulli, Categorical, DiscretisedLogistic, LatentVariableModel
from vael.nn.products import fast_products
from vael.nn.steady import SteadyProducts

__all__ = ["Contestant", "contestant"]

CHUNK = 512
DRAWS = 1000  # for the mean of a posterior that does not know it


class Contestant(ABC):
    """A model as a comparison sees it. Rows are ``(n, ...)`` as given; `flat` results are float64.

    Attributes
    ----------
    law : "density", "probability" or "binary"
    density_of : of what a density is one
    top : the value of the data that a binary law calls 1; None where the data tell
    no_evidence : why there is no ln p(x); empty where there is
    no_samples : why there are no samples of the prior; empty where there are
    """

    law: str
    density_of: str = "the data as given"
    top: float | None = None
    no_evidence: str = ""
    no_samples: str = ""

    @abstractmethod
    def means(self, X: np.ndarray) -> np.ndarray:
        """Posterior means, ``(n, latent)``."""

    @abstractmethod
    def decode(self, Z: np.ndarray) -> np.ndarray:
        """Means of p(x|z) in the data's units, ``(n, features)``."""

    @abstractmethod
    def prior(self, n: int, seed: int) -> np.ndarray:
        """Latents of the prior, ``(n, latent)``."""

    @abstractmethod
    def draw_rows(self, n: int, seed: int) -> np.ndarray | None:
        """Rows with the noise of p(x|z), ``(n, features)``; None where the model offers none."""

    @abstractmethod
    def log_weights(self, X: np.ndarray, samples: int, seed: int) -> Iterator[tuple[slice, np.ndarray]]:
        """Slices of the rows with ln p(x, z_i) - ln q(z_i|x) in nats, ``(samples, m)``.

        Columns that come after those of the slice are padding. Sample i of all rows follows from the seed
        and i. Gives nothing where `no_evidence` says why.
        """


def contestant(name: str, model: Any) -> Contestant:
    """Take a model in, or say why that cannot be done."""
    if isinstance(model, ForeignModel):
        return _Foreign(model)
    inner = model if isinstance(model, LatentVariableModel) else getattr(model, "model_", None)
    if not isinstance(inner, LatentVariableModel):
        raise InputError(
            f"{name!r} must be a fitted estimator of vael, a LatentVariableModel or a ForeignModel, "
            f"got {type(model).__name__}"
        )
    return _Bare(inner) if isinstance(model, LatentVariableModel) else _Estimator(model, inner)


class _OfVael(Contestant):
    """What an estimator and a bare model share."""

    def __init__(self, model: LatentVariableModel) -> None:
        self.model = model.eval()
        self.log_jacobian = 0.0
        likelihood = getattr(model.decoder, "likelihood", None)
        if isinstance(likelihood, Bernoulli):
            self.law = "binary"
        else:
            discrete = isinstance(likelihood, (Categorical, DiscretisedLogistic))
            self.law = "probability" if discrete else "density"
        if model.prior is None:
            self.no_evidence = self.no_samples = "it has no prior"

    @property
    def _like(self) -> Tensor:
        return next(self.model.parameters(), torch.zeros(()))

    def prior(self, n: int, seed: int) -> np.ndarray:
        assert self.model.prior is not None
        with torch.inference_mode():
            z = draw(self.model.prior(), (n,), Generator(self._like.device).manual_seed(seed))
        return z.double().cpu().numpy()

    def log_weights(self, X: np.ndarray, samples: int, seed: int) -> Iterator[tuple[slice, np.ndarray]]:
        x = self._on_model_scale(X)
        with torch.inference_mode(), SteadyProducts():
            if self.no_evidence:
                return
            a_row = SAMPLES * bytes_a_point(self.model, x.shape[1]) + 32 * samples
            if isinstance(self.model.encoder(x[:1]), Delta):
                self.no_evidence = "its posterior is a point, which has no density"
                return
            check_support(self.model, x)
            size = min(ROWS, max(1, MEMORY // a_row))
            with fast_products(self.model, size * SAMPLES):
                for part, rows in padded_blocks(lambda part: x[part], len(x), size, self._like):
                    log_w = sampled_log_weights(self.model, rows, samples, seed)
                    yield part, log_w.numpy() + self.log_jacobian

    @abstractmethod
    def _on_model_scale(self, X: np.ndarray) -> Tensor:
        """Rows as the model's distributions take them, ``(n, features)``."""


class _Bare(_OfVael):
    """A `LatentVariableModel`: the data are on its own scale."""

    def __init__(self, model: LatentVariableModel) -> None:
        super().__init__(model)
        self.top = 1.0 if self.law == "binary" else None

    def means(self, X: np.ndarray) -> np.ndarray:
        x = self._tensor(X.reshape(len(X), -1))
        try:
            return self._chunked(lambda part: self.model.encoder(part).mean, x)
        except NotImplementedError:  # a flow: each row is drawn with the same noise
            return self._chunked(self._mean_of_draws, x, chunk=1)

    def decode(self, Z: np.ndarray) -> np.ndarray:
        return self._chunked(lambda z: self.model.decoder(z).mean, self._tensor(Z))

    def draw_rows(self, n: int, seed: int) -> np.ndarray | None:
        z = self._tensor(self.prior(n, seed))
        generator = Generator(z.device).manual_seed(seed + 1)
        return self._chunked(lambda part: draw(self.model.decoder(part), (), generator), z)

    def _on_model_scale(self, X: np.ndarray) -> Tensor:
        return subject(self.model, X.reshape(len(X), -1)).x

    def _tensor(self, X: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(X)).to(self._like.device, self._like.dtype)

    def _chunked(self, function: Callable[[Tensor], Tensor], rows: Tensor, chunk: int = CHUNK) -> np.ndarray:
        with torch.inference_mode(), fast_products(self.model, chunk):
            parts = [function(part).double().cpu().numpy() for part in rows.split(chunk)]
        return np.concatenate(parts)

    def _mean_of_draws(self, x: Tensor) -> Tensor:
        return draw(self.model.encoder(x), (DRAWS,), Generator(x.device).manual_seed(0)).mean(0)


class _Estimator(_OfVael):
    """A fitted estimator: it brings the data to its model's scale and back."""

    def __init__(self, estimator: FittedModel, model: LatentVariableModel) -> None:
        super().__init__(model)
        self.estimator: Any = estimator
        self.log_jacobian = float(estimator.log_jacobian_)
        scaling = getattr(getattr(estimator, "schema_", None), "scaling", None)
        self.density_of = getattr(scaling, "density_of", self.density_of)
        if self.law == "binary":
            self.top = float(scaling.scale) if scaling is not None and scaling.kind == "unit" else 1.0

    def means(self, X: np.ndarray) -> np.ndarray:
        return np.asarray(self.estimator.transform(X), np.float64)

    def decode(self, Z: np.ndarray) -> np.ndarray:
        return np.asarray(self.estimator.inverse_transform(Z), np.float64).reshape(len(Z), -1)

    def draw_rows(self, n: int, seed: int) -> np.ndarray | None:
        return np.asarray(self.estimator.sample(n, random_state=seed), np.float64).reshape(n, -1)

    def _on_model_scale(self, X: np.ndarray) -> Tensor:
        return subject(self.estimator, X).x


class _Foreign(Contestant):
    """A model of another library, whose every answer is looked at."""

    def __init__(self, model: ForeignModel) -> None:
        self.foreign = model
        self.law, self.density_of = model.law, model.density_of
        if model.log_weights is None:
            self.no_evidence = "it gives no log-weights"

    def means(self, X: np.ndarray) -> np.ndarray:
        return _checked("encode", self.foreign.encode(X), (len(X), self.foreign.latent))

    def decode(self, Z: np.ndarray) -> np.ndarray:
        found = np.asarray(self.foreign.decode(Z), np.float64)
        return _checked("decode", found.reshape(len(found), -1) if found.ndim else found, (len(Z), None))

    def prior(self, n: int, seed: int) -> np.ndarray:
        shape = (n, self.foreign.latent)
        if self.foreign.sample_prior is None:
            return np.random.default_rng(seed).standard_normal(shape)
        return _checked("sample_prior", self.foreign.sample_prior(n, seed), shape)

    def draw_rows(self, n: int, seed: int) -> np.ndarray | None:
        if self.foreign.sample_rows is None:
            return None
        found = np.asarray(self.foreign.sample_rows(n, seed), np.float64)
        return _checked("sample_rows", found.reshape(len(found), -1) if found.ndim else found, (n, None))

    def log_weights(self, X: np.ndarray, samples: int, seed: int) -> Iterator[tuple[slice, np.ndarray]]:
        if self.foreign.log_weights is None:
            return
        for start in range(0, len(X), ROWS):
            part = slice(start, min(start + ROWS, len(X)))
            blocks: list[np.ndarray] = []
            for block, done in enumerate(range(0, samples, SAMPLES)):
                k = min(SAMPLES, samples - done)
                # The seeds of `sampled_log_weights`.
                found = self.foreign.log_weights(X[part], k, (seed * 1_000_003 + block) % 2**63)
                blocks.append(_checked("log_weights", found, (k, part.stop - start), finite=False))
            yield part, np.concatenate(blocks)


def _checked(name: str, value: Any, shape: tuple[int | None, ...], *, finite: bool = True) -> np.ndarray:
    """Refuse an answer of another shape, or with a value that is no number."""
    found = np.asarray(value, np.float64)
    right = found.ndim == len(shape) and all(w in (None, h) for w, h in zip(shape, found.shape, strict=True))
    if not right:
        wanted = ", ".join("features" if w is None else str(w) for w in shape)
        raise InputError(f"{name} must give an array of shape ({wanted}), but gave {found.shape}")
    bad = ~np.isfinite(found)
    if not finite:
        bad &= ~np.isneginf(found)  # a row that the model holds impossible
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise InputError(f"{name} gave {found[where]} at {where}")
    return found
