// The view lives in the address's fragment, so that it can be shared and survives a reload.

import { effect, signal, type Signal } from "@preact/signals";

interface Entry {
  read(text: string | null): void;
  write(): string | null;
}

const entries = new Map<string, Entry>();
let pending = 0;

function fragment(): URLSearchParams {
  return new URLSearchParams(location.hash.slice(1));
}

/**
 * A signal that is kept in the address under a name.
 *
 * `read` returns undefined for text that it cannot use; the initial value is then kept. `write` returns null for what need not
 * stand in the address.
 */
export function kept<T>(
  name: string,
  initial: T,
  read: (text: string) => T | undefined,
  write: (value: T) => string | null,
): Signal<T> {
  const found = fragment().get(name);
  const state = signal<T>((found === null ? undefined : read(found)) ?? initial);
  entries.set(name, {
    read: (text) => {
      state.value = (text === null ? undefined : read(text)) ?? initial;
    },
    write: () => write(state.value),
  });
  effect(() => {
    void state.value;
    if (!pending) pending = window.setTimeout(writeAddress, 200);
  });
  return state;
}

export function keptWord<T extends string>(name: string, initial: T, words: readonly T[]): Signal<T> {
  const read = (text: string) => words.find((word) => word === text);
  return kept<T>(name, initial, read, (value) => (value === initial ? null : value));
}

function writeAddress(): void {
  pending = 0;
  const parts = fragment();
  for (const [name, entry] of entries) {
    const text = entry.write();
    if (text === null) parts.delete(name);
    else parts.set(name, text);
  }
  const text = parts.toString().replaceAll("%2C", ",");
  if (text !== location.hash.slice(1)) history.replaceState(null, "", text ? `#${text}` : location.pathname);
}

window.addEventListener("hashchange", () => {
  const parts = fragment();
  for (const [name, entry] of entries) entry.read(parts.get(name));
});

/** Numbers as they stand in an address: short, and exact enough to come back to the same place. */
export function writeNumbers(numbers: ArrayLike<number>): string {
  return Array.from(numbers, (number) => Number(number.toPrecision(6)).toString()).join(",");
}

export function readNumbers(text: string): number[] | undefined {
  const numbers = text.split(",").map(Number);
  return text && numbers.every(Number.isFinite) ? numbers : undefined;
}
