// Reparameterisation: the noise stays while q moves, so that each draw knows which way is up.

import { Figure } from "../parts/figure";
import { brief } from "../parts/row";
import { Axis, Curve, Drawing, normal, WIDTH } from "./drawing";
import { Explorable, py, theoryPython } from "./explorable";
import { m, sub, sup } from "./formula";
import { Handle } from "./handle";
import { numbersOf, useLive, type Live } from "./live";
import { linear } from "./scale";
import { dragged } from "./state";

const state = dragged("gradients", {
  mean: { start: 1, low: -3, high: 3, step: 0.05 },
  deviation: { start: 0.5, low: 0.1, high: 2, step: 0.05 },
  seed: { start: 0, low: 0, high: 10 ** 6, step: 1 },
});

interface Estimate {
  mean: number;
  error: number;
  variance: number;
}

interface Facts {
  exact: { mean: number; deviation: number };
  score: Estimate;
  baseline: Estimate;
  reparameterised: Estimate;
}

const WAYS = [
  { name: "score", title: "score function" },
  { name: "baseline", title: "… with a baseline" },
  { name: "reparameterised", title: "reparameterised" },
] as const;

export function Gradients() {
  const { mean, deviation, seed } = state.value;
  const live = useLive<Facts>("theory/gradients", { mean, deviation, seed });
  const facts = live.body?.facts;
  const python = (way: (typeof WAYS)[number]["name"], print: string) => {
    const at = `f, ${py(mean)}, ${py(deviation)}`;
    const call =
      way === "reparameterised"
        ? `reparameterised_gradient(${at}, random_state=${seed})`
        : way === "score"
          ? `score_function_gradient(${at}, random_state=${seed})`
          : `score_function_gradient(${at}, baseline=mean_baseline(${at}, random_state=${seed + 1}), random_state=${seed})`;
    return theoryPython(
      "exact_gradient, mean_baseline, reparameterised_gradient, score_function_gradient",
      "def f(z):",
      "    return (z**2).sum(-1)",
      "",
      `print(${call}.${print})`,
    );
  };
  return (
    <Explorable
      title="Moving the randomness out"
      idea={
        <>
          Written as z = μ + σ ε, a draw moves with q while its noise ε stays, so the slope of f reaches μ and σ, and with far less noise than by the score.
        </>
      }
      drag="Drag the top of q and its side: each draw follows its own thread of noise."
      formula={[m`${sub("∇", "μ")} E[f(z)] = E[f′ (μ + σ ε)]`, m`${sub("∇", "μ")} E[f(z)] = E[f(z) ${sub("∇", "μ")} ln q(z)]`, m`f(z) = ${sup("z", "2")}`]}
      page="reparameterisation"
      error={live.error}
      heard={
        facts
          ? `variance of one draw: score function ${brief(facts.score.variance)}, reparameterised ${brief(facts.reparameterised.variance)}`
          : ""
      }
      reset={state.isMoved && state.reset}
      drawing={live.body && <Picture live={live} />}
    >
      {facts && (
        <>
          <dl class="figures">
            {WAYS.map(({ name, title }) => (
              <Figure
                key={name}
                name={`variance of one draw, ${title.replace("… ", "score ")}`}
                value={facts[name].variance}
                code={python(name, "variance.mu")}
              />
            ))}
            <Figure
              name="exact gradient, by quadrature"
              value={facts.exact.mean}
              code={theoryPython("exact_gradient", `print(exact_gradient(lambda z: (z**2).sum(-1), ${py(mean)}, ${py(deviation)}).mu)`)}
            />
          </dl>
          <p class="jumps">
            <button onClick={() => state.set({ seed: (seed + 1) % 1000 })}>Draw other noise</button>
          </p>
        </>
      )}
      <p class="note">Estimates are means of 1000 draws; the dots are 200 of them, one draw each.</p>
    </Explorable>
  );
}

const noise = linear(-3.4, 3.4, 14, WIDTH - 14);
const across = linear(-5, 5, 14, WIDTH - 14);
const THREADS = 28;

