// Rows that were selected on the map, and what they have in common.

import { computed, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { classInk } from "../map/palette";
import { Bars } from "../parts/bars";
import { Figure } from "../parts/figure";
import { Python, pythonRows, pythonWithData } from "../parts/python";
import { brief, RowView } from "../parts/row";
import { Empty, Working, Wrong } from "../parts/states";
import type { Body } from "../server/columns";
import { announce } from "../state/announce";
import { follow, type Question } from "../state/asking";
import { goTo } from "../state/cursor";
import { csv, download } from "../state/downloads";
import { known } from "../state/facts";
import { selection } from "../state/marks";
import { labelOf, latentOf, PART_NAMES, points } from "../state/points";
import "./selectionPanel.css";

interface Term {
  mean: number;
  quantiles: [number, number, number];
}

interface SelectionFacts {
  n: number;
  parts: Record<"training" | "validation" | "test", number>;
  labels: { label: string; count: number }[] | null;
  terms: Record<"elbo" | "log_likelihood" | "kl", Term> | null;
  scored: number;
}

const SHOWN = 24;

const question = signal<Question<SelectionFacts> | null>(null);
const thumbnails = signal<Question<unknown> | null>(null);
const answer = computed(() => question.value?.answer.value ?? { body: null, error: "", working: false });

/** A few members, evenly through the selection. */
const few = computed(() => {
  const rows = selection.value;
  if (!rows) return [];
  const count = Math.min(SHOWN, rows.length);
  return Array.from({ length: count }, (_, i) => rows[Math.floor((i * rows.length) / count)]);
});

export function SelectionPanel() {
  useEffect(() => {
    const asked = (question.value = follow<SelectionFacts>("selection", () =>
      selection.value?.length ? { rows: [...selection.value] } : null,
    ));
    const shown = (thumbnails.value = follow("rows", () => (known().data.image_shape && few.value.length ? { rows: few.value } : null)));
    const stop = asked.answer.subscribe(({ body, working }) => body && !working && announce(inWords(body.facts)));
    return () => {
      stop();
      asked.stop();
      shown.stop();
      question.value = thumbnails.value = null;
    };
  }, []);
  const { body, error, working } = answer.value;
  if (!selection.value?.length)
    return (
      <Empty>
        Draw a loop round some points: <kbd>L</kbd> or the lasso over the map, then drag. Without a mouse, <kbd>S</kbd>{" "}
        selects what lies near the cursor.
      </Empty>
    );
  if (error)
    return (
      <>
        <Wrong error={error} />
        <p class="actions">
          <button onClick={clear}>Clear the selection</button>
        </p>
      </>
    );
  if (!body) return working ? <Working what={`Describing ${selection.value.length} rows`} /> : null;
  return (
    <div class={working ? "at-work" : ""} aria-busy={working}>
      <Described body={body} />
    </div>
  );
}

function clear(): void {
  selection.value = null;
  announce("nothing is selected", 0);
}

function inWords({ n, labels, terms }: SelectionFacts): string {
  const most = labels?.[0] ? `; most often labelled ${labels[0].label}, ${Math.round((100 * labels[0].count) / n)} %` : "";
  return `${n} row${n === 1 ? "" : "s"}${most}${terms ? `; mean ELBO ${brief(terms.elbo.mean)} nats` : ""}`;
}

function Described({ body }: { body: Body<SelectionFacts> }) {
  const { facts } = body;
  const rowsThen = (...lines: string[]) => () => pythonWithData(pythonRows(selection.value ?? []), ...lines);
  const names = points.value?.labelNames ?? [];
  const atMean = rowsThen(
    "z = loaded.latents[rows].mean(0, keepdims=True)",
    ...(curved() ? ["z /= (z**2).sum() ** 0.5  # onto the sphere"] : []),
    "loaded.estimator.inverse_transform(z)[0]",
  );
  return (
    <>
      <p class="selected">
        <strong>{facts.n}</strong> row{facts.n === 1 ? "" : "s"}:{" "}
        {PART_NAMES.filter((name) => facts.parts[name])
          .map((name) => `${facts.parts[name]} ${name}`)
          .join(", ")}
      </p>
      <p class="actions">
        <button onClick={exportRows}>Save row ids (CSV)</button>
        <button onClick={() => goTo(body.get("mean_latent", Float32Array).values)}>Go to their middle</button>
        <button onClick={clear}>Clear</button>
      </p>
      <Means body={body} decode={atMean} rows={rowsThen("loaded.rows[rows].mean(0)")} />
      {facts.terms && (
        <>
          <h3>Terms of the ELBO, mean over {facts.scored === facts.n ? "the rows" : `${facts.scored} of the rows`}</h3>
          <dl class="figures">
            {(
              [
                ["elbo", "ELBO"],
                ["log_likelihood", "reconstruction, E ln p(x|z)"],
                ["kl", "KL(q(z|x) || p(z))"],
              ] as const
            ).map(([key, name]) => (
              <Figure
                key={key}
                name={name}
                value={facts.terms![key].mean}
                unit="nats"
                tip="of 100 rows, 5 lie below the first of these numbers, 50 below the second, 95 below the third"
                note={facts.n > 1 ? `5, 50, 95 %: ${facts.terms![key].quantiles.map((q) => brief(Number(q.toPrecision(3)))).join(", ")}` : ""}
                code={rowsThen(
                  ...(facts.scored < facts.n
                    ? [`rows = rows[np.sort(np.random.default_rng(0).permutation(len(rows))[:${facts.scored}])]`]
                    : []),
                  `terms_of(loaded, loaded.rows[rows]).${key}.mean()`,
                )}
              />
            ))}
          </dl>
        </>
      )}
      {facts.labels && (
        <>
          <h3>
            Labels <Python of="the labels" code={rowsThen("from collections import Counter", "", "Counter(loaded.label_words(rows))")} />
          </h3>
          <Bars
            says="labels of the selected rows"
            bars={facts.labels.map(({ label, count }) => ({
              label,
              share: count / facts.n,
              shown: `${count}`,
              ink: classInk(Math.max(0, names.indexOf(label))),
            }))}
          />
        </>
      )}
      <Members />
    </>
  );
}

/** What is decoded at the mean latent, beside the mean of the rows. */
function Means({ body, decode, rows }: { body: Body<SelectionFacts>; decode: () => string; rows: () => string }) {
  const [decoded, mean] = [body.rows("mean_row")[0], body.rows("row_mean")[0]];
  const ofDecode = <Python of="the decode at their mean" code={decode} />;
  const ofMean = <Python of="the mean of the rows" code={rows} />;
  if (!known().data.image_shape)
    return (
      <>
        <RowView row={decoded} beside={mean} says="decoded at their mean latent; marks show the mean of the rows" />
        <p class="remark">
          Bars: decoded at their mean latent. {ofDecode} Marks: mean of the rows. {ofMean}
        </p>
      </>
    );
  return (
    <div class="means">
      <figure>
        <RowView row={decoded} says="decoded at their mean latent" size={112} />
        <figcaption>decoded at their mean {ofDecode}</figcaption>
      </figure>
      <figure>
        <RowView row={mean} says="mean of the rows themselves" size={112} />
        <figcaption>mean of the rows {ofMean}</figcaption>
      </figure>
    </div>
  );
}

function curved(): boolean {
  return known().model.coordinates !== known().model.latents;
}

function Members() {
  if (!known().data.image_shape) return <NamedMembers />;
  const rows = thumbnails.value?.answer.value.body?.rows("rows");
  if (!rows || rows.length !== few.value.length) return null;
  return (
    <>
      <h3>Some of them</h3>
      <div class="strip">
        {rows.map((row, i) => (
          <button
            class="bare"
            key={few.value[i]}
            aria-label={`row ${few.value[i]}, ${labelOf(few.value[i])}: go there`}
            onClick={() => goTo(latentOf(few.value[i]))}
          >
            <RowView row={row} size={38} says="" />
          </button>
        ))}
      </div>
    </>
  );
}

/** Rows of a table, by their numbers. */
function NamedMembers() {
  return (
    <>
      <h3>Some of them</h3>
      <div class="neighbours">
        {few.value.map((row) => (
          <button key={row} onClick={() => goTo(latentOf(row))} aria-label={`row ${row}, ${labelOf(row)}: go there`}>
            row {row}
            {labelOf(row) && `: ${labelOf(row)}`}
          </button>
        ))}
      </div>
    </>
  );
}

function exportRows() {
  const here = points.value!;
  const size = here.coordinates;
  const head = ["row", "part", ...(here.labels ? ["label"] : []), ...Array.from({ length: size }, (_, i) => `z${i + 1}`)];
  const rows = Array.from(selection.value!, (row) => [
    row,
    PART_NAMES[here.parts[row]],
    ...(here.labels ? [labelOf(row)] : []),
    ...latentOf(row),
  ]);
  download(`${known().run.name}-selection.csv`, csv(head, rows), "text/csv");
}
