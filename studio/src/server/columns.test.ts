import { expect, test } from "vitest";
import { Body } from "./columns";

function body(header: object, payload: Uint8Array): ArrayBuffer {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = Math.ceil((12 + text.length) / 8) * 8;
  const bytes = new Uint8Array(start + payload.length);
  bytes.set([0x56, 0x41, 0x45, 0x4c]);
  new DataView(bytes.buffer).setUint32(4, 1, true);
  new DataView(bytes.buffer).setUint32(8, text.length, true);
  bytes.set(text, 12);
  bytes.set(payload, start);
  return bytes.buffer;
}

const floats = new Uint8Array(new Float32Array([1.5, -2, 3, 4, 5, 6]).buffer);

test("facts and arrays come out as they went in", () => {
  const header = { facts: { rows: 2 }, columns: [{ name: "z", dtype: "float32", shape: [2, 3], offset: 0 }] };
  const read = Body.read<{ rows: number }>(body(header, floats));
  expect(read.facts.rows).toBe(2);
  expect([...read.get("z", Float32Array).values]).toEqual([1.5, -2, 3, 4, 5, 6]);
  expect(read.rows("z").map((row) => [...row])).toEqual([[1.5, -2, 3], [4, 5, 6]]);
});

test("an array of another type, or none, is told", () => {
  const header = { facts: {}, columns: [{ name: "z", dtype: "float32", shape: [6], offset: 0 }] };
  const read = Body.read(body(header, floats));
  expect(() => read.get("z", Uint8Array)).toThrow("another type");
  expect(() => read.get("x", Uint8Array)).toThrow("no x");
});

test("what is no body is told", () => {
  expect(() => Body.read(new ArrayBuffer(40))).toThrow("no body");
});
