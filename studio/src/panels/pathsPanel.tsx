// Two ways between two points: the straight one, and the geodesic of the decoder's metric.

import { computed, signal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Figure } from "../parts/figure";
import { pythonOf, pythonPoint, pythonWithData } from "../parts/python";
import { brief } from "../parts/row";
import { Empty, Working, Wrong } from "../parts/states";
import { Strip } from "../parts/strip";
import type { Body } from "../server/columns";
import { announce } from "../state/announce";
import { kept, keptWord } from "../state/address";
import { follow, type Question } from "../state/asking";
import { cursor, goTo } from "../state/cursor";
import { known } from "../state/facts";
import { drawLayer, pinA, pinB } from "../state/marks";
import { latentOf, points } from "../state/points";
import "./pathsPanel.css";

interface Way {
  /** null where it is not known. */
  length: number | null;
  energy: number | null;
}

interface PathFacts {
  straight: Way;
  geodesic: Way;
  converged: boolean;
  straight_excess: number | null;
  metric: string;
  unit: string;
}

type WayName = "straight" | "geodesic";
const WAYS: readonly WayName[] = ["straight", "geodesic"];
const INKS = { straight: "--straight", geodesic: "--geodesic" } as const;
const STRIP = 9;

const unsure = kept("unsure", false, (text) => text === "1", (value) => (value ? "1" : null));
const followed = keptWord<WayName>("along", "geodesic", WAYS);
const along = signal(0);
const question = signal<Question<PathFacts> | null>(null);
const answer = computed(() => question.value?.answer.value ?? { body: null, error: "", working: false });

/** The pins, where both are points of this run. */
const ends = computed(() => {
  const [a, b] = [pinA.value, pinB.value];
  const size = known().model.coordinates;
  return a?.length === size && b?.length === size ? { a: [...a], b: [...b] } : null;
});

export function PathsPanel() {
  useEffect(() => {
    const asked = (question.value = follow<PathFacts>("paths", () => ends.value && { ...ends.value, strip: STRIP, uncertainty: unsure.value }));
    const stopDrawing = asked.answer.subscribe(({ body, working }) => {
      for (const name of WAYS)
        drawLayer(
          `path-${name}`,
          body && { kind: "line", points: body.get(name, Float32Array).values, ink: INKS[name], dashed: name === "straight" },
        );
      if (body && !working) announce(inWords(body.facts), 0);
    });
    return () => {
      stopDrawing();
      asked.stop();
      question.value = null;
      for (const name of WAYS) drawLayer(`path-${name}`, null);
    };
  }, []);
  const why = known().can.geometry;
  return (
    <>
      <div class="pins">
        <Pin name="A" pin={pinA} />
        <Pin name="B" pin={pinB} />
      </div>
      <Result />
      {why && (
        <p class="remark">
          The latents of this model are points of a sphere: its geodesic is the great circle, in the sphere's own metric, not the decoder's.
          The straight path is the chord, pushed out to the sphere: the same circle at another speed.
        </p>
      )}
      {!why && (
        <label class="switch">
          <input type="checkbox" checked={unsure.value} onChange={(e) => (unsure.value = e.currentTarget.checked)} />
          <span>keep to where data are: a fitted uncertainty makes empty space far to cross</span>
        </label>
      )}
    </>
  );
}

function Result() {
  const { body, error, working } = answer.value;
  if (!ends.value)
    return (
      <Empty>
        Put A and B on the map: move the cursor and press <kbd>Enter</kbd>, once for each; or use the buttons, or give
        the numbers of two rows.
      </Empty>
    );
  if (error) return <Wrong error={error} />;
  if (!body) return working ? <Working what="Joining A and B" /> : null;
  return (
    <div class={working ? "at-work" : ""} aria-busy={working}>
      <Ways body={body} />
    </div>
  );
}

function Pin({ name, pin }: { name: string; pin: Signal<Float32Array | null> }) {
  const z = pin.value;
  const rows = points.value?.count ?? 0;
  const put = (place: Float32Array) => {
    pin.value = place;
    announce(`${name} is pinned at ${Array.from(place, brief).join(", ")}`, 0);
  };
  return (
    <div role="group" aria-label={`Pin ${name}`}>
      <strong>{name}</strong>
      <span class="number" title={z ? Array.from(z, brief).join(", ") : ""}>
        {z ? `(${Array.from(z, brief).slice(0, 3).join(", ")}${z.length > 3 ? ", …" : ""})` : "not set"}
      </span>
      <button onClick={() => put(cursor.value.slice())} aria-label={`at cursor: put ${name} there`}>
        at cursor
      </button>
      <input
        type="number"
        min={0}
        max={rows - 1}
        placeholder="at row"
        aria-label={`Set ${name} at a row of the data, 0 to ${rows - 1}`}
        onChange={(event) => {
          const input = event.currentTarget;
          const row = Number(input.value);
          if (input.value === "") return;
          if (Number.isInteger(row) && row >= 0 && row < rows) put(latentOf(row));
          else announce(`rows are counted from 0 to ${rows - 1}`, 0);
          input.reportValidity();
        }}
      />
      <button onClick={() => (pin.value = null)} aria-label={`Remove ${name}`} disabled={!z}>
        ✕
      </button>
    </div>
  );
}

