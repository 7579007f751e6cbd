// The true posterior of one row under the loaded model, and how far a q is from it.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Figure } from "../parts/figure";
import { pythonOf } from "../parts/python";
import { brief, RowView } from "../parts/row";
import { Empty } from "../parts/states";
import { kept } from "../state/address";
import { cursor } from "../state/cursor";
import { known } from "../state/facts";
import { drawLayer } from "../state/marks";
import { labelOf, points } from "../state/points";
import { Bar, nats, reachOf } from "./bound";
import { Axis, Drawing, ellipsePath, WIDTH } from "./drawing";
import { Explorable, py } from "./explorable";
import { m } from "./formula";
import { Handle } from "./handle";
import { useLive, type Live } from "./live";
import { linear, type Scale } from "./scale";

interface Normal {
  mean: [number, number];
  covariance: [[number, number], [number, number]];
}

interface Facts {
  row: number;
  low: [number, number];
  high: [number, number];
  evidence: number;
  elbo: number;
  best_elbo: number;
  q: Normal;
  best_q: Normal;
  posterior: Normal;
  family: "diagonal" | "full" | "shared";
}

interface Guess {
  row: number;
  mean: [number, number];
  deviation: [number, number];
}

const row = kept<number>(
  "lab-row",
  0,
  (text) => (/^\d+$/.test(text) ? Number(text) : undefined),
  (number) => (number ? String(number) : null),
);
/** The q that was dragged; null: the encoder's own. */
const guess = signal<Guess | null>(null);

export function Posterior() {
  const { model, data } = known();
  if (model.autoencoder)
    return (
      <Empty>
        This run is an autoencoder: it has no prior, and its codes are points, so there is no posterior to compare with. Open a VAE with two latents, for
        example of <code>vael fit digits --n-components 2</code>.
      </Empty>
    );
  if (model.latents !== 2 || model.coordinates !== 2)
    return (
      <Empty>
        The true posterior is drawn in the plane of two latents, and this run has {model.latents}
        {model.latent_space === "euclidean" ? "" : ` on a ${model.latent_space}`}. Open a run with two, for example of{" "}
        <code>vael fit digits --n-components 2</code>.
      </Empty>
    );
  return <OfRow rows={data.rows + data.test_rows} />;
}

function deviations({ covariance }: Normal): [number, number] {
  return [Math.sqrt(covariance[0][0]), Math.sqrt(covariance[1][1])];
}

function correlation({ covariance }: Normal): number {
  return covariance[0][1] / Math.sqrt(covariance[0][0] * covariance[1][1]);
}

