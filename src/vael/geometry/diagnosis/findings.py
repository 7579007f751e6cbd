"""The verdict in words: whether geometry matters here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vael.geometry.decoders import DecoderImmersion
from vael.geometry.diagnosis.records import (
    GeometryFinding,
    GraphPart,
    Quantity,
    SingularPoint,
    Verdict,
)
from vael.geometry.immersion import Immersion
from vael.geometry.manifold import Manifold
from vael.models import DecoderEnsemble

__all__ = ["judge"]

LITTLE_EXCESS, MUCH_EXCESS = 5.0, 10.0  # per cent, median over the pairs
GOOD_ORDER, BAD_ORDER = 0.95, 0.80  # rank correlation
ANISOTROPIC = 100.0  # condition number: one direction ten times as long as another
DOUBTED = 5.0  # per cent of the curves

_VERDICTS: tuple[Verdict, ...] = ("does not matter", "matters a little", "matters")


def judge(
    manifold: Manifold,
    quantities: Mapping[str, Quantity],
    parts: Sequence[GraphPart],
    singular: Sequence[SingularPoint],
    dropped: int,
    latents: int,
) -> tuple[Verdict, tuple[GeometryFinding, ...]]:
    """Say whether geometry matters, and what else a user must know.

    It matters where straight lines are too long (median excess 10 % or more) or distances in the coordinates
    order pairs otherwise than geodesic ones (rank correlation below 0.80); a little from 5 % on, or below
    0.95; else it does not. Distances by one metric for all codes, which a linear change of coordinates makes
    Euclidean, count like Euclidean ones.
    """
    excess = quantities["excess_median"].value
    if excess is None:
        text = f"Whether geometry matters is not known: {quantities['excess_median'].reason}."
        cautions = _cautions(quantities, parts, singular)
        return "unknown", (GeometryFinding("verdict", "warning", text), *cautions)
    lines = _level(excess >= LITTLE_EXCESS, excess >= MUCH_EXCESS)
    plain, linear = (quantities[key].value for key in ("rank_correlation", "rank_correlation_mean_metric"))
    known = [value for value in (plain, linear) if value is not None]
    order = _level(max(known) < GOOD_ORDER, max(known) < BAD_ORDER) if known else 0
    verdict = _VERDICTS[max(lines, order)]
    opening = {
        "does not matter": "Geometry does not matter here.",
        "matters a little": "Geometry matters a little here.",
        "matters": "Geometry matters here.",
    }[verdict]
    text = f"{opening} {_of_lines(quantities, lines)} {_of_order(plain, linear)}"
    found = [GeometryFinding("verdict", "note", text, _advice(lines, order, plain))]
    found += _cautions(quantities, parts, singular)
    if dropped:
        said = f"{dropped} pairs were left out: their codes coincide, or their distance is not finite."
        found.append(GeometryFinding("coincident", "note", said))
    if _blind(manifold) and latents > 1:
        found.append(
            GeometryFinding(
                "no uncertainty",
                "note",
                "This metric comes from the decoder alone, which is as sure of itself where no data were as "
                "where they were: geodesics may cut through empty places, and the excess is then smaller "
                "than it should be.",
                'Take uncertainty in: `vae.manifold(X, uncertainty="radial")` '
                "(`vael geometry --uncertainty radial`), or train several decoders (`n_decoders=4`).",
            )
        )
    return verdict, tuple(found)


def _level(little: bool, much: bool) -> int:
    return 2 if much else int(little)


def _of_lines(quantities: Mapping[str, Quantity], level: int) -> str:
    median, low, high = (
        quantities[key].value or 0.0 for key in ("excess_median", "excess_low", "excess_high")
    )
    above = quantities["excess_above_10"].value or 0.0
    threshold = (
        f"below {LITTLE_EXCESS:g} % is not worth a detour",
        f"from {LITTLE_EXCESS:g} % on it is felt, from {MUCH_EXCESS:g} % on it matters",
        f"from {MUCH_EXCESS:g} % on it matters",
    )[level]
    return (
        f"A straight line between two codes is {median:.1f} % longer than the geodesic (median of "
        f"{quantities['excess_median'].n} pairs; quartiles {low:.1f} and {high:.1f} %; {above:.0f} % of the "
        f"pairs above 10 %): {threshold}."
    )


def _of_order(plain: float | None, linear: float | None) -> str:
    if plain is None:
        return "How Euclidean distances order the pairs is not known."
    if plain >= GOOD_ORDER:
        return (
            f"Euclidean distances order the pairs as geodesic ones do (rank correlation {plain:.2f}, "
            f"{GOOD_ORDER:.2f} or more)."
        )
    text = (
        f"Euclidean distances order the pairs otherwise than geodesic ones (rank correlation {plain:.2f}; "
        f"{GOOD_ORDER:.2f} would be alike, below {BAD_ORDER:.2f} they are of little use)"
    )
    if linear is not None and linear >= GOOD_ORDER:
        return f"{text}, but a linear change of coordinates mends that ({linear:.2f})."
    return f"{text}." if linear is None else f"{text}; after the best linear change, {linear:.2f}."


def _advice(lines: int, order: int, plain: float | None) -> str:
    if not lines and not order:
        if plain is not None and plain < GOOD_ORDER:
            return (
                "Straight interpolation is good enough; for distances, scale the codes by the mean metric "
                "first."
            )
        return "Straight interpolation and Euclidean distances are good enough."
    parts = ["interpolate along `manifold.geodesic(a, b)`"] if lines else []
    parts += ["compare and cluster by `manifold.pairwise(Z)`"] if order or lines == 2 else []
    text = " and ".join(parts)
    kept = "" if lines else "; straight interpolation is good enough"
    return f"{text[0].upper()}{text[1:]}{kept}."


def _cautions(
    quantities: Mapping[str, Quantity], parts: Sequence[GraphPart], singular: Sequence[SingularPoint]
) -> list[GeometryFinding]:
    found: list[GeometryFinding] = []
    if len(parts) > 1:
        told = "; ".join(_part(part) for part in parts[:5]) + "; ..." * (len(parts) > 5)
        text = (
            f"The data fall into {len(parts)} parts that no neighbours join ({told}): between them geodesics "
            "cross latent space that no data cover."
        )
        found.append(GeometryFinding("parts", "warning", text, "Do not trust distances between the parts."))
    share = quantities["singular"].value
    if share:
        places = "; ".join(_place(point) for point in singular[:3])
        text = (
            f"At {share:.1f} % of the codes the decoder does not change along some direction ({places}): "
            "the metric has no inverse there, and volume and curvature are of the other codes."
        )
        found.append(
            GeometryFinding("singular", "warning", text, "Take fewer latents, or leave unused ones out.")
        )
    condition = quantities["condition_median"].value
    if condition is not None and condition >= ANISOTROPIC:
        text = (
            f"A step in one direction changes the decoder's output {condition**0.5:.0f} times as much as one "
            f"in another (condition number {condition:.3g}, median; {ANISOTROPIC:g} or more is much)."
        )
        found.append(GeometryFinding("anisotropic", "note", text))
    lost = quantities["not_converged"].value
    if lost is not None and lost > DOUBTED:
        text = (
            f"{lost:.0f} % of the curves did not converge (more than {DOUBTED:g} %): they may be longer than "
            "geodesics, and the excess larger than was found."
        )
        found.append(GeometryFinding("not converged", "warning", text))
    return found


def _part(part: GraphPart) -> str:
    rows = f"{part.rows} row{'s' * (part.rows != 1)}"
    return f"{rows}, row {part.example} among them" if part.example is not None else rows


def _place(point: SingularPoint) -> str:
    numbers = ", ".join(f"{x:.3g}" for x in point.z[:6])
    return f"row {point.row}, z = ({numbers}{', ...' * (len(point.z) > 6)})"


def _blind(manifold: Manifold) -> bool:
    """Whether the metric is of one decoder and nothing else."""
    structure = manifold.structure
    function = structure._function if isinstance(structure, Immersion) else None  # pyright: ignore[reportPrivateUsage]
    if not isinstance(function, DecoderImmersion) or function.uncertainty is not None:
        return False
    return len(function.decoders) == 1 and not isinstance(function.decoders[0], DecoderEnsemble)
