// What a screen reader says: the newest line wins.

import { signal } from "@preact/signals";

export const announcement = signal("");

let pending = 0;

/** Say a line, after a moment's rest so that a moving cursor does not chatter. */
export function announce(line: string, rest = 400): void {
  clearTimeout(pending);
  pending = window.setTimeout(() => (announcement.value = line), rest);
}
