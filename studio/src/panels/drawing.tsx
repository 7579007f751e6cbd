// A canvas to draw on: bright strokes on dark. The server brings them to the manner of the data.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { known } from "../state/facts";

type Stroke = readonly [number, number][];

const SIDE = 224;
const THINNEST = 0.075; // of the side: what MNIST's pens had

/** What was drawn stays when the panel is left. */
const strokes = signal<readonly Stroke[]>([]);

export function hasStrokes(): boolean {
  return strokes.value.length > 0;
}

/** Draws strokes; `changed` gets the canvas whenever a stroke ends, null when it is empty again. */
export function Drawing({ changed }: { changed: (canvas: HTMLCanvasElement | null) => void }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawing = useRef(false);
  useEffect(() => strokes.subscribe((now) => paint(canvas.current!, now)), []);

  const place = (event: PointerEvent): [number, number] => {
    const box = canvas.current!.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
  };
  const set = (next: readonly Stroke[]) => {
    strokes.value = next;
    changed(next.length ? canvas.current : null);
  };
  const ended = () => {
    if (!drawing.current) return;
    drawing.current = false;
    changed(canvas.current);
  };
  return (
    <div class="drawing">
      <canvas
        ref={canvas}
        width={SIDE}
        height={SIDE}
        role="img"
        aria-label="Draw here with mouse, pen or finger; a file, a row number or pasted numbers do the same"
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          canvas.current!.setPointerCapture(event.pointerId);
          drawing.current = true;
          strokes.value = [...strokes.value, [place(event)]];
        }}
        onPointerMove={(event) => {
          if (!drawing.current) return;
          const moves = event.getCoalescedEvents?.() ?? [];
          const added = (moves.length ? moves : [event]).map(place);
          const before = strokes.value;
          strokes.value = [...before.slice(0, -1), [...before.at(-1)!, ...added]];
        }}
        onPointerUp={ended}
        onPointerCancel={ended}
      />
      <div class="actions">
        <button onClick={() => set(strokes.value.slice(0, -1))} disabled={!strokes.value.length}>
          Undo
        </button>
        <button onClick={() => set([])} disabled={!strokes.value.length}>
          Clear
        </button>
      </div>
    </div>
  );
}

function paint(canvas: HTMLCanvasElement, drawn: readonly Stroke[]): void {
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  const [height, width] = known().data.image_shape!;
  context.fillStyle = "#000";
  context.fillRect(0, 0, SIDE, SIDE);
  const pen = SIDE * Math.max(THINNEST, 1 / Math.min(height, width)); // a pixel of the data at least
  Object.assign(context, { strokeStyle: "#fff", lineWidth: pen, lineCap: "round", lineJoin: "round" });
  for (const stroke of drawn) {
    context.beginPath();
    context.moveTo(...stroke[0]);
    if (stroke.length === 1) context.lineTo(stroke[0][0] + 0.01, stroke[0][1]);
    for (let i = 1; i < stroke.length; i++) {
      const [x, y] = stroke[i];
      const [px, py] = stroke[i - 1];
      context.quadraticCurveTo(px, py, (px + x) / 2, (py + y) / 2);
    }
    context.lineTo(...stroke.at(-1)!);
    context.stroke();
  }
}

/** The canvas as bytes of the data's size, (features): means of its pixels over each pixel of the data. */
export function sampled(canvas: HTMLCanvasElement): Uint8Array {
  const { data } = canvas.getContext("2d", { willReadFrequently: true })!.getImageData(0, 0, SIDE, SIDE);
  const [height, width, channels = 1] = known().data.image_shape!;
  const image = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [left, right] = [Math.floor((x * SIDE) / width), Math.ceil(((x + 1) * SIDE) / width)];
      const [top, bottom] = [Math.floor((y * SIDE) / height), Math.ceil(((y + 1) * SIDE) / height)];
      let sum = 0;
      for (let j = top; j < bottom; j++) for (let i = left; i < right; i++) sum += data[4 * (j * SIDE + i)];
      image.fill(Math.round(sum / ((right - left) * (bottom - top))), (y * width + x) * channels, (y * width + x + 1) * channels);
    }
  return image;
}
