// Two ways between two points: the straight one, and the geodesic of the decoder's metric.

import { computed, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Figure } from "../parts/figure";
import { pythonPoint, pythonWithData } from "../parts/python";
import { brief } from "../parts/row";
import { Empty, Working, Wrong } from "../parts/states";
import { Strip } from "../parts/strip";
import { announce } from "../state/announce";
import { follow, type Question } from "../state/asking";
import { cursor, moveCursor } from "../state/cursor";
import { known } from "../state/facts";
import { drawLayer, pinA, pinB, setAnchors } from "../state/marks";
import "./pathsPanel.css";

interface Way {
  length: number;
  energy: number;
}

interface PathFacts {
  straight: Way;
  geodesic: Way;
  converged: boolean;
  straight_excess: number;
  metric: string;
}

const STRIP = 9;
const STEPS = 32;

const unsure = signal(false);
const along = signal(0);
const followed = signal<"straight" | "geodesic">("geodesic");
const question = signal<Question<PathFacts> | null>(null);
const answer = computed(() => question.value?.answer.value ?? { body: null, error: "", working: false });

export function PathsPanel() {
  useEffect(() => {
    const asked = (question.value = follow<PathFacts>("paths", () =>
      pinA.value && pinB.value
        ? { a: [...pinA.value], b: [...pinB.value], strip: STRIP, uncertainty: unsure.value }
        : null,
    ));
    const stopDrawing = asked.answer.subscribe(({ body }) => {
      for (const [name, ink] of [["straight", "--straight"], ["geodesic", "--geodesic"]] as const)
        drawLayer(
          `path-${name}`,
          body && { kind: "line", points: body.get(name, Float32Array).values, ink, dashed: name === "straight" },
        );
      if (body) announce(inWords(body.facts), 0);
    });
    const stopPins = followPins();
    return () => {
      stopDrawing();
      stopPins();
      asked.stop();
      question.value = null;
      for (const name of ["path-straight", "path-geodesic"]) drawLayer(name, null);
    };
  }, []);
  const { body, error, working } = answer.value;
  const why = known().can.geometry;
  return (
    <>
      <Pins />
      {why && <p class="remark">{why}; the great circle of the sphere stands in its place.</p>}
      {!pinA.value || !pinB.value ? (
        <Empty>
          Put A and B on the map: move the cursor and press <kbd>Enter</kbd>, once for each, or use the buttons.
        </Empty>
      ) : error ? (
        <Wrong error={error} />
      ) : body ? (
        <Ways facts={body.facts} rows={{ straight: body.rows("straight_rows"), geodesic: body.rows("geodesic_rows") }} />
      ) : (
        working && <Working what="Joining A and B" />
      )}
      {!why && (
        <label class="switch">
          <input type="checkbox" checked={unsure.value} onChange={(e) => (unsure.value = e.currentTarget.checked)} />
          keep to where data are (a fitted uncertainty makes empty space far to cross)
        </label>
      )}
    </>
  );
}

/** Pins stay on the map while any panel is open; this panel gives them words. */
function followPins(): () => void {
  const stop = computed(() => {
    const list = [];
    if (pinA.value) list.push({ name: "pin-a", z: pinA.value, mark: "A", says: "A, where the path begins: go there" });
    if (pinB.value) list.push({ name: "pin-b", z: pinB.value, mark: "B", says: "B, where the path ends: go there" });
    return list;
  }).subscribe((list) => setAnchors("pins", list));
  return stop;
}

function Pins() {
  const pins = [
    { name: "A", pin: pinA },
    { name: "B", pin: pinB },
  ];
  return (
    <div class="pins">
      {pins.map(({ name, pin }) => (
        <div key={name}>
          <strong>{name}</strong>
          <span class="number">{pin.value ? `(${Array.from(pin.value, brief).slice(0, 4).join(", ")}${pin.value.length > 4 ? ", …" : ""})` : "not set"}</span>
          <button onClick={() => (pin.value = cursor.value.slice())}>{pin.value ? "move to cursor" : "set at cursor"}</button>
          {pin.value && (
            <button onClick={() => (pin.value = null)} aria-label={`Remove ${name}`}>
              ✕
            </button>
          )}
        </div>
      ))}
    </div>
  );
}

function Ways({ facts, rows }: { facts: PathFacts; rows: Record<"straight" | "geodesic", Parameters<typeof Strip>[0]["rows"]> }) {
  const code = (what: string) => () =>
    pythonWithData(
      "import torch",
      "",
      `a, b = torch.tensor([${pythonPoint(pinA.value!)}]), torch.tensor([${pythonPoint(pinB.value!)}])`,
      `from vael.studio.services.${unsure.value ? "paths import unsure_manifold as manifold" : "background import manifold"}`,
      "",
      "path = manifold(loaded).geodesic(a, b, segments=32)",
      what,
    );
  const go = (t: number) => {
    along.value = t;
    const points = answer.value.body?.get(followed.value, Float32Array);
    if (!points) return;
    const size = points.shape[1];
    const low = Math.min(STEPS - 1, Math.floor(t * STEPS));
    const part = t * STEPS - low;
    const at = (i: number, j: number) => points.values[i * size + j];
    moveCursor(Array.from({ length: size }, (_, j) => (1 - part) * at(low, j) + part * at(low + 1, j)));
  };
  return (
    <>
      <p class="verdict">{inWords(facts)}</p>
      {(["straight", "geodesic"] as const).map((name) => (
        <section key={name} class={`way way-${name}`} aria-label={`the ${name} path`}>
          <h3>
            <i /> {name}
          </h3>
          <Strip rows={rows[name]} says={`decoded along the ${name} path`} choose={(i) => ((followed.value = name), go(i / (STRIP - 1)))} />
          <dl class="figures">
            <Figure name="length" value={facts[name].length} code={code(name === "geodesic" ? "path.length[0]" : "path.length[0] * (1 + path.straight_excess[0])")} />
            <Figure name="energy" value={facts[name].energy} tip="the sum of squared steps times their number: at least the length squared" />
          </dl>
        </section>
      ))}
      <label class="slider along">
        <span>t</span>
        <input type="range" min={0} max={1} step={0.01} value={along.value} aria-valuetext={`${along.value.toFixed(2)} of the ${followed.value} path`} onInput={(e) => go(Number(e.currentTarget.value))} />
        <output>{along.value.toFixed(2)}</output>
      </label>
      <p class="remark">Lengths are measured in {facts.metric}.</p>
    </>
  );
}

function inWords({ straight_excess: excess, converged }: PathFacts): string {
  const doubt = converged ? "" : " The geodesic has not settled: take its length as an upper bound.";
  if (excess < 0.005) return `The straight path is as short as the geodesic.${doubt}`;
  return `The straight path is ${brief(100 * excess)} % longer than the geodesic.${doubt}`;
}
