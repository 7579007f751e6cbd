// The map: points, what lies behind and over them, its tools; a cursor that follows the pointer or the keys.

import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Working, Wrong } from "../parts/states";
import { announce } from "../state/announce";
import { decoded } from "../state/cursor";
import { known } from "../state/facts";
import { addKeys } from "../state/keys";
import { pinA, pinB, selection, setAnchors, type Anchor } from "../state/marks";
import { points } from "../state/points";
import { colours } from "../state/theme";
import { dimensions, flatView, held, hiddenLabels, turnedView } from "../state/view";
import { followBackground, ground } from "./backgrounds";
import { fitFlat, fitTurned } from "./camera";
import { colouring, followColour } from "./colouring";
import { Legend } from "./legend";
import { mapKeys } from "./mapKeys";
import { camera, extent, fitAll, flat, frame, isShown, isTurned, places, size, tool, turned } from "./mapState";
import { sayPlace, switchLasso, zoom } from "./moves";
import { box, flatTicks, Overlay } from "./overlay";
import { classColours, oneColour, valueColours } from "./palette";
import { listenToPointer } from "./pointer";
import { strideOf } from "./near";
import { CHOSEN, DIM, MapScene, PLAIN } from "./scene";
import { boxLines } from "./ticks";
import "./map.css";

const trouble = signal("");

export function MapView() {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => begin(canvas.current!), []);
  const here = points.value;
  return (
    <section class={`map${tool.value === "lasso" ? " with-lasso" : ""}`} aria-label="Map of the latent space">
      <canvas
        ref={canvas}
        tabIndex={0}
        role="img"
        aria-label={`Rows of ${known().data.name} as points of the latent space. Arrow keys move the cursor, question mark lists the keys.`}
      />
      <Overlay />
      <Legend />
      <Tools />
      {trouble.value ? (
        <div class="map-note">
          <Wrong error={trouble.value} />
        </div>
      ) : (
        !here && (
          <div class="map-note">
            <Working what={`Loading ${(known().data.rows + known().data.test_rows).toLocaleString("en-GB")} points`} />
          </div>
        )
      )}
      {tool.value === "lasso" && <p class="map-hint">Drag a loop around rows. Escape leaves the lasso.</p>}
    </section>
  );
}

function Tools() {
  return (
    <div class="map-tools" role="toolbar" aria-label="Map">
      <Tool name="Nearer" hint="+" icon="M8 3v10M3 8h10" run={() => zoom(0.8)} />
      <Tool name="Further away" hint="−" icon="M3 8h10" run={() => zoom(1.25)} />
      <Tool name="Show all points" hint="0" icon="M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10" run={fitAll} />
      <Tool
        name="Lasso"
        hint="L"
        icon="M8 2.5c3.6 0 6 1.7 6 4s-2.4 4-6 4-6-1.700-6-4 2.400-4 6-4M5 10c-1 .6-1.400 1.600-.8 2.400s1.800.8 2.400 1.600"
        run={switchLasso}
        pressed={tool.value === "lasso"}
      />
      {known().model.coordinates >= 3 && (
        <button
          title="Two or three dimensions (D)"
          aria-pressed={isTurned.value}
          onClick={() => (dimensions.value = isTurned.value ? "2" : "3")}
        >
          3-D
        </button>
      )}
    </div>
  );
}

interface ToolProps {
  name: string;
  hint: string;
  icon: string;
  run: () => void;
  pressed?: boolean;
}

function Tool({ name, hint, icon, run, pressed }: ToolProps) {
  return (
    <button title={`${name} (${hint})`} aria-label={name} onClick={run} {...(pressed === undefined ? {} : { "aria-pressed": pressed })}>
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <path d={icon} />
      </svg>
    </button>
  );
}

function begin(canvas: HTMLCanvasElement): () => void {
  let scene: MapScene;
  try {
    scene = new MapScene(canvas);
  } catch {
    trouble.value = "This browser gives the page no WebGL 2, which draws the points: switch on hardware acceleration, or open the page in another browser.";
    return () => undefined;
  }
  const sizes = new ResizeObserver(([{ contentRect }]) => {
    size.value = { width: contentRect.width, height: contentRect.height };
  });
  sizes.observe(canvas.parentElement!);
  const restored = () => scene.draw();
  canvas.addEventListener("webglcontextrestored", restored);
  const stops = [...sceneEffects(scene), ...pageEffects(), followColour(), followBackground(), addKeys(...mapKeys()), listenToPointer(canvas)];
  return () => {
    stops.forEach((stop) => stop());
    sizes.disconnect();
    canvas.removeEventListener("webglcontextrestored", restored);
    scene.dispose();
  };
}

