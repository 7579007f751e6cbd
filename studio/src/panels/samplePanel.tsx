// Draws from the prior in a grid, and what each latent does: traversals.

import { computed, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Python, pythonOf } from "../parts/python";
import { brief, paintRow, RowView } from "../parts/row";
import { Empty, Working, Wrong } from "../parts/states";
import { Strip } from "../parts/strip";
import { npz } from "../runtime/npz";
import { kept, readNumbers } from "../state/address";
import { follow, type Question } from "../state/asking";
import { cursor, moveCursor } from "../state/cursor";
import { csv, download } from "../state/downloads";
import { known } from "../state/facts";
import { setAnchors } from "../state/marks";
import "./samplePanel.css";

const whole = (initial: number) => [initial, (text: string) => readNumbers(text)?.[0], (n: number) => (n === initial ? null : `${n}`)] as const;
const count = kept("n", ...whole(36));
const seed = kept("seed", ...whole(0));
const temperature = kept("temp", ...whole(1));
const chosen = signal(-1);

/** Temperature of what is drawn: 1 where the prior knows no other. */
const drawnAt = computed(() => (known().can.temperature ? 1 : temperature.value));

const samples = signal<Question<unknown> | null>(null);
const traversals = signal<Question<unknown> | null>(null);
const answer = computed(() => samples.value?.answer.value ?? { body: null, error: "", working: false });

const STEPS = 9;
const REACH = 3; // standard deviations of the means
const MOST_TRAVERSED = 16;

/** Which latents are traversed: all, or those that vary most. */
const traversed = computed(() => {
  const { latent, model } = known();
  const order = Array.from({ length: model.coordinates }, (_, i) => i);
  if (order.length <= MOST_TRAVERSED) return order;
  return order.sort((a, b) => latent.scale[b] - latent.scale[a]).slice(0, MOST_TRAVERSED).sort((a, b) => a - b);
});

function traversal(z: Float32Array, i: number): Float32Array[] {
  const { mean, scale } = known().latent;
  return Array.from({ length: STEPS }, (_, step) => {
    const moved = z.slice();
    moved[i] = mean[i] + REACH * scale[i] * ((2 * step) / (STEPS - 1) - 1);
    return moved;
  });
}

export function SamplePanel() {
  useEffect(() => {
    const drawn = (samples.value = follow("sample", () =>
      known().can.sample ? { n: count.value, seed: seed.value, temperature: drawnAt.value } : null,
    ));
    const moved = (traversals.value = follow(
      "decode",
      () => (flat() ? { z: traversed.value.flatMap((i) => traversal(cursor.value, i).map((z) => [...z])) } : null),
      200,
    ));
    const stop = drawn.answer.subscribe(() => (chosen.value = -1));
    return () => {
      stop();
      drawn.stop();
      moved.stop();
      samples.value = traversals.value = null;
      setAnchors("sample", []);
    };
  }, []);
  return (
    <>
      {known().can.sample ? <Prior /> : <Empty>This model has no prior to draw from: an autoencoder only encodes and decodes.</Empty>}
      <h3>What each latent does</h3>
      {flat() ? <Traversals /> : <Empty>On a sphere no latent moves alone: walk on the map instead.</Empty>}
    </>
  );
}

function flat(): boolean {
  return known().model.latent_space === "euclidean";
}

function Prior() {
  const { body, error, working } = answer.value;
  const images = known().data.image_shape !== null;
  const rows = body?.rows("rows") ?? [];
  return (
    <>
      <div class="knobs">
        <label>
          n <input type="number" min={1} max={256} value={count.value} onChange={(e) => (count.value = within(e.currentTarget.valueAsNumber, 1, 256, 36))} />
        </label>
        <label>
          seed <input type="number" min={0} max={4294967295} value={seed.value} onChange={(e) => (seed.value = within(e.currentTarget.valueAsNumber, 0, 4294967295, 0))} />
        </label>
        <button onClick={() => (seed.value = (seed.value + 1) % 4294967296)}>Next seed</button>
        <Python code={python} of="the samples" />
      </div>
      {known().can.temperature ? (
        <p class="remark">Drawn at temperature 1: this prior is no normal, and knows no other.</p>
      ) : (
        <label class="slider">
          <span title="temperature: scales what a draw is off the prior's mean">T</span>
          <input type="range" min={0} max={2} step={0.05} value={temperature.value} aria-label="temperature" onInput={(e) => (temperature.value = Number(e.currentTarget.value))} />
          <output>{temperature.value.toFixed(2)}</output>
        </label>
      )}
      {error ? (
        <Wrong error={error} />
      ) : !body ? (
        working && <Working what="Drawing" />
      ) : (
        <>
          <div class={images ? "samples" : "samples of-table"} role="group" aria-label="samples">
            {rows.map((row, i) => (
              <button class={images ? "bare" : ""} key={i} aria-pressed={chosen.value === i} aria-label={`sample ${i + 1} of ${rows.length}: find it on the map`} onClick={() => choose(i)}>
                {images ? <RowView row={row} size={44} says="" /> : `${i + 1}`}
              </button>
            ))}
          </div>
          {!images && chosen.value >= 0 && <RowView row={rows[chosen.value]} says={`sample ${chosen.value + 1}`} />}
          <p class="actions">
            {images && <button onClick={savePng}>PNG</button>}
            <button onClick={saveNpz}>NPZ</button>
            <button onClick={saveCsv}>CSV</button>
          </p>
        </>
      )}
    </>
  );
}

