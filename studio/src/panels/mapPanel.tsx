// What the map shows: dimensions, axes, colours, background, and the latents as sliders.

import { brief, fixed } from "../parts/row";
import { known, offers } from "../state/facts";
import { axes, background, colour, dimensions } from "../state/view";
import { colourChoices } from "../map/colouring";
import { chosenLatents } from "../map/frame";
import { activeSlider, isTurned, shownDimensions } from "../map/mapState";
import { resetOffMap, setSlider, sliders } from "../map/sliders";
import "./mapPanel.css";

export function MapPanel() {
  return (
    <div class="map-panel">
      <Choices />
      <Sliders />
    </div>
  );
}

function Choices() {
  const { coordinates, latents } = known().model;
  return (
    <section class="map-choices" aria-label="What the map shows">
      {coordinates >= 3 && (
        <>
          <span>Dimensions</span>
          <div class="choice" role="group" aria-label="Dimensions">
            {(["2", "3"] as const).map((count) => (
              <button key={count} aria-pressed={shownDimensions.value === Number(count)} onClick={() => (dimensions.value = count)}>
                {count}-D
              </button>
            ))}
          </div>
        </>
      )}
      {coordinates >= 2 && <Axes />}
      {latents === 1 && <p class="note">One latent: points are spread in height only so that they can be told apart.</p>}
      <label for="colour-by">Colour by</label>
      <select id="colour-by" value={colour.value} onChange={(event) => (colour.value = event.currentTarget.value)}>
        {colourChoices().map(({ name, title }) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </select>
      {offers("background") && coordinates >= 2 && <Background />}
    </section>
  );
}

function Axes() {
  const { coordinates } = known().model;
  const principal = axes.value === "principal";
  return (
    <>
      <span>Axes</span>
      <div class="axes">
        <div class="choice" role="group" aria-label="Axes">
          <button aria-pressed={!principal} onClick={() => principal && (axes.value = [0, 1, 2])}>
            latents
          </button>
          <button aria-pressed={principal} onClick={() => (axes.value = "principal")} title="Principal axes of the posterior means">
            principal
          </button>
        </div>
        {axes.value !== "principal" && coordinates > 2 && <ChosenAxes chosen={axes.value} />}
      </div>
    </>
  );
}

const AXIS_NAMES = ["across", "up", "away"] as const;
const TURNED_NAMES = ["first", "second", "third"] as const;

function ChosenAxes({ chosen }: { chosen: readonly number[] }) {
  const { coordinates } = known().model;
  const now = chosenLatents(chosen, 3);
  return (
    <>
      {now.slice(0, shownDimensions.value).map((axis, place) => {
        const name = (isTurned.value ? TURNED_NAMES : AXIS_NAMES)[place];
        return (
          <label key={place}>
            {!isTurned.value && <span>{name}</span>}
            <select
              value={axis}
              aria-label={`Latent of the ${name} axis`}
              onChange={(event) => {
                const wanted = Number(event.currentTarget.value);
                const next = now.slice();
                const taken = next.indexOf(wanted);
                if (taken >= 0) next[taken] = axis; // two axes change places
                next[place] = wanted;
                axes.value = next;
              }}
            >
              {Array.from({ length: coordinates }, (_, i) => (
                <option key={i} value={i}>
                  z{i + 1}
                </option>
              ))}
            </select>
          </label>
        );
      })}
    </>
  );
}

const BACKGROUNDS = [
  ["none", "none"],
  ["density", "density of the aggregate posterior"],
  ["magnification", "magnification factor"],
  ["uncertainty", "uncertainty of the decoder"],
] as const;

function Background() {
  const { coordinates, latent_space } = known().model;
  const sliced = coordinates > 2 && background.value !== "none";
  return (
    <>
      <label for="background">Background</label>
      <select
        id="background"
        value={background.value}
        disabled={isTurned.value}
        onChange={(event) => (background.value = BACKGROUNDS.find(([name]) => name === event.currentTarget.value)![0])}
      >
        {BACKGROUNDS.map(([name, title]) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </select>
      {isTurned.value && <p class="note">Backgrounds lie behind a map of two dimensions.</p>}
      {!isTurned.value && sliced && (
        <p class="note">
          A slice through the cursor: the latents that are not on the map are as the sliders have them
          {latent_space === "sphere" ? "; off the sphere it means little" : ""}.
        </p>
      )}
    </>
  );
}

const SHOWN_AT_ONCE = 12;

function Sliders() {
  const all = sliders.value;
  const off = all.filter((slider) => !slider.onMap).length;
  return (
    <section class="sliders" aria-label="Latents">
      <h3>
        Latents at the cursor
        {off > 0 && (
          <button onClick={resetOffMap} title="Put the latents that are not on the map back to their means">
            others to the mean
          </button>
        )}
      </h3>
      <div class={all.length > SHOWN_AT_ONCE ? "many" : ""}>
        {all.map(({ name, value, low, high, onMap, kl }, i) => (
          <label class={`slider${i === activeSlider.value && off > 0 && !onMap ? " active" : ""}`} key={name} title={kl === null ? undefined : `KL of this latent: ${brief(kl)} nats`}>
            <span class={onMap ? "on-map" : ""}>{name}</span>
            <input
              id={`slider-${i}`}
              type="range"
              min={low}
              max={high}
              step="any"
              value={value}
              aria-valuetext={brief(value)}
              onFocus={() => (activeSlider.value = i)}
              onInput={(event) => setSlider(i, Number(event.currentTarget.value))}
            />
            <output>{fixed(value)}</output>
          </label>
        ))}
      </div>
      {off > 0 && <p class="note">● is on the map: it follows the cursor. The others stay where you put them; [ and ] choose one, Page up and Page down move it.</p>}
    </section>
  );
}