/** Each effect hands the scene one thing, when that has changed. */
function sceneEffects(scene: MapScene): (() => void)[] {
  return [
    effect(() => void (size.value.width && scene.resize(size.value))),
    effect(() => {
      void colours.value;
      scene.setTheme();
    }),
    effect(() => scene.setPlaces(places.value)),
    effect(() => {
      void [places.value, colours.value]; // new places want their colours again
      scene.setColours(pointColours());
    }),
    effect(() => {
      void places.value;
      scene.setRows(...rowsAndMarks());
    }),
    effect(() => {
      if (!size.value.width) return;
      const [pixels, alpha] = pointLook();
      const depth = isTurned.value ? 0.16 : 0;
      scene.setCamera(camera.value, pixels, alpha, depth);
    }),
    effect(() => {
      if (!size.value.width) return;
      scene.setLines(isTurned.value ? boxLines(box.value, camera.value) : gridLines());
    }),
    effect(() => {
      void colours.value;
      const here = ground.value;
      if (!here) return scene.setGround(null);
      const { from, to, width, height, values, low, high } = here;
      scene.setGround({ low: from, high: to, width, height, pixels: valueColours(values, low, high, "ground") });
    }),
  ];
}

function pageEffects(): (() => void)[] {
  return [
    effect(() => setAnchors("pins", [...pinAnchor("A", pinA), ...pinAnchor("B", pinB)])),
    effect(() => {
      const now = decoded.value;
      if (now && !held.value) announce(sayPlace(now.far), 900);
    }),
    // other axes are looked at as a whole
    follow(() => frame.value.names.join(), () => {
      flatView.value = null;
      turnedView.value = null;
    }),
  ];
}

/** Run when a text changes, not when it is first read. */
function follow(text: () => string, run: () => void): () => void {
  let before = text();
  return effect(() => {
    const now = text();
    if (now === before) return;
    const dimensionsOnly = now.startsWith(before) || before.startsWith(now);
    before = now;
    if (!dimensionsOnly) run();
  });
}

function pinAnchor(mark: "A" | "B", pinned: typeof pinA): Anchor[] {
  const z = pinned.value;
  if (!z || z.length !== known().model.coordinates) return [];
  return [{ name: `pin ${mark}`, z, mark, says: `Pin ${mark}: go there, or drag it`, moved: (next) => (pinned.value = next) }];
}

function pointColours(): Uint8Array {
  const count = points.value?.count ?? 0;
  const how = colouring.value;
  if (how.kind === "classes") return classColours(how.codes);
  if (how.kind === "values") return valueColours(how.values, how.low, how.high);
  return oneColour("--link", count);
}

/**
 * Rows that are drawn, selected ones over the others, and how each is drawn. Otherwise their order is scattered, so that no class lies
 * over others because it comes last in the data.
 */
function rowsAndMarks(): [Uint32Array, Uint8Array] {
  const count = points.value?.count ?? 0;
  const chosen = selection.value;
  const marks = new Uint8Array(count).fill(chosen ? DIM : PLAIN);
  for (const row of chosen ?? []) marks[row] = CHOSEN;
  const rows = new Uint32Array(count);
  const stride = strideOf(count);
  let drawn = 0;
  void [colouring.value, hiddenLabels.value];
  for (let i = 0, row = 0; i < count; i++, row = (row + stride) % count) if (marks[row] !== CHOSEN && isShown(row)) rows[drawn++] = row;
  for (const row of chosen ?? []) if (isShown(row)) rows[drawn++] = row;
  return [rows.slice(0, drawn), marks];
}

const [LEAST, MOST] = [2.4, 7];

/** Pixels across a point, and how opaque it is: many are small and thin; nearer, they grow. */
function pointLook(): [number, number] {
  const count = places.value.length / 3;
  const fitted = isTurned.value ? fitTurned(extent.value, size.value).unit : fitFlat(extent.value, size.value).unit;
  const nearer = fitted / (isTurned.value ? turned.value.unit : flat.value.unit);
  const size_ = Math.min(MOST, Math.max(LEAST, 250 / Math.sqrt(count || 1))) * Math.min(2.5, Math.max(0.8, nearer ** 0.4));
  return [size_, count > 20_000 ? 0.72 : 0.88];
}

function gridLines(): Float32Array {
  const { across, up } = flatTicks.value;
  const { width, height } = size.value;
  const [low, high] = [camera.value.placeAt(0, height, [0, 0, 0]), camera.value.placeAt(width, 0, [0, 0, 0])];
  return Float32Array.from([
    ...across.flatMap((x) => [x, low[1], 0, x, high[1], 0]),
    ...up.flatMap((y) => [low[0], y, 0, high[0], y, 0]),
  ]);
}
