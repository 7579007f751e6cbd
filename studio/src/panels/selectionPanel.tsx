// Rows that were selected on the map, and what they have in common.

import { computed, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { classInk } from "../map/palette";
import { Bars } from "../parts/bars";
import { Figure } from "../parts/figure";
import { pythonRows, pythonWithData } from "../parts/python";
import { RowView } from "../parts/row";
import { Empty, Working, Wrong } from "../parts/states";
import { follow, type Question } from "../state/asking";
import { moveCursor } from "../state/cursor";
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
    return () => {
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
  if (error) return <Wrong error={error} />;
  if (!body) return working ? <Working what={`Describing ${selection.value.length} rows`} /> : null;
  return <Described />;
}

function Described() {
  const { facts } = answer.value.body!;
  const body = answer.value.body!;
  const names = points.value?.labelNames ?? [];
  return (
    <>
      <p class="selected">
        <strong>{facts.n}</strong> rows:{" "}
        {PART_NAMES.filter((name) => facts.parts[name])
          .map((name) => `${facts.parts[name]} ${name}`)
          .join(", ")}
      </p>
      <p class="actions">
        <button onClick={exportRows}>Save row ids (CSV)</button>
        <button onClick={() => moveCursor(body.get("mean_latent", Float32Array).values)}>Go to their middle</button>
        <button onClick={() => (selection.value = null)}>Clear</button>
      </p>
      <div class="means">
        <figure>
          <RowView row={body.rows("mean_row")[0]} says="decoded at their mean latent" size={96} />
          <figcaption>decoded at their mean</figcaption>
        </figure>
        <figure>
          <RowView row={body.rows("row_mean")[0]} says="mean of the rows themselves" size={96} />
          <figcaption>mean of the rows</figcaption>
        </figure>
      </div>
      {facts.terms && (
        <>
          <h3>Terms, mean over {facts.scored === facts.n ? "them" : `${facts.scored} of them`}</h3>
          <dl class="figures">
            {(
              [
                ["elbo", "ELBO"],
                ["log_likelihood", "reconstruction"],
                ["kl", "KL"],
              ] as const
            ).map(([key, name]) => (
              <Figure
                key={key}
                name={name}
                value={facts.terms![key].mean}
                unit="nats"
                tip={`5 %, 50 %, 95 %: ${facts.terms![key].quantiles.map((q) => q.toFixed(1)).join(", ")} nats`}
                code={() =>
                  pythonWithData(
                    pythonRows(selection.value!),
                    `terms_of(loaded, loaded.rows[rows]).${key}.mean()${facts.scored < facts.n ? "  # the studio takes a sample of them" : ""}`,
                  )
                }
              />
            ))}
          </dl>
        </>
      )}
      {facts.labels && (
        <>
          <h3>Labels</h3>
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

function Members() {
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
            onClick={() => moveCursor(latentOf(few.value[i]))}
          >
            <RowView row={row} size={38} says="" />
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
