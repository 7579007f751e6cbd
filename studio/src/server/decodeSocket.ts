// Decoding under the cursor: the newest point wins. PROTOCOL.md has the frames.

import { signal } from "@preact/signals";
import type { Row } from "./columns";
import { socketAddress } from "./client";

export interface Decoded {
  z: Float32Array;
  row: Row;
  /** Distance to the nearest code, in units of the 99th percentile of codes' distances to their nearest. */
  distance: number;
  far: boolean;
  /** Milliseconds from sending the point to having its row. */
  took: number;
}

export type Connection = "connecting" | "open" | "lost";

export const connection = signal<Connection>("connecting");

const HEAD = 12;
const FIRST_WAIT = 250;
const LONGEST_WAIT = 4000;

export class DecodeSocket {
  private socket: WebSocket | null = null;
  private number = 0;
  private sent = new Map<number, { z: Float32Array; at: number }>();
  private waiting: Float32Array | null = null;
  private wait = FIRST_WAIT;
  private closed = false;

  constructor(
    private readonly images: boolean,
    private readonly arrived: (decoded: Decoded) => void,
    private readonly reopened: () => void,
  ) {
    this.open();
  }

  /** Ask for the row of a point; whatever was asked before and is not answered yet is forgotten. */
  decode(z: Float32Array): void {
    if (this.socket?.readyState !== WebSocket.OPEN) {
      this.waiting = z.slice();
      return;
    }
    const number = (this.number = (this.number + 1) >>> 0);
    const frame = new ArrayBuffer(4 + 4 * z.length);
    new DataView(frame).setUint32(0, number, true);
    new Float32Array(frame, 4).set(z);
    this.sent.set(number, { z: z.slice(), at: performance.now() });
    this.socket.send(frame);
  }

  close(): void {
    this.closed = true;
    this.socket?.close();
  }

  private open(): void {
    if (this.closed) return;
    const socket = new WebSocket(socketAddress("api/decode"));
    let was = false;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      was = connection.value === "lost";
      connection.value = "open";
      this.wait = FIRST_WAIT;
      this.sent.clear();
      if (was) this.reopened();
      const waiting = this.waiting;
      this.waiting = null;
      if (waiting) this.decode(waiting);
    };
    socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => this.read(data);
    socket.onclose = () => {
      if (this.closed) return;
      const last = [...this.sent.values()].at(-1);
      if (last) this.waiting = last.z;
      connection.value = "lost";
      setTimeout(() => this.open(), this.wait);
      this.wait = Math.min(2 * this.wait, LONGEST_WAIT);
    };
    this.socket = socket;
  }

  private read(frame: ArrayBuffer): void {
    const view = new DataView(frame);
    const number = view.getUint32(0, true);
    const asked = this.sent.get(number);
    for (const earlier of this.sent.keys()) if (earlier <= number) this.sent.delete(earlier);
    if (!asked) return;
    this.arrived({
      z: asked.z,
      row: this.images ? new Uint8Array(frame, HEAD) : new Float32Array(frame, HEAD),
      distance: view.getFloat32(4, true),
      far: view.getUint8(8) === 1,
      took: performance.now() - asked.at,
    });
  }
}
