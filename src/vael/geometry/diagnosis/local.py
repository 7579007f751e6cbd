"""What points tell: volumes, condition numbers, curvature, and where the metric loses rank."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vael.errors import InputError
from vael.geometry.diagnosis.records import Quantity, SingularPoint, quantity, share, unknown
from vael.geometry.manifold import Manifold
from vael.geometry.tangents import NOISE

__all__ = ["PointMetrics", "curvature_of", "full_rank", "measure_points", "volume_of"]

SHOWN = 5  # singular points
TAILS = {"low": 0.05, "median": 0.5, "high": 0.95}


@dataclass(frozen=True, eq=False)
class PointMetrics:
    """Metrics at codes, in double precision where the decoder can be brought to it.

    Attributes:
        z: The codes, ``(n, latent)``.
        G: ``(n, latent, latent)``.
        regular: Where G is finite and of full rank, ``(n,)``.
        rows: Row numbers of the codes, ``(n,)``.
    """

    z: Tensor
    G: Tensor
    regular: Tensor
    rows: np.ndarray

    @property
    def mean(self) -> np.ndarray | None:
        """The average of the finite metrics; None without any."""
        finite = torch.isfinite(self.G).flatten(1).all(1)
        return self.G[finite].double().mean(0).cpu().numpy() if finite.any() else None

    @property
    def singular(self) -> tuple[SingularPoint, ...]:
        """Some of the points that are not regular."""
        places = (~self.regular).nonzero().squeeze(-1)[:SHOWN].tolist()
        return tuple(SingularPoint(int(self.rows[i]), tuple(self.z[i].tolist())) for i in places)


@torch.no_grad()
def measure_points(manifold: Manifold, Z: Tensor, rows: np.ndarray) -> PointMetrics:
    """Compute metrics at some rows of the codes."""
    z = manifold.read(Z[torch.from_numpy(rows).to(Z.device)]).flat
    G = manifold.metric(z)
    return PointMetrics(z, G, full_rank(G), rows)


def full_rank(G: Tensor) -> Tensor:
    """Tell where metrics are finite and of full rank, by the rule of `full_rank_factor`; ``(n,)``."""
    finite = torch.isfinite(G).flatten(1).all(1)
    safe = torch.where(finite[:, None, None], G, torch.eye(G.shape[-1], dtype=G.dtype, device=G.device))
    lengths = safe.diagonal(dim1=-2, dim2=-1).clamp(min=0).sqrt()
    lost = lengths <= torch.finfo(G.dtype).eps * lengths.amax(-1, keepdim=True)
    scale = torch.where(lost, 1, lengths)
    factor, info = torch.linalg.cholesky_ex(safe / (scale.unsqueeze(-1) * scale.unsqueeze(-2)))
    least = NOISE * G.shape[-1] * torch.finfo(G.dtype).eps
    low = lost.any(-1) | (info > 0) | (factor.diagonal(dim1=-2, dim2=-1).square() <= least).any(-1)
    return finite & ~low


def volume_of(manifold: Manifold, points: PointMetrics) -> dict[str, Quantity]:
    """Spread of volumes, condition numbers, and the share of singular points."""
    z, n = points.z[points.regular], int(points.regular.sum())
    names = {
        "volume_deviation": ("Log volume, standard deviation", "nats", "of ln sqrt det G, at random codes"),
        "volume_ratio": ("Volume, 95 % over 5 % quantile", "times", "of sqrt det G, at random codes"),
        "condition_median": (
            "Condition number, median",
            "",
            "largest over smallest eigenvalue of G, at random codes",
        ),
        "condition_high": ("Condition number, 95 % quantile", "", "of G, at random codes"),
    }
    if n < 2:
        why = f"the metric has full rank at {n} of {len(points.z)} codes"
        numbers = {key: unknown(name, unit, n, how, why) for key, (name, unit, how) in names.items()}
    else:
        with torch.no_grad():
            volume = manifold.log_volume(z).double().cpu().numpy()
            condition = manifold.condition_number(z).double().cpu().numpy()
        low, high = np.quantile(volume, [TAILS["low"], TAILS["high"]])
        with np.errstate(over="ignore"):
            values = (
                volume.std(ddof=1),
                np.exp(high - low),
                np.median(condition),
                np.quantile(condition, TAILS["high"]),
            )
        numbers = {
            key: quantity(name, value, unit, n, how)
            for (key, (name, unit, how)), value in zip(names.items(), values)
        }
    how = "random codes; G, scaled to a unit diagonal, has lower rank than latents"
    numbers["singular"] = share("Codes of lost rank", (~points.regular).cpu().numpy(), how)
    return numbers


@torch.no_grad()
def curvature_of(
    manifold: Manifold | InputError, points: PointMetrics, distance: float | None, rng: np.random.Generator
) -> dict[str, Quantity]:
    """Quantiles of the curvature: Gaussian of two latents, of a random plane at each code of more.

    Arguments:
        manifold: In double precision; or why there is none.
        points: Codes and metrics there.
        distance: The data's median distance, by which curvature is made a pure number.
        rng: Draws the planes.
    """
    latent = points.z.shape[1]
    planes = "Gaussian curvature" if latent == 2 else "sectional curvature, one random plane a code"
    how = f"{planes}, in double precision"
    unit = "1 / distance²"
    names = {
        "curvature_low": "Curvature, 5 % quantile",
        "curvature_median": "Curvature, median",
        "curvature_high": "Curvature, 95 % quantile",
    }
    scaled = "|K| at the data's scale, median"
    scaled_how = "|K| times the squared median geodesic distance"
    K, why = _curvatures(manifold, points.z[points.regular], rng)
    if K is None:
        numbers = {key: unknown(name, unit, 0, how, why) for key, name in names.items()}
        return numbers | {"curvature_scaled": unknown(scaled, "", 0, scaled_how, why)}
    numbers = {
        key: quantity(name, np.quantile(K, part), unit, len(K), how)
        for (key, name), part in zip(names.items(), TAILS.values())
    }
    numbers["curvature_scaled"] = (
        unknown(scaled, "", len(K), scaled_how, "no distance is known")
        if distance is None
        else quantity(scaled, float(np.median(np.abs(K))) * distance**2, "", len(K), scaled_how)
    )
    return numbers


def _curvatures(
    manifold: Manifold | InputError, z: Tensor, rng: np.random.Generator
) -> tuple[np.ndarray | None, str]:
    if isinstance(manifold, InputError):
        return None, str(manifold)
    if z.shape[1] < 2:
        return None, "one latent has no curvature: a curve is flat to those who live in it"
    if len(z) < 2:
        return None, f"the metric has full rank at {len(z)} codes"
    try:
        if z.shape[1] == 2:
            found = manifold.curvature(z.double())
        else:  # planes that the metric has no favourites among
            draws = torch.from_numpy(rng.normal(size=(2, len(z), z.shape[1], 1))).to(z.device)
            L = torch.linalg.cholesky(manifold.metric(z.double()))
            u, v = torch.linalg.solve_triangular(L.mT, draws, upper=True).squeeze(-1)
            found = manifold.sectional(z.double(), u, v)
    except (InputError, RuntimeError) as error:
        return None, str(error).splitlines()[0]
    values = found.double().cpu().numpy()
    values = values[np.isfinite(values)]
    return (values, "") if len(values) else (None, "it is finite at no code")
