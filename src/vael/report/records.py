"""What was measured of a fitted model: plain numbers with their units, estimators and sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vael.errors import RunError
from vael.evaluation import PairedDifference, ProbeRow, ProbeTable

__all__ = [
    "ApplicationMeasures",
    "BoundMeasure",
    "DenoisingMeasure",
    "LikelihoodMeasure",
    "ReconstructionMeasure",
    "RunMeasures",
]

FORMAT = 1


@dataclass(frozen=True)
class LikelihoodMeasure:
    """An estimate of the mean of ln p(x) over rows, in nats a row.

    Attributes
    ----------
    mean, standard_error : over the rows
    estimator : its name
    samples : importance samples a row
    proper : False where the number is of a likelihood's form and no likelihood (greys under a Bernoulli)
    density_of : what it is a density or a probability of, in words
    """

    mean: float
    standard_error: float
    estimator: str
    samples: int
    proper: bool
    density_of: str


@dataclass(frozen=True)
class BoundMeasure:
    """The ELBO at beta = 1 and its parts, in nats a row; for an autoencoder the reconstruction alone.

    Attributes
    ----------
    bound, log_likelihood, kl : means over the rows
    kl_per_latent : mean over the rows; empty where it does not split, or there is no prior
    active_latents : latents whose posterior mean varies by more than `active_variance` over the rows
    samples : of z, a row
    """

    bound: float
    log_likelihood: float
    kl: float
    kl_per_latent: tuple[float, ...]
    active_latents: int
    active_variance: float
    samples: int


@dataclass(frozen=True)
class ReconstructionMeasure:
    """Mean squared errors a feature of reconstructions, in the square of `unit`.

    Attributes
    ----------
    error : of the model's reconstructions from posterior means
    pca_error : of PCA with as many axes as the model has latents, fitted to training rows
    mean_error : of answering with the mean training row, whatever the row is
    unit : of the values that were compared
    pca_axes : how many, at most as many as there are features
    """

    error: float
    pca_error: float
    mean_error: float
    unit: str
    pca_axes: int

    @property
    def explained(self) -> float:
        """Share of the variance around the mean training row that reconstructions keep."""
        return 1.0 - self.error / self.mean_error if self.mean_error > 0 else float("nan")


@dataclass(frozen=True)
class DenoisingMeasure:
    """Mean squared errors a feature, on values taken to [0, 1]: see `vael.evaluation.DenoisingResult`."""

    kind: str
    amount: float
    rows: int
    error_before: float
    error_after: float
    error_clean: float
    share_improved: float


@dataclass(frozen=True)
class ApplicationMeasures:
    """What the latents are worth, beside the raw features and PCA of the same size.

    Attributes
    ----------
    table : accuracies
    train, test : which rows, in words
    """

    table: ProbeTable
    train: str
    test: str


@dataclass(frozen=True)
class RunMeasures:
    """All that a report says in numbers. `to_dict` and `from_dict` carry it through JSON.

    Attributes
    ----------
    held_out : which rows all but the applications were measured on, in words
    on_training_rows : whether these were rows that the model was trained on
    rows, rows_available : how many were drawn of how many
    likelihood : None for a model without a prior
    bound, reconstruction, denoising : see their classes
    applications : None where there are no classes to tell apart; then `applications_skipped` says why
    seconds : of each part
    random_state : that all draws follow from
    """

    held_out: str
    on_training_rows: bool
    rows: int
    rows_available: int
    likelihood: LikelihoodMeasure | None
    bound: BoundMeasure
    reconstruction: ReconstructionMeasure
    denoising: tuple[DenoisingMeasure, ...]
    applications: ApplicationMeasures | None
    applications_skipped: str
    seconds: Mapping[str, float]
    random_state: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        record: dict[str, Any] = {"format": FORMAT, **asdict(self), "seconds": dict(self.seconds)}
        explained = self.reconstruction.explained
        record["reconstruction"]["explained"] = None if math.isnan(explained) else explained
        if self.applications is not None:
            record["applications"]["table"] = self.applications.table.to_dict()
        return record

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunMeasures:
        """Make the measures that `to_dict` described; raises `RunError` for anything else."""
        if values.get("format") != FORMAT:
            raise RunError(
                f"measures have format {values.get('format')}, this vael reads format {FORMAT}: measure anew"
            )
        try:
            return cls._from_dict({k: v for k, v in values.items() if k != "format"})
        except (KeyError, TypeError, AttributeError) as error:
            raise RunError(f"these are no measures of a run: {error}; measure anew") from error

    @classmethod
    def _from_dict(cls, values: dict[str, Any]) -> RunMeasures:
        likelihood, applications = values["likelihood"], values["applications"]
        bound: dict[str, Any] = {**values["bound"]}
        bound["kl_per_latent"] = tuple(bound["kl_per_latent"])
        made: dict[str, Any] = {
            **values,
            "likelihood": None if likelihood is None else LikelihoodMeasure(**likelihood),
            "bound": BoundMeasure(**bound),
            "reconstruction": _plain(ReconstructionMeasure, values["reconstruction"]),
            "denoising": tuple(DenoisingMeasure(**each) for each in values["denoising"]),
            "applications": None if applications is None else _applications(applications),
        }
        return cls(**made)


def _applications(values: Mapping[str, Any]) -> ApplicationMeasures:
    return ApplicationMeasures(_table(values["table"]), values["train"], values["test"])


def _table(values: Mapping[str, Any]) -> ProbeTable:
    """Read what `ProbeTable.to_dict` wrote."""
    rows = [_plain(ProbeRow, row) for row in values["rows"]]
    differences = [_plain(PairedDifference, row) for row in values["differences"]]
    counts = {name: values[name] for name in ("classes", "n_train", "n_test", "n_pool", "draws")}
    return ProbeTable(rows=tuple(rows), differences=tuple(differences), **counts)


def _plain(kind: type, values: Mapping[str, Any]) -> Any:
    """Build a dataclass from its own fields among `values`, with lists as tuples."""
    fields: Sequence[str] = list(kind.__dataclass_fields__)
    own = {name: values[name] for name in fields if name in values}
    return kind(**{name: tuple(v) if isinstance(v, list) else v for name, v in own.items()})
