// What the map shows, worked out from the state: frame, places, camera. Nothing is drawn here.

import { computed, signal } from "@preact/signals";
import { cursor, moveCursor } from "../state/cursor";
import { facts, known } from "../state/facts";
import { selection } from "../state/marks";
import { points } from "../state/points";
import { axes, dimensions, flatView, hiddenLabels, turnedView } from "../state/view";
import { extentOf, fitFlat, fitTurned, flatCamera, turnedCamera, type Camera, type Flat, type Size, type Turned } from "./camera";
import { colouring } from "./colouring";
import { frameOf, jitter, lift, liftOntoSphere, project, type Frame } from "./frame";
import { frontRow, PointGrid } from "./near";

/** Size of the map; empty until it is laid out. */
export const size = signal<Size>({ width: 0, height: 0 });

/** What a drag does: look around, or draw a loop around rows. */
export const tool = signal<"look" | "lasso">("look");

/** Radius about the cursor that keys select rows within, in map units; null while it is not shown. */
export const reach = signal<number | null>(null);

/** Which latent keys step through: its number among the sliders. */
export const activeSlider = signal(0);

/** How many dimensions are shown: 1 where the model has one latent, 3 where it has three and they are wanted. */
export const shownDimensions = computed(() => {
  const { coordinates } = known().model;
  return dimensions.value === "3" && coordinates >= 3 ? 3 : Math.min(2, coordinates);
});

export const isTurned = computed(() => shownDimensions.value === 3);

export const frame = computed<Frame>(() => frameOf(axes.value, shownDimensions.value));

const STRIP = 0.12; // half of a strip's height, in parts of its length

/** Places of all rows, n x 3. One latent is drawn as a strip, whose heights mean nothing. */
export const places = computed<Float32Array>(() => {
  const here = points.value;
  if (!here) return new Float32Array(0);
  const found = project(frame.value, here.latents);
  if (shownDimensions.value === 1) {
    const { low, high } = known().latent;
    const height = STRIP * (high[0] - low[0]);
    for (let i = 0; i < here.count; i++) found[3 * i + 1] = height * jitter(i);
  }
  return found;
});

export const extent = computed(() => {
  if (places.value.length) return extentOf(places.value);
  const { low, high } = known().latent; // the points are not here yet
  const ends = [low, high].map((corner) => Array.from(project(frame.value, Float32Array.from(corner))));
  return { low: ends[0].map((x, d) => Math.min(x, ends[1][d])), high: ends[0].map((x, d) => Math.max(x, ends[1][d])) };
});

export const flat = computed<Flat>(() => flatView.value ?? fitFlat(extent.value, size.value));
export const turned = computed<Turned>(() => turnedView.value ?? fitTurned(extent.value, size.value));
export const camera = computed<Camera>(() =>
  isTurned.value ? turnedCamera(turned.value, size.value) : flatCamera(flat.value, size.value),
);

/** Show all points again; a map that turns keeps its side. */
export function fitAll(): void {
  if (isTurned.value) turnedView.value = fitTurned(extent.value, size.value, turnedView.value);
  else flatView.value = null;
}

const grid = computed(() => new PointGrid(places.value));

/** Whether a row is drawn, by its class. */
export function isShown(row: number): boolean {
  const how = colouring.value;
  return how.kind !== "classes" || !hiddenLabels.value.has(how.codes[row]);
}

/** The row whose point is nearest to a pixel, within so many. */
export function rowAt(x: number, y: number, pixels: number): number | null {
  if (!isTurned.value) {
    const [left, low] = camera.value.placeAt(x, y, [0, 0, 0]);
    return grid.value.nearest(left, low, pixels * flat.value.unit, isShown);
  }
  return frontRow(places.value, camera.value.matrix(), size.value, [x, y], pixels, isShown);
}

/** Where the cursor's point is on the map. */
export const cursorPlace = computed<Float32Array>(() =>
  cursor.value.length === frame.value.origin.length ? project(frame.value, cursor.value) : new Float32Array(3),
);

/** The point of the latent space at a place, which agrees with the cursor in all that the map does not show. */
export function pointAt(place: ArrayLike<number>): Float32Array {
  const onto = facts.value?.model.latent_space === "sphere" ? liftOntoSphere : lift;
  return onto(frame.value, place, cursor.value);
}

export function moveCursorTo(place: ArrayLike<number>): void {
  moveCursor(pointAt(place));
}

export function selectRows(rows: Uint32Array, adding = false): void {
  const all = adding && selection.value ? Uint32Array.from(new Set([...selection.value, ...rows])).sort() : rows;
  selection.value = all.length ? all : null;
}
