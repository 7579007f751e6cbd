// A row of one's own through the encoder: drawn, dropped, pasted, or taken from the data.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { classInk } from "../map/palette";
import { Bars } from "../parts/bars";
import { Figure } from "../parts/figure";
import { pythonWithData } from "../parts/python";
import { brief, RowView } from "../parts/row";
import { Empty, Working, Wrong } from "../parts/states";
import { ask, askWithFile, isAborted, told } from "../server/client";
import type { Body } from "../server/columns";
import { announce } from "../state/announce";
import { moveCursor } from "../state/cursor";
import { known } from "../state/facts";
import { drawLayer, setAnchors } from "../state/marks";
import { latentOf, points } from "../state/points";
import { Drawing } from "./drawing";
import "./encodePanel.css";

interface EncodeFacts {
  number: number | null;
  terms: { elbo: number; log_likelihood: number; kl: number; samples: number } | null;
  evidence: { value: number; samples: number } | null;
  percentile: number | null;
  probe: { label: string; probability: number }[] | null;
  neighbour_labels: string[] | null;
}

const found = signal<Body<EncodeFacts> | null>(null);
const error = signal("");
const working = signal(false);
const given = signal(""); // Python of the row that was given
let running: AbortController | null = null;

async function encode(asked: (signal: AbortSignal) => Promise<Body<EncodeFacts>>, python: string): Promise<void> {
  running?.abort();
  const own = (running = new AbortController());
  working.value = true;
  try {
    const body = await asked(own.signal);
    if (running !== own) return;
    given.value = python;
    show(body);
    error.value = "";
  } catch (problem) {
    if (isAborted(problem)) return;
    error.value = told(problem);
  }
  working.value = false;
}

function encodeRow(row: ArrayLike<number>): void {
  const numbers = Array.from(row);
  void encode((signal) => ask("encode", { row: numbers }, signal), `row = np.array([${numbers.map((x) => Number(x.toPrecision(9))).join(", ")}])`);
}

function encodeNumber(number: number): void {
  void encode((signal) => ask("encode", { row_number: number }, signal), `row = loaded.rows[${number}]`);
}

export function encodeFile(file: File): void {
  void encode(
    (signal) => askWithFile("encode-file", file, file.name, signal),
    `from vael.studio.services.encoding_file import read_row\n\nrow = read_row(loaded, Path(${JSON.stringify(file.name)}).read_bytes(), ${JSON.stringify(file.name)})`,
  );
}

function show(body: Body<EncodeFacts>): void {
  found.value = body;
  const mean = body.get("mean", Float32Array).values;
  moveCursor(mean);
  draw(body);
  const guess = body.facts.probe?.[0];
  announce(`Encoded to z ${Array.from(mean, brief).slice(0, 4).join(", ")}${guess ? `; the probe says ${guess.label}, ${Math.round(100 * guess.probability)} %` : ""}`, 0);
}

function draw(body: Body<EncodeFacts>): void {
  const mean = body.get("mean", Float32Array).values;
  drawLayer(
    "encoded",
    body.has("covariance")
      ? { kind: "ellipse", mean, covariance: body.get("covariance", Float32Array).values, ink: "--posterior" }
      : { kind: "dots", points: mean, ink: "--posterior", size: 10 },
  );
  setAnchors("encoded", [{ name: "encoded", z: mean, mark: "q", says: "the mean of q(z|x) of the row that was encoded: go there" }]);
}

export function EncodePanel() {
  useEffect(() => {
    if (found.value) draw(found.value);
    const paste = (event: ClipboardEvent) => {
      if (event.target instanceof HTMLElement && event.target.matches("input, textarea")) return;
      const file = event.clipboardData?.files[0];
      if (file) encodeFile(file);
      else encodeText(event.clipboardData?.getData("text") ?? "");
    };
    document.addEventListener("paste", paste);
    return () => {
      document.removeEventListener("paste", paste);
      drawLayer("encoded", null);
      setAnchors("encoded", []);
    };
  }, []);
  return (
    <div
      class="encode"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        const file = event.dataTransfer?.files[0];
        if (file) encodeFile(file);
      }}
    >
      <Inputs />
      {error.value && <Wrong error={error.value} />}
      {working.value && <Working what="Encoding" />}
      {found.value ? <Encoded body={found.value} /> : !working.value && !error.value && <Empty>{hint()}</Empty>}
    </div>
  );
}

function hint(): string {
  return known().data.image_shape
    ? "Draw above, drop a picture here, paste numbers, or take a row of the data by its number."
    : "Paste a line of numbers, drop a CSV file with one row, or take a row of the data by its number.";
}

function encodeText(text: string): void {
  const numbers = text.trim().split(/[\s,;]+/).filter(Boolean).map(Number);
  if (!text.trim()) return;
  if (numbers.length === known().data.features && numbers.every(Number.isFinite)) encodeRow(numbers);
  else encodeFile(new File([text], "the pasted text"));
}