function OfRow({ rows }: { rows: number }) {
  const number = Math.min(row.value, rows - 1);
  const live = useLive<Facts>("theory/digit", { row: number });
  const facts = live.body?.facts;
  const here = facts && guess.value?.row === facts.row ? guess.value : null;
  const tied = facts ? correlation(facts.q) : 0;
  const guessed = useLive<{ elbo: number }>("theory/guess", here && { ...here, correlation: tied });
  const elbo = here ? (guessed.body?.facts.elbo ?? null) : (facts?.elbo ?? null);
  const label = labelOf(number);
  const images = known().data.image_shape !== null;
  const rowCode = [
    "import numpy as np",
    "from vael.estimators.run_data import read",
    "",
    `dataset = read(${JSON.stringify(known().run.folder)}).dataset()`,
    "X = dataset.X if dataset.X_test is None else np.concatenate([dataset.X, dataset.X_test])",
  ];
  const code = (print: string) => () =>
    pythonOf("from vael.theory import decompose", ...rowCode, `found = decompose(vae, X[${number}:${number + 1}])`, `print(found.${print})`);
  const guessCode = (print: string) => () =>
    here
      ? pythonOf(
          "import torch",
          "from vael.theory import decompose",
          "from vael.theory.inference_problem import inference_problem",
          "from vael.theory.normal_expectation import converged_elbo",
          ...rowCode,
          `row = X[${number}:${number + 1}]`,
          "problem = inference_problem(vae, row)",
          `mean = torch.tensor([[${here.mean.map(py).join(", ")}]], dtype=torch.float64)`,
          `covariance = torch.tensor([${JSON.stringify(covarianceOf(here.deviation, tied))}], dtype=torch.float64)`,
          "elbo = converged_elbo(problem, mean, torch.linalg.cholesky(covariance), 1e-3)[0].item() + problem.log_jacobian",
          `print(${print})`,
        )
      : "";
  useEffect(() => {
    if (!facts) return;
    const mean = here?.mean ?? facts.q.mean;
    const covariance = here ? covarianceOf(here.deviation, tied) : facts.q.covariance;
    drawLayer("theory-q", { kind: "ellipse", mean: Float32Array.from(mean), covariance: Float32Array.from(covariance.flat()), ink: "--posterior" });
    return () => drawLayer("theory-q", null);
  }, [facts, here]);

  const choose = (next: number) => (row.value = Math.min(rows - 1, Math.max(0, Math.trunc(next) || 0)));
  return (
    <Explorable
      title="The true posterior of a row"
      idea="Bayes' rule gives each row a posterior over the latents; the encoder's q is its guess at that, and what the guess lacks is the gap between ELBO and ln p(x)."
      drag="Drag the middle of q over the shades of the true posterior, and its two sides; or pick another row."
      formula={[m`p(z | x) = p(x | z) p(z) / p(x)`]}
      page="variational-inference"
      error={live.error || (here ? guessed.error : "")}
      heard={facts && elbo !== null ? `row ${number}: gap ${brief(facts.evidence - elbo)} nats` : ""}
      reset={here !== null && (() => (guess.value = null))}
      drawing={live.body && <Picture live={live} here={here} elbo={elbo} stale={live.waiting} />}
    >
      <div class="row-choice">
        <label for="lab-row">Row</label>
        <input id="lab-row" type="number" min={0} max={rows - 1} value={number} onChange={(event) => choose(Number(event.currentTarget.value))} />
        <button onClick={() => choose(number - 1)} disabled={number === 0}>
          Previous
        </button>
        <button onClick={() => choose(number + 1)} disabled={number >= rows - 1}>
          Next
        </button>
        <button onClick={() => choose(Math.floor(Math.random() * rows))}>Any</button>
        <button onClick={() => choose(nearest(cursor.value))} title="The row whose code is nearest to the map's cursor; click on the map to hold it">
          At the cursor
        </button>
      </div>
      {live.body && images && <RowPair body={live.body} label={label} />}
      {facts && (
        <>
          <dl class="figures">
            <Figure name="ln p(x)" value={nats(facts.evidence)} unit="nats" code={code("evidence[0]")} />
            <Figure name={here ? "ELBO of your q" : "ELBO of the encoder's q"} value={elbo === null ? null : nats(elbo)} unit="nats" code={here ? guessCode("elbo") : code("elbo[0]")} />
            <Figure
              name={here ? "KL(your q ‖ p(z|x))" : "KL(q ‖ p(z|x)), the gap"}
              value={elbo === null ? null : nats(facts.evidence - elbo)}
              unit="nats"
              code={here ? guessCode("decompose(vae, row).evidence[0] - elbo") : code("inference_gap[0]")}
            />
            <Figure name="amortisation gap" value={nats(facts.best_elbo - facts.elbo)} unit="nats" code={code("amortisation_gap[0]")} />
            <Figure name="approximation gap" value={nats(facts.evidence - facts.best_elbo)} unit="nats" code={code("approximation_gap[0]")} />
          </dl>
          <ul class="inks">
            <li class="of-geodesic">50, 90 and 99 % of p(z | x)</li>
            <li class="of-posterior">{here ? "your q" : "the encoder's q"}, 90 %</li>
            <li class="of-straight dashed">the best q of its family, 90 %</li>
          </ul>
        </>
      )}
      {live.body && !images && <TableRow body={live.body} label={label} />}
    </Explorable>
  );
}

