"""What the estimators share: reading data, building the model, training, row-wise results."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import nn
from zuko.lazy import LazyDistribution

from vael.datasets import check_array
from vael.datasets.frames import as_frame
from vael.distributions import Space
from vael.errors import InputError
from vael.estimators.composition import Composition
from vael.estimators.door import check_ensemble, check_parts, seed_of, whole_number
from vael.estimators.inference import decoded_means, posterior_moments, scored_rows
from vael.estimators.latent_spaces import latent_space
from vael.estimators.presets import Preset, preset
from vael.estimators.schema import CUSTOM, Schema, flat_rows
from vael.estimators.support import check_support
from vael.models import LatentVariableModel, Likelihood
from vael.objectives import Objective
from vael.training import EpochMetrics, TrainingSettings

if TYPE_CHECKING:
    from vael.geometry import LatentManifold

__all__ = ["LatentEstimator"]


class LatentEstimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, CallbackSupportMixin, BaseEstimator):
    """Base of the estimators. Constructors only store; every choice is made in `fit`."""

    # Parameters that every estimator has; each constructor lists its own.
    n_components: int
    hidden: Any
    network: str | None
    activation: str
    likelihood: str | Likelihood
    encoder: nn.Module | None
    decoder: nn.Module | None
    n_decoders: int
    ensemble: str
    image_shape: Any
    validation_fraction: float | None
    max_epochs: int | None
    batch_size: int | None
    learning_rate: float | None
    schedule: str | None
    patience: int | Literal["never"] | None
    precision: str
    compile: Any
    device: str
    random_state: Any
    verbose: int
    run: Any
    resume: bool

    # What `fit` leaves.
    model_: LatentVariableModel
    schema_: Schema
    objective_: Objective
    settings_: TrainingSettings
    history_: list[EpochMetrics]
    likelihood_: str
    image_shape_: tuple[int, ...] | None
    n_components_: int
    n_train_: int
    n_validation_: int
    validation_rows_: np.ndarray
    seed_: int
    chosen_: dict[str, Any]
    n_iter_: int
    best_epoch_: int
    bound_: float
    stopped_: str
    feature_names_in_: np.ndarray

    # -- choices ---------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def _preset_name(self) -> str:
        """Name of the preset."""

    def _preset(self) -> Preset:
        """The preset, with what this estimator's parameters replace."""
        chosen = preset(self._preset_name)
        names = ("network", "max_epochs", "batch_size", "learning_rate", "schedule", "patience")
        given = {n: getattr(self, n) for n in names if getattr(self, n) is not None}
        if self.patience == "never":
            given["patience"] = None
        if self.hidden is not None:
            given["hidden"] = _widths(self.hidden)
        if self.validation_fraction is not None:
            given["validation_fraction"] = self.validation_fraction
        return replace(chosen, **given)

    def _objective(self, chosen: Preset) -> Objective:
        return chosen.objective

    def _parts(self, chosen: Preset) -> tuple[str | nn.Module | None, str]:
        """Prior and posterior."""
        return chosen.prior, chosen.posterior

    @property
    def _latent_space(self) -> str:
        """Name of the space that latents live in."""
        return "euclidean"

    @property
    def space_(self) -> Space:
        """The space that latents live in, with its distances and geodesics: of ``vael.distributions``."""
        check_is_fitted(self)
        return latent_space(self._latent_space).space(self.n_components_)

    def _likelihood(self, chosen: Preset) -> str | Likelihood:
        """The likelihood asked for; with a decoder that is a distribution itself, that one's."""
        if self.likelihood != "auto":
            return self.likelihood
        if isinstance(self.decoder, LazyDistribution):
            own = getattr(self.decoder, "likelihood", None)
            return own if isinstance(own, Likelihood) else CUSTOM
        return chosen.likelihood

    def _composition(self, schema: Schema, chosen: Preset) -> Composition:
        prior, posterior = self._parts(chosen)
        return Composition(
            latent=self.n_components,
            schema=schema,
            network=chosen.network,
            hidden=chosen.hidden,
            activation=self.activation,
            posterior=posterior,
            prior=prior,
            likelihood=self.likelihood if isinstance(self.likelihood, Likelihood) else None,
            encoder=self.encoder,
            decoder=self.decoder,
            n_decoders=self.n_decoders,
            ensemble=self.ensemble,
            latent_space=self._latent_space,
        )

    def _settings(self, chosen: Preset, rows: int, seed: int) -> TrainingSettings:
        return TrainingSettings(
            max_epochs=chosen.max_epochs,
            batch_size=rows if chosen.batch_size is None else chosen.batch_size,
            learning_rate=chosen.learning_rate,
            schedule=chosen.schedule,
            patience=chosen.patience,
            precision=self.precision,  # pyright: ignore[reportArgumentType] - checked there
            compile=self.compile,
            device=self.device,
            seed=seed,
        )

    # -- data ------------------------------------------------------------------------------------------

    def _read(self, X: Any, *, reset: bool) -> np.ndarray:
        """Check data at the door and return it as given, without names."""
        array = check_array(X, ranks=(2, 3, 4), min_rows=2 if reset else 1)
        if (
            not reset
            and array.ndim > 2
            and array.shape[1:]
            not in (
                self.schema_.row_shape,
                self.schema_.image_shape,
            )
        ):
            raise InputError(
                f"rows of X have shape {array.shape[1:]}, but those given to fit had {self.schema_.row_shape}"
            )
        named = X if as_frame(X) is not None else flat_rows(array)
        try:
            validate_data(self, named, reset=reset, skip_check_array=True)  # pyright: ignore[reportArgumentType]
        except ValueError as error:  # other features than at fit
            raise InputError(str(error)) from error
        return array

    def _flat(self, X: Any) -> np.ndarray:
        """Read rows for a fitted model."""
        check_is_fitted(self)
        return flat_rows(self._read(X, reset=False))

    # -- fitting ---------------------------------------------------------------------------------------

    @with_callbacks
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the distribution of the rows of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, H, W) or (n, H, W, C)
            Training rows: an array, or a pandas or polars frame of numbers.
        y : Ignored
            Not used, present for API consistency.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        InputError
            If the data or a parameter cannot be used.
        NonFiniteError
            If training diverged; the message says where and what to try.
        """
        from vael.estimators import fitting, runs

        whole_number("n_components", self.n_components)
        check_parts(self)
        check_ensemble(self.n_decoders, self.ensemble, self.decoder)
        chosen = self._preset()
        objective = self._objective(chosen)
        given = self._read(X, reset=True)
        flat = flat_rows(given)
        likelihood = self._likelihood(chosen)
        names = getattr(self, "feature_names_in_", None)
        schema = Schema.infer(flat, given.shape[1:], self.image_shape, likelihood, chosen.rescale, names)
        seed = runs.resumed_seed(self)
        if seed is None:
            seed = seed_of(self.random_state)
        split = fitting.Split.of(len(flat), chosen.validation_fraction, seed)
        settings = self._settings(chosen, len(split.train), seed)
        fitting.forget(self)
        self.schema_, self.objective_, self.settings_, self.seed_ = schema, objective, settings, seed
        self.likelihood_, self.image_shape_ = schema.likelihood, schema.image_shape
        self.n_components_ = int(self.n_components)
        self.validation_rows_ = split.validation
        self.n_train_, self.n_validation_ = len(split.train), len(split.validation)
        trainer = fitting.make_trainer(self, flat, split, self._composition(schema, chosen))
        self.model_ = trainer.model
        folder = runs.open_run(self, flat, trainer)
        fitting.train(self, trainer, folder, X, y)
        if folder is not None:
            runs.finish_run(folder, self)
        return self

    # -- row-wise results ------------------------------------------------------------------------------

    @property
    def _n_features_out(self) -> int:
        return self.space_.coordinates

    def _rows(self, flat: np.ndarray) -> Any:
        """Rows of a slice on the model's scale."""
        return lambda part: self.schema_.scaling.to_model(flat[part])

    def _encode(self, flat: np.ndarray, *, deviation: bool = False) -> tuple[np.ndarray, ...]:
        rows = self._rows(flat)
        return posterior_moments(self.model_, rows, len(flat), self.seed_, deviation=deviation)

    def _decode(self, Z: np.ndarray) -> np.ndarray:
        """Means of p(x|z) in the data's units and shape."""
        return self.schema_.given(decoded_means(self.model_, Z))

    def transform(self, X: Any) -> np.ndarray:
        """Return the posterior mean of each row's latents; on curved spaces the mode, which lies on them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or images as given to `fit`
            Rows.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_components), on the sphere (n_samples, n_components + 1)
            Means of q(z|x), in the order of the rows; the same at every call. On the sphere unit vectors,
            the mean directions; in the Poincare ball the centres of the wrapped normals.
        """
        return self._encode(self._flat(X))[0]

    def scored_rows(self, X: Any) -> np.ndarray:
        """Return rows as `score_samples` scores them: on the model's scale, greys of a binary law as coins.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or images as given to `fit`
            Rows.

        Returns
        -------
        x : ndarray of shape (n_samples, n_features), float32
            What the model's distributions take.
        """
        flat = self._flat(X)
        check_support(self, flat)
        return scored_rows(self.model_, self._rows(flat), len(flat), self.seed_)

    @property
    def log_jacobian_(self) -> float:
        """Nats that make a log-density of a row on the model's scale one of the row as given."""
        check_is_fitted(self)
        return self.schema_.scaling.log_jacobian

    def inverse_transform(self, Z: Any) -> np.ndarray:
        """Return the mean of p(x|z) for each row of latents.

        Parameters
        ----------
        Z : array-like of shape (n_samples, n_components), on the sphere (n_samples, n_components + 1)
            Latents: what `transform` returns, or other points of the same space.

        Returns
        -------
        X : ndarray, of the shape and units of the rows given to `fit`
            Decoded means.
        """
        check_is_fitted(self)
        latents, space = check_array(Z, name="Z"), self.space_
        if latents.shape[1] != space.coordinates:
            of = "latents" if space.coordinates == self.n_components_ else "coordinates of a latent"
            raise InputError(f"Z has {latents.shape[1]} columns, but this model has {space.coordinates} {of}")
        space.check(torch.from_numpy(np.asarray(latents, dtype=np.float64)), "Z")
        return self._decode(latents)

    def reconstruct(self, X: Any) -> np.ndarray:
        """Encode each row to its posterior mean and decode that; the same at every call.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or images as given to `fit`
            Rows.

        Returns
        -------
        X_hat : ndarray, of the shape and units of the rows given to `fit`
            Reconstructions.
        """
        return self._decode(self._encode(self._flat(X))[0])

    def interpolate(self, a: Any, b: Any, steps: int = 10) -> np.ndarray:
        """Decode points on the way between two rows' posterior means, ends included.

        The way is the shortest of the space that latents live in: a straight line, on the sphere a great
        circle, in the Poincare ball a geodesic of it.

        Parameters
        ----------
        a, b : array-like of the shape of one row, or of rows (n, ...)
            Where to start and end.
        steps : int, default=10
            Points on each way, at least 2.

        Returns
        -------
        path : ndarray of shape (steps, ...) for single rows, (n, steps, ...) for several
            Decoded means, in the units of the data.
        """
        check_is_fitted(self)
        whole_number("steps", steps, 2)
        start, end = self._as_rows(a, "a"), self._as_rows(b, "b")
        if len(start) != len(end):
            raise InputError(f"a has {len(start)} rows and b has {len(end)}: give as many of each")
        t = torch.linspace(0, 1, steps)[None, :, None]
        first, last = (self.transform(rows) for rows in (start, end))
        first, last = (torch.from_numpy(np.asarray(Z, dtype=np.float32))[:, None] for Z in (first, last))
        path = self.space_.geodesic(first, last, t).flatten(0, 1).numpy()
        decoded = self._decode(path).reshape(len(start), steps, *self.schema_.row_shape)
        return decoded[0] if np.ndim(a) == len(self.schema_.row_shape) else decoded

    def _as_rows(self, row: Any, name: str) -> np.ndarray:
        array = np.asarray(row)
        single = array.ndim == len(self.schema_.row_shape)
        return check_array(array[None] if single else array, name=name, ranks=(2, 3, 4))

    def manifold(
        self,
        X: Any = None,
        *,
        uncertainty: str | None = None,
        metric: str = "auto",
        precision: str = "float32",
        memory: int | None = None,
    ) -> LatentManifold:
        """Return the latent space as a Riemannian manifold: geodesics, distances, curvature.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or images as given to `fit`, default=None
            Rows whose codes show geodesics the ways through the data; None: they start from straight lines.
        uncertainty : {"radial"}, default=None
            Let the metric grow where no data are, by a standard deviation that is fitted to what the decoder
            misses of X. An ensemble of decoders (``n_decoders``) needs none.
        metric : {"auto", "expected", "fisher-rao", "mean"}, default="auto"
            Which metric the likelihood gives; see ``vael.geometry.statistical_map``.
        precision : {"float32", "float64"}, default="float32"
            Precision of the decoder, which is copied; curvature needs "float64".
        memory : int, default=None
            Bytes that one call may use beside its arguments and its result; None: 256 MB.

        Returns
        -------
        manifold : vael.geometry.LatentManifold
            Of the decoder; training it further does not change the manifold.

        References
        ----------
        Arvanitidis et al. 2018, Latent Space Oddity, arXiv 1710.11379.
        """
        from vael.estimators.geometry import manifold

        check_is_fitted(self)
        return manifold(self, X, uncertainty=uncertainty, metric=metric, precision=precision, memory=memory)

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the fitted estimator as a run folder: weights, and JSON that rebuilds the model.

        Parameters
        ----------
        path : str or Path
            A folder, new or empty.
        overwrite : bool, default=False
            Write into a folder that has files already.
        """
        from vael.estimators.persistence import save

        check_is_fitted(self)
        save(self, path, overwrite=overwrite)

    def citation(self) -> str:
        """Return BibTeX of what the fitted model used: model, likelihood, objective, optimiser.

        Returns
        -------
        bibtex : str
            Entries, with a blank line between them.
        """
        from vael.estimators.citations import citation

        check_is_fitted(self)
        return citation(self._preset_name, self.model_, self.objective_, self.settings_)

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        """Show the parameters, and of a fitted estimator what was chosen and reached."""
        shown = super().__repr__(N_CHAR_MAX)
        if not self.__sklearn_is_fitted__():
            return shown
        greys = " (on greys not a likelihood)" if self.likelihood_ == "bernoulli-greys" else ""
        return (
            f"{shown}  # likelihood {self.likelihood_!r}{greys}, bound {self.bound_:.2f} nats at epoch "
            f"{self.best_epoch_}"
        )

    def __sklearn_is_fitted__(self) -> bool:
        """Whether it was trained or loaded."""
        return hasattr(self, "stopped_")

    def __sklearn_tags__(self) -> Any:
        """Say what the estimator takes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]  # networks compute in float32
        return tags


def _widths(hidden: Any) -> tuple[int, ...]:
    widths: tuple[Any, ...] = (hidden,) if isinstance(hidden, Real) else tuple(hidden)
    if not all(isinstance(w, Integral) and int(w) >= 1 for w in widths):
        raise InputError(f"hidden must be whole numbers >= 1, got {hidden!r}")
    return tuple(int(w) for w in widths)
