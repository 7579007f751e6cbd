// What lies behind the points: a picture of the visible rectangle that the server works out, made anew when the view settles.

import { effect, signal } from "@preact/signals";
import { ask, isAborted, told } from "../server/client";
import { cursor } from "../state/cursor";
import { offers } from "../state/facts";
import { background } from "../state/view";
import { lift } from "./frame";
import { camera, frame, shownDimensions, size } from "./mapState";

export interface Ground {
  kind: string;
  title: string;
  unit: string;
  low: number;
  high: number;
  /** height x width, row 0 below. */
  values: Float32Array;
  width: number;
  height: number;
  /** Corners on the map. */
  from: readonly [number, number];
  to: readonly [number, number];
}

export const ground = signal<Ground | null>(null);
export const groundTrouble = signal("");
export const groundAtWork = signal(false);

const CELL = 7; // CSS pixels of a cell's side
const MOST_CELLS = 128;
const COARSE = 4; // a coarse picture comes first, in a sixteenth of the time
const REST = 220; // ms without a move after which the view has settled

interface GroundFacts {
  title: string;
  unit: string;
  low: number;
  high: number;
}

/** Keep the background to the view; the function that is returned stops. */
export function followBackground(): () => void {
  let asked = new AbortController();
  let timer = 0;
  let last = "";
  const stop = effect(() => {
    const kind = background.value;
    const { width, height } = size.value;
    void cursor.value; // what the map does not show of it moves the slice
    if (kind === "none" || shownDimensions.value !== 2 || !offers("background") || !width || !cursor.value.length) {
      asked.abort();
      clearTimeout(timer);
      last = "";
      ground.value = null;
      groundTrouble.value = "";
      groundAtWork.value = false;
      return;
    }
    const from = camera.value.placeAt(0, height, [0, 0, 0]);
    const to = camera.value.placeAt(width, 0, [0, 0, 0]);
    const [origin, right, top] = [from, [to[0], from[1], 0], [from[0], to[1], 0]].map((place) => lift(frame.value, place, cursor.value));
    const cells = Math.max(CELL, Math.max(width, height) / MOST_CELLS);
    const plane = { kind, origin: Array.from(origin), u: Array.from(right, (x, i) => x - origin[i]), v: Array.from(top, (x, i) => x - origin[i]) };
    const key = JSON.stringify([plane, width, height], (_, value: unknown) => (typeof value === "number" ? Number(value.toPrecision(5)) : value));
    if (key === last) return;
    last = key;
    asked.abort();
    asked = new AbortController();
    clearTimeout(timer);
    if (ground.peek()?.kind !== kind) ground.value = null;
    groundAtWork.value = true;
    const { signal } = asked;
    const make = async () => {
      for (const side of [COARSE * cells, cells]) {
        const fields = { ...plane, width: Math.max(2, Math.round(width / side)), height: Math.max(2, Math.round(height / side)) };
        const body = await ask<GroundFacts>("background", fields, signal);
        if (signal.aborted) return;
        const { values, shape } = body.get("values", Float32Array);
        const corners = { from: [from[0], from[1]] as const, to: [to[0], to[1]] as const };
        ground.value = { kind, ...body.facts, values, width: shape[1], height: shape[0], ...corners };
        groundTrouble.value = "";
      }
      groundAtWork.value = false;
    };
    timer = window.setTimeout(() => {
      make().catch((error: unknown) => {
        if (isAborted(error) || signal.aborted) return;
        last = "";
        ground.value = null;
        groundAtWork.value = false;
        groundTrouble.value = told(error);
      });
    }, REST);
  });
  return () => {
    asked.abort();
    clearTimeout(timer);
    stop();
  };
}
