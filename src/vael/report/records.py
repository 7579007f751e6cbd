"""What was measured of a fitted model: plain numbers with their units, estimators and sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vael.errors import RunError
from vael.evaluation import PairedDifference, ProbeRow, ProbeTable
from vael.evaluation.latents import Finding
from vael.evaluation.samples import Score
from vael.evaluation.smoothness import SmoothnessRow, SmoothnessTable
from vael.geometry import GeometryDiagnosis

__all__ = [
    "ApplicationMeasures",
    "BoundMeasure",
    "DenoisingMeasure",
    "GeometryMeasures",
    "InterpolationMeasures",
    "LatentMeasures",
    "LikelihoodMeasure",
    "Number",
    "ReconstructionMeasure",
    "RunMeasures",
    "SampleMeasures",
]

FORMAT = 3


@dataclass(frozen=True)
class Number:
    """One number with what a reader needs to trust it.

    Attributes
    ----------
    name : of what was measured
    value : None where it is not defined; `estimator` then says why
    spread : standard error; None where there is none
    unit : of both
    estimator : how it was computed, with its sample counts, in words
    """

    name: str
    value: float | None
    spread: float | None
    unit: str
    estimator: str


@dataclass(frozen=True)
class LikelihoodMeasure:
    """An estimate of the mean of ln p(x) over rows, in nats a row.

    Attributes
    ----------
    mean, standard_error : over the rows
    sampling_error : of the mean, by the noise of the estimate alone; None for one sample
    estimator : its name
    samples : importance samples a row
    effective_sample_size : median over the rows: as many equal weights would be as noisy
    trusted : share of the rows whose weights are even enough for the estimate to mean something
    bits_per_dimension : of discrete data; None for densities
    proper : False where the number is of a likelihood's form and no likelihood (greys under a Bernoulli)
    density_of : what it is a density or a probability of, in words
    """

    mean: float
    standard_error: float
    sampling_error: float | None
    estimator: str
    samples: int
    effective_sample_size: float
    trusted: float
    bits_per_dimension: float | None
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
    absolute, absolute_spread : mean absolute error in the data's own units, and its standard error over rows
    similarity, similarity_spread : mean SSIM of images, and its standard error; None for tables
    window : side of SSIM's window in pixels, 0 for tables
    """

    error: float
    pca_error: float
    mean_error: float
    unit: str
    pca_axes: int
    absolute: float
    absolute_spread: float | None
    similarity: float | None
    similarity_spread: float | None
    window: int

    @property
    def explained(self) -> float:
        """Share of the variance around the mean training row that reconstructions keep."""
        return 1.0 - self.error / self.mean_error if self.mean_error > 0 else float("nan")


@dataclass(frozen=True)
class LatentMeasures:
    """What the latents carry, and what that means.

    Attributes
    ----------
    numbers : active units, KL, mutual information, the aggregate posterior against the prior
    findings : what is wrong and what to change, worst first
    rows : measured on
    """

    numbers: tuple[Number, ...]
    findings: tuple[Finding, ...]
    rows: int


@dataclass(frozen=True)
class SampleMeasures:
    """How good samples are, with held-out rows in their place as the floor.

    Attributes
    ----------
    scores : one a measure
    n, n_train : samples, as many held-out rows, as many for the floor; and training rows for neighbours
    of : what was compared with what, in words
    notes : what a reader must know beside the numbers
    """

    scores: tuple[Score, ...]
    n: int
    n_train: int
    of: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class InterpolationMeasures:
    """How near the data the way between two codes stays: see `vael.evaluation.InterpolationRealism`.

    Attributes
    ----------
    t : places on the way, 0 and 1 are the ends
    decoded, blended : percentile of the distance to the nearest training row among those of held-out rows,
        mean over the pairs: of decoded points on the line between two codes, and of blends of the two rows
    decoded_ratio, blended_ratio : distance in the middle over that at the ends, and its standard error
    reconstruction : percentile of reconstructions
    pairs, n_train, n_test : pairs of held-out rows, training rows, held-out rows
    """

    t: tuple[float, ...]
    decoded: tuple[float, ...]
    blended: tuple[float, ...]
    decoded_ratio: tuple[float, float]
    blended_ratio: tuple[float, float]
    reconstruction: float
    pairs: int
    n_train: int
    n_test: int


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
class GeometryMeasures:
    """Whether geometry matters in the latent space.

    Attributes
    ----------
    diagnosis : see `vael.geometry.GeometryDiagnosis`
    rows : whose codes it is about, in words
    uncertainty : that the metric took in: "radial", or None
    """

    diagnosis: GeometryDiagnosis
    rows: str
    uncertainty: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> GeometryMeasures:
        """Make what `to_dict` described."""
        diagnosis = GeometryDiagnosis.from_dict(values["diagnosis"])
        return cls(diagnosis, values["rows"], values["uncertainty"])


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
    latents, samples, interpolation, smoothness, geometry, applications : None where they were not measured
    skipped : why not, by the names of these parts
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
    latents: LatentMeasures | None
    samples: SampleMeasures | None
    interpolation: InterpolationMeasures | None
    smoothness: SmoothnessTable | None
    geometry: GeometryMeasures | None
    applications: ApplicationMeasures | None
    skipped: Mapping[str, str]
    seconds: Mapping[str, float]
    random_state: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        record: dict[str, Any] = {"format": FORMAT, **asdict(self)}
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
        applications, geometry = values["applications"], values["geometry"]
        bound: dict[str, Any] = {**values["bound"]}
        bound["kl_per_latent"] = tuple(bound["kl_per_latent"])
        made: dict[str, Any] = {
            **values,
            "likelihood": _some(LikelihoodMeasure, values["likelihood"]),
            "bound": BoundMeasure(**bound),
            "reconstruction": _plain(ReconstructionMeasure, values["reconstruction"]),
            "denoising": tuple(DenoisingMeasure(**each) for each in values["denoising"]),
            "latents": _some(LatentMeasures, values["latents"], numbers=Number, findings=Finding),
            "samples": _some(SampleMeasures, values["samples"], scores=Score),
            "interpolation": _some(InterpolationMeasures, values["interpolation"]),
            "smoothness": _some(SmoothnessTable, values["smoothness"], rows=SmoothnessRow),
            "geometry": None if geometry is None else GeometryMeasures.from_dict(geometry),
            "applications": None if applications is None else _applications(applications),
        }
        return cls(**made)


def _some(kind: type, values: Mapping[str, Any] | None, **parts: type) -> Any:
    """Build a dataclass, whose fields named in `parts` are tuples of others; None of None."""
    if values is None:
        return None
    made = {name: tuple(_plain(part, each) for each in values[name]) for name, part in parts.items()}
    return _plain(kind, {**values, **made})


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
    return kind(**{name: _tuples(value) for name, value in own.items()})


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value
