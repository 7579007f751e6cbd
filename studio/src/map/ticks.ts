// Ticks, and the box around a map that turns.

import type { Camera, Extent } from "./camera";

const ROUNDED = 0.7; // a step may be so much smaller than asked for, to be a round one

/** Few round numbers from low to high: multiples of 1, 2 or 5 times a power of ten. */
export function ticksOf(low: number, high: number, most: number): number[] {
  const rough = (high - low) / Math.max(1, most);
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((times) => times * power >= rough * ROUNDED)!;
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

export interface Box {
  low: number[];
  high: number[];
  ticks: number[][];
}

/** A box that holds an extent and ends at ticks. */
export function boxOf({ low, high }: Extent): Box {
  const wide = Math.max(...low.map((x, d) => high[d] - x));
  const ticks = low.map((x, d) => {
    const inside = ticksOf(x - 0.02 * wide, high[d] + 0.02 * wide, 4);
    return inside.length ? inside : [x];
  });
  const room = 0.04 * wide;
  return { low: low.map((x) => x - room), high: high.map((x) => x + room), ticks };
}

/** Which end of the box each direction's far face is at. */
function farEnds(box: Box, { away }: Camera): number[] {
  return away.map((a, d) => (a > 0 ? box.high[d] : box.low[d]));
}

/** Lines of the grids on the three far faces: from and to, 6 numbers each. */
export function boxLines(box: Box, camera: Camera): Float32Array {
  const far = farEnds(box, camera);
  const lines: number[] = [];
  for (let face = 0; face < 3; face++)
    for (const along of [0, 1, 2].filter((d) => d !== face)) {
      const other = 3 - face - along;
      for (const tick of [box.low[other], ...box.ticks[other], box.high[other]]) {
        const from = [0, 0, 0];
        from[face] = far[face];
        from[other] = tick;
        const to = from.slice();
        from[along] = box.low[along];
        to[along] = box.high[along];
        lines.push(...from, ...to);
      }
    }
  return Float32Array.from(lines);
}

export interface Label {
  x: number;
  y: number;
  text: number | string;
  dimension: number;
  anchor: "start" | "middle" | "end";
}

/** Ticks and names along three edges of the box that stand against the empty page. */
export function boxLabels(box: Box, camera: Camera, names: readonly string[]): Label[] {
  const far = farEnds(box, camera);
  const near = far.map((end, d) => (end === box.low[d] ? box.high[d] : box.low[d]));
  const middle = camera.pixelOf(box.low.map((x, d) => (x + box.high[d]) / 2));
  return names.flatMap((name, dimension) => {
    const [d, f] = [0, 1, 2].filter((other) => other !== dimension);
    const edges = [
      { [d]: far[d], [f]: near[f] },
      { [d]: near[d], [f]: far[f] },
    ];
    const pixelAt = (edge: Record<number, number>, t: number) => camera.pixelOf([0, 1, 2].map((e) => (e === dimension ? t : edge[e])));
    const centre = (box.low[dimension] + box.high[dimension]) / 2;
    const [edge] = edges.sort((a, b) => {
      const [p, q] = [pixelAt(a, centre), pixelAt(b, centre)];
      return dimension === 2 ? p[0] - q[0] : q[1] - p[1];
    });
    const [x, y] = pixelAt(edge, centre);
    const [from, to] = [pixelAt(edge, box.low[dimension]), pixelAt(edge, box.high[dimension])];
    // outwards: across the edge, to the side that the box is not on
    let [nx, ny] = [from[1] - to[1], to[0] - from[0]];
    const length = Math.hypot(nx, ny) || 1;
    if (nx * (x - middle[0]) + ny * (y - middle[1]) < 0) [nx, ny] = [-nx, -ny];
    const out = (pixel: readonly number[], by: number, text: number | string): Label => ({
      x: pixel[0] + (by * nx) / length,
      y: pixel[1] + (by * ny) / length,
      text,
      dimension,
      anchor: nx / length > 0.5 ? "start" : nx / length < -0.5 ? "end" : "middle",
    });
    return [...box.ticks[dimension].map((tick) => out(pixelAt(edge, tick), 12, tick)), out([x, y], 34, name)];
  });
}
