// The ELBO as a bound: with the divergence from the posterior it makes a bar whose end never moves.

import { Figure } from "../parts/figure";
import { brief, minus } from "../parts/row";
import { Axis, Curve, Drawing, normal, WIDTH } from "./drawing";
import { Explorable, py, theoryPython } from "./explorable";
import { frac, m, sub, under } from "./formula";
import { Handle } from "./handle";
import { numbersOf, useLive, type Live } from "./live";
import { linear } from "./scale";
import { dragged } from "./state";

const DRAWS = [1, 2, 5, 10, 20, 50, 100];

const state = dragged("elbo", {
  mean: { start: 0.62, low: -3, high: 3, step: 0.02 },
  deviation: { start: 0.5, low: 0.06, high: 2, step: 0.02 },
  draws: { start: 0, low: 0, high: DRAWS.length - 1, step: 1 },
});

interface Facts {
  evidence: number;
  elbo: number;
  kl: number;
  kl_prior: number;
  reconstruction: number;
  weighted: number;
  weighted_error: number;
}

const TOY = [
  "import numpy as np",
  "",
  "def log_likelihood(x, z):",
  "    return normal_density(0, 0.3).log_pdf(x - np.sin(2 * z) - z / 2)",
  "",
  "toy = LatentToy(normal_density(0, 1), log_likelihood, points=(-2, 0, 2))",
];

export function Bound() {
  const { mean, deviation, draws } = state.value;
  const k = DRAWS[Math.round(draws)];
  const live = useLive<Facts>("theory/elbo", { mean, deviation, k });
  const facts = live.body?.facts;
  const python = (what: string) =>
    theoryPython(
      "LatentToy, elbo_three_ways, normal_density",
      ...TOY,
      `ways = elbo_three_ways(toy, 1.0, normal_density(${py(mean)}, ${py(deviation)}))`,
      `print(${what})`,
    );
  const weighted = theoryPython(
    "normal_density",
    ...TOY.slice(0, 5),
    `q, k = normal_density(${py(mean)}, ${py(deviation)}), ${k}`,
    "z = q.sample(40_000, random_state=0)[: 40_000 // k * k]",
    "log_w = normal_density(0, 1).log_pdf(z) + log_likelihood(1.0, z) - q.log_pdf(z)",
    "print((np.logaddexp.reduce(log_w.reshape(-1, k), axis=1) - np.log(k)).mean())",
  );
  return (
    <Explorable
      title="A bound whose gap has a name"
      idea="Whatever q is guessed, ELBO and KL to the true posterior add up to ln p(x): raising the one is lowering the other."
      drag="Drag the top of q to move the guess and its side to widen it; the end of the bar stays."
      formula={[m`ln p(x) = ELBO + KL(q(z | x) ‖ p(z | x))`, m`${sub("L", "k")} = E ln ${frac("1", "k")} ${under(<mo>∑</mo>, m`i ≤ k`)} ${frac(m`p(x , ${sub("z", "i")})`, m`q(${sub("z", "i")})`)}`]}
      page="elbo"
      error={live.error}
      heard={facts ? `ELBO ${brief(facts.elbo)} nats, short by ${brief(facts.kl)} nats` : ""}
      reset={state.isMoved && state.reset}
      drawing={live.body && <Picture live={live} />}
    >
      {facts && (
        <dl class="figures">
          <Figure name="ln p(x)" value={nats(facts.evidence)} unit="nats" code={python("ways.evidence")} />
          <Figure name="ELBO" value={nats(facts.elbo)} unit="nats" code={python("ways.joint")} />
          <Figure name="KL(q ‖ p(z|x)), the gap" value={nats(facts.kl)} unit="nats" code={python("ways.kl_posterior")} />
          <Figure name="E ln p(x|z), reconstruction" value={nats(facts.reconstruction)} unit="nats" code={python("ways.joint + ways.kl_prior")} />
          <Figure name="KL(q ‖ p(z))" value={nats(facts.kl_prior)} unit="nats" code={python("ways.kl_prior")} />
          <Figure
            name={`bound with k = ${k}`}
            value={`${nats(facts.weighted)} ± ${nats(facts.weighted_error)}`}
            unit="nats"
            tip="by Monte Carlo, 40 000 draws, and its standard error"
            code={weighted}
          />
        </dl>
      )}
      <label class="slider of-k">
        <span>k = {k}</span>
        <input
          type="range"
          min={0}
          max={DRAWS.length - 1}
          step={1}
          value={draws}
          aria-label="Draws of the importance-weighted bound"
          aria-valuetext={`${k} draws`}
          onInput={(event) => state.set({ draws: Number(event.currentTarget.value) })}
        />
      </label>
      <ul class="inks">
        <li class="of-geodesic">the posterior p(z | x), at x = 1</li>
        <li class="of-posterior">q, the guess</li>
        <li class="of-quiet dashed">the prior p(z)</li>
      </ul>
    </Explorable>
  );
}


