// What colours the points: classes, or numbers that each row has.

import { effect, signal } from "@preact/signals";
import { ask, isAborted, told } from "../server/client";
import { known, offers } from "../state/facts";
import { PART_NAMES, points, type Points } from "../state/points";
import { colour, hiddenLabels } from "../state/view";

export type Colouring =
  | { kind: "classes"; title: string; codes: Uint8Array; names: readonly string[] }
  | { kind: "values"; title: string; unit: string; values: Float32Array; low: number; high: number }
  | { kind: "one" };

export const colouring = signal<Colouring>({ kind: "one" });

/** What went wrong with the colours, in a line; empty where nothing did. */
export const colouringTrouble = signal("");

/** What is being worked out, by its title; empty where nothing is. */
export const colouringAtWork = signal("");

export interface Choice {
  name: string;
  title: string;
}

/** What the points can be coloured by. */
export function colourChoices(): Choice[] {
  const { data, values } = known();
  return [
    ...(data.label ? [{ name: "label", title: "label" }] : []),
    { name: "part", title: "training, validation, test" },
    ...(offers("values") ? (values ?? []) : []).map(({ name, title, unit }) => ({ name, title: unit ? `${title} (${unit})` : title })),
    { name: "none", title: "nothing" },
  ];
}

function byLabel({ labels, labelNames }: Points): Colouring {
  if (labels instanceof Uint8Array && labelNames) return { kind: "classes", title: "label", codes: labels, names: labelNames };
  const label = known().data.label;
  if (labels instanceof Float32Array && label)
    return { kind: "values", title: "label", unit: "", values: labels, low: label.low ?? 0, high: label.high ?? 1 };
  return { kind: "one" };
}

interface ValueFacts {
  title: string;
  unit: string;
  low: number;
  high: number;
}

const kept = new Map<string, Colouring>();
let keptOf: Points | null = null; // values are of these points; training brings others

async function byValue(name: string, signal: AbortSignal): Promise<Colouring> {
  const known = kept.get(name);
  if (known) return known;
  const body = await ask<ValueFacts>("values", { name }, signal);
  const found: Colouring = { kind: "values", ...body.facts, values: body.get("values", Float32Array).values };
  kept.set(name, found);
  return found;
}

/** Keep `colouring` to what is chosen; the function that is returned stops. */
export function followColour(): () => void {
  let before = colour.peek();
  let asked = new AbortController();
  const stop = effect(() => {
    const [here, name] = [points.value, colour.value];
    if (here !== keptOf) kept.clear();
    keptOf = here;
    if (name !== before) hiddenLabels.value = new Set();
    before = name;
    asked.abort();
    asked = new AbortController();
    colouringTrouble.value = colouringAtWork.value = "";
    if (!here || name === "none") colouring.value = { kind: "one" };
    else if (name === "label") colouring.value = byLabel(here);
    else if (name === "part") colouring.value = { kind: "classes", title: "part of the data", codes: here.parts, names: PART_NAMES };
    else {
      const { signal } = asked;
      colouringAtWork.value = known().values?.find((value) => value.name === name)?.title ?? name;
      byValue(name, signal)
        .then(
          (found) => !signal.aborted && (colouring.value = found),
          (error: unknown) => !isAborted(error) && !signal.aborted && (colouringTrouble.value = told(error)),
        )
        .finally(() => !signal.aborted && (colouringAtWork.value = ""));
    }
  });
  return () => {
    asked.abort();
    stop();
  };
}