type Found = NonNullable<Live<Facts>["body"]>;

function RowPair({ body, label }: { body: Found; label: string }) {
  return (
    <div class="row-pair">
      <figure>
        <RowView row={body.rows("row")[0]} size={72} says={`row ${body.facts.row}${label && `, ${label}`}`} />
        <figcaption>x{label && `, ${label}`}</figcaption>
      </figure>
      <figure>
        <RowView row={body.rows("reconstruction")[0]} size={72} says="decoded at the encoder's mean" />
        <figcaption>decoded</figcaption>
      </figure>
    </div>
  );
}

function TableRow({ body, label }: { body: Found; label: string }) {
  return (
    <div class="row-pair of-table">
      <p class="note">x{label && `, ${label}`}; the mark is what is decoded at the encoder's mean.</p>
      <RowView row={body.rows("row")[0]} beside={body.rows("reconstruction")[0]} says={`row ${body.facts.row}${label && `, ${label}`}`} />
    </div>
  );
}

/** The row whose code is nearest to a point. */
function nearest(z: Float32Array): number {
  const here = points.value;
  let [row, least] = [0, Infinity];
  for (let i = 0; here && i < here.count; i++) {
    const distance = Math.hypot(here.latents[2 * i] - z[0], here.latents[2 * i + 1] - z[1]);
    if (distance < least) [row, least] = [i, distance];
  }
  return row;
}

function covarianceOf([a, b]: [number, number], tied: number): [[number, number], [number, number]] {
  return [
    [a * a, tied * a * b],
    [tied * a * b, b * b],
  ];
}

const LEFT = 40;
const TALL = 250;
const REACH = Math.sqrt(-2 * Math.log(0.1)); // of the ellipse that holds 90 %, in deviations

interface PictureProps {
  live: Live<Facts>;
  here: Guess | null;
  elbo: number | null;
  stale: boolean;
}

function Picture({ live: { body }, here, elbo, stale }: PictureProps) {
  const facts = body!.facts;
  const own = deviations(facts.q);
  const mean = here?.mean ?? facts.q.mean;
  const deviation = here?.deviation ?? own;
  const covariance = covarianceOf(deviation, correlation(facts.q));
  const ends = [0, 1].map((d) => {
    const far = 2.8 * own[d];
    const low = Math.min(facts.low[d], facts.q.mean[d] - far);
    const high = Math.max(facts.high[d], facts.q.mean[d] + far);
    return [low - 0.06 * (high - low), high + 0.06 * (high - low)];
  });
  const across = linear(ends[0][0], ends[0][1], LEFT, WIDTH - 8);
  const up = linear(ends[1][0], ends[1][1], 12 + TALL, 12);
  const put = (changed: Partial<Guess>) => (guess.value = { row: facts.row, mean, deviation, ...(guess.value?.row === facts.row ? guess.value : {}), ...changed });
  const shift = (d: 0 | 1, value: number) => {
    const now = guess.value?.row === facts.row ? guess.value.mean : mean;
    put({ mean: d === 0 ? [value, now[1]] : [now[0], value] });
  };
  const widen = (d: 0 | 1, value: number) => put({ deviation: d === 0 ? [value, deviation[1]] : [deviation[0], value] });
  const fine = ends.map(([low, high]) => Number(((high - low) / 200).toPrecision(1)));
  const tied = correlation(facts.q);
  const spoken = `mean ${brief(mean[0])}, ${brief(mean[1])}`;
  return (
    <Drawing height={386} says={`The true posterior of row ${facts.row} in shades, and q as an ellipse over it; below, ELBO and KL as a bar that ends at ln p(x)`}>
      <defs>
        <clipPath id="posterior-frame">
          <rect x={LEFT} y={12} width={WIDTH - 8 - LEFT} height={TALL} />
        </clipPath>
      </defs>
      <g clip-path="url(#posterior-frame)" class={stale ? "stale" : ""} aria-hidden="true">
        <Shades body={body!} across={across} up={up} />
        <path class="outline dashed" style={{ color: "var(--straight)" }} d={ellipsePath(facts.best_q.mean, facts.best_q.covariance, 0.9, across, up)} />
        <path class="outline" style={{ color: "var(--posterior)" }} d={ellipsePath(mean, covariance, 0.9, across, up)} />
      </g>
      <Axis scale={across} at={12 + TALL} />
      <Axis scale={up} at={LEFT} vertical />
      <text class="name" x={WIDTH - 10} y={TALL + 6} text-anchor="end">
        z₁
      </text>
      <text class="name" x={LEFT + 6} y={24}>
        z₂
      </text>
      <Bar evidence={facts.evidence} elbo={elbo ?? facts.elbo} top={320} reach={reachOf(facts.evidence - (elbo ?? facts.elbo))} />
      {([0, 1] as const).map((d) => (
        <Handle
          key={d}
          name={`Deviation of q along latent ${d + 1}`}
          says={`deviation ${brief(deviation[d])}`}
          ink="--posterior"
          {...sideOf(d, mean, deviation, tied, across, up)}
          {...{
            [d === 0 ? "along" : "up"]: {
              scale: reaching(d === 0 ? across : up, mean[d]),
              range: { start: own[d], low: Number((own[d] / 10).toPrecision(2)), high: Number(((ends[d][1] - ends[d][0]) / 2).toPrecision(2)), step: fine[d] / 4 },
              value: deviation[d],
              move: (value: number) => widen(d, value),
            },
          }}
        />
      ))}
      <Handle
        name="Mean of q"
        says={spoken}
        ink="--posterior"
        x={across.at(mean[0])}
        y={up.at(mean[1])}
        along={{ scale: across, range: { start: 0, low: ends[0][0], high: ends[0][1], step: fine[0] }, value: mean[0], move: (value) => shift(0, value) }}
        up={{ scale: up, range: { start: 0, low: ends[1][0], high: ends[1][1], step: fine[1] }, value: mean[1], move: (value) => shift(1, value) }}
      />
    </Drawing>
  );
}

