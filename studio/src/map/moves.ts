// What pointer and keys do to the map: pan, zoom, turn, hold, pin, select.

import { signal } from "@preact/signals";
import { panelEntries } from "../panels";
import { brief } from "../parts/row";
import { announce } from "../state/announce";
import { cursor } from "../state/cursor";
import { pinA, pinB, selection } from "../state/marks";
import { labelOf } from "../state/points";
import { flatView, held, panel, turnedView } from "../state/view";
import { panFlat, panTurned, turn, zoomFlat, zoomTurned } from "./camera";
import {
  camera,
  cursorPlace,
  extent,
  flat,
  isShown,
  isTurned,
  moveCursorTo,
  places,
  reach,
  rowAt,
  selectRows,
  size,
  tool,
  turned,
} from "./mapState";
import { rowsAround, rowsInside } from "./near";

/** The loop that is being drawn, pixels x, y, x, y, ... */
export const loop = signal<readonly number[]>([]);

const NEAR = 14; // pixels within which a row is near

export function pan(dx: number, dy: number): void {
  if (isTurned.value) turnedView.value = panTurned(turned.value, size.value, dx, dy);
  else flatView.value = panFlat(flat.value, dx, dy);
}

/** Bring the cursor to the middle of the map. */
export function showCursor(): void {
  const { width, height } = size.value;
  const [x, y] = camera.value.pixelOf(cursorPlace.value);
  pan(width / 2 - x, height / 2 - y);
}

/** Zoom by a factor, below 1 is nearer, about a pixel or the middle. */
export function zoom(factor: number, at?: readonly [number, number]): void {
  const { width, height } = size.value;
  const [x, y] = at ?? [width / 2, height / 2];
  if (isTurned.value) turnedView.value = zoomTurned(turned.value, factor);
  else flatView.value = zoomFlat(flat.value, size.value, factor, x, y);
}

export function turnBy(right: number, down: number): void {
  if (isTurned.value) turnedView.value = turn(turned.value, right, down);
}

/** Move the cursor by pixels, on a map that turns in the plane that faces the viewer. */
export function moveByPixels(dx: number, dy: number): void {
  const [x, y] = camera.value.pixelOf(cursorPlace.value);
  moveCursorTo(camera.value.placeAt(x + dx, y + dy, cursorPlace.value));
}

/** Move the cursor away from the viewer, by pixels at its place. */
export function moveAway(pixels: number): void {
  const unit = camera.value.unitAt(cursorPlace.value);
  moveCursorTo(camera.value.away.map((a, d) => cursorPlace.value[d] + pixels * unit * a));
}

export function moveToPixel(x: number, y: number): void {
  moveCursorTo(camera.value.placeAt(x, y, cursorPlace.value));
}

/** The cursor stays where it is, or follows the pointer again. */
export function hold(holds: boolean): void {
  if (held.value === holds) return;
  held.value = holds;
  announce(holds ? "the cursor stays here" : "the cursor follows the pointer");
}

/** Pin A, then B; then B moves. */
export function pin(): void {
  const z = cursor.value.slice();
  if (!pinA.value) pinA.value = z;
  else pinB.value = z;
  announce(`${pinB.value ? "B" : "A"} is pinned at ${Array.from(z, brief).join(", ")}`, 0);
}

export function unpin(): void {
  if (!pinA.value && !pinB.value) return;
  announce(`${pinB.value ? "B" : "A"} is taken away`, 0);
  if (pinB.value) pinB.value = null;
  else pinA.value = null;
}

function tellSelection(): void {
  const n = selection.value?.length ?? 0;
  announce(n ? `${n} row${n === 1 ? "" : "s"} selected` : "no row lies there", 0);
  if (n && panel.value === "map" && panelEntries.selection) panel.value = "selection";
}

/** Select what lies within the loop that was drawn. */
export function closeLoop(adding: boolean): void {
  const drawn = loop.value;
  loop.value = [];
  tool.value = "look";
  if (drawn.length < 6) return;
  const [all, { pixelOf }] = [places.value, camera.value];
  selectRows(rowsInside(drawn, all.length / 3, (row) => pixelOf(all, 3 * row), isShown), adding);
  tellSelection();
}

export function switchLasso(): void {
  tool.value = tool.value === "lasso" ? "look" : "lasso";
  if (tool.value === "lasso") announce("lasso: drag a loop around rows; Escape leaves it", 0);
}

const FIRST_REACH = 0.06; // of the map's longer side

function firstReach(): number {
  const { low, high } = extent.value;
  return FIRST_REACH * Math.max(...low.map((x, d) => high[d] - x));
}

/** Select the rows within reach of the cursor. */
export function selectAround(adding: boolean): void {
  reach.value ??= firstReach();
  selectRows(rowsAround(places.value, cursorPlace.value, reach.value, isShown), adding);
  tellSelection();
}

export function changeReach(factor: number): void {
  reach.value = (reach.value ?? firstReach() / factor) * factor;
  announce(`radius ${brief(reach.value)}; S selects the rows within it`);
}

/** Leave, one after the other: lasso, radius, a cursor that is held, the selection. */
export function escape(): void {
  if (tool.value === "lasso") {
    tool.value = "look";
    loop.value = [];
  } else if (reach.value !== null) reach.value = null;
  else if (held.value) hold(false);
  else if (selection.value) {
    selection.value = null;
    announce("nothing is selected", 0);
  }
}

/** The row that is near the cursor, where one is. */
export function rowNearCursor(): number | null {
  const [x, y] = camera.value.pixelOf(cursorPlace.value);
  return rowAt(x, y, NEAR);
}

/** Where the cursor is and what is near it, in words. */
export function sayPlace(far: boolean): string {
  const row = rowNearCursor();
  const z = Array.from(cursor.value.slice(0, 8), brief).join(", ");
  const near = row === null ? "no row is near" : `near row ${row}${labelOf(row) ? `, label ${labelOf(row)}` : ""}`;
  return `z ${z}; ${near}${far ? "; far from the data" : ""}`;
}
