// The exported page's map: points and cursor on a plain canvas.

import { effect, signal } from "@preact/signals";
import { colours, facts, places, pointAt, start, type Place } from "./body";

export const cursor = signal<Place>(start);
export const said = signal("");

/** Classes that are hidden, by code. */
export const hidden = signal<ReadonlySet<number>>(new Set(facts.colouring?.kind === "classes" ? facts.colouring.hidden : []));

const [x, y, unit] = facts.at ?? [(facts.low[0] + facts.high[0]) / 2, (facts.low[1] + facts.high[1]) / 2, 0];
const view = signal({ x, y, unit });
let size = { width: 1, height: 1 };

/** Make the view so much narrower about the cursor. */
export function zoomBy(factor: number): void {
  zoom(factor, cursor.value);
}

function zoom(factor: number, about: Place): void {
  const { x, y, unit } = view.value;
  view.value = { x: about[0] + (x - about[0]) * factor, y: about[1] + (y - about[1]) * factor, unit: unit * factor };
}

/** Show all points. */
export function fit(): void {
  const unit = 1.08 * Math.max((facts.high[0] - facts.low[0]) / size.width, (facts.high[1] - facts.low[1]) / size.height);
  view.value = { x: (facts.low[0] + facts.high[0]) / 2, y: (facts.low[1] + facts.high[1]) / 2, unit: unit || 0.01 };
}

/** Draw the map on a canvas, and let pointer and keys move cursor and view; the function that is returned stops. */
export function begin(canvas: HTMLCanvasElement): () => void {
  const layer = document.createElement("canvas"); // the points, drawn when the view changes and not when the cursor moves
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const scheme = signal(0);
  dark.addEventListener("change", () => scheme.value++);
  const resized = signal(0);
  const layerPainted = signal(0); // the canvas follows the layer, whichever of the two effects would run first
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
      const without = hidden.value;
      if (!view.value.unit) return;
      paintPoints(layer, without);
      layerPainted.value = layerPainted.peek() + 1;
    }),
    effect(() => {
      if (layerPainted.value) paint(canvas, layer, cursor.value);
    }),
  ];
  const at = (event: MouseEvent): [number, number] => {
    const box = canvas.getBoundingClientRect();
    const { x, y, unit } = view.value;
    return [x + (event.clientX - box.left - box.width / 2) * unit, y - (event.clientY - box.top - box.height / 2) * unit];
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
      said.value = `z ${Array.from(pointAt(cursor.value), (x) => x.toPrecision(3)).join(", ")}`;
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

function pixelOf([x, y]: Place, canvas: HTMLCanvasElement): [number, number] {
  const { x: mx, y: my, unit } = view.peek();
  const ratio = canvas.width / size.width;
  return [canvas.width / 2 + ((x - mx) / unit) * ratio, canvas.height / 2 - ((y - my) / unit) * ratio];
}

function paintPoints(layer: HTMLCanvasElement, without: ReadonlySet<number>): void {
  const context = layer.getContext("2d")!;
  context.clearRect(0, 0, layer.width, layer.height);
  const ratio = layer.width / size.width;
  const dot = Math.max(1, ratio * Math.min(5, Math.max(1.4, 300 / Math.sqrt(facts.count))));
  const { x, y, unit } = view.peek();
  const scale = ratio / unit;
  const draw = (i: number) => context.fillRect(layer.width / 2 + (places[2 * i] - x) * scale - dot / 2, layer.height / 2 - (places[2 * i + 1] - y) * scale - dot / 2, dot, dot);
  inks().forEach((ink, level) => {
    if (without.has(level)) return;
    context.fillStyle = ink;
    for (let i = 0; i < facts.count; i++) if (!colours || colours[i] === level) draw(i);
  });
}

/** A colour for each number that `colours` holds; of points without colours, one. */
function inks(): string[] {
  const how = facts.colouring;
  if (!how) return [resolved("--quiet")];
  if (how.kind === "classes") return how.names.map((_, code) => resolved(`--class-${code % 10}`));
  const stops = [0, 1, 2, 3, 4].map((stop) => resolved(`--scale-${stop}`).match(/[\d.]+/g)!.map(Number));
  const shades = Array.from({ length: 255 }, (_, level) => {
    const at = (level / 254) * 4;
    const below = Math.min(3, Math.floor(at));
    return `rgb(${[0, 1, 2].map((c) => stops[below][c] + (at - below) * (stops[below + 1][c] - stops[below][c])).join(" ")})`;
  });
  return [...shades, resolved("--quiet")];
}

const probe = document.createElement("span");

function resolved(ink: string): string {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(${ink})`;
  return getComputedStyle(probe).color;
}

function paint(canvas: HTMLCanvasElement, layer: HTMLCanvasElement, at: Place): void {
  const context = canvas.getContext("2d")!;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(layer, 0, 0);
  const ratio = canvas.width / size.width;
  const [x, y] = pixelOf(at, canvas);
  for (const [ink, width] of [["--paper", 5], ["--ink", 2]] as const) {
    context.strokeStyle = resolved(ink);
    context.lineWidth = width * ratio;
    context.beginPath();
    context.arc(x, y, 8 * ratio, 0, 2 * Math.PI);
    context.stroke();
  }
  context.fillStyle = resolved("--quiet");
  context.font = `${13 * ratio}px system-ui, sans-serif`;
  context.textAlign = "right";
  context.fillText(facts.names[0], canvas.width - 10 * ratio, canvas.height - 10 * ratio);
  context.textAlign = "left";
  context.fillText(facts.names[1], 10 * ratio, 20 * ratio);
}
