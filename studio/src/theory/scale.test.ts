import { describe, expect, it } from "vitest";
import { linear, logarithmic, rounded } from "./scale";

describe("scales", () => {
  it("go from values to places and back", () => {
    const scale = linear(-2, 2, 100, 0);
    expect(scale.at(-2)).toBe(100);
    expect(scale.at(1)).toBe(25);
    expect(scale.from(25)).toBe(1);
  });
  it("stay within their ends", () => {
    expect(linear(0, 1, 0, 10).from(12)).toBe(1);
    expect(linear(0, 1, 10, 0).from(12)).toBe(0);
  });
  it("are logarithmic where asked", () => {
    const scale = logarithmic(0.01, 100, 0, 40);
    expect(scale.at(1)).toBeCloseTo(20, 12);
    expect(scale.from(30)).toBeCloseTo(10, 12);
  });
  it("round to steps without dust", () => {
    expect(rounded(0.30000000000000004, 0.1)).toBe(0.3);
    expect(rounded(-1.234, 0.05)).toBe(-1.25);
  });
});
