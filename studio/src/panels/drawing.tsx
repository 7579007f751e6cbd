// A canvas to draw on, brought to the resolution of the data: bright strokes on dark, as the data have them.

import { useEffect, useRef } from "preact/hooks";
import { known } from "../state/facts";

type Stroke = [number, number][];

const SIDE = 224;
const WIDTH = 0.075; // of a stroke, in parts of the side: what MNIST's pens had

/** Draws strokes; `changed` gets the image as bytes (features) whenever a stroke ends, null when it is empty. */
export function Drawing({ changed }: { changed: (image: Uint8Array | null) => void }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const strokes = useRef<Stroke[]>([]);
  const drawing = useRef(false);
  useEffect(() => paint(canvas.current!, strokes.current), []);
  const [height, width] = known().data.image_shape!;

  const place = (event: PointerEvent): [number, number] => {
    const box = canvas.current!.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
  };
  const ended = () => {
    drawing.current = false;
    changed(strokes.current.length ? sampled(canvas.current!, width, height) : null);
  };
  const redraw = (next: Stroke[]) => {
    strokes.current = next;
    paint(canvas.current!, next);
    ended();
  };
  return (
    <div class="drawing">
      <canvas
        ref={canvas}
        width={SIDE}
        height={SIDE}
        role="img"
        aria-label="Draw here with the pointer; a file, a row number or pasted numbers do the same"
        onPointerDown={(event) => {
          canvas.current!.setPointerCapture(event.pointerId);
          drawing.current = true;
          strokes.current = [...strokes.current, [place(event)]];
          paint(canvas.current!, strokes.current);
        }}
        onPointerMove={(event) => {
          if (!drawing.current) return;
          const moves = event.getCoalescedEvents?.() ?? [];
          for (const move of moves.length ? moves : [event]) strokes.current.at(-1)!.push(place(move));
          paint(canvas.current!, strokes.current);
        }}
        onPointerUp={() => drawing.current && ended()}
        onPointerCancel={() => drawing.current && ended()}
      />
      <div class="actions">
        <button onClick={() => redraw(strokes.current.slice(0, -1))}>Undo</button>
        <button onClick={() => redraw([])}>Clear</button>
      </div>
    </div>
  );
}

function paint(canvas: HTMLCanvasElement, strokes: readonly Stroke[]): void {
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.fillStyle = "#000";
  context.fillRect(0, 0, SIDE, SIDE);
  Object.assign(context, { strokeStyle: "#fff", lineWidth: WIDTH * SIDE, lineCap: "round", lineJoin: "round" });
  for (const stroke of strokes) {
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

/** Means of the canvas's pixels over each pixel of the data. */
function sampled(canvas: HTMLCanvasElement, width: number, height: number): Uint8Array {
  const { data } = canvas.getContext("2d", { willReadFrequently: true })!.getImageData(0, 0, SIDE, SIDE);
  const channels = known().data.image_shape![2] ?? 1;
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
