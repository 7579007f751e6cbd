"""The report of a comparison: models side by side, and their differences to the first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vael.estimators import VAE, Autoencoder
from vael.evaluation.comparison import Comparison, Measure
from vael.plots.differences import differences
from vael.plots.side_by_side import same_rows, samples_of_models
from vael.report.blocks import (
    Block,
    Cell,
    Column,
    Fact,
    Facts,
    Group,
    Measured,
    Notice,
    Report,
    Section,
    Table,
)
from vael.report.choices import choices, duration, training_facts
from vael.report.comparing import ComparedRuns
from vael.report.held_out import unnamed
from vael.report.machine import describe_machine
from vael.report.pictures import in_both_themes, limits_of, one_of_each

__all__ = ["comparison_report"]

LIKELIHOOD = ("ln p(x)", "ELBO", "effective samples")
LATENTS = ("reconstruction error", "active units", "1-NN accuracy", "5-NN accuracy")
ABOUT = ("Model", "Latents", "Likelihood p(x|z)", "Encoder", "Epochs", "Training time")
SCORES_ACROSS = 4
LONGEST_UNIT = 10  # letters, in the head of a column
EXAMPLES = 10


def comparison_report(compared: ComparedRuns) -> Report:
    """Write up runs that were compared: tables with the best in bold, paired differences, pictures.

    Parameters
    ----------
    compared : ComparedRuns
        What `compare_runs` found; every number of the page is from there.

    Returns
    -------
    Report
        For `vael.report.write`.
    """
    found = compared.found
    with unnamed():
        sections = [
            _models(compared),
            _likelihood(found),
            _differences(found),
            _latents(compared),
            _samples(compared),
            _measured(compared),
        ]
    return Report(
        title=f"{len(found.models)} models of {compared.dataset.name}",
        subtitle=f"{_listed(found.models)}, on the same {found.rows} {compared.held_out}.",
        summary=_summary(found),
        sections=[section for section in sections if section is not None],
        footer=f"Data: {compared.dataset.source}; licence: {compared.dataset.licence}. Made by vael compare.",
    )


def _summary(found: Comparison) -> list[Fact]:
    facts: list[Fact] = []
    for name in ("ln p(x)", "reconstruction error", "5-NN accuracy"):
        best = found.best(name) if name in found.names else ()
        if best:
            own = found.measure(name, best[0])
            text = _number(own, own.value)
            facts.append(Fact(f"Best {name}", _listed(best), note=f"{text}, {own.unit}"))
    return facts


def _models(compared: ComparedRuns) -> Section:
    rows = [(name, *_about(estimator, compared)) for name, estimator in compared.estimators.items()]
    columns = ("Name", *ABOUT)
    return Section(
        "The models",
        "All were fitted to the same data, by their SHA-256, and are judged on the same rows by the same "
        "estimators with the same random numbers.",
        [Table(columns, rows, caption="What was fitted.")],
    )


def _about(estimator: VAE | Autoencoder, compared: ComparedRuns) -> list[Cell]:
    facts = {f.label: f.value for f in (*choices(estimator, compared.dataset), *training_facts(estimator))}
    return [facts[label] for label in ABOUT]


def _likelihood(found: Comparison) -> Section:
    kinds = dict.fromkeys(found.measure("ln p(x)", model).of for model in found.models)
    blocks: list[Block] = [
        _table(found, LIKELIHOOD, "How likely the models make the rows.", groups=tuple(kinds))
    ]
    if len(kinds) > 1:
        blocks.append(
            Notice(
                "warning",
                f"These do not compare: {_listed([f'a {kind}' for kind in kinds])}.",
                "Read each group by itself, or fit the models with one likelihood.",
            )
        )
    blocks += [Notice("warning", note) for note in found.notes if note.startswith("ln p(x) is too low")]
    return Section(
        "Likelihood",
        "ln p(x) says how likely a model makes rows that it has not seen. It is estimated by importance "
        "sampling from each model's own posterior, a lower bound in the mean; the ELBO is the mean of the "
        "same log-weights. The wider the two are apart, the worse the posterior.",
        blocks,
    )


def _differences(found: Comparison) -> Section | None:
    shown = [each for each in found.differences if each.low is not None]
    if not shown:
        return None
    first = found.models[0]
    picture = in_both_themes(
        differences,
        shown,
        caption=f"Differences to {first}, with 95 % confidence intervals. Filled: the interval leaves 0 out. "
        "Blue is better, orange worse, grey neither.",
        alt=f"Intervals of the differences of {_listed(found.models[1:])} to {first}, a panel a measure",
    )
    table = Table(
        ("Measure", "model", "difference", "standard error", "95 % interval", "unit", "clear"),
        [
            (
                each.name,
                each.model,
                f"{each.mean:+.4g}".replace("-", "−"),
                "–" if each.standard_error is None else f"{each.standard_error:.2g}",
                f"{each.low:+.4g} to {each.high:+.4g}".replace("-", "−"),
                each.unit,
                "yes" if each.clear else "no",
            )
            for each in shown
        ],
        caption=f"Each model minus {first}.",
        note="Paired: rows (and random numbers) that are easy for one model are easy for the other, so "
        "differences are known better than the values. Clear: the interval leaves 0 out; of twenty intervals "
        "one misses the truth.",
    )
    return Section(
        "Differences", f"Every row is judged by every model, and the differences to {first} are averaged.",
        [picture, table],
    )  # fmt: skip


def _latents(compared: ComparedRuns) -> Section:
    found = compared.found
    names = [name for name in LATENTS if name in found.names]
    blocks: list[Block] = [_table(found, names, "Reconstructions and latents.")]
    shape = compared.dataset.image_shape
    if shape is not None:
        rows = one_of_each(compared.y, len(compared.X), EXAMPLES)
        X = compared.X[rows]
        images = {"rows": X}
        for name, estimator in compared.estimators.items():
            images[name] = np.asarray(estimator.reconstruct(X)).reshape(len(X), -1)
        picture = in_both_themes(
            same_rows, images, shape, value_limits=limits_of(compared.X, shape),
            caption="The same rows, and what each model makes of their posterior means.",
            alt=f"{len(X)} rows with the reconstructions of {_listed(found.models)}",
        )  # fmt: skip
        blocks.insert(0, picture)
    return Section(
        "Reconstructions and latents",
        "How much of a row comes back from its latents, how many latents carry something, and whether rows "
        "of one class lie together.",
        blocks,
    )


def _samples(compared: ComparedRuns) -> Section | None:
    found = compared.found
    known = (*LIKELIHOOD, *LATENTS)
    names = [name for name in found.names if name not in known]
    blocks: list[Block] = []
    shape = compared.dataset.image_shape
    if shape is not None and found.generated:
        blocks.append(
            in_both_themes(
                samples_of_models, dict(found.generated), shape, value_limits=limits_of(compared.X, shape),
                caption="Samples, made of z that are drawn from the prior: none of these is a training row.",
                alt=f"36 samples of each of {_listed(list(found.generated))}",
            )
        )  # fmt: skip
    for start in range(0, len(names), SCORES_ACROSS):
        blocks.append(_table(found, names[start : start + SCORES_ACROSS], "Scores of samples.", floor=True))
    if not blocks:
        return None
    return Section(
        "Samples",
        "Rows that each model made, beside held-out rows. The last line has held-out rows in the place of "
        "samples: what chance alone leaves.",
        blocks,
    )


def _measured(compared: ComparedRuns) -> Section:
    found = compared.found
    rows: list[Sequence[Cell]] = []
    for name in found.names:
        for each in {_said(m): m for m in found.measures if m.name == name and m.value is not None}.values():
            rows.append(_said(each))
    machine = describe_machine()
    facts = [
        Fact(
            "Rows", f"{found.rows} {compared.held_out}", note=f"{found.train_rows} training rows for samples"
        ),
        Fact("Seed", found.random_state),
        Fact("Judging took", ", ".join(f"{n} {duration(s)}" for n, s in found.seconds.items())),
        Fact("Processor", machine["processor"]),
        Fact("Versions", machine["versions"]),
    ]
    missing = {
        (each.model, each.why): [m.name for m in found.measures if (m.model, m.why) == (each.model, each.why)]
        for each in found.measures
        if each.value is None
    }
    notes = [note for note in found.notes if not note.startswith("ln p(x) is too low")]
    notes += [f"Not defined for {model}: {', '.join(n)} ({why})" for (model, why), n in missing.items()]
    columns = ("Measure", "unit", "how", "draws", "rows", "interval")
    blocks: list[Block] = [Table(columns, rows, caption="How each number was found."), Facts(facts)]
    return Section("How it was measured", "", [*blocks, *(Notice("note", note) for note in notes)])


def _said(each: Measure) -> tuple[Cell, ...]:
    how = f"{each.estimator}; a {each.of}" if each.of else each.estimator
    return each.name, each.unit, how, each.samples, each.rows, each.interval


def _table(
    found: Comparison, names: Sequence[str], caption: str, *, groups: Sequence[str] = (), floor: bool = False
) -> Table:
    """Models down, measures across, the best in bold; models whose numbers do not compare in groups."""
    columns = [Column("Model"), *(_column(found, name) for name in names)]
    lines = {model: [model, *(_cell(found.measure(name, model)) for name in names)] for model in found.models}
    rows: list[Sequence[Cell] | Group] = list(lines.values())
    if len(groups) > 1:
        of = {model: found.measure(names[0], model).of for model in found.models}
        rows = [Group(kind, [lines[m] for m in found.models if of[m] == kind]) for kind in groups]
    if floor:
        ends = [next((m.floor for m in found.measures if m.name == name), None) for name in names]
        rows.append(Group("", [["held-out rows", *ends]]))
    spread = any(isinstance(cell, Measured) for line in lines.values() for cell in line)
    note = (
        "±: half the width of the 95 % confidence interval. "
        if spread
        else "One set of samples: no intervals. "
    )
    return Table(
        columns, rows, caption=caption, note=f"{note}Units, and how each number was found: last section."
    )


def _column(found: Comparison, name: str) -> Column:
    own = [each for each in found.measures if each.name == name and each.value is not None]
    if not own:
        return Column(name)
    unit, better = own[0].unit.removeprefix("none"), own[0].better
    return Column(
        name,
        unit if len(unit) <= LONGEST_UNIT else "",
        _digits(own),
        better if better in ("high", "low") else None,
    )


def _cell(each: Measure) -> Cell:
    if each.value is None or each.low is None or each.high is None:
        return each.value
    return Measured(each.value, (each.high - each.low) / 2)


def _digits(own: Sequence[Measure]) -> int:
    """Decimals that show two digits of the narrowest interval, or four of the largest value."""
    widths = [each.high - each.low for each in own if each.low is not None and each.high is not None]
    values = [abs(v) for each in own for v in (each.value, each.floor) if v is not None]
    if all(value == round(value) for value in values) and not any(widths):
        return 0
    scale = min(filter(None, widths), default=max(values) / 100)
    return int(np.clip(1 - np.floor(np.log10(scale)), 0, 6))


def _number(each: Measure, value: float | None) -> str:
    return "" if value is None else f"{value:.{_digits([each])}f}".replace("-", "−")


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
