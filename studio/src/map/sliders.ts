// The latents as sliders: each latent, or each principal axis of the means where those are the map's axes.

import { computed } from "@preact/signals";
import { brief } from "../parts/row";
import { announce } from "../state/announce";
import { cursor, moveCursor } from "../state/cursor";
import { known } from "../state/facts";
import { axes } from "../state/view";
import { project, type Frame } from "./frame";
import { activeSlider, frame } from "./mapState";

export interface Slider {
  name: string;
  value: number;
  low: number;
  high: number;
  /** Whether the map shows it: moving it then moves the cursor's place. */
  onMap: boolean;
  /** Mean nats that the latent holds, where that is known. */
  kl: number | null;
}

const DEVIATIONS = 3;

/** All directions that sliders move along. */
const whole = computed<Frame>(() => {
  const { latent, model } = known();
  const count = model.coordinates;
  const principal = axes.value === "principal";
  return {
    origin: principal ? Float32Array.from(latent.mean) : new Float32Array(count),
    directions: Array.from({ length: count }, (_, i) =>
      principal ? Float32Array.from(latent.axes[i]) : Float32Array.from({ length: count }, (_, j) => (i === j ? 1 : 0)),
    ),
    names: Array.from({ length: count }, (_, i) => (principal ? `axis ${i + 1}` : `z${i + 1}`)),
  };
});

export const sliders = computed<Slider[]>(() => {
  const { latent } = known();
  const principal = axes.value === "principal";
  if (cursor.value.length !== whole.value.origin.length) return [];
  return whole.value.names.map((name, i) => {
    const direction = whole.value.directions[i];
    const value = direction.reduce((sum, x, j) => sum + x * (cursor.value[j] - whole.value.origin[j]), 0);
    const spread = DEVIATIONS * Math.sqrt(latent.variances[i]);
    return {
      name,
      value,
      low: principal ? -spread : Math.min(latent.low[i], -DEVIATIONS),
      high: principal ? spread : Math.max(latent.high[i], DEVIATIONS),
      onMap: frame.value.names.includes(name),
      kl: principal ? null : (latent.kl?.[i] ?? null),
    };
  });
});

export function setSlider(number: number, value: number): void {
  const direction = whole.value.directions[number];
  const step = value - sliders.value[number].value;
  moveCursor(cursor.value.map((x, j) => x + step * direction[j]));
}

/** The sliders that keys step through: those that the map does not show, or all where it shows all. */
function offMap(): number[] {
  const numbers = sliders.value.map((_, i) => i);
  const off = numbers.filter((i) => !sliders.value[i].onMap);
  return off.length ? off : numbers;
}

export function chooseSlider(step: number): void {
  const choices = offMap();
  const now = choices.indexOf(activeSlider.value);
  activeSlider.value = choices[now < 0 ? 0 : (now + step + choices.length) % choices.length];
  const { name, value } = sliders.value[activeSlider.value];
  announce(`${name} is ${brief(value)}; Page up and Page down move it`, 0);
  document.getElementById(`slider-${activeSlider.value}`)?.scrollIntoView({ block: "nearest" });
}

const STEPS = 60; // key presses from one end to the other

export function moveSlider(steps: number): void {
  const choices = offMap();
  if (!choices.includes(activeSlider.value)) activeSlider.value = choices[0];
  const { name, value, low, high } = sliders.value[activeSlider.value];
  const moved = Math.min(high, Math.max(low, value + (steps * (high - low)) / STEPS));
  setSlider(activeSlider.value, moved);
  announce(`${name} ${brief(moved)}`);
}

/** Back to the means, in all that the map does not show. */
export function resetOffMap(): void {
  const { latent } = known();
  const place = project(frame.value, cursor.value);
  const mean = Float32Array.from(latent.mean);
  const at = project(frame.value, mean);
  frame.value.directions.forEach((direction, d) => {
    for (let j = 0; j < mean.length; j++) mean[j] += (place[d] - at[d]) * direction[j];
  });
  moveCursor(mean);
}
