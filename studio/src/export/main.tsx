// The exported page: one view of a run that opens from disk and decodes without a server.

import { effect, signal } from "@preact/signals";
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Atlas, type AtlasFacts } from "../runtime/atlas";
import { MlpDecoder, type DecoderFacts } from "../runtime/mlp";
import { Body } from "../server/columns";
import "../styles/colours.css";
import "./export.css";

interface Facts {
  title: string;
  version: string;
  lines: string[];
  count: number;
  left_out: number;
  low: [number, number];
  high: [number, number];
  names: [string, string];
  z: number[];
  origin: number[];
  directions: number[][];
  label_names: string[] | null;
  image_shape: number[] | null;
  value_range: [number, number] | null;
  feature_names: string[] | null;
  feature_quantiles: [number, number, number][] | null;
  decoder: DecoderFacts | null;
  scaling: { offset: number[]; scale: number[] } | null;
  atlas: AtlasFacts | null;
}

const body = readBody();
const { facts } = body;
const places = unpacked();
const codes = body.has("labels") ? body.get("labels", Uint8Array).values : null;
const decode = makeDecoder();

const cursor = signal<[number, number]>(placeOf(facts.z));
const hidden = signal<ReadonlySet<number>>(new Set());
const said = signal("");
const view = signal({ x: (facts.low[0] + facts.high[0]) / 2, y: (facts.low[1] + facts.high[1]) / 2, unit: 0 });
let size = { width: 1, height: 1 };

function readBody(): Body<Facts> {
  const text = document.getElementById("body")!.textContent!.trim();
  return Body.read<Facts>(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
}

/** Places of the points on the map, from 16 bits a coordinate. */
function unpacked(): Float32Array {
  const { values } = body.get("places", Uint16Array);
  return Float32Array.from(values, (step, i) => facts.low[i % 2] + (step / 65535) * (facts.high[i % 2] - facts.low[i % 2]));
}

function placeOf(z: readonly number[]): [number, number] {
  const along = (d: number) => z.reduce((sum, x, i) => sum + (x - facts.origin[i]) * (facts.directions[d]?.[i] ?? 0), 0);
  return [along(0), along(1)];
}

/** The point under a place: the view's own, moved along the map's directions. */
function pointAt([x, y]: readonly [number, number]): number[] {
  const now = placeOf(facts.z);
  return facts.z.map((value, i) => value + (x - now[0]) * (facts.directions[0][i] ?? 0) + (y - now[1]) * (facts.directions[1]?.[i] ?? 0));
}

/** Rows in the units of the data, at a place of the map; of images in shades from 0 to 255. */
function makeDecoder(): (place: readonly [number, number]) => ArrayLike<number> {
  if (facts.decoder && facts.scaling) {
    const { offset, scale } = facts.scaling;
    const numbers = body.has("halves") ? body.get("halves", Uint16Array).values : body.get("weights", Float32Array).values;
    const decoder = new MlpDecoder(facts.decoder, numbers);
    const [black, white] = facts.value_range ?? [0, 255];
    const shade = facts.image_shape ? (x: number) => Math.min(255, Math.max(0, ((x - black) / (white - black)) * 255)) : (x: number) => x;
    return (place) => Float64Array.from(decoder.decode(pointAt(place)), (x, i) => shade(x * scale[i % scale.length] + offset[i % offset.length]));
  }
  const { values, shape } = body.has("atlas_bytes") ? body.get("atlas_bytes", Uint8Array) : body.get("atlas", Float32Array);
  const atlas = new Atlas(facts.atlas!, values, shape[1]);
  return ([x, y]) => atlas.at(x, y);
}

function Page() {
  return (
    <div class="export">
      <header>
        <h1>{facts.title}</h1>
        <p>{facts.lines.join(" · ")}</p>
      </header>
      <main>
        <Map />
        <aside>
          <Decoded />
          <Legend />
          <p class="quiet">
            Move over the map: the decoder draws what lies under the cursor. Drag to pan, wheel or + and − to zoom, 0 to see all; arrow keys move the cursor.
            {facts.atlas && " Rows are blended between decoded ones."}
            {facts.left_out > 0 && ` ${facts.left_out} of ${facts.left_out + facts.count} points are left out.`}
          </p>
        </aside>
      </main>
      <footer>
        made by vael {facts.version}
        <span class="announcer" aria-live="polite">{said.value}</span>
      </footer>
    </div>
  );
}

function Map() {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => begin(canvas.current!), []);
  return (
    <div class="map">
      <canvas ref={canvas} tabIndex={0} role="img" aria-label={`${facts.count} points of the latent space; arrow keys move the cursor`} />
    </div>
  );
}