function Inputs() {
  const { data } = known();
  const rows = data.rows + data.test_rows;
  return (
    <>
      {data.image_shape && (
        <Drawing
          changed={(image) => {
            if (!image) return;
            const [low, high] = data.value_range!;
            encodeRow(Array.from(image, (byte) => low + (byte / 255) * (high - low)));
          }}
        />
      )}
      <div class="givers">
        <label>
          Row{" "}
          <input type="number" min={0} max={rows - 1} placeholder={`0 to ${rows - 1}`} onChange={(event) => event.currentTarget.value && encodeNumber(Number(event.currentTarget.value))} />
        </label>
        <label class="file">
          <span>File</span>
          <input
            type="file"
            accept={data.image_shape ? "image/*,.npy,.csv,.txt" : ".csv,.txt,.npy"}
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              if (file) encodeFile(file);
            }}
          />
        </label>
        <label class="pasted">
          Numbers{" "}
          <input type="text" placeholder={`${data.features} numbers`} onChange={(event) => encodeText(event.currentTarget.value)} />
        </label>
      </div>
    </>
  );
}

function Encoded({ body }: { body: Body<EncodeFacts> }) {
  const { facts } = body;
  const [row, reconstruction] = [body.rows("row")[0], body.rows("reconstruction")[0]];
  const images = known().data.image_shape !== null;
  const code = (what: string) => () => pythonWithData("import numpy as np", "", given.value, "X = loaded.shaped(row[None])", what);
  const names = points.value?.labelNames ?? [];
  return (
    <>
      {images ? (
        <div class="means">
          <figure>
            <RowView row={row} says="the row as the model sees it" size={112} />
            <figcaption>x, as the model sees it</figcaption>
          </figure>
          <figure>
            <RowView row={reconstruction} says="its reconstruction" size={112} />
            <figcaption>decoded at the mean of q(z|x)</figcaption>
          </figure>
        </div>
      ) : (
        <>
          <RowView row={row} beside={reconstruction} says="the row; marks show its reconstruction" />
          <p class="remark">Bars: the row. Marks: its reconstruction.</p>
        </>
      )}
      {facts.terms && (
        <dl class="figures">
          <Figure name="ELBO" value={facts.terms.elbo} unit="nats" tip={`${facts.terms.samples} draws of q(z|x)`} code={code("terms_of(loaded, row[None]).elbo[0]")} />
          <Figure name="reconstruction, E ln p(x|z)" value={facts.terms.log_likelihood} unit="nats" code={code("terms_of(loaded, row[None]).log_likelihood[0]")} />
          <Figure name="KL(q(z|x) || p(z))" value={facts.terms.kl} unit="nats" code={code("terms_of(loaded, row[None]).kl[0]")} />
          {facts.evidence && (
            <Figure name="ln p(x)" value={facts.evidence.value} unit="nats" tip={`importance sampling, ${facts.evidence.samples} samples`} code={code(`loaded.estimator.score_samples(X, n_samples=${facts.evidence.samples})[0]`)} />
          )}
        </dl>
      )}
      {facts.percentile !== null && <p class="verdict">{inWords(facts.percentile)}</p>}
      {facts.probe && (
        <>
          <h3>What a probe on the latents takes it for</h3>
          <Bars
            says="probabilities of the probe"
            bars={facts.probe.slice(0, 5).map(({ label, probability }) => ({
              label,
              share: probability,
              shown: `${(100 * probability).toFixed(1)} %`,
              ink: classInk(Math.max(0, names.indexOf(label))),
            }))}
          />
        </>
      )}
      <Neighbours body={body} />
    </>
  );
}

function Neighbours({ body }: { body: Body<EncodeFacts> }) {
  const rows = body.rows("neighbour_rows");
  const numbers = body.get("neighbours", Int32Array).values;
  const labels = body.facts.neighbour_labels;
  const images = known().data.image_shape !== null;
  return (
    <>
      <h3>Nearest codes</h3>
      <div class={images ? "strip" : "neighbours"}>
        {rows.map((row, i) => (
          <button
            class={images ? "bare" : ""}
            key={numbers[i]}
            aria-label={`row ${numbers[i]}${labels ? `, ${labels[i]}` : ""}: go there`}
            title={`row ${numbers[i]}${labels ? `, ${labels[i]}` : ""}`}
            onClick={() => moveCursor(latentOf(numbers[i]))}
          >
            {images ? <RowView row={row} size={40} says="" /> : `row ${numbers[i]}${labels ? `: ${labels[i]}` : ""}`}
          </button>
        ))}
      </div>
    </>
  );
}

function inWords(percentile: number): string {
  if (percentile < 1) return "Less likely than 99 of 100 training rows: the model has hardly seen the like.";
  if (percentile < 5) return `Unusual: only ${brief(percentile)} % of training rows have a lower ELBO.`;
  return `${brief(percentile)} % of training rows have a lower ELBO.`;
}
