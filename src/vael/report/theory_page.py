"""The figures of the theory: drawn, written one by one, and put on one page with their captions."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from vael.errors import RunError
from vael.plots import DARK, LIGHT, Theme
from vael.plots.theory import FIGURES, TheoryFigure
from vael.report.blocks import Code, Fact, Picture, Report, Section
from vael.report.choices import clock
from vael.report.render import write
from vael.report.theory_models import TheoryModels, fit_theory_models
from vael.training.files import write_bytes

__all__ = ["INDEX", "TheoryPage", "theory_figures"]

INDEX = "index.html"
_CHAPTERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "Probability",
        "What is uncertain is a function of an outcome; what is continuous has a density; what was seen "
        "changes what is believed.",
        ("die", "normal", "joint", "bayes"),
    ),
    (
        "Divergence",
        "How far one distribution is from another, in nats, and why it matters which of them comes first.",
        ("kl-integrand", "kl-asymmetry"),
    ),
    (
        "The evidence and its bound",
        "ln p(x) = ELBO + KL(q(z|x) ‖ p(z|x)): the first term on the right is what training sees, the second "
        "is what that falls short by.",
        ("elbo-bound", "evidence-split", "posteriors"),
    ),
    (
        "Gradients",
        "The bound is an expectation under the very distribution that is being learned.",
        ("gradient-variance",),
    ),
    (
        "The KL term",
        "What it does to the space of codes, to over-fitting, and what its weight trades.",
        ("latent-regularisation", "overfitting", "beta-sweep"),
    ),
)


@dataclass(frozen=True)
class TheoryPage:
    """What was written.

    Attributes
    ----------
    index : the page
    files : every picture, in the order of the page
    training, drawing : seconds that they took
    """

    index: Path
    files: tuple[Path, ...]
    training: float
    drawing: float


def theory_figures(
    folder: str | Path,
    *,
    quick: bool = False,
    seed: int = 0,
    say: Callable[[str], None] = lambda line: None,
) -> TheoryPage:
    """Draw every figure of the theory into a folder, and a page of them.

    Each figure is NAME-light and NAME-dark, as PNG and as SVG; ``index.html`` holds them all.

    Parameters
    ----------
    folder : str or Path
        Where they go; made if it is not there.
    quick : bool, default=False
        Train the models on scikit-learn's small digits: to see that it works.
    seed : int, default=0
        Everything random follows from it.
    say : callable, default: says nothing
        Is told what happens, a line at a time.

    Raises
    ------
    RunError
        Where the folder cannot be made or written to.
    """
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"cannot make {place}: {error.strerror or error}; choose another folder") from error
    models = fit_theory_models(quick=quick, seed=seed, say=say)
    start = time.perf_counter()
    calls = _calls(models)
    pictures: dict[str, Picture] = {}
    files: list[Path] = []
    for name in (name for _, _, names in _CHAPTERS for name in names):
        say(f"drawing {name}")
        record = FIGURES[name]
        drawn = [calls[name](theme) for theme in (LIGHT, DARK)]
        for theme, figure in zip((LIGHT, DARK), drawn):
            files += [_save(figure, place / f"{name}-{theme.name}.{kind}") for kind in ("png", "svg")]
        pictures[name] = Picture(*drawn, caption=f"**{record.title}.** {record.caption}", alt=record.alt)
    index = write(_report(models, pictures, seed=seed, quick=quick), place / INDEX, overwrite=True)
    drawing = time.perf_counter() - start
    say(f"drawn in {clock(drawing)}")
    return TheoryPage(index, tuple(files), models.seconds, drawing)


def _calls(models: TheoryModels) -> Mapping[str, Callable[[Theme], Figure]]:
    """How each figure is drawn; those that need no model draw their default."""
    count = len(models.decomposition.evidence)
    shown = models.X[: models.reconstructions.shape[1]]
    given: dict[str, tuple[Any, ...]] = {
        "evidence-split": (models.decomposition, models.y[:count]),
        "posteriors": (models.decomposition, models.contours, models.X, models.image_shape),
        "latent-regularisation": (models.autoencoder, models.vae, models.mapped, models.image_shape),
        "overfitting": (models.by_beta, models.by_rows),
        "beta-sweep": (models.sweep, models.reconstructions, models.samples, shown, models.image_shape),
    }
    options: dict[str, dict[str, Any]] = {"evidence-split": {"label_name": "digit"}}

    def call(record: TheoryFigure) -> Callable[[Theme], Figure]:
        arguments, named = given.get(record.name, ()), options.get(record.name, {})
        return lambda theme: record.draw(*arguments, theme=theme, **named)

    return {name: call(record) for name, record in FIGURES.items()}


def _save(figure: Figure, path: Path) -> Path:
    """Write a figure on its own ground; the same figure gives the same bytes."""
    from matplotlib import rc_context

    content = BytesIO()
    kind = path.suffix[1:]
    metadata = {"Software": None} if kind == "png" else dict.fromkeys(("Date", "Creator"))
    with rc_context({"svg.hashsalt": "vael", "svg.fonttype": "path"}):
        figure.savefig(content, format=kind, dpi=200, metadata=metadata)
    write_bytes(path, content.getvalue())
    return path


def _report(models: TheoryModels, pictures: Mapping[str, Picture], *, seed: int, quick: bool) -> Report:
    data, mean = models.dataset, models.decomposition.mean()
    rows = len(models.decomposition.evidence)
    summary = [
        Fact("ln p(x), held out", mean["evidence"], "nats", f"2 latents, {rows} images, by quadrature", 1),
        Fact("Approximation gap", mean["approximation_gap"], "nats", "best q of the family", 2),
        Fact("Amortisation gap", mean["amortisation_gap"], "nats", "the encoder's q", 2),
        Fact("Training and measuring took", clock(models.seconds)),
    ]
    sections = [Section(title, lead, [pictures[name] for name in names]) for title, lead, names in _CHAPTERS]
    command = f"vael theory --out DIR --seed {seed}{' --quick' if quick else ''}"
    how = 'from vael.plots.theory import FIGURES, kl_asymmetry\n\nkl_asymmetry().savefig("kl.png")\n' + (
        'print(FIGURES["kl-asymmetry"].caption)'
    )
    sections.append(
        Section(
            "How they were made",
            "Each figure is one function of `vael.plots.theory`, drawn from what `vael.theory` computes.",
            [Code(command, "All of them."), Code(how, "One of them, and its caption.")],
        )
    )
    return Report(
        title="The theory of variational autoencoders, in figures",
        subtitle=f"Trained models: binary images of {data.name}; labels are used for colours only.",
        summary=summary,
        sections=sections,
        footer=f"Data: {data.source}; licence: {data.licence}. Made by `vael theory`.",
    )