function Picture({ live: { body } }: { live: Live<Facts> }) {
  const { mean, deviation } = state.value;
  const facts = body!.facts;
  const eps = numbersOf(body!, "noise");
  const grid = Float64Array.from({ length: 201 }, (_, i) => -5 + i / 20);
  const peak = 1 / (deviation * Math.sqrt(2 * Math.PI));
  const high = 1.6;
  const density = linear(0, high, 222, 128);
  const square = linear(0, 25, 222, 128);
  const spread = [5, 10, 20, 50, 100, 200, 500].find((each) => each >= 2.2 * Math.sqrt(facts.score.variance)) ?? 500;
  const estimates = linear(facts.exact.mean - spread, facts.exact.mean + spread, 14, WIDTH - 14);
  return (
    <Drawing height={424} says="Noise above, threads from it to the draws of q below, and the gradient that each draw estimates, three ways">
      <g class="threads" aria-hidden="true">
        {Array.from(eps.subarray(0, THREADS), (each, i) => {
          const z = mean + deviation * each;
          if (Math.abs(z) > across.high) return null;
          return (
            <g key={i}>
              <line x1={noise.at(each)} y1={30} x2={across.at(z)} y2={222} />
              <circle cx={noise.at(each)} cy={30} r={2.6} class="of-noise" />
              <circle cx={across.at(z)} cy={222} r={3} class="of-draw" />
            </g>
          );
        })}
      </g>
      <line class="zero" x1={14} x2={WIDTH - 14} y1={30} y2={30} aria-hidden="true" />
      <text x={14} y={18} class="words">
        noise ε, which stays
      </text>
      <g class="clipped">
        <Curve x={grid} y={grid.map((z) => Math.min(25, z * z))} across={across} up={square} ink="--quiet" dashed />
        <Curve x={grid} y={normal(grid, mean, deviation).map((y) => Math.min(y, high))} across={across} up={density} ink="--posterior" filled={0} />
      </g>
      <text x={across.at(4.35)} y={square.at(21)} class="words" text-anchor="end">
        f(z)
      </text>
      <Axis scale={across} at={222} ticks={[-4, -2, 0, 2, 4]} name="z" />
      <line class="end" x1={estimates.at(facts.exact.mean)} x2={estimates.at(facts.exact.mean)} y1={260} y2={388} aria-hidden="true" />
      {WAYS.map(({ name, title }, row) => (
        <Strip key={name} title={title} values={numbersOf(body!, name)} estimate={facts[name]} top={258 + row * 44} scale={estimates} />
      ))}
      <Axis scale={estimates} at={390} name="" />
      <text x={WIDTH - 14} y={418} text-anchor="end" class="words">
        estimate of dE[f]/dμ, one draw each; the line is exact
      </text>
      <Handle
        name="Deviation of q"
        says={`deviation ${brief(deviation)}`}
        ink="--posterior"
        x={across.at(Math.min(4.8, mean + deviation))}
        y={density.at(Math.min(peak * Math.exp(-0.5), high * 0.8))}
        along={{
          scale: linear(-5 - mean, 5 - mean, across.at(-5), across.at(5)),
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
        y={density.at(Math.min(peak, high))}
        along={{ scale: across, range: state.ranges.mean, value: mean, move: (value) => state.set({ mean: value }) }}
      />
    </Drawing>
  );
}

interface StripProps {
  title: string;
  values: Float64Array;
  estimate: Estimate;
  top: number;
  scale: ReturnType<typeof linear>;
}

function Strip({ title, values, estimate, top, scale }: StripProps) {
  return (
    <g class="estimates" aria-hidden="true">
      <text x={14} y={top + 8} class="words">
        {title}: {brief(estimate.mean)} ± {brief(Number(estimate.error.toPrecision(2)))}
      </text>
      {Array.from(values, (value, i) => (
        <circle
          key={i}
          cx={scale.at(Math.min(scale.high, Math.max(scale.low, value)))}
          cy={top + 25 + (((i * 7) % 11) - 5) * 1.4} // spread a little, so that dots can be told apart
          r={1.7}
        />
      ))}
    </g>
  );
}
