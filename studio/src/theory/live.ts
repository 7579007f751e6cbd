// Asks a service again whenever its fields change: one request is under way at a time, and the newest fields win.

import { useEffect, useRef, useState } from "preact/hooks";
import { ask, told } from "../server/client";
import type { Body } from "../server/columns";
import { connection } from "../server/decodeSocket";

export interface Live<Facts> {
  /** The newest answer; it stays while the next one is awaited. */
  body: Body<Facts> | null;
  /** What went wrong with the newest question; empty if nothing did. */
  error: string;
  /** Whether the answer is to other fields than those asked last. */
  waiting: boolean;
}

export function useLive<Facts>(service: string, fields: Record<string, unknown> | null): Live<Facts> {
  const [live, setLive] = useState<Live<Facts>>({ body: null, error: "", waiting: true });
  const newest = useRef("");
  const busy = useRef(false);
  const gone = useRef(false);
  const asked = fields && JSON.stringify(fields);
  const there = connection.value !== "lost";

  useEffect(() => {
    gone.current = false;
    return () => void (gone.current = true);
  }, []);
  useEffect(() => {
    if (asked === null || !there) return;
    newest.current = asked;
    setLive((before) => ({ ...before, waiting: true }));
    if (!busy.current) void work();
  }, [service, asked, there]);

  async function work(): Promise<void> {
    busy.current = true;
    let done = "";
    while (done !== newest.current && !gone.current) {
      done = newest.current;
      let found: Partial<Live<Facts>>;
      try {
        found = { body: await ask<Facts>(service, JSON.parse(done) as Record<string, unknown>), error: "" };
      } catch (error) {
        found = { error: told(error) };
      }
      if (!gone.current) setLive((before) => ({ ...before, ...found, waiting: done !== newest.current }));
    }
    busy.current = false;
  }
  return live;
}

/** A column of numbers of an answer. */
export function numbersOf(body: Body<unknown>, name: string): Float64Array {
  return body.get(name, Float64Array).values;
}
