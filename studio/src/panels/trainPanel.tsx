// Fit a new model to the same data and watch it: curves, a small map, reconstructions.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { classInk } from "../map/palette";
import { Figure } from "../parts/figure";
import { RowView } from "../parts/row";
import { Empty, Wrong } from "../parts/states";
import { address, told } from "../server/client";
import type { Body } from "../server/columns";
import type { EpochFacts, EpochMetrics } from "../server/events";
import { known } from "../state/facts";
import { colours, inkColour } from "../state/theme";
import { boundOf, history, newest, training } from "../state/training";
import "./trainPanel.css";

const PRESETS = ["vae", "beta-vae", "iwae", "autoencoder"] as const;

const settings = signal({ preset: "vae" as (typeof PRESETS)[number], n_components: 2, max_epochs: 30, beta: 4, seed: 0 });
const refusal = signal("");

async function post(path: string, fields: Record<string, unknown>): Promise<void> {
  try {
    const request = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(fields) };
    const response = await fetch(address(path), request);
    refusal.value = response.ok ? "" : ((await response.json()) as { error: string }).error;
  } catch (error) {
    refusal.value = told(error);
  }
}

function start(): void {
  const { beta, ...rest } = settings.value;
  void post("api/train", settings.value.preset === "beta-vae" ? { ...rest, beta } : rest);
}

export function TrainPanel() {
  const state = training.value;
  return (
    <>
      {state.running ? <Running /> : <Settings />}
      {(refusal.value || state.error) && <Wrong error={refusal.value || state.error} />}
      {history.value.length ? (
        <>
          <Numbers />
          <Curves />
          {newest.value && <Seen body={newest.value} />}
        </>
      ) : (
        !state.running && <Empty>Nothing was trained here yet. The run that is shown stays as it is: a fit makes a new one beside it.</Empty>
      )}
    </>
  );
}

function Settings() {
  const now = settings.value;
  const set = (part: Partial<typeof now>) => (settings.value = { ...now, ...part });
  return (
    <form
      class="settings"
      onSubmit={(event) => {
        event.preventDefault();
        start();
      }}
    >
      <label>
        model{" "}
        <select value={now.preset} onChange={(event) => set({ preset: event.currentTarget.value as typeof now.preset })}>
          {PRESETS.map((preset) => (
            <option key={preset}>{preset}</option>
          ))}
        </select>
      </label>
      <NumberField name="latents" low={1} high={256} value={now.n_components} set={(n_components) => set({ n_components })} />
      <NumberField name="epochs" low={1} high={10000} value={now.max_epochs} set={(max_epochs) => set({ max_epochs })} />
      {now.preset === "beta-vae" && <NumberField name="β" low={0} high={1000} step="any" value={now.beta} set={(beta) => set({ beta })} />}
      <NumberField name="seed" low={0} high={2147483647} value={now.seed} set={(seed) => set({ seed })} />
      <button type="submit">Fit to {known().data.name}</button>
    </form>
  );
}

interface NumberProps {
  name: string;
  low: number;
  high: number;
  value: number;
  step?: string;
  set(value: number): void;
}

function NumberField({ name, low, high, value, step = "1", set }: NumberProps) {
  return (
    <label>
      {name}{" "}
      <input type="number" required min={low} max={high} step={step} value={value} onChange={(event) => Number.isFinite(event.currentTarget.valueAsNumber) && set(event.currentTarget.valueAsNumber)} />
    </label>
  );
}

function Running() {
  const { run, max_epochs } = training.value;
  const epoch = history.value.at(-1)?.epoch ?? 0;
  return (
    <div class="running">
      <p role="status">
        {epoch ? (
          <>
            Fitting <strong>{run}</strong>: epoch {epoch}
            {max_epochs ? ` of ${max_epochs}` : ""}
          </>
        ) : (
          <>
            Starting <strong>{run}</strong> …
          </>
        )}
      </p>
      <progress max={max_epochs ?? undefined} value={max_epochs ? epoch : undefined} aria-label="epochs" />
      <button onClick={() => void post("api/train-stop", {})}>Stop and keep the best</button>
    </div>
  );
}

function Numbers() {
  const last = history.value[history.value.length - 1];
  const best = history.value.reduce((a, b) => (boundOf(b) > boundOf(a) ? b : a));
  return (
    <dl class="figures">
      <Figure name="bound" value={boundOf(last)} unit="nats" code={code(last, "bound")} />
      <Figure name={`best, epoch ${best.epoch}`} value={boundOf(best)} unit="nats" code={code(best, "bound")} />
      <Figure name="reconstruction" value={last.validation_log_likelihood ?? last.train_log_likelihood} unit="nats" code={code(last, "log_likelihood")} />
      <Figure name="KL" value={last.validation_kl ?? last.train_kl} unit="nats" code={code(last, "kl")} />
    </dl>
  );
}

