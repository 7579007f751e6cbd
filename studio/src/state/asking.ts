// A question to the server that follows what it is asked about: the newest answer wins, errors are kept in words.

import { effect, signal, type Signal } from "@preact/signals";
import { ask, isAborted, told } from "../server/client";
import type { Body } from "../server/columns";

export interface Answer<Facts> {
  body: Body<Facts> | null;
  error: string;
  working: boolean;
}

export interface Question<Facts> {
  answer: Signal<Answer<Facts>>;
  stop(): void;
}

/**
 * Ask a service whenever what `fields` reads has changed; null asks nothing and forgets the answer.
 *
 * @param rest Milliseconds that nothing must have changed before it is asked.
 */
export function follow<Facts>(service: string, fields: () => Record<string, unknown> | null, rest = 120): Question<Facts> {
  const answer = signal<Answer<Facts>>({ body: null, error: "", working: false });
  let running: AbortController | null = null;
  let pending = 0;
  const stop = effect(() => {
    const asked = fields();
    running?.abort();
    clearTimeout(pending);
    if (!asked) {
      answer.value = { body: null, error: "", working: false };
      return;
    }
    answer.value = { ...answer.peek(), working: true };
    pending = window.setTimeout(() => {
      const own = (running = new AbortController());
      ask<Facts>(service, asked, own.signal).then(
        (body) => {
          if (running === own) answer.value = { body, error: "", working: false };
        },
        (error: unknown) => {
          if (!isAborted(error) && running === own) answer.value = { body: null, error: told(error), working: false };
        },
      );
    }, rest);
  });
  return {
    answer,
    stop() {
      stop();
      clearTimeout(pending);
      running?.abort();
    },
  };
}