const across = linear(-3.5, 3.5, 10, WIDTH - 10);
const HIGH = 1.9;
const density = linear(0, HIGH, 196, 14);

function Picture({ live: { body } }: { live: Live<Facts> }) {
  const { mean, deviation } = state.value;
  const facts = body!.facts;
  const [grid, prior, posterior] = ["grid", "prior", "posterior"].map((name) => numbersOf(body!, name));
  const peak = 1 / (deviation * Math.sqrt(2 * Math.PI));
  return (
    <Drawing height={312} says="The prior, the true posterior and the guess q; below, a bar of ELBO and KL that ends at ln p(x)">
      <defs>
        <clipPath id="elbo-frame">
          <rect x={across.at(-3.5)} y="0" width={across.at(3.5) - across.at(-3.5)} height="312" />
        </clipPath>
      </defs>
      <g clip-path="url(#elbo-frame)">
        <Curve x={grid} y={prior} across={across} up={density} ink="--quiet" dashed />
        <Curve x={grid} y={posterior} across={across} up={density} ink="--geodesic" filled={0} />
        <Curve x={grid} y={normal(grid, mean, deviation).map((y) => Math.min(y, 3))} across={across} up={density} ink="--posterior" filled={0} />
      </g>
      <Axis scale={across} at={196} ticks={[-3, -2, -1, 0, 1, 2, 3]} name="z" />
      <Bar evidence={facts.evidence} elbo={facts.elbo} marks={[{ name: "k", value: facts.weighted }]} top={250} reach={reachOf(facts.evidence - facts.elbo)} />
      <Handle
        name="Deviation of q"
        says={`deviation ${brief(deviation)}`}
        ink="--posterior"
        x={across.at(Math.min(3.4, mean + deviation))}
        y={density.at(Math.min(peak * Math.exp(-0.5), HIGH * 0.8))}
        along={{
          scale: linear(-3.5 - mean, 3.5 - mean, across.at(-3.5), across.at(3.5)),
          range: state.ranges.deviation,
          value: deviation,
          move: (value) => state.set({ deviation: value }),
        }}
      />
      <Handle
        name="Mean of q"
        says={`mean ${brief(mean)}`}
        ink="--posterior"
        x={across.at(mean)}
        y={density.at(Math.min(peak, HIGH))}
        along={{ scale: across, range: state.ranges.mean, value: mean, move: (value) => state.set({ mean: value }) }}
      />
    </Drawing>
  );
}

/** Nats in three decimals: what is compared should end alike. */
export function nats(value: number): string {
  return minus((Math.abs(value) < 0.0005 ? 0 : value).toFixed(3));
}

/** How many nats below its end a bar shows, in steps, so that it does not rescale at every move. */
export function reachOf(gap: number): number {
  return [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((reach) => reach >= 1.3 * gap) ?? 1e4;
}

interface BarProps {
  evidence: number;
  elbo: number;
  marks?: readonly { name: string; value: number }[];
  top: number;
  /** Nats that the bar shows below the evidence. */
  reach: number;
}

/** ELBO and divergence, end to end: the end is ln p(x). */
export function Bar({ evidence, elbo, marks = [], top, reach }: BarProps) {
  const scale = linear(evidence - reach, evidence + 0.06 * reach, 10, WIDTH - 10);
  const cut = scale.at(Math.max(scale.low, Math.min(elbo, evidence)));
  const end = scale.at(evidence);
  return (
    <g class="bar" aria-hidden="true">
      <rect class="of-elbo" x={scale.at(scale.low)} y={top} width={Math.max(0, cut - scale.at(scale.low))} height={28} />
      <rect class="of-kl" x={cut} y={top} width={Math.max(0, end - cut)} height={28} />
      <line class="end" x1={end} x2={end} y1={top - 10} y2={top + 36} />
      <text x={end} y={top - 14} text-anchor="end">
        ln p(x) {nats(evidence)}
      </text>
      {cut - scale.at(scale.low) > 60 && (
        <text class="in" x={scale.at(scale.low) + 8} y={top + 18}>
          ELBO {nats(elbo)}
        </text>
      )}
      {end - cut > 62 && (
        <text class="on" x={(cut + end) / 2} y={top + 18} text-anchor="middle">
          KL {nats(evidence - elbo)}
        </text>
      )}
      {marks.map(({ name, value }) => (
        <g key={name}>
          <line class="mark" x1={scale.at(within(value))} x2={scale.at(within(value))} y1={top - 4} y2={top + 32} />
          <text x={scale.at(within(value))} y={top + 46} text-anchor="middle" class="words">
            {name === "k" ? "Lₖ" : name}
          </text>
        </g>
      ))}
    </g>
  );

  function within(value: number): number {
    return Math.max(scale.low, Math.min(scale.high, value));
  }
}
