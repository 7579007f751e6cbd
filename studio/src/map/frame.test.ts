import "../testing/browser";
import { describe, expect, it } from "vitest";
import { pretend } from "../testing/facts";
import { chosenLatents, frameOf, jitter, lift, liftOntoSphere, project } from "./frame";

const Z = Float32Array.of(0.3, -1.2, 0.7, 2.1, -0.4);

describe("frame", () => {
  it("shows chosen latents, and the first that are left where too few exist", () => {
    pretend(5);
    expect(frameOf([3, 1], 2).names).toEqual(["z4", "z2"]);
    expect(chosenLatents([4, 9, 4, -1], 3)).toEqual([4, 0, 1]);
    expect([...project(frameOf([3, 1, 0], 3), Z)].map((x) => Number(x.toFixed(6)))).toEqual([2.1, -1.2, 0.3]);
  });

  it.each([2, 3])("lifts a place to a point that projects back to it, with %i principal axes", (dimensions) => {
    pretend(5);
    const frame = frameOf("principal", dimensions);
    const place = [0.8, -0.5, dimensions > 2 ? 1.1 : 0];
    const moved = lift(frame, place, Z);
    project(frame, moved).forEach((x, d) => expect(x).toBeCloseTo(place[d], 5));
  });

  it("changes nothing that the map does not show", () => {
    pretend(5);
    const moved = lift(frameOf([3, 1], 2), [9, 8], Z);
    expect([...moved]).toEqual([...Float32Array.of(0.3, 8, 0.7, 9, -0.4)]);
    const principal = frameOf("principal", 2);
    const all = frameOf("principal", 5); // only three places are kept of it
    const before = all.directions.slice(2).map((direction) => direction.reduce((sum, x, j) => sum + x * Z[j], 0));
    const lifted = lift(principal, [1, 1], Z);
    const after = all.directions.slice(2).map((direction) => direction.reduce((sum, x, j) => sum + x * lifted[j], 0));
    after.forEach((x, i) => expect(x).toBeCloseTo(before[i], 5));
  });

  it("projects many points as it projects one", () => {
    pretend(2);
    const many = project(frameOf("principal", 2), Float32Array.of(1, 2, 3, 4));
    const one = project(frameOf("principal", 2), Float32Array.of(3, 4));
    expect([...many.slice(3)]).toEqual([...one]);
  });

  it("stays on a sphere under the pointer while it can", () => {
    pretend(2, "sphere", 3);
    const frame = frameOf([0, 1], 2);
    const z = liftOntoSphere(frame, [0.6, 0.3], Float32Array.of(0, 0, -1));
    expect(Math.hypot(...z)).toBeCloseTo(1, 6);
    expect([z[0], z[1]].map((x) => Number(x.toFixed(6)))).toEqual([0.6, 0.3]);
    expect(z[2]).toBeLessThan(0); // on the side where it was
    const rim = liftOntoSphere(frame, [3, 4], z);
    expect([...rim].map((x) => Number(x.toFixed(6)))).toEqual([0.6, 0.8, 0]);
    const back = liftOntoSphere(frame, [0, 0], rim);
    expect(Math.abs(back[2])).toBeCloseTo(1, 6);
  });

  it("spreads a strip within -1 and 1", () => {
    const heights = Array.from({ length: 1000 }, (_, i) => jitter(i));
    expect(Math.max(...heights.map(Math.abs))).toBeLessThanOrEqual(1);
    expect(Math.abs(heights.reduce((a, b) => a + b) / 1000)).toBeLessThan(0.01);
  });
});
