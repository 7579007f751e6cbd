// A row of one's own through the encoder: drawn, dropped, pasted, or taken from the data.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { classInk } from "../map/palette";
import { Bars } from "../parts/bars";
import { Figure } from "../parts/figure";
import { Python, pythonWithData } from "../parts/python";
import { brief, fixed, RowView } from "../parts/row";
import { Empty, Working, Wrong } from "../parts/states";
import { ask, askWithFile, isAborted, told } from "../server/client";
import type { Body } from "../server/columns";
import { announce } from "../state/announce";
import { goTo } from "../state/cursor";
import { known } from "../state/facts";
import { drawLayer, setAnchors } from "../state/marks";
import { latentOf, points } from "../state/points";
import { Drawing, hasStrokes, sampled } from "./drawing";
import "./encodePanel.css";

interface EncodeFacts {
  number: number | null;
  terms: { elbo: number; log_likelihood: number; kl: number; samples: number } | null;
  evidence: { value: number; samples: number } | null;
  percentile: number | null;
  compared: number;
  probe: { label: string; probability: number }[] | null;
  neighbour_labels: string[] | null;
}

const found = signal<Body<EncodeFacts> | null>(null);
const error = signal("");
const working = signal(false);
const given = signal<readonly string[]>([]); // Python of the row that was given
const fitted = signal(true); // whether a drawing is brought to the size and place of the data's signs
const dropping = signal(false);
let running: AbortController | null = null;

async function encode(
  asked: (signal: AbortSignal) => Promise<Body<EncodeFacts>>,
  python: (body: Body<EncodeFacts>) => readonly string[],
): Promise<void> {
  running?.abort();
  const own = (running = new AbortController());
  working.value = true;
  try {
    const body = await asked(own.signal);
    if (running !== own) return;
    given.value = python(body);
    show(body);
    error.value = "";
  } catch (problem) {
    if (isAborted(problem) || running !== own) return;
    forget();
    error.value = told(problem);
  }
  working.value = false;
}

/** Forget what was encoded, so that nothing old stands beside an error or an empty canvas. */
function forget(): void {
  running?.abort();
  running = null;
  working.value = false;
  error.value = "";
  found.value = null;
  drawLayer("encoded", null);
  setAnchors("encoded", []);
}

function encodeRow(numbers: readonly number[]): void {
  void encode(
    (signal) => ask("encode", { row: numbers }, signal),
    () => [`row = np.array([${numbers.join(", ")}]).astype(loaded.rows.dtype)`],
  );
}

function encodeNumber(number: number): void {
  void encode(
    (signal) => ask("encode", { row_number: number }, signal),
    () => [`row = loaded.rows[${number}]`],
  );
}

function encodeFile(file: File): void {
  const name = JSON.stringify(file.name);
  void encode(
    (signal) => askWithFile("encode-file", file, file.name, signal),
    () => ["from vael.studio.services.encoding_file import read_row", "", `row = read_row(loaded, Path(${name}).read_bytes(), ${name})`],
  );
}

/** Encode what is drawn: as a picture, which the server brings to the manner of the data, or as it stands. */
function encodeDrawing(canvas: HTMLCanvasElement | null): void {
  if (!canvas) return forget();
  if (!fitted.value) {
    const [low, high] = known().data.value_range!;
    return encodeRow(Array.from(sampled(canvas), (byte) => low + (byte / 255) * (high - low)));
  }
  void encode(async (signal) => askWithFile("encode-file", await pngOf(canvas), "the drawing", signal), pythonOfBytes);
}

function pngOf(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the browser cannot save this drawing: draw it again"))), "image/png"),
  );
}

/** Python of an image whose bytes are known. */
function pythonOfBytes(body: Body<EncodeFacts>): readonly string[] {
  return [
    `shades = np.array([${Array.from(body.rows("row")[0]).join(", ")}]) / 255`,
    "low, high = loaded.value_range",
    "row = (low + shades * (high - low)).astype(loaded.rows.dtype)",
  ];
}

