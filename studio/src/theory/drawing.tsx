// Parts of drawings: an SVG that scales, an axis, curves and areas.

import type { ComponentChildren } from "preact";
import { ticksOf } from "../map/ticks";
import { minus } from "../parts/row";
import type { Scale } from "./scale";

export const WIDTH = 360;

interface DrawingProps {
  height: number;
  /** What is seen, for those who hear the page. */
  says: string;
  children: ComponentChildren;
}

export function Drawing({ height, says, children }: DrawingProps) {
  return (
    <svg class="drawing" viewBox={`0 0 ${WIDTH} ${height}`} role="group" aria-label={says}>
      {children}
    </svg>
  );
}

interface AxisProps {
  scale: Scale;
  /** Where the axis lies across its own direction. */
  at: number;
  name?: string;
  ticks?: readonly number[];
  vertical?: boolean;
}

export function Axis({ scale, at, name, ticks, vertical }: AxisProps) {
  const { low, high } = scale;
  const shown = ticks ?? ticksOf(low, high, 6);
  const line = vertical
    ? { x1: at, x2: at, y1: scale.at(low), y2: scale.at(high) }
    : { x1: scale.at(low), x2: scale.at(high), y1: at, y2: at };
  return (
    <g class="axis" aria-hidden="true">
      <line {...line} />
      {shown.map((tick) => {
        const place = scale.at(tick);
        return vertical ? (
          <g key={tick}>
            <line x1={at - 4} x2={at} y1={place} y2={place} />
            <text x={at - 6} y={place + 3.5} text-anchor="end">
              {minus(String(tick))}
            </text>
          </g>
        ) : (
          <g key={tick}>
            <line x1={place} x2={place} y1={at} y2={at + 4} />
            <text x={place} y={at + 15} text-anchor="middle">
              {minus(String(tick))}
            </text>
          </g>
        );
      })}
      {name &&
        (vertical ? (
          <text class="name" x={at} y={Math.min(line.y1, line.y2) - 7} text-anchor="middle">
            {name}
          </text>
        ) : (
          <text class="name" x={scale.at(high)} y={at - 5} text-anchor="end">
            {name}
          </text>
        ))}
    </g>
  );
}

interface CurveProps {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  across: Scale;
  up: Scale;
  ink: string;
  dashed?: boolean;
  /** Filled down to this value; a line only where left out. */
  filled?: number;
  faint?: boolean;
  turned?: boolean;
}

/** A curve y over x; `turned` swaps the two directions of the page. */
export function Curve({ x, y, across, up, ink, dashed, filled, faint, turned }: CurveProps) {
  const line = pathOf(x, y, across, up, turned);
  const style = { color: `var(${ink})` };
  const name = `curve${dashed ? " dashed" : ""}${faint ? " faint" : ""}`;
  if (filled === undefined) return <path class={name} d={line} style={style} aria-hidden="true" />;
  return (
    <g class={name} style={style} aria-hidden="true">
      <path class="area" d={`${line}${closing(x, filled, across, up, turned)}`} />
      <path d={line} />
    </g>
  );
}

/** A path through points, in tenths of a unit of the drawing. */
export function pathOf(x: ArrayLike<number>, y: ArrayLike<number>, across: Scale, up: Scale, turned = false): string {
  let path = "";
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(y[i])) continue;
    path += `${path ? "L" : "M"}${spot(across.at(x[i]), up.at(y[i]), turned)}`;
  }
  return path;
}

function closing(x: ArrayLike<number>, base: number, across: Scale, up: Scale, turned = false): string {
  if (!x.length) return "";
  const floor = up.at(base);
  return `L${spot(across.at(x[x.length - 1]), floor, turned)}L${spot(across.at(x[0]), floor, turned)}Z`;
}

function spot(a: number, b: number, turned: boolean): string {
  const [x, y] = turned ? [b, a] : [a, b];
  return `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
}

/** Density of a normal: for curves only, numbers come from the server. */
export function normal(x: ArrayLike<number>, mean: number, deviation: number): Float64Array {
  return Float64Array.from(x, (each) => Math.exp(-0.5 * ((each - mean) / deviation) ** 2) / (deviation * Math.sqrt(2 * Math.PI)));
}

/** The points of a normal's ellipse that holds a share of its mass, as a path. */
export function ellipsePath(mean: ArrayLike<number>, covariance: readonly (readonly number[])[], share: number, across: Scale, up: Scale): string {
  const radius = Math.sqrt(-2 * Math.log(1 - share));
  const a = Math.sqrt(covariance[0][0]);
  const b = covariance[1][0] / a;
  const c = Math.sqrt(Math.max(0, covariance[1][1] - b * b));
  const xs: number[] = [];
  const ys: number[] = [];
  for (let i = 0; i <= 72; i++) {
    const [u, v] = [radius * Math.cos((i * Math.PI) / 36), radius * Math.sin((i * Math.PI) / 36)];
    xs.push(mean[0] + a * u);
    ys.push(mean[1] + b * u + c * v);
  }
  return `${pathOf(xs, ys, across, up)}Z`;
}
