"""What the estimators share: reading data, building the model, training, row-wise results."""

from __future__ import annotations

import hashlib
import warnings
from abc import abstractmethod
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import nn

from vael.datasets import check_array
from vael.datasets.frames import as_frame
from vael.errors import InputError, RunError, VaelWarning
from vael.estimators.composition import Composition, initialise_output
from vael.estimators.inference import module_device, row_wise
from vael.estimators.presets import Preset, preset
from vael.estimators.schema import Schema, flat_rows
from vael.models import Likelihood
from vael.objectives import Objective
from vael.training import EpochMetrics, Progress, Rows, RunFolder, Trainer, TrainingSettings

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
    image_shape: Any
    validation_fraction: float | None
    max_epochs: int | None
    batch_size: int | None
    learning_rate: float | None
    schedule: str | None
    patience: int | None
    precision: str
    compile: Any
    device: str
    random_state: Any
    verbose: int
    run: Any
    resume: bool

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
        if self.hidden is not None:
            given["hidden"] = (self.hidden,) if isinstance(self.hidden, int) else tuple(self.hidden)
        if self.validation_fraction is not None:
            given["validation_fraction"] = self.validation_fraction
        return replace(chosen, **given)

    def _objective(self, chosen: Preset) -> Objective:
        return chosen.objective

    def _parts(self, chosen: Preset) -> tuple[str | nn.Module | None, str]:
        """Prior and posterior."""
        return chosen.prior, chosen.posterior

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
        named = X if as_frame(X) is not None else flat_rows(array)
        validate_data(self, named, reset=reset, skip_check_array=True)
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
        if not isinstance(self.n_components, (int, np.integer)) or self.n_components < 1:
            raise InputError(f"n_components must be a whole number >= 1, got {self.n_components!r}")
        chosen = self._preset()
        given = self._read(X, reset=True)
        flat = flat_rows(given)
        likelihood = self.likelihood
        if likelihood == "auto":
            likelihood = chosen.likelihood
        self.schema_ = Schema.infer(flat, given.shape[1:], self.image_shape, likelihood, chosen.rescale)
        self.likelihood_ = self.schema_.likelihood
        self.image_shape_ = self.schema_.image_shape
        self.n_components_ = int(self.n_components)
        self.seed_ = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.objective_ = self._objective(chosen)
        train, validation = _split(len(flat), chosen.validation_fraction, self.seed_)
        self.settings_ = self._settings(chosen, len(train), self.seed_)
        trainer = self._trainer(flat, train, validation, self._composition(self.schema_, chosen))
        folder = self._open_run(flat, trainer)
        self._train(trainer, folder, X, y)
        if folder is not None:
            self._finish_run(folder)
        return self

    def _trainer(
        self, flat: np.ndarray, train: np.ndarray, validation: np.ndarray, composition: Composition
    ) -> Trainer:
        scaling = self.schema_.scaling
        values = torch.from_numpy(_torch_readable(flat))
        rows = Rows.of(values[torch.from_numpy(train)], scaling.offset, scaling.scale)
        held = Rows.of(values[torch.from_numpy(validation)], scaling.offset, scaling.scale)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed_)
            model = composition.build()
        initialise_output(model.decoder, rows.mean())
        self.model_ = model
        self.validation_rows_ = validation
        return Trainer(model, self.objective_, rows, held if len(validation) else None, self.settings_)

    def _train(self, trainer: Trainer, folder: RunFolder | None, X: Any, y: Any) -> None:
        context = self._init_callback_context(max_subtasks=trainer.settings.max_epochs)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        progress = Progress(trainer.settings.max_epochs) if self.verbose else None
        written = trainer.seconds
        self.stopped_ = "max_epochs"
        try:
            with progress or nullcontext():
                for metrics in trainer.epochs():
                    if progress is not None:
                        progress.show(metrics)
                    if folder is not None and trainer.seconds - written >= CHECKPOINT_SECONDS:
                        written = trainer.seconds
                        folder.write_checkpoint(*trainer.state(), trainer.history)
                    if self._task(context, metrics, X, y):
                        self.stopped_ = "callback"
                        break
        except KeyboardInterrupt:
            if not trainer.best:
                raise
            self.stopped_ = "interrupted"
            warnings.warn(
                f"interrupted in epoch {trainer.epoch + 1}: the best weights so far, of epoch "
                f"{trainer.best_epoch}, are kept",
                VaelWarning,
                stacklevel=3,
            )
        if trainer.converged:
            self.stopped_ = "converged"
        if folder is not None:
            folder.write_checkpoint(*trainer.state(), trainer.history)
        trainer.finish()
        self.history_ = list(trainer.history)
        self.n_iter_ = trainer.epoch
        self.best_epoch_ = trainer.best_epoch
        self.bound_ = trainer.best_value
        context.call_on_fit_task_end(estimator=self, X=X, y=y)

    def _task(self, context: Any, metrics: EpochMetrics, X: Any, y: Any) -> bool:
        """Tell scikit-learn's callbacks about an epoch; whether one asks to stop."""
        epoch = context.subcontext(task_name="epoch")
        epoch.call_on_fit_task_begin(estimator=self, X=X, y=y)
        return epoch.call_on_fit_task_end(
            estimator=self, X=X, y=y, metadata={"metrics": metrics}, reconstruction_attributes=self._fitted
        )

    def _fitted(self) -> dict[str, Any]:
        """The attributes that make an estimator usable, as training stands."""
        return {k: v for k, v in vars(self).items() if k.endswith("_") and not k.startswith("_")}

    # -- run folders -----------------------------------------------------------------------------------

    def _open_run(self, flat: np.ndarray, trainer: Trainer) -> RunFolder | None:
        """Make the run folder, or restore the trainer from it."""
        if self.run is None:
            return None
        from vael.estimators.persistence import configuration

        folder = RunFolder(self.run)
        config = configuration(self, data=_digest(flat))
        if self.resume and folder.checkpoint.exists():
            _same_run(folder.read_config(), config)
            state = folder.read_checkpoint()
            assert state is not None
            trainer.restore(*state)
        else:
            folder.create(overwrite=self.resume and _unstarted(folder))
        folder.write_config(config)
        return folder

    def _finish_run(self, folder: RunFolder) -> None:
        from vael.estimators.persistence import configuration

        folder.write_weights(self.model_.state_dict())
        data = folder.read_config()["data_sha256"]
        folder.write_config(configuration(self, data=data))

    # -- row-wise results ------------------------------------------------------------------------------

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    def _rows(self, flat: np.ndarray) -> Any:
        """Rows of a slice on the model's scale."""
        return lambda part: self.schema_.scaling.to_model(flat[part])

    def _encode(self, flat: np.ndarray, *, deviation: bool = False) -> tuple[np.ndarray, ...]:
        model = self.model_
        model.eval()

        def encode(x: torch.Tensor) -> tuple[torch.Tensor, ...]:
            q_z = model.encoder(x)
            return (q_z.mean, q_z.variance.sqrt()) if deviation else (q_z.mean,)

        return row_wise(encode, self._rows(flat), len(flat), module_device(model))

    def _decode(self, Z: np.ndarray) -> np.ndarray:
        """Means of p(x|z) in the data's units and shape."""
        model = self.model_
        model.eval()
        latents = np.ascontiguousarray(Z, dtype=np.float32)
        decoded = row_wise(
            lambda z: (model.decoder(z).mean,), lambda part: latents[part], len(Z), module_device(model)
        )[0]
        return self._given(decoded)

    def _given(self, x: np.ndarray) -> np.ndarray:
        """Bring rows from the model's scale to the units and shape that were given to `fit`.

        Bytes are rounded to bytes; anything else stays real (the mean of a coin is no coin).
        """
        data = self.schema_.scaling.to_data(x)
        if self.schema_.dtype == "uint8" and self.schema_.scaling.kind == "unit":
            data = data.round().clip(0, 255).astype(np.uint8)
        return data.reshape(len(data), *self.schema_.row_shape)

    def transform(self, X: Any) -> np.ndarray:
        """Return the posterior mean of each row's latents.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or images as given to `fit`
            Rows.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_components)
            Means of q(z|x), in the order of the rows; the same at every call.
        """
        return self._encode(self._flat(X))[0]

    def inverse_transform(self, Z: Any) -> np.ndarray:
        """Return the mean of p(x|z) for each row of latents.

        Parameters
        ----------
        Z : array-like of shape (n_samples, n_components)
            Latents.

        Returns
        -------
        X : ndarray, of the shape and units of the rows given to `fit`
            Decoded means.
        """
        check_is_fitted(self)
        Z = check_array(Z, name="Z")
        if Z.shape[1] != self.n_components_:
            raise InputError(f"Z has {Z.shape[1]} columns, but this model has {self.n_components_} latents")
        return self._decode(Z)

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
        """Decode points on the straight line between two rows' posterior means, ends included.

        Parameters
        ----------
        a, b : array-like of the shape of one row, or of rows (n, ...)
            Where to start and end.
        steps : int, default=10
            Points on each line, at least 2.

        Returns
        -------
        path : ndarray of shape (steps, ...) for single rows, (n, steps, ...) for several
            Decoded means, in the units of the data.
        """
        check_is_fitted(self)
        if steps < 2:
            raise InputError(f"steps must be >= 2, got {steps}")
        start, end = self._as_rows(a, "a"), self._as_rows(b, "b")
        if len(start) != len(end):
            raise InputError(f"a has {len(start)} rows and b has {len(end)}: give as many of each")
        t = np.linspace(0, 1, steps, dtype=np.float32)[None, :, None]
        first, last = (self.transform(rows) for rows in (start, end))
        first, last = (np.asarray(Z, dtype=np.float32)[:, None] for Z in (first, last))
        path = ((1 - t) * first + t * last).reshape(-1, self.n_components_)
        decoded = self._decode(path).reshape(len(start), steps, *self.schema_.row_shape)
        return decoded[0] if np.ndim(a) == len(self.schema_.row_shape) else decoded

    def _as_rows(self, row: Any, name: str) -> np.ndarray:
        array = np.asarray(row)
        single = array.ndim == len(self.schema_.row_shape)
        return check_array(array[None] if single else array, name=name, ranks=(2, 3, 4))

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

    def __sklearn_is_fitted__(self) -> bool:
        """A model that was trained or loaded."""
        return hasattr(self, "history_")

    def __sklearn_tags__(self) -> Any:
        """Say what the estimator takes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]  # networks compute in float32
        return tags


CHECKPOINT_SECONDS = 5.0  # training time between checkpoints; it changes nothing but what a kill costs


def _torch_readable(flat: np.ndarray) -> np.ndarray:
    """A dtype that torch indexes, and an array that it may hold (a read-only one makes it warn)."""
    kind = {"b": np.uint8, "u": flat.dtype, "i": flat.dtype, "f": np.float32}[flat.dtype.kind]
    if flat.dtype.kind == "u" and flat.dtype.itemsize > 1:
        kind = np.int64
    return np.array(flat, dtype=kind)


def _split(n: int, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers to train on and to validate on, each in order."""
    if not 0 <= fraction < 1:
        raise InputError(f"validation_fraction must be in [0, 1), got {fraction}")
    held = min(round(n * fraction), n - 1)
    if fraction > 0:
        held = max(held, 1)
    order = np.random.default_rng(seed).permutation(n)
    return np.sort(order[held:]), np.sort(order[:held])


def _digest(flat: np.ndarray) -> str:
    header = f"{flat.dtype.str}{flat.shape}".encode()
    return hashlib.sha256(header + np.ascontiguousarray(flat).tobytes()).hexdigest()


def _unstarted(folder: RunFolder) -> bool:
    """Whether a folder holds a run that was killed before its first checkpoint."""
    return folder.config.exists() and not folder.checkpoint.exists() and not folder.weights.exists()


def _same_run(found: dict[str, Any], asked: dict[str, Any]) -> None:
    """Refuse to resume a run with other data or settings."""
    if found["data_sha256"] != asked["data_sha256"]:
        raise RunError("cannot resume: the run was trained on other data (their SHA-256 differ)")
    for key in ("estimator", "model", "objective", "settings", "environment"):
        if found[key] != asked[key]:
            names = (
                [k for k in asked[key] if found[key].get(k) != asked[key][k]]
                if isinstance(asked[key], dict)
                else []
            )
            raise RunError(
                f"cannot resume: {key} differs{' in ' + ', '.join(names) if names else ''}; use the run's own "
                "settings, or start a new run"
            )
