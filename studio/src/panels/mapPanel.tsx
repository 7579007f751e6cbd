// What the map shows: axes, colours, background, and the latents as sliders.

import { cursor, moveCursor } from "../state/cursor";
import { known } from "../state/facts";
import { brief } from "../parts/row";

export function MapPanel() {
  const { latent, model } = known();
  const z = cursor.value;
  return (
    <section aria-label="Latents">
      {Array.from({ length: model.coordinates }, (_, i) => (
        <label class="slider" key={i}>
          <span>z{i + 1}</span>
          <input
            type="range"
            min={Math.min(latent.low[i], -3)}
            max={Math.max(latent.high[i], 3)}
            step="any"
            value={z[i] ?? 0}
            aria-valuetext={brief(z[i] ?? 0)}
            onInput={(event) => {
              const moved = Float32Array.from(z);
              moved[i] = Number(event.currentTarget.value);
              moveCursor(moved);
            }}
          />
          <output>{brief(z[i] ?? 0)}</output>
        </label>
      ))}
    </section>
  );
}
