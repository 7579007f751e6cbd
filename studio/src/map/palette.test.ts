import "../testing/browser";
import { describe, expect, it, vi } from "vitest";

vi.mock("../state/theme", () => ({
  inkColour: (ink: string) => {
    const i = Number(ink.split("-").at(-1));
    return ink === "--quiet" ? [1, 0, 1] : [i / 10, 0.2, 1 - i / 10];
  },
}));

const { classColours, classShape, oneColour, valueColours } = await import("./palette");

describe("colours of points", () => {
  it("are those of their classes, and the eleventh differs from the first by its shape", () => {
    const colours = classColours(Uint8Array.of(0, 3, 10, 23));
    expect([...colours]).toEqual([0, 51, 255, 0, 77, 51, 179, 0, 0, 51, 255, 1, 77, 51, 179, 2]);
    expect([0, 10, 20, 30].map(classShape)).toEqual(["disc", "ring", "diamond", "disc"]);
  });

  it("lie on a scale between low and high", () => {
    const colours = valueColours(Float32Array.of(-9, 0, 1, 2, 9, Number.NaN), 0, 2);
    const reds = colours.filter((_, i) => i % 4 === 0);
    expect([...reds]).toEqual([0, 0, 51, 102, 102, 255]); // stops are at 0, 26, 51, 77 and 102
    expect([...valueColours(Float32Array.of(1), 1, 1).slice(0, 3)]).toEqual([0, 51, 255]);
  });

  it("are one where nothing colours them", () => {
    expect([...oneColour("--link-5", 2)]).toEqual([128, 51, 128, 0, 128, 51, 128, 0]);
  });
});
