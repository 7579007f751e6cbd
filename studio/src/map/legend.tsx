// What colours mean: classes that a click hides, or scales with their unit.

import { brief } from "../parts/row";
import { announce } from "../state/announce";
import { hiddenLabels } from "../state/view";
import { ground, groundAtWork, groundTrouble } from "./backgrounds";
import { colouring, colouringAtWork, colouringTrouble } from "./colouring";
import { classInk, classShape } from "./palette";

export function Legend() {
  return (
    <div class="legend">
      <PointLegend />
      <GroundLegend />
    </div>
  );
}

function PointLegend() {
  const how = colouring.value;
  if (colouringTrouble.value)
    return (
      <p class="wrong" role="alert">
        {colouringTrouble.value}
      </p>
    );
  if (colouringAtWork.value) return <p class="working">working out {colouringAtWork.value} of every row …</p>;
  if (how.kind === "one") return null;
  if (how.kind === "values") return <Scale title={how.title} unit={how.unit} low={how.low} high={how.high} scale="scale" />;
  return (
    <div class="classes" role="group" aria-label={`Classes of ${how.title}: press one to hide or show it`}>
      {how.names.map((name, code) => {
        const hidden = hiddenLabels.value.has(code);
        return (
          <button
            key={code}
            aria-pressed={!hidden}
            title={`${hidden ? "Show" : "Hide"} ${name}; with Shift, show it alone`}
            onClick={(event) => toggle(code, name, how.names.length, event.shiftKey)}
          >
            <i class={classShape(code)} style={{ color: `var(${classInk(code)})` }} />
            {name}
          </button>
        );
      })}
      {hiddenLabels.value.size > 0 && (
        <button class="all" onClick={() => (hiddenLabels.value = new Set())}>
          show all
        </button>
      )}
    </div>
  );
}

function toggle(code: number, name: string, count: number, alone: boolean) {
  const hidden = new Set(hiddenLabels.value);
  if (alone) {
    for (let other = 0; other < count; other++) hidden.add(other);
    hidden.delete(code);
  } else if (!hidden.delete(code)) hidden.add(code);
  hiddenLabels.value = hidden;
  announce(alone ? `only ${name} is shown` : `${name} is ${hidden.has(code) ? "hidden" : "shown"}`, 0);
}

function GroundLegend() {
  if (groundTrouble.value)
    return (
      <p class="wrong" role="alert">
        {groundTrouble.value}
      </p>
    );
  const here = ground.value;
  if (!here) return groundAtWork.value ? <p class="working">working out the background …</p> : null;
  return <Scale title={here.title} unit={here.unit} low={here.low} high={here.high} scale="ground" working={groundAtWork.value} />;
}

interface ScaleProps {
  title: string;
  unit: string;
  low: number;
  high: number;
  scale: "scale" | "ground";
  working?: boolean;
}

function Scale({ title, unit, low, high, scale, working }: ScaleProps) {
  const stops = [0, 1, 2, 3, 4].map((i) => `var(--${scale}-${i})`).join(", ");
  const says = `${title}${unit ? `, ${unit}` : ""}`;
  return (
    <div class={`scale${working ? " at-work" : ""}`} role="img" aria-label={`${says}: from ${brief(low)} to ${brief(high)}`}>
      <span class="title">{says}</span>
      <span>{brief(low)}</span>
      <i style={{ background: `linear-gradient(to right, ${stops})` }} />
      <span>{brief(high)}</span>
    </div>
  );
}
