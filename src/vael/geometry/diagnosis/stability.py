"""Whether distances survive a retraining: geodesic ones beside Euclidean ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from vael.errors import InputError
from vael.geometry.diagnosis.pairs import TOLERANCE, drawn_pairs
from vael.geometry.diagnosis.records import Quantity, quantity, unknown
from vael.geometry.manifold import Manifold

__all__ = ["Stability", "Variation", "stability"]

RESAMPLED = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Variation:
    """Coefficients of variation over trainings, mean over pairs of rows.

    Attributes:
        scale: ``"as they are"``, or ``"scale-free"``: each training's distances over their mean.
        geodesic: In per cent.
        euclidean: In per cent.
        difference: Euclidean less geodesic, in per cent; positive where geodesics vary less.
        low: Of the difference's 95 % interval, by a bootstrap over the pairs; None where there is none.
        high: Its other end.
    """

    scale: str
    geodesic: Quantity
    euclidean: Quantity
    difference: Quantity
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Stability:
    """How much distances between the same rows vary over trainings of the same data.

    Attributes:
        variations: As the distances are, and scale-free.
        verdict: In words.
        trainings: How many.
        pairs: Of rows that were used.
        dropped: Pairs left out: a distance that is zero in all trainings, or not finite in one.
        not_converged: Share of the curves that did not converge.
        random_state: That the draws follow from.
    """

    variations: tuple[Variation, ...]
    verdict: str
    trainings: int
    pairs: int
    dropped: int
    not_converged: float
    random_state: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Stability:
        """Make what `to_dict` described."""
        names = ("geodesic", "euclidean", "difference")
        rows: list[dict[str, Any]] = [
            {**each, **{name: Quantity(**each[name]) for name in names}} for each in values["variations"]
        ]
        made: dict[str, Any] = {**values, "variations": tuple(Variation(**row) for row in rows)}
        return cls(**made)

    def __str__(self) -> str:
        """Text: the verdict, and a line for each kind of distance."""
        lines = [self.verdict]
        for each in self.variations:
            for found in (each.geodesic, each.euclidean, each.difference):
                said = f"not known: {found.reason}"
                if found.value is not None:
                    said = f"{found.value:.2f}"
                    said += f" ± {found.spread:.2f} %" if found.spread is not None else " %"
                lines.append(f"{found.name}, {each.scale}: {said}")
        return "\n".join(lines)


def stability(
    manifolds: Sequence[Manifold],
    codes: Sequence[Any],
    *,
    pairs: int = 200,
    random_state: int = 0,
) -> Stability:
    r"""Compare how geodesic and Euclidean distances vary over trainings of the same data.

    For each pair of rows, the coefficient of variation :math:`s / m` of its distance over the trainings, with
    the standard deviation s of a sample; then the mean over the pairs. Distances are compared as they are,
    and divided by their training's mean: a change of scale alone is then no variation.

    See also: Syrota et al. 2024, arXiv 2408.07507; 2025, arXiv 2502.13757.

    Arguments:
        manifolds: One for each training, two at least.
        codes: Of the same rows in each training, ``(n, latent)``; their latents may be of different numbers.
        pairs: Pairs of rows, drawn at random; standard errors are over them and leave the trainings as they
            are.
        random_state: All draws follow from it.

    Raises:
        InputError: If the trainings do not belong together.
    """
    Z = _same_rows(manifolds, codes, pairs)
    rng = np.random.default_rng(random_state)
    chosen = drawn_pairs(len(Z[0]), pairs, rng)
    geodesic, euclidean, converged = (
        np.stack(each) for each in zip(*(_distances(m, z, chosen) for m, z in zip(manifolds, Z)))
    )
    sound = np.isfinite(geodesic).all(0) & (geodesic.mean(0) > 0) & (euclidean.mean(0) > 0)
    lengths, lines = geodesic[:, sound], euclidean[:, sound]
    found = [_variation("as they are", lengths, lines, rng)]
    found.append(_variation("scale-free", _scaled(lengths), _scaled(lines), rng))
    return Stability(
        variations=tuple(found),
        verdict=_verdict(found, len(Z)),
        trainings=len(Z),
        pairs=int(sound.sum()),
        dropped=int((~sound).sum()),
        not_converged=float(1 - converged.mean()),
        random_state=random_state,
    )


def _same_rows(manifolds: Sequence[Manifold], codes: Sequence[Any], pairs: int) -> list[torch.Tensor]:
    if len(manifolds) < 2 or len(manifolds) != len(codes):
        raise InputError(
            "stability needs two trainings or more, and the codes of each: got "
            f"{len(manifolds)} manifolds and {len(codes)} sets of codes"
        )
    if pairs < 2:
        raise InputError(f"pairs must be >= 2, got {pairs}")
    Z = [m.read(z, f"codes[{i}]").flat.detach() for i, (m, z) in enumerate(zip(manifolds, codes))]
    counts = [len(z) for z in Z]
    if len(set(counts)) > 1:
        raise InputError(f"the codes must be of the same rows in each training, got {counts} rows")
    if counts[0] < 3:
        raise InputError(f"{counts[0]} rows are too few: 3 are needed")
    return Z


@torch.no_grad()
def _distances(
    manifold: Manifold, Z: torch.Tensor, chosen: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    a, b = (Z[torch.from_numpy(side).to(Z.device)] for side in chosen.T)
    found = manifold.geodesic(a, b, tolerance=TOLERANCE)
    arrays = (found.length, (b - a).norm(dim=-1), found.converged)
    lengths, lines, converged = (each.cpu().double().numpy() for each in arrays)
    return lengths, lines, converged


def _scaled(distances: np.ndarray) -> np.ndarray:
    """Divide each training's distances by their mean; all of them are zero where that is."""
    mean = distances.mean(axis=1, keepdims=True) if distances.size else np.ones((len(distances), 1))
    return distances / np.where(mean > 0, mean, 1)


