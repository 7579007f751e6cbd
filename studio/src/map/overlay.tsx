// What lies over the points: ticks, cursor, the near row, anchors, the loop. None of it draws the points again.

import { computed } from "@preact/signals";
import { brief } from "../parts/row";
import { decoded, moveCursor } from "../state/cursor";
import { anchors, hovered, type Anchor } from "../state/marks";
import { labelOf } from "../state/points";
import { held } from "../state/view";
import { DrawnLayers } from "./drawnLayers";
import { lift, project } from "./frame";
import { camera, cursorPlace, extent, frame, isTurned, places, reach, shownDimensions, size } from "./mapState";
import { hold, loop, showCursor } from "./moves";
import { dragMark } from "./pointer";
import { boxLabels, boxOf, ticksOf, type Label } from "./ticks";

export function Overlay() {
  return (
    <div class="overlay">
      <Ticks />
      <DrawnLayers />
      <Near />
      <Reach />
      <Anchors />
      <Cursor />
      <Loop />
    </div>
  );
}

/** The box around a map that turns. */
export const box = computed(() => boxOf(extent.value));

const PIXELS_A_TICK = 130;

/** Where flat axes have ticks: across and up. */
export const flatTicks = computed(() => {
  const { width, height } = size.value;
  const [low, high] = [camera.value.placeAt(0, height, [0, 0, 0]), camera.value.placeAt(width, 0, [0, 0, 0])];
  const side = Math.max(5, Math.min(width, height) / PIXELS_A_TICK);
  const step = (d: number, pixels: number) => ticksOf(low[d], high[d], (side * pixels) / Math.min(width, height));
  return { across: step(0, width), up: shownDimensions.value > 1 ? step(1, height) : [] };
});

function Ticks() {
  const { width, height } = size.value;
  if (!width) return null;
  const labels = isTurned.value ? boxLabels(box.value, camera.value, frame.value.names) : flatLabels(width, height);
  return (
    <svg class="ticks" width={width} height={height} aria-hidden="true">
      {labels.map(({ x, y, text, dimension, anchor }) => (
        <text
          key={`${dimension} ${text}`}
          x={x}
          y={y + 4}
          text-anchor={anchor}
          class={typeof text === "string" ? "axis-name" : ""}
        >
          {typeof text === "number" ? brief(text) : text}
        </text>
      ))}
    </svg>
  );
}

const [TICKS_LEFT, TICKS_BELOW] = [34, 16];

function flatLabels(width: number, height: number): Label[] {
  const { across, up } = flatTicks.value;
  const { names } = frame.value;
  const labels: Label[] = [];
  for (const tick of across) {
    const [x] = camera.value.pixelOf([tick, 0, 0]);
    if (x > 60 && x < width - 70) labels.push({ x, y: height - TICKS_BELOW, text: tick, dimension: 0, anchor: "middle" });
  }
  for (const tick of up) {
    const [, y] = camera.value.pixelOf([0, tick, 0]);
    if (y > 72 && y < height - 40) labels.push({ x: TICKS_LEFT, y, text: tick, dimension: 1, anchor: "end" });
  }
  labels.push({ x: width - 14, y: height - TICKS_BELOW, text: names[0], dimension: 0, anchor: "end" });
  if (names.length > 1) labels.push({ x: 8, y: 52, text: names[1], dimension: 1, anchor: "start" });
  return labels;
}

function at(place: ArrayLike<number>) {
  const [x, y] = camera.value.pixelOf(place);
  return { transform: `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)` };
}

const EDGE = { left: 26, top: 76, right: 70, bottom: 48 }; // pixels that other things stand in

function Cursor() {
  const { width, height } = size.value;
  if (!width) return null;
  const far = decoded.value?.far ?? false;
  const [x, y] = camera.value.pixelOf(cursorPlace.value);
  if (x < 0 || y < 0 || x > width || y > height) {
    const [left, top] = [
      Math.min(width - EDGE.right, Math.max(EDGE.left, x)),
      Math.min(height - EDGE.bottom, Math.max(EDGE.top, y)),
    ];
    const angle = Math.atan2(y - top, x - left);
    return (
      <button
        class={`anchor outside${far ? " far" : ""}`}
        style={{ transform: `translate(${left}px, ${top}px)` }}
        title="The cursor is out of view: go there (C)"
        aria-label="The cursor is out of view: go there"
        onClick={showCursor}
      >
        <span style={{ transform: `rotate(${angle}rad)` }}>➜</span>
      </button>
    );
  }
  return (
    <>
      {isTurned.value && <Stem />}
      <div class={`cursor${far ? " far" : ""}${held.value ? " held" : ""}`} style={at(cursorPlace.value)}>
        {far && <span class="chip">far from the data</span>}
      </div>
    </>
  );
}

/** From the cursor down to the floor of the box, so that its depth is seen. */
function Stem() {
  const [x, y, z] = cursorPlace.value;
  const { pixelOf } = camera.value;
  const [top, foot] = [pixelOf([x, y, z]), pixelOf([x, y, box.value.low[2]])];
  if (foot[2] < 0.05) return null;
  return (
    <svg class="stem" width={size.value.width} height={size.value.height} aria-hidden="true">
      <line x1={top[0]} y1={top[1]} x2={foot[0]} y2={foot[1]} />
      <circle cx={foot[0]} cy={foot[1]} r="2.5" />
    </svg>
  );
}

function Near() {
  const row = hovered.value;
  if (row === null || 3 * row >= places.value.length) return null;
  return (
    <div class="near" style={at(places.value.subarray(3 * row, 3 * row + 3))}>
      {labelOf(row) && <span class="chip">{labelOf(row)}</span>}
    </div>
  );
}

function Reach() {
  if (reach.value === null) return null;
  const radius = reach.value / camera.value.unitAt(cursorPlace.value);
  return <div class="reach" style={{ ...at(cursorPlace.value), width: `${2 * radius}px`, height: `${2 * radius}px`, left: `${-radius}px`, top: `${-radius}px` }} />;
}

function Loop() {
  if (!loop.value.length) return null;
  return (
    <svg class="loop" width={size.value.width} height={size.value.height} aria-hidden="true">
      <polygon points={loop.value.join(" ")} />
    </svg>
  );
}

function Anchors() {
  if (!size.value.width) return null;
  return <>{[...anchors.value.values()].flat().map((anchor) => <Mark key={anchor.name} anchor={anchor} />)}</>;
}

function Mark({ anchor }: { anchor: Anchor }) {
  const place = project(frame.value, anchor.z);
  const { moved } = anchor;
  return (
    <button
      class="anchor"
      style={at(place)}
      title={anchor.says}
      aria-label={anchor.says}
      onClick={() => {
        moveCursor(anchor.z);
        hold(true);
      }}
      onPointerDown={(event) => moved && dragMark(event, place, (next) => moved(lift(frame.value, next, anchor.z)))}
    >
      {anchor.mark}
    </button>
  );
}