function show(body: Body<EncodeFacts>): void {
  found.value = body;
  const mean = body.get("mean", Float32Array).values;
  goTo(mean);
  draw(body);
  const guess = body.facts.probe?.[0];
  const { percentile } = body.facts;
  const parts = [`Encoded to z ${Array.from(mean, brief).slice(0, 4).join(", ")}`];
  if (guess) parts.push(`the probe says ${guess.label}, ${Math.round(100 * guess.probability)} %`);
  if (percentile !== null) parts.push(inWords(percentile));
  announce(parts.join("; "), 0);
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
    const over = (event: DragEvent) => {
      event.preventDefault();
      dropping.value = true;
    };
    const leave = (event: DragEvent) => {
      if (!event.relatedTarget) dropping.value = false; // out of the window
    };
    const drop = (event: DragEvent) => {
      event.preventDefault();
      dropping.value = false;
      const file = event.dataTransfer?.files[0];
      if (file) encodeFile(file);
      else encodeText(event.dataTransfer?.getData("text") ?? "");
    };
    const stop = new AbortController();
    const { signal } = stop;
    document.addEventListener("paste", paste, { signal });
    window.addEventListener("dragover", over, { signal });
    window.addEventListener("dragleave", leave, { signal });
    window.addEventListener("drop", drop, { signal });
    return () => {
      stop.abort();
      dropping.value = false;
      drawLayer("encoded", null);
      setAnchors("encoded", []);
    };
  }, []);
  return (
    <div class={`encode${dropping.value ? " dropping" : ""}`}>
      <Inputs />
      {error.value && <Wrong error={error.value} />}
      {found.value ? (
        <div class={`encoded${working.value ? " at-work" : ""}`} aria-busy={working.value}>
          <Encoded body={found.value} />
        </div>
      ) : working.value ? (
        <Working what="Encoding" />
      ) : (
        !error.value && <Empty>{hint()}</Empty>
      )}
    </div>
  );
}

function hint(): string {
  return known().data.image_shape
    ? "Draw above, drop a picture anywhere on the page, paste numbers, or take a row of the data by its number."
    : "Paste a line of numbers, drop a CSV file with one row anywhere on the page, or take a row of the data by its number.";
}

let lastText = "";

function encodeText(text: string): void {
  lastText = text;
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
        <div>
          <Drawing changed={encodeDrawing} />
          <label class="switch fit">
            <input
              type="checkbox"
              checked={fitted.value}
              onChange={(event) => {
                fitted.value = event.currentTarget.checked;
                if (hasStrokes()) encodeDrawing(document.querySelector<HTMLCanvasElement>(".drawing canvas"));
              }}
            />
            <span>bring it to the size and place that the data's images have</span>
          </label>
        </div>
      )}
      <div class="givers">
        <label>
          <span>Row</span>
          <input type="number" min={0} max={rows - 1} placeholder={`0 to ${rows - 1}`} onChange={(event) => event.currentTarget.value && encodeNumber(Number(event.currentTarget.value))} />
        </label>
        <label class="file">
          <span>File</span>
          <input
            type="file"
            accept={data.image_shape ? ".png,.jpg,.jpeg,.bmp,.gif,.webp,.npy,.csv,.txt" : ".csv,.txt,.npy"}
            title={data.image_shape ? "A picture (PNG, JPEG, BMP, GIF, WebP), an array (.npy), or one row of numbers (.csv)" : "One row of numbers (.csv, with or without its head), or an array (.npy)"}
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              if (file) encodeFile(file);
              event.currentTarget.value = ""; // the same file may be given again
            }}
          />
        </label>
        <label class="pasted">
          <span>Numbers</span>
          <textarea
            rows={1}
            placeholder={`paste ${data.features} numbers`}
            onPaste={(event) => {
              const field = event.currentTarget;
              setTimeout(() => encodeText(field.value));
            }}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || event.shiftKey) return;
              event.preventDefault();
              encodeText(event.currentTarget.value);
            }}
            onChange={(event) => event.currentTarget.value !== lastText && encodeText(event.currentTarget.value)}
          />
        </label>
      </div>
    </>
  );
}

