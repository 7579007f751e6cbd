// What was dragged where: kept in the address, so that what is seen can be shared.

import type { Signal } from "@preact/signals";
import { kept, keptWord, readNumbers, writeNumbers } from "../state/address";
import { within } from "./scale";

export type LabName = "boxes" | "joint" | "kl" | "elbo" | "gradients" | "kl-term" | "posterior";
export const LABS: readonly LabName[] = ["boxes", "joint", "kl", "elbo", "gradients", "kl-term", "posterior"];

export const lab = keptWord<LabName>("lab", "boxes", LABS);

/** A number that is dragged: where it starts, and how far it goes. */
export interface Range {
  start: number;
  low: number;
  high: number;
  step: number;
}

export interface Dragged<Name extends string> {
  ranges: Record<Name, Range>;
  value: Record<Name, number>;
  set(changed: Partial<Record<Name, number>>): void;
  /** Back to how it started. */
  reset(): void;
  isMoved: boolean;
}

/** Numbers by name, kept in the address under one name. */
export function dragged<Name extends string>(name: string, ranges: Record<Name, Range>): Dragged<Name> {
  const names = Object.keys(ranges) as Name[];
  const starts = names.map((each) => ranges[each].start);
  const fit = (numbers: readonly number[]) => names.map((each, i) => within(numbers[i], ranges[each].low, ranges[each].high));
  const state: Signal<number[]> = kept(
    `lab-${name}`,
    starts,
    (text) => {
      const numbers = readNumbers(text);
      return numbers?.length === names.length ? fit(numbers) : undefined;
    },
    (numbers) => (numbers.join() === starts.join() ? null : writeNumbers(numbers)),
  );
  return {
    ranges,
    get value() {
      return Object.fromEntries(names.map((each, i) => [each, state.value[i]])) as Record<Name, number>;
    },
    get isMoved() {
      return state.value.join() !== starts.join();
    },
    set: (changed) => (state.value = fit(names.map((each, i) => changed[each] ?? state.peek()[i]))),
    reset: () => (state.value = starts),
  };
}