/** The rows that are shown, as the estimator gives them; at a temperature, the prior's draws are brought towards its mean. */
function python(): string {
  if (drawnAt.value === 1) return pythonOf(`vae.sample(${count.value}, mean=True, random_state=${seed.value})`);
  return pythonOf(
    "import torch",
    "",
    "from vael.distributions import as_law, draw",
    "from vael.estimators.door import seed_of",
    "",
    "prior = vae.model_.eval().prior()",
    `seed, temperature = seed_of(${seed.value}), ${drawnAt.value}`,
    "with torch.inference_mode():",
    "    mean = as_law(prior).mean",
    `    Z = mean + temperature * (draw(prior, (${count.value},), torch.Generator().manual_seed(seed)) - mean)`,
    "vae.inverse_transform(Z.numpy())",
  );
}

function within(value: number, low: number, high: number, otherwise: number): number {
  return Number.isFinite(value) ? Math.min(high, Math.max(low, Math.round(value))) : otherwise;
}

function points(): Float32Array[] {
  const { values, shape } = answer.value.body!.get("z", Float32Array);
  return Array.from({ length: shape[0] }, (_, i) => values.slice(i * shape[1], (i + 1) * shape[1]));
}

function choose(i: number): void {
  chosen.value = i;
  const z = points()[i];
  moveCursor(z);
  setAnchors("sample", [{ name: "sample", z, mark: `${i + 1}`, says: `sample ${i + 1}: go there` }]);
}

function fileName(kind: string): string {
  return `${known().run.name}-samples-seed-${seed.value}.${kind}`;
}

function savePng(): void {
  const [height, width] = known().data.image_shape!;
  const rows = answer.value.body!.rows("rows");
  const columns = Math.ceil(Math.sqrt(rows.length));
  const canvas = document.createElement("canvas");
  canvas.width = columns * width;
  canvas.height = Math.ceil(rows.length / columns) * height;
  rows.forEach((row, i) => paintRow(canvas, row, (i % columns) * width, Math.floor(i / columns) * height));
  canvas.toBlob((blob) => blob && download(fileName("png"), blob), "image/png");
}

function saveNpz(): void {
  const body = answer.value.body!;
  const rows = body.rows("rows");
  const features = rows[0].length;
  const flat = rows[0] instanceof Uint8Array ? new Uint8Array(rows.length * features) : new Float32Array(rows.length * features);
  rows.forEach((row, i) => flat.set(row, i * features));
  const shape = known().data.image_shape;
  const z = body.get("z", Float32Array);
  download(fileName("npz"), npz({ z: { values: z.values, shape: z.shape }, x: { values: flat, shape: shape ? [rows.length, ...shape] : [rows.length, features] } }));
}

function saveCsv(): void {
  const rows = answer.value.body!.rows("rows");
  const { feature_names, features } = known().data;
  const size = known().model.coordinates;
  const head = [...Array.from({ length: size }, (_, i) => `z${i + 1}`), ...(feature_names ?? Array.from({ length: features }, (_, i) => `x${i}`))];
  download(fileName("csv"), csv(head, points().map((z, i) => [...z, ...rows[i]])), "text/csv");
}

function Traversals() {
  const { body, error, working } = traversals.value?.answer.value ?? { body: null, error: "", working: false };
  if (error) return <Wrong error={error} />;
  if (!body) return working ? <Working what="Decoding" /> : null;
  const rows = body.rows("rows");
  const z = cursor.value;
  const { mean, scale } = known().latent;
  return (
    <>
      <p class="remark">From the cursor, each latent alone over ±{REACH} standard deviations of the codes.</p>
      {traversed.value.map((i, place) => {
        const [low, high] = [mean[i] - REACH * scale[i], mean[i] + REACH * scale[i]];
        return (
          <div class="traversal" key={i}>
            <label class="slider">
              <span>z{i + 1}</span>
              <input type="range" min={low} max={high} step="any" value={z[i]} aria-valuetext={brief(z[i])} onInput={(e) => moveCursor(z.map((x, j) => (j === i ? Number(e.currentTarget.value) : x)))} />
              <output>{brief(z[i])}</output>
            </label>
            <Strip rows={rows.slice(place * STEPS, (place + 1) * STEPS)} says={`decoded along z${i + 1}`} choose={(step) => moveCursor(traversal(z, i)[step])} />
          </div>
        );
      })}
    </>
  );
}
