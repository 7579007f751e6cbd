// One row of the data: an image, or a table's numbers as bars.

import { useEffect, useRef } from "preact/hooks";
import type { Row } from "../server/columns";
import { known } from "../state/facts";

interface Props {
  row: Row;
  /** Side of an image on the page, in CSS pixels. */
  size?: number;
  /** What it is, for those who hear the page; empty where what is around it says so. */
  says: string;
  /** Another row of a table, drawn as a mark on each bar. */
  beside?: Row;
}

export function RowView(props: Props) {
  return known().data.image_shape ? <ImageRow {...props} /> : <TableRow {...props} />;
}

function ImageRow({ row, size = 112, says }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [height, width] = known().data.image_shape!;
  useEffect(() => {
    if (canvas.current) paintRow(canvas.current, row);
  }, [row]);
  const scale = size / Math.max(height, width);
  const style = { width: `${width * scale}px`, height: `${height * scale}px` };
  const heard = says ? ({ role: "img", "aria-label": says } as const) : ({ "aria-hidden": true } as const); // its owner says it
  return <canvas ref={canvas} class="image" width={width} height={height} style={style} {...heard} />;
}

/** Paint an image's bytes on a canvas of its own size, from the pixel (x, y). */
export function paintRow(canvas: HTMLCanvasElement, row: Row, x = 0, y = 0): void {
  const shape = known().data.image_shape!;
  const [height, width] = shape;
  const context = canvas.getContext("2d")!;
  context.putImageData(new ImageData(rgba(row, height * width, shape[2] ?? 1), width, height), x, y);
}

function rgba(row: Row, pixels: number, channels: number): Uint8ClampedArray<ArrayBuffer> {
  const out = new Uint8ClampedArray(4 * pixels);
  for (let i = 0; i < pixels; i++) {
    const first = i * channels;
    out[4 * i] = row[first];
    out[4 * i + 1] = row[first + (channels > 2 ? 1 : 0)];
    out[4 * i + 2] = row[first + (channels > 2 ? 2 : 0)];
    out[4 * i + 3] = 255;
  }
  return out;
}

const MOST_BARS = 40;

function TableRow({ row, says, beside }: Props) {
  const { feature_names, feature_quantiles } = known().data;
  const shown = Math.min(row.length, MOST_BARS);
  const bars = Array.from({ length: shown }, (_, i) => {
    const [low, , high] = feature_quantiles?.[i] ?? [0, 0, 1];
    const place = (value: number) => 100 * Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
    return (
      <tr key={i}>
        <th scope="row">{feature_names?.[i] ?? `x${i}`}</th>
        <td class="bar">
          <span style={{ width: `${place(row[i])}%` }} />
          {beside && <i style={{ left: `${place(beside[i])}%` }} />}
        </td>
        <td class="value">{brief(row[i])}</td>
      </tr>
    );
  });
  return (
    <table class="row-bars" aria-label={says}>
      <tbody>{bars}</tbody>
      {row.length > shown && <caption>{row.length - shown} more columns are not shown</caption>}
    </table>
  );
}

/** A number in four digits. */
export function brief(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) return minus(value.toExponential(2));
  return minus(Number(value.toPrecision(4)).toString());
}

/** A number with so many decimals, and no minus before nought. */
export function fixed(value: number, decimals = 2): string {
  return minus(value.toFixed(decimals).replace(/^-(?=[0.]*$)/, ""));
}

/** A true minus sign. */
export function minus(text: string): string {
  return text.replace(/^-/, "−");
}