/** Python that finds the same path. */
function python(name: WayName, what: "length" | "energy"): () => string {
  return () => {
    const { a, b } = ends.value!;
    if (known().can.geometry) {
      const steps = name === "geodesic" ? "space.geodesic(a, b, t)" : "(a + t * (b - a)) / (a + t * (b - a)).norm(dim=1, keepdim=True)";
      return pythonOf(
        "",
        "import torch",
        "",
        "space = vae.space_",
        `a, b = torch.tensor([${pythonPoint(a)}]), torch.tensor([${pythonPoint(b)}])`,
        "t = torch.linspace(0, 1, 33)[:, None]",
        `way = ${steps}`,
        "steps = space.distance(way[:-1].double(), way[1:].double())",
        what === "length" ? "float(steps.sum())" : "32 * float(steps.square().sum())",
      );
    }
    const found = {
      "geodesic length": ["float(path.length[0])"],
      "geodesic energy": ["float(path.energy[0])"],
      "straight length": ["float(path.length[0] * (1 + path.straight_excess[0]))"],
      "straight energy": [
        "line = a + torch.linspace(0, 1, 33)[:, None] * (b - a)",
        "32 * float(space.structure.squares(line[None]).sum())",
      ],
    }[`${name} ${what}` as const];
    return pythonWithData(
      "",
      "import torch",
      "",
      `from vael.studio.services.${unsure.value ? "paths import unsure_manifold as manifold" : "background import manifold"}`,
      "",
      "space = manifold(loaded)",
      `a, b = torch.tensor([${pythonPoint(a)}]), torch.tensor([${pythonPoint(b)}])`,
      "path = space.geodesic(a, b, segments=32)",
      ...found,
    );
  };
}

function Ways({ body }: { body: Body<PathFacts> }) {
  const { facts } = body;
  return (
    <>
      <p class="verdict">{inWords(facts)}</p>
      {WAYS.map((name) => (
        <section key={name} class={`way way-${name}`} aria-label={`the ${name} path`}>
          <h3>
            <i aria-hidden="true" /> {name}
          </h3>
          <Strip rows={body.rows(`${name}_rows`)} size={37} says={`decoded along the ${name} path`} choose={(i) => walk(body, name, i / (STRIP - 1))} />
          <dl class="figures">
            <Figure name="length" value={facts[name].length} unit={facts.unit} code={python(name, "length")} />
            <Figure
              name="energy"
              value={facts[name].energy}
              unit={facts.unit && `${facts.unit}²`}
              tip="the sum of squared steps times their number: at least the length squared, equal at constant speed"
              code={python(name, "energy")}
            />
          </dl>
        </section>
      ))}
      <h3>Walk along a path</h3>
      <div class="along">
        <div class="choice" role="group" aria-label="Which path the slider follows">
          {WAYS.map((name) => (
            <button key={name} aria-pressed={followed.value === name} onClick={() => walk(body, name, along.value)}>
              {name}
            </button>
          ))}
        </div>
        <label class="slider">
          <span>t</span>
          <input
            type="range"
            min={0}
            max={1}
            step={0.01}
            value={along.value}
            aria-valuetext={`${along.value.toFixed(2)} of the ${followed.value} path`}
            onInput={(event) => walk(body, followed.value, Number(event.currentTarget.value))}
          />
          <output>{along.value.toFixed(2)}</output>
        </label>
      </div>
      <p class="remark">Lengths are measured in {facts.metric}.</p>
    </>
  );
}

/** Put the cursor at time t of a path, and hold it there. */
function walk(body: Body<PathFacts>, name: WayName, t: number): void {
  followed.value = name;
  along.value = t;
  const { values, shape } = body.get(name, Float32Array);
  const [count, size] = shape;
  const low = Math.min(count - 2, Math.floor(t * (count - 1)));
  const part = t * (count - 1) - low;
  goTo(Array.from({ length: size }, (_, j) => (1 - part) * values[low * size + j] + part * values[(low + 1) * size + j]));
}

function inWords({ straight_excess: excess, converged }: PathFacts): string {
  const doubt = converged ? "" : " The geodesic has not settled: take its length as an upper bound.";
  if (excess === null) return "These lengths are not finite: bring A and B nearer to the data.";
  if (known().can.geometry) return "Both are the great circle: the chord passes it at another speed, so only its energy is larger.";
  if (excess < 0.005) return `The straight path is as short as the geodesic, to half a percent.${doubt}`;
  const longer = excess < 1 ? `${brief(Number((100 * excess).toPrecision(2)))} % longer than` : `${brief(Number((1 + excess).toPrecision(2)))} times as long as`;
  return `The straight path is ${longer} the geodesic.${doubt}`;
}