/** Python of an epoch's number, which works once the fit is done and its run is kept. */
function code(metrics: EpochMetrics, term: "bound" | "log_likelihood" | "kl"): () => string {
  const { folder } = known().run;
  const { run } = training.value;
  const kept = run ? folder.replace(/[^/\\]*$/, run) : folder;
  const of = metrics.validation_bound === null ? "train" : "validation";
  return () =>
    ["import vael", "", `vae = vael.load(${JSON.stringify(kept)})  # once the fit is done`, `vae.history_[${metrics.epoch - 1}].${of}_${term}`].join("\n");
}

function Curves() {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  void colours.value;
  const theme = colours.value;
  useEffect(() => {
    const ink = (name: string) => `rgb(${inkColour(name).map((x) => Math.round(255 * x)).join(" ")})`;
    const axis = { stroke: ink("--quiet"), grid: { stroke: ink("--rule"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    const made = new uPlot(
      {
        width: place.current!.clientWidth,
        height: 190,
        legend: { show: true, live: false },
        cursor: { show: true, drag: { x: false, y: false } },
        scales: { x: { time: false }, kl: {} },
        axes: [{ ...axis, label: "epoch", labelSize: 16, size: 28 }, { ...axis, size: 46 }, { ...axis, side: 1, scale: "kl", size: 38, grid: { show: false } }],
        series: [
          {},
          { label: "bound", stroke: ink("--geodesic"), width: 2, points: { show: false } },
          { label: "reconstruction", stroke: ink("--straight"), width: 1.5, dash: [6, 4], points: { show: false } },
          { label: "KL (right)", stroke: ink("--posterior"), width: 1.5, dash: [2, 3], scale: "kl", points: { show: false } },
        ],
      },
      data(),
      place.current!,
    );
    plot.current = made;
    const sizes = new ResizeObserver(([{ contentRect }]) => made.setSize({ width: contentRect.width, height: 190 }));
    sizes.observe(place.current!);
    return () => {
      sizes.disconnect();
      made.destroy();
    };
  }, [theme]);
  useEffect(() => plot.current?.setData(data()), [history.value]);
  return <div ref={place} class="curves" role="img" aria-label="bound, reconstruction and KL by epoch; the numbers stand above" />;
}

function data(): uPlot.AlignedData {
  const epochs = history.value;
  return [
    epochs.map((m) => m.epoch),
    epochs.map(boundOf),
    epochs.map((m) => m.validation_log_likelihood ?? m.train_log_likelihood),
    epochs.map((m) => m.validation_kl ?? m.train_kl),
  ];
}

function Seen({ body }: { body: Body<EpochFacts> }) {
  const [rows, back] = [body.rows("rows"), body.rows("reconstructions")];
  const images = known().data.image_shape !== null;
  return (
    <>
      <h3>Where {body.get("latents", Float32Array).shape[0]} rows lie now</h3>
      <SmallMap body={body} />
      {images && (
        <>
          <h3>A few rows, and what they come back as</h3>
          <div class="strip">{rows.map((row, i) => <RowView key={i} row={row} size={38} says={`row ${i + 1}`} />)}</div>
          <div class="strip">{back.map((row, i) => <RowView key={i} row={row} size={38} says={`reconstruction ${i + 1}`} />)}</div>
        </>
      )}
    </>
  );
}

const SIDE = 300;

function SmallMap({ body }: { body: Body<EpochFacts> }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  void colours.value;
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    const { values, shape } = body.get("latents", Float32Array);
    const labels = body.has("labels") ? body.get("labels", Uint8Array).values : null;
    const width = shape[1];
    const at = (i: number, d: number) => (d < width ? values[i * width + d] : 0);
    const reach = Math.max(...values.map(Math.abs), 1e-6) * 1.05;
    const ink = (name: string) => `rgb(${inkColour(name).map((x) => Math.round(255 * x)).join(" ")})`;
    const inks = Array.from({ length: 10 }, (_, code) => ink(classInk(code)));
    const quiet = ink("--quiet");
    context.clearRect(0, 0, SIDE, SIDE);
    for (let i = 0; i < shape[0]; i++) {
      context.fillStyle = labels ? inks[labels[i] % 10] : quiet;
      context.fillRect((0.5 + 0.5 * (at(i, 0) / reach)) * SIDE - 1, (0.5 - 0.5 * (at(i, 1) / reach)) * SIDE - 1, 2.4, 2.4);
    }
  });
  return <canvas ref={canvas} class="small-map" width={SIDE} height={SIDE} role="img" aria-label="the first two latents of some rows" />;
}
