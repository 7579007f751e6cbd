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
    if measures.applications is None:
        parts.append(f"applications    none: {measures.applications_skipped}")
    else:
        used = measures.applications
        parts.append(f"{used.table}\nLearned from {used.train}; tested on {used.test}.")
    return "\n\n".join(parts)


def _facts(measures: RunMeasures) -> list[tuple[str, str]]:
    trained = ", which the model was trained on" if measures.on_training_rows else ""
    facts = [("measured on", f"{measures.rows} of {measures.rows_available}: {measures.held_out}{trained}")]
    likelihood, bound, again = measures.likelihood, measures.bound, measures.reconstruction
    if likelihood is not None:
        facts.append(("ln p(x)", f"{likelihood.mean:.2f} ± {likelihood.standard_error:.2f} nats a row"))
        facts.append(("", f"by {likelihood.estimator}, {likelihood.samples} samples a row"))
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
