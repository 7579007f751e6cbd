// Keys: each is registered with what it does in words, and `?` lists them.

import { signal } from "@preact/signals";

export interface Key {
  /** As `KeyboardEvent.key` has it; several do the same. */
  keys: readonly string[];
  /** How the list of keys shows them. */
  shown: string;
  says: string;
  /** Together with Alt. */
  alt?: boolean;
  run(event: KeyboardEvent): void;
  /** Whether it works now; always where left out. */
  when?: () => boolean;
}

export const keys = signal<readonly Key[]>([]);
export const showKeys = signal(false);

/** Add keys; the function that is returned takes them away. */
export function addKeys(...added: Key[]): () => void {
  keys.value = [...keys.value, ...added];
  return () => {
    keys.value = keys.value.filter((key) => !added.includes(key));
  };
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable], [role='slider']");
}

export function listenToKeys(): void {
  window.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.defaultPrevented || isTyping(event.target)) return;
    if (showKeys.value && event.key !== "?") return; // the list lies over all else
    for (const key of keys.value) {
      if (event.altKey !== (key.alt ?? false) || !key.keys.includes(event.key) || key.when?.() === false) continue;
      event.preventDefault();
      key.run(event);
      return;
    }
  });
}
