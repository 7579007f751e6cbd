// The map: points, what panels draw over them, and a cursor that follows the pointer or the arrow keys.

import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { brief } from "../parts/row";
import { announce } from "../state/announce";
import { cursor, decoded, moveCursor } from "../state/cursor";
import { known } from "../state/facts";
import { addKeys } from "../state/keys";
import { anchors, layers } from "../state/marks";
import { points } from "../state/points";
import { colours } from "../state/theme";
import { axes } from "../state/view";
import { frameOf, lift, project, type Frame } from "./frame";
import { classColours, oneColour, valueColours } from "./palette";
import { MapScene } from "./scene";

const drawn = signal(0); // goes up with each frame: what is laid over the canvas follows
const PIXELS_A_KEY = 4;
const PIXELS_A_SHIFTED_KEY = 24;

let scene: MapScene | null = null;
let frame: Frame | null = null;

export function MapView() {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => begin(canvas.current!), []);
  return (
    <section class="map" aria-label="Map of the latent space">
      <canvas ref={canvas} tabIndex={0} role="img" aria-label={`Rows of ${known().data.name} as points of the latent space; arrow keys move the cursor`} />
      <Overlay />
    </section>
  );
}

function Overlay() {
  void drawn.value;
  if (!scene || !frame || cursor.value.length !== frame.origin.length) return null;
  const [x, y] = scene.pixelOf(project(frame, cursor.value));
  return (
    <div class="overlay">
      <div class={`cursor${decoded.value?.far ? " far" : ""}`} style={{ transform: `translate(${x}px, ${y}px)` }} />
      {[...anchors.value.values()].flat().map((anchor) => {
        const [left, top] = scene!.pixelOf(project(frame!, anchor.z));
        return (
          <button
            key={anchor.name}
            class="anchor"
            style={{ transform: `translate(${left}px, ${top}px)` }}
            aria-label={anchor.says}
            onClick={() => moveCursor(anchor.z)}
          >
            {anchor.mark}
          </button>
        );
      })}
    </div>
  );
}

function begin(canvas: HTMLCanvasElement): () => void {
  const map = (scene = new MapScene(canvas));
  map.onDrawn = () => (drawn.value = drawn.peek() + 1);
  const sizes = new ResizeObserver(([{ contentRect }]) => map.resize(contentRect.width, contentRect.height));
  sizes.observe(canvas.parentElement!);
  const { latent } = known();
  let fitted = "";
  const stops = [
    effect(() => {
      const here = points.value;
      const chosen = (frame = frameOf(axes.value, 2));
      void colours.value;
      if (!here) return;
      map.setPoints(project(chosen, here.latents), pointColours());
      if (fitted !== chosen.names.join()) {
        fitted = chosen.names.join();
        const corners = [latent.low, latent.high].map((corner) => project(chosen, Float32Array.from(corner)));
        const [low, high] = [0, 1].map((end) => [0, 1].map((d) => (end ? Math.max : Math.min)(corners[0][d], corners[1][d])));
        map.fit(low, high);
      }
    }),
    effect(() => {
      void colours.value;
      map.setLayers(layers.value, frame ?? frameOf(axes.value, 2));
    }),
    effect(() => {
      void cursor.value;
      drawn.value = drawn.peek() + 1;
    }),
    addKeys(
      arrow("ArrowLeft", -1, 0),
      arrow("ArrowRight", 1, 0),
      arrow("ArrowUp", 0, 1),
      arrow("ArrowDown", 0, -1),
    ),
    listen(canvas, map),
  ];
  return () => {
    stops.forEach((stop) => stop());
    sizes.disconnect();
    scene = null;
  };
}

function pointColours(): Float32Array {
  const { labels, labelNames, count } = points.value!;
  if (labels instanceof Uint8Array && labelNames) return classColours(labels);
  const label = known().data.label;
  if (labels instanceof Float32Array && label) return valueColours(labels, label.low!, label.high!);
  return oneColour("--quiet", count);
}

function arrow(key: string, dx: number, dy: number) {
  return {
    keys: [key],
    shown: { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" }[key]!,
    says: "move z (with Shift, further)",
    run: (event: KeyboardEvent) => {
      if (!scene || !frame) return;
      const step = scene.view.unit * (event.shiftKey ? PIXELS_A_SHIFTED_KEY : PIXELS_A_KEY);
      const place = project(frame, cursor.value);
      moveCursor(lift(frame, [place[0] + dx * step, place[1] + dy * step, place[2]], cursor.value));
      announce(`z ${Array.from(cursor.value, brief).join(", ")}`);
    },
  };
}

function listen(canvas: HTMLCanvasElement, map: MapScene): () => void {
  let dragging = false;
  const at = (event: MouseEvent): [number, number] => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const moved = (event: PointerEvent) => {
    if (dragging) map.pan(event.movementX, event.movementY);
    else if (frame) moveCursor(lift(frame, map.placeAt(...at(event)), cursor.value));
  };
  const pressed = (event: PointerEvent) => {
    dragging = event.button === 0 && event.shiftKey;
    canvas.focus();
  };
  const released = () => (dragging = false);
  const wheeled = (event: WheelEvent) => {
    event.preventDefault();
    map.zoom(Math.exp(event.deltaY * 0.0015), ...at(event));
  };
  canvas.addEventListener("pointermove", moved);
  canvas.addEventListener("pointerdown", pressed);
  canvas.addEventListener("pointerup", released);
  canvas.addEventListener("wheel", wheeled, { passive: false });
  return () => {
    canvas.removeEventListener("pointermove", moved);
    canvas.removeEventListener("pointerdown", pressed);
    canvas.removeEventListener("pointerup", released);
    canvas.removeEventListener("wheel", wheeled);
  };
}