function Decoded() {
  const row = decode(cursor.value);
  const z = pointAt(cursor.value);
  return (
    <section aria-label="Decoded at the cursor">
      {facts.image_shape ? <Picture row={row} /> : <Bars row={row} />}
      <p class="place">
        z = (<span id="z">{z.map((x) => x.toPrecision(4)).join(", ")}</span>)
      </p>
    </section>
  );
}

function Picture({ row }: { row: ArrayLike<number> }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [height, width, channels = 1] = facts.image_shape!;
  useEffect(() => {
    const pixels = new ImageData(width, height);
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = Math.round(row[i * channels + (channels > 2 ? c : 0)]);
      pixels.data[4 * i + 3] = 255;
    }
    canvas.current!.getContext("2d")!.putImageData(pixels, 0, 0);
  });
  const scale = 224 / Math.max(width, height);
  return <canvas ref={canvas} id="decoded" class="image" width={width} height={height} style={{ width: `${width * scale}px`, height: `${height * scale}px` }} role="img" aria-label="the decoded image" />;
}

function Bars({ row }: { row: ArrayLike<number> }) {
  return (
    <table>
      <tbody>
        {Array.from({ length: row.length }, (_, i) => {
          const [low, , high] = facts.feature_quantiles![i];
          const share = Math.min(1, Math.max(0, (row[i] - low) / (high - low || 1)));
          return (
            <tr key={i}>
              <th scope="row">{facts.feature_names![i]}</th>
              <td class="bar"><span style={{ width: `${100 * share}%` }} /></td>
              <td>{Number(row[i].toPrecision(4))}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Legend() {
  if (!facts.label_names) return null;
  return (
    <ul class="legend" aria-label="labels: click to hide or show">
      {facts.label_names.map((name, code) => (
        <li key={code}>
          <button aria-pressed={!hidden.value.has(code)} onClick={() => toggle(code)}>
            <i style={{ background: `var(--class-${code % 10})` }} />
            {name}
          </button>
        </li>
      ))}
    </ul>
  );
}

function toggle(code: number): void {
  const now = new Set(hidden.value);
  if (!now.delete(code)) now.add(code);
  hidden.value = now;
}

function begin(canvas: HTMLCanvasElement): () => void {
  const layer = document.createElement("canvas"); // the points, drawn when the view changes and not when the cursor moves
  const fit = () => {
    const unit = 1.08 * Math.max((facts.high[0] - facts.low[0]) / size.width, (facts.high[1] - facts.low[1]) / size.height);
    view.value = { x: (facts.low[0] + facts.high[0]) / 2, y: (facts.low[1] + facts.high[1]) / 2, unit: unit || 0.01 };
  };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const scheme = signal(0);
  dark.addEventListener("change", () => scheme.value++);
  const resized = signal(0);
  const observer = new ResizeObserver(() => {
    const box = canvas.parentElement!.getBoundingClientRect();
    size = { width: box.width, height: box.height };
    const ratio = Math.min(devicePixelRatio || 1, 2);
    for (const each of [canvas, layer]) {
      each.width = Math.round(box.width * ratio);
      each.height = Math.round(box.height * ratio);
    }
    if (!view.peek().unit) fit();
    resized.value++;
  });
  observer.observe(canvas.parentElement!);
  const stops = [
    effect(() => {
      void [scheme.value, resized.value];
      if (view.value.unit) paintPoints(layer, hidden.value);
    }),
    effect(() => {
      void [scheme.value, resized.value, view.value, hidden.value];
      if (view.value.unit) paint(canvas, layer, cursor.value);
    }),
  ];
  const at = (event: MouseEvent): [number, number] => {
    const box = canvas.getBoundingClientRect();
    const { x, y, unit } = view.value;
    return [x + (event.clientX - box.left - box.width / 2) * unit, y - (event.clientY - box.top - box.height / 2) * unit];
  };
  const zoom = (factor: number, about: readonly [number, number]) => {
    const { x, y, unit } = view.value;
    view.value = { x: about[0] + (x - about[0]) * factor, y: about[1] + (y - about[1]) * factor, unit: unit * factor };
  };
  let dragged = false;
  canvas.onpointerdown = (event) => {
    dragged = event.pointerType === "mouse";
    canvas.setPointerCapture(event.pointerId);
    if (!dragged) cursor.value = at(event);
  };
  canvas.onpointerup = () => (dragged = false);
  canvas.onpointermove = (event) => {
    const { x, y, unit } = view.value;
    if (dragged) view.value = { x: x - event.movementX * unit, y: y + event.movementY * unit, unit };
    else cursor.value = at(event);
  };
  canvas.onwheel = (event) => {
    event.preventDefault();
    zoom(Math.exp(0.0015 * event.deltaY), at(event));
  };
  canvas.onkeydown = (event) => {
    const step = view.value.unit * (event.shiftKey ? 24 : 4);
    const move: Record<string, [number, number]> = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (move[event.key]) {
      cursor.value = [cursor.value[0] + move[event.key][0], cursor.value[1] + move[event.key][1]];
      said.value = `z ${pointAt(cursor.value).map((x) => x.toPrecision(3)).join(", ")}`;
    } else if (event.key === "+" || event.key === "=") zoom(1 / 1.3, cursor.value);
    else if (event.key === "-") zoom(1.3, cursor.value);
    else if (event.key === "0") fit();
    else return;
    event.preventDefault();
  };
  return () => {
    observer.disconnect();
    stops.forEach((stop) => stop());
  };
}

function pixelOf([x, y]: readonly [number, number], canvas: HTMLCanvasElement): [number, number] {
  const { x: mx, y: my, unit } = view.peek();
  const ratio = canvas.width / size.width;
  return [canvas.width / 2 + ((x - mx) / unit) * ratio, canvas.height / 2 - ((y - my) / unit) * ratio];
}

function paintPoints(layer: HTMLCanvasElement, without: ReadonlySet<number>): void {
  const context = layer.getContext("2d")!;
  context.clearRect(0, 0, layer.width, layer.height);
  const style = getComputedStyle(document.documentElement);
  const ratio = layer.width / size.width;
  const dot = Math.max(1, ratio * Math.min(5, Math.max(1.4, 300 / Math.sqrt(facts.count))));
  const { x, y, unit } = view.peek();
  const scale = ratio / unit;
  for (let code = 0; code < (facts.label_names?.length ?? 1); code++) {
    if (without.has(code)) continue;
    context.fillStyle = facts.label_names ? resolved(style, `--class-${code % 10}`) : resolved(style, "--quiet");
    for (let i = 0; i < facts.count; i++) {
      if (codes && facts.label_names && codes[i] !== code) continue;
      context.fillRect(layer.width / 2 + (places[2 * i] - x) * scale - dot / 2, layer.height / 2 - (places[2 * i + 1] - y) * scale - dot / 2, dot, dot);
    }
  }
}

const probe = document.createElement("span");

function resolved(_: CSSStyleDeclaration, ink: string): string {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(${ink})`;
  return getComputedStyle(probe).color;
}

function paint(canvas: HTMLCanvasElement, layer: HTMLCanvasElement, at: readonly [number, number]): void {
  const context = canvas.getContext("2d")!;
  const style = getComputedStyle(document.documentElement);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(layer, 0, 0);
  const ratio = canvas.width / size.width;
  const [x, y] = pixelOf(at, canvas);
  for (const [ink, width] of [["--paper", 5], ["--ink", 2]] as const) {
    context.strokeStyle = resolved(style, ink);
    context.lineWidth = width * ratio;
    context.beginPath();
    context.arc(x, y, 8 * ratio, 0, 2 * Math.PI);
    context.stroke();
  }
  context.fillStyle = resolved(style, "--quiet");
  context.font = `${13 * ratio}px system-ui, sans-serif`;
  context.textAlign = "right";
  context.fillText(facts.names[0], canvas.width - 10 * ratio, canvas.height - 10 * ratio);
  context.textAlign = "left";
  context.fillText(facts.names[1], 10 * ratio, 20 * ratio);
}

render(<Page />, document.getElementById("page")!);