function Encoded({ body }: { body: Body<EncodeFacts> }) {
  const { facts } = body;
  const [row, reconstruction] = [body.rows("row")[0], body.rows("reconstruction")[0]];
  const images = known().data.image_shape !== null;
  const code = (...what: string[]) => () => pythonWithData("", "import numpy as np", "", ...given.value, "X = loaded.shaped(row[None])", ...what);
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
            <figcaption>
              reconstruction <Python of="the reconstruction" code={code("loaded.estimator.reconstruct(X)[0]")} />
            </figcaption>
          </figure>
        </div>
      ) : (
        <>
          <RowView row={row} beside={reconstruction} says="the row; marks show its reconstruction" />
          <p class="remark">
            Bars: the row. Marks: its reconstruction. <Python of="the reconstruction" code={code("loaded.estimator.reconstruct(X)[0]")} />
          </p>
        </>
      )}
      <dl class="figures">
        <Figure
          name="mean of q(z|x)"
          value={`(${Array.from(body.get("mean", Float32Array).values, (x) => fixed(x)).slice(0, 4).join(", ")}${known().model.coordinates > 4 ? ", …" : ""})`}
          code={code("loaded.estimator.transform(X)[0]")}
        />
        {body.has("covariance") && <Figure name="standard deviations" value={deviations(body)} tip="of q(z|x), along each latent; the ellipse has twice these" code={code("loaded.estimator.posterior_moments(X)[1][0]")} />}
      </dl>
      {!facts.terms && <p class="remark">An autoencoder has no prior, so there is no ELBO to tell.</p>}
      {facts.terms && (
        <dl class="figures">
          <Figure name="ELBO" value={facts.terms.elbo} unit="nats" note={`${facts.terms.samples} draws of q(z|x)`} code={code("terms_of(loaded, row[None]).elbo[0]")} />
          <Figure name="reconstruction, E ln p(x|z)" value={facts.terms.log_likelihood} unit="nats" code={code("terms_of(loaded, row[None]).log_likelihood[0]")} />
          <Figure name="KL(q(z|x) || p(z))" value={facts.terms.kl} unit="nats" code={code("terms_of(loaded, row[None]).kl[0]")} />
          {facts.evidence && (
            <Figure name="ln p(x)" value={facts.evidence.value} unit="nats" note={`${facts.evidence.samples} importance samples`} code={code(`loaded.estimator.score_samples(X, n_samples=${facts.evidence.samples})[0]`)} />
          )}
        </dl>
      )}
      {facts.percentile !== null && (
        <p class="verdict">
          {inWords(facts.percentile)}
          <Python
            of="the percentile"
            code={code(
              "from vael.studio.services.background import training_sample",
              "",
              `usual = terms_of(loaded, training_sample(loaded)).elbo  # of ${facts.compared} rows`,
              "100 * (usual < terms_of(loaded, row[None]).elbo[0]).mean()",
            )}
          />
        </p>
      )}
      {facts.probe && (
        <>
          <h3>
            What a probe on the latents takes it for{" "}
            <Python
              of="the probe's probabilities"
              code={code("from vael.studio.services.encoding import probe", "", "mean = loaded.estimator.transform(X)", 'dict(zip(loaded.labels.names, probe(loaded).predict_proba(mean.astype("float32"))[0]))')}
            />
          </h3>
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

function deviations(body: Body<EncodeFacts>): string {
  const { values, shape } = body.get("covariance", Float32Array);
  const size = shape[0];
  const shown = Array.from({ length: size }, (_, i) => fixed(Math.sqrt(values[i * size + i])));
  return `(${shown.slice(0, 4).join(", ")}${size > 4 ? ", …" : ""})`;
}

function Neighbours({ body }: { body: Body<EncodeFacts> }) {
  const rows = body.rows("neighbour_rows");
  const numbers = body.get("neighbours", Int32Array).values;
  const distances = body.get("distances", Float32Array).values;
  const labels = body.facts.neighbour_labels;
  const name = (i: number) => `row ${numbers[i]}${labels ? `, ${labels[i]}` : ""}`;
  const images = known().data.image_shape !== null;
  return (
    <>
      <h3>
        Nearest codes <span class="unit">{numbers.length ? `${brief(distances[0])} to ${brief(distances[numbers.length - 1])} away` : "none"}</span>
      </h3>
      <div class={images ? "strip" : "neighbours"}>
        {rows.map((row, i) => (
          <button
            class={images ? "bare" : ""}
            key={numbers[i]}
            aria-label={`${name(i)}, ${brief(distances[i])} away: go there`}
            title={`${name(i)}: ${brief(distances[i])} away`}
            onClick={() => goTo(latentOf(numbers[i]))}
          >
            {images ? <RowView row={row} size={40} says="" /> : name(i)}
            {images && labels && <span class="under">{labels[i]}</span>}
          </button>
        ))}
      </div>
    </>
  );
}

function inWords(percentile: number): string {
  const share = Number(percentile.toPrecision(2));
  if (percentile < 1) return "Less than 1 % of training rows have a lower ELBO: the model has hardly seen the like.";
  if (percentile < 5) return `Unusual: only ${share} % of training rows have a lower ELBO.`;
  return `${share} % of training rows have a lower ELBO.`;
}
