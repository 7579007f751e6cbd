"""The measures of a run as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vael.report import RunMeasures

__all__ = ["measures_text"]


def measures_text(measures: RunMeasures) -> str:
    """Write measures for reading: each with its unit, its estimator and its number of samples."""
    parts = ["\n".join(f"{name:<15} {said}" for name, said in _facts(measures))]
    if measures.denoising:
        parts.append(_denoising(measures))
    parts += [
        _numbers(measures),
        _scores(measures),
        _smoothness(measures),
        _interpolation(measures),
        _geometry(measures),
    ]
    parts += [f"{name:<15} not measured: {why}" for name, why in measures.skipped.items()]
    if measures.applications is not None:
        used = measures.applications
        parts.append(f"{used.table}\nLearned from {used.train}; tested on {used.test}.")
    return "\n\n".join(part for part in parts if part)


def _facts(measures: RunMeasures) -> list[tuple[str, str]]:
    trained = ", which the model was trained on" if measures.on_training_rows else ""
    facts = [("measured on", f"{measures.rows} of {measures.rows_available}: {measures.held_out}{trained}")]
    likelihood, bound, again = measures.likelihood, measures.bound, measures.reconstruction
    if likelihood is not None:
        facts.append(("ln p(x)", f"{likelihood.mean:.2f} ± {likelihood.standard_error:.2f} nats a row"))
        facts.append(("", f"by {likelihood.estimator}, {likelihood.samples} samples a row"))
        size = f"median effective sample size {likelihood.effective_sample_size:.1f}"
        facts.append(("", f"{size}; {100 * likelihood.trusted:.0f} % of the rows to be trusted"))
        if likelihood.bits_per_dimension is not None:
            facts.append(("", f"{likelihood.bits_per_dimension:.4f} bits a dimension"))
        facts.append(("", f"{'' if likelihood.proper else 'not a likelihood: '}{likelihood.density_of}"))
        parts = f"reconstruction {bound.log_likelihood:.2f}, KL {bound.kl:.2f}"
        facts.append(("ELBO", f"{bound.bound:.2f} nats a row: {parts} ({bound.samples} samples of z a row)"))
    else:
        facts.append(("reconstruction", f"{bound.log_likelihood:.2f} nats a row, ln p(x|z)"))
    spread = f"their means vary by more than {bound.active_variance:g}"
    facts.append(("active latents", f"{bound.active_latents} ({spread})"))
    others = f"PCA of {again.pca_axes} axes {again.pca_error:.4g}, the mean row {again.mean_error:.4g}"
    facts.append(("squared error", f"{again.error:.4g} a feature; {others}"))
    share = f"{100 * again.explained:.1f} % of the variance explained"
    facts.append(("", f"{share if again.mean_error > 0 else 'the rows do not vary'}; unit: {again.unit}"))
    facts.append(
        ("absolute error", f"{again.absolute:.4g}{_plus(again.absolute_spread)} a feature, as given")
    )
    if again.similarity is not None:
        how = f"window of {again.window} pixels, images and their reconstructions"
        facts.append(("SSIM", f"{again.similarity:.4f}{_plus(again.similarity_spread)}; {how}"))
    return facts


def _denoising(measures: RunMeasures) -> str:
    from vael.evaluation.tables import text_table

    header = ("damage", "amount", "error before", "after", "of clean rows", "rows improved")
    rows = [
        (
            each.kind,
            f"{each.amount:g}",
            f"{each.error_before:.4g}",
            f"{each.error_after:.4g}",
            f"{each.error_clean:.4g}",
            f"{100 * each.share_improved:.1f} %",
        )
        for each in measures.denoising
    ]
    return "Denoising: mean squared errors a feature, on values taken to [0, 1]\n" + text_table(header, rows)


def _plus(spread: float | None) -> str:
    return "" if spread is None else f" ± {spread:.2g}"


def _numbers(measures: RunMeasures) -> str:
    from vael.evaluation.tables import text_table

    if measures.latents is None:
        return ""
    rows = [
        (
            each.name,
            "not defined" if each.value is None else f"{each.value:.4g}{_plus(each.spread)}",
            each.unit,
            each.estimator,
        )
        for each in measures.latents.numbers
    ]
    findings = [
        f"{found.level}: {found.text}{' ' * bool(found.action)}{found.action}"
        for found in measures.latents.findings
    ]
    return "\n".join(["Use of the latents", text_table(("", "value", "unit", "estimator"), rows), *findings])


def _scores(measures: RunMeasures) -> str:
    from vael.evaluation.tables import text_table

    found = measures.samples
    if found is None:
        return ""
    rows = [
        (
            score.name,
            *("not defined" if v is None else f"{v:.4g}" for v in (score.value, score.floor)),
            "" if score.p_value is None else f"{score.p_value:.2g}",
            "as held out" if score.better == "floor" else score.better,
            score.unit,
        )
        for score in found.scores
    ]
    header = ("", "samples", "held out", "p", "better", "unit")
    lines = [f"Samples: {found.n} {found.of}", text_table(header, rows)]
    for space in dict.fromkeys(score.space for score in found.scores):
        lines.append(f"on {space}:")
        lines += [f"  {score.name}: {score.estimator}" for score in found.scores if score.space == space]
    return "\n".join([*lines, *found.notes])


def _smoothness(measures: RunMeasures) -> str:
    return "" if measures.smoothness is None else f"Neighbourhoods\n{measures.smoothness}"


def _geometry(measures: RunMeasures) -> str:
    from vael.cli.geometry_text import geometry_text

    found = measures.geometry
    return "" if found is None else f"Geometry of the latent space\n{geometry_text({'': found})}"


def _interpolation(measures: RunMeasures) -> str:
    found = measures.interpolation
    if found is None:
        return ""
    (decoded, error), (blended, other) = found.decoded_ratio, found.blended_ratio
    return (
        f"Between {found.pairs} pairs of held-out rows: distance to the nearest of {found.n_train} training "
        f"rows in the middle over that at the ends:\n"
        f"decoded lines {decoded:.3f} ± {error:.3f}, lines through the data {blended:.3f} ± {other:.3f}; "
        "above 1 a line leaves the data"
    )
