// From the latent space to the map and back.

import { known } from "../state/facts";

/**
 * One to three directions of the latent space that the map shows: the place of z along each is (z - origin) . direction.
 * Directions are orthonormal, so a move on the map changes z by the moves times the directions and nothing else.
 */
export interface Frame {
  origin: Float32Array;
  directions: Float32Array[];
  names: string[];
}

/** The latents that are the map's axes: those that were chosen and exist, then the first that are left. */
export function chosenLatents(axes: readonly number[], count: number): number[] {
  const { coordinates } = known().model;
  const all = [...axes, ...Array.from({ length: coordinates }, (_, i) => i)];
  return [...new Set(all.filter((axis) => axis >= 0 && axis < coordinates))].slice(0, count);
}

/** The frame of chosen latents, or of the principal axes of the means. */
export function frameOf(axes: readonly number[] | "principal", dimensions: number): Frame {
  const { latent, model } = known();
  const count = Math.min(dimensions, model.coordinates);
  if (axes === "principal")
    return {
      origin: Float32Array.from(latent.mean),
      directions: latent.axes.slice(0, count).map((axis) => Float32Array.from(axis)),
      names: Array.from({ length: count }, (_, i) => `axis ${i + 1}`),
    };
  const chosen = chosenLatents(axes, count);
  return {
    origin: new Float32Array(model.coordinates),
    directions: chosen.map((axis) => Float32Array.from({ length: model.coordinates }, (_, i) => (i === axis ? 1 : 0))),
    names: chosen.map((axis) => `z${axis + 1}`),
  };
}

/** Places of points (n x coordinates) on the map, n x 3; missing dimensions are 0. */
export function project(frame: Frame, points: Float32Array): Float32Array {
  const size = frame.origin.length;
  const count = points.length / size;
  const places = new Float32Array(3 * count);
  frame.directions.forEach((direction, d) => {
    const shown = direction.reduce<number[]>((list, x, i) => (x ? [...list, i] : list), []);
    for (let i = 0; i < count; i++) {
      let sum = 0;
      for (const j of shown) sum += (points[i * size + j] - frame.origin[j]) * direction[j];
      places[3 * i + d] = sum;
    }
  });
  return places;
}

/** The point that lies at a place of the map and differs from `z` along the frame's directions only. */
export function lift(frame: Frame, place: ArrayLike<number>, z: Float32Array): Float32Array {
  const now = project(frame, z);
  const moved = z.slice();
  frame.directions.forEach((direction, d) => {
    const step = place[d] - now[d];
    for (let j = 0; j < moved.length; j++) moved[j] += step * direction[j];
  });
  return moved;
}

/**
 * As `lift`, and of unit length: what the map does not show of z gives way, so that on a sphere the cursor stays under the pointer.
 * Outside of the sphere's shadow there is no such point: the nearest on its rim is taken.
 */
export function liftOntoSphere(frame: Frame, place: ArrayLike<number>, z: Float32Array): Float32Array {
  const shown = lift(frame, place, new Float32Array(z.length));
  const hidden = z.slice();
  for (const direction of frame.directions) {
    const along = dot(direction, hidden);
    for (let j = 0; j < hidden.length; j++) hidden[j] -= along * direction[j];
  }
  const [inside, outside] = [dot(shown, shown), dot(hidden, hidden)];
  if (inside >= 1) return shown.map((x) => x / Math.sqrt(inside));
  if (outside < 1e-12) {
    const free = hidden.findIndex((_, j) => frame.directions.every((direction) => direction[j] === 0));
    if (free < 0) return inside > 0 ? shown.map((x) => x / Math.sqrt(inside)) : z;
    return shown.map((x, j) => (j === free ? Math.sqrt(1 - inside) : x));
  }
  const scale = Math.sqrt((1 - inside) / outside);
  return shown.map((x, j) => x + scale * hidden[j]);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Heights that tell apart the points of a strip, one latent: the golden ratio's multiples, from -1 to 1. */
export function jitter(row: number): number {
  return 2 * ((row * 0.6180339887498949) % 1) - 1;
}