def _variation(
    scale: str, geodesic: np.ndarray, euclidean: np.ndarray, rng: np.random.Generator
) -> Variation:
    trainings, n = geodesic.shape
    how = f"standard deviation over mean of {trainings} trainings, mean over pairs of rows"
    if scale != "as they are":
        how += "; each training's distances over their mean"
    names = ("geodesic distances", "Euclidean distances", "Euclidean less geodesic")
    if n < 2:
        why = f"{n} pairs have distances to compare"
        none = [unknown(name, "%", n, how, why) for name in names]
        return Variation(scale, none[0], none[1], none[2], None, None)
    varied = [100 * d.std(axis=0, ddof=1) / d.mean(axis=0) for d in (geodesic, euclidean)]
    apart = varied[1] - varied[0]
    drawn = apart[rng.integers(n, size=(RESAMPLED, n))].mean(axis=1)
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    found = [
        quantity(name, values.mean(), "%", n, how, spread=values.std(ddof=1) / n**0.5)
        for name, values in zip(names, (*varied, apart))
    ]
    return Variation(scale, found[0], found[1], found[2], float(low), float(high))


def _verdict(found: Sequence[Variation], trainings: int) -> str:
    told = [_told(each) for each in found]
    few = "" if trainings >= 5 else f" {trainings} trainings are few: take five or more."
    return " ".join(told) + few


def _told(each: Variation) -> str:
    geodesic, euclidean = each.geodesic.value, each.euclidean.value
    if geodesic is None or euclidean is None or each.low is None or each.high is None:
        return f"Which distances vary less, {each.scale}, is not known: {each.geodesic.reason}."
    scale = "As they are" if each.scale == "as they are" else "Scale-free"
    less = (
        "geodesic distances vary less with retraining than Euclidean ones"
        if each.low > 0
        else "geodesic distances vary more with retraining than Euclidean ones"
        if each.high < 0
        else "neither kind of distance varies less with retraining"
    )
    return (
        f"{scale}, {less}: {geodesic:.1f} % against {euclidean:.1f} % (difference "
        f"{euclidean - geodesic:.1f}, 95 % interval {each.low:.1f} to {each.high:.1f})."
    )