/** A scale of deviations: the edge of an ellipse of 90 % about a value of another scale. */
function reaching(scale: Scale, centre: number): Scale {
  return linear((scale.low - centre) / REACH, (scale.high - centre) / REACH, scale.at(scale.low), scale.at(scale.high));
}

/** The point of the ellipse that lies farthest along a latent. */
function sideOf(d: 0 | 1, mean: ArrayLike<number>, deviation: ArrayLike<number>, tied: number, across: Scale, up: Scale) {
  const at = [mean[0] + REACH * deviation[0] * (d ? tied : 1), mean[1] + REACH * deviation[1] * (d ? 1 : tied)];
  return { x: across.at(at[0]), y: up.at(at[1]) };
}

/** The regions of 99, 90 and 50 %, each a path of runs along the first latent. */
function Shades({ body, across, up }: { body: Found; across: Scale; up: Scale }) {
  const { values, shape } = body.get("shades", Uint8Array);
  const [columns, lines] = shape;
  const { low, high } = body.facts;
  const width = (high[0] - low[0]) / Math.max(1, columns - 1);
  const height = (high[1] - low[1]) / Math.max(1, lines - 1);
  const x = (i: number) => across.at(low[0] + (i - 0.5) * width);
  const tall = Math.abs(up.at(height) - up.at(0));
  return (
    <g class="shades">
      {[1, 2, 3].map((level) => {
        let path = "";
        for (let j = 0; j < lines; j++) {
          const top = up.at(low[1] + (j + 0.5) * height);
          for (let i = 0; i < columns; i++) {
            if (values[i * lines + j] < level) continue;
            const from = i;
            while (i < columns && values[i * lines + j] >= level) i++;
            path += `M${x(from).toFixed(1)} ${top.toFixed(1)}H${x(i).toFixed(1)}v${(tall + 0.3).toFixed(1)}H${x(from).toFixed(1)}Z`;
          }
        }
        return <path key={level} d={path} />;
      })}
    </g>
  );
}

