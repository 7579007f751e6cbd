import { settle, visit, visited } from "../testing/browser";
import { describe, expect, it } from "vitest";
import { kept, keptWord, readNumbers, writeNumbers } from "./address";
import { axes, background, colour, dimensions, flatView, held, hiddenLabels, panel, turnedView } from "./view";

describe("the address", () => {
  it("keeps numbers to six digits and refuses what are none", () => {
    expect(writeNumbers([1 / 3, -2, 1e-7])).toBe("0.333333,-2,1e-7");
    expect(readNumbers("0.333333,-2,1e-7")).toEqual([0.333333, -2, 1e-7]);
    expect(readNumbers("")).toBeUndefined();
    expect(readNumbers("1,two")).toBeUndefined();
  });

  it("holds nothing of what is as it was at first", () => {
    settle();
    expect(visited.hash).toBe("");
  });

  it("brings the whole view back", () => {
    dimensions.value = "3";
    axes.value = [3, 0, 2];
    colour.value = "elbo";
    background.value = "density";
    hiddenLabels.value = new Set([7, 2]);
    flatView.value = { x: 0.5, y: -1, unit: 0.01 };
    turnedView.value = { yaw: 1, pitch: 0.25, x: 0, y: 1, z: 2, unit: 0.02 };
    held.value = true;
    settle();
    const address = visited.hash;
    visit("");
    expect([dimensions.value, axes.value, colour.value, background.value, hiddenLabels.value.size, flatView.value, turnedView.value, held.value]).toEqual(
      ["2", [0, 1, 2], "label", "none", 0, null, null, false],
    );
    visit(address);
    expect([dimensions.value, axes.value, colour.value, background.value]).toEqual(["3", [3, 0, 2], "elbo", "density"]);
    expect([...hiddenLabels.value]).toEqual([2, 7]);
    expect(flatView.value).toEqual({ x: 0.5, y: -1, unit: 0.01 });
    expect(turnedView.value).toEqual({ yaw: 1, pitch: 0.25, x: 0, y: 1, z: 2, unit: 0.02 });
    expect(held.value).toBe(true);
  });

  it("passes over what it cannot use", () => {
    visit("#dims=7&axes=a,b&at=1,2&turn=1,2,3,4,5,-6&panel=nowhere&background=sky");
    expect([dimensions.value, axes.value, flatView.value, turnedView.value, panel.value, background.value]).toEqual(
      ["2", [0, 1, 2], null, null, "map", "none"],
    );
  });

  it("leaves the names of others alone", () => {
    visit("#other=1");
    const word = keptWord("word", "a", ["a", "b"]);
    const text = kept("text", "", (found) => found, (value) => value || null);
    word.value = "b";
    text.value = "x y&z";
    settle();
    expect(new URLSearchParams(visited.hash.slice(1)).get("other")).toBe("1");
    expect(new URLSearchParams(visited.hash.slice(1)).get("text")).toBe("x y&z");
    expect(new URLSearchParams(visited.hash.slice(1)).get("word")).toBe("b");
  });
});
