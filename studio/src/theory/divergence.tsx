// The KL divergence both ways: where each comes from, and which normal makes each the least.

import { Figure } from "../parts/figure";
import { brief } from "../parts/row";
import { nats } from "./bound";
import { Axis, Curve, Drawing, normal, pathOf, WIDTH } from "./drawing";
import { Explorable, py, theoryPython } from "./explorable";
import { frac, integral, m } from "./formula";
import { Handle } from "./handle";
import { numbersOf, useLive, type Live } from "./live";
import { linear } from "./scale";
import { dragged } from "./state";

const state = dragged("kl", {
  mean: { start: 2, low: -5, high: 5, step: 0.02 },
  deviation: { start: 0.6, low: 0.2, high: 4, step: 0.02 },
  distance: { start: 4, low: 0, high: 6, step: 0.1 },
});

interface Best {
  mean: number;
  deviation: number;
  kl: number;
}

interface Facts {
  kl_q: number;
  kl_p: number;
  best_q: Best;
  best_p: Best;
}

const SEEK = [
  "",
  "from scipy.optimize import minimize",
  "",
  "def divergence(w):",
  "    return kl_quadrature(normal_density(w[0], np.exp(w[1])), p).value",
  "",
  'starts = [right.mean, np.log(0.6)], [0.0, np.log(p.variance) / 2]',
  'print(min(minimize(divergence, start, method="Nelder-Mead").fun for start in starts))',
];

export function Divergence() {
  const { mean, deviation, distance } = state.value;
  const live = useLive<Facts>("theory/kl", { mean, deviation, distance });
  const facts = live.body?.facts;
  const python = (...last: string[]) =>
    theoryPython(
      "Density, kl_quadrature, normal_density",
      "import numpy as np",
      "",
      `left, right = normal_density(${py(-distance / 2)}, 0.6), normal_density(${py(distance / 2)}, 0.6)`,
      "p = Density(lambda x: np.logaddexp(left.log_pdf(x), right.log_pdf(x)) - np.log(2), log=True, points=(-2, 0, 2))",
      `q = normal_density(${py(mean)}, ${py(deviation)})`,
      ...last,
    );
  const go = (best: Best) => state.set({ mean: Math.round(best.mean * 50) / 50, deviation: Math.round(best.deviation * 50) / 50 });
  return (
    <Explorable
      title="KL, and where it comes from"
      idea="The divergence is an average over one of the two densities: over q it asks q to sit on one peak, over p to cover both."
      drag="Drag the top of q to move it, its side to widen it, and the peak of p to part the two."
      formula={[m`KL(q ‖ p) = ${integral} q(x) ln ${frac(m`q(x)`, m`p(x)`)} d x`]}
      page="divergence"
      error={live.error}
      heard={facts ? `KL of q from p ${brief(facts.kl_q)} nats, of p from q ${brief(facts.kl_p)} nats` : ""}
      reset={state.isMoved && state.reset}
      drawing={live.body && <Picture live={live} />}
    >
      {facts && (
        <>
          <dl class="figures">
            <Figure name="KL(q ‖ p), over q" value={nats(facts.kl_q)} unit="nats" code={python("print(kl_quadrature(q, p).value)")} />
            <Figure name="KL(p ‖ q), over p" value={nats(facts.kl_p)} unit="nats" code={python("print(kl_quadrature(p, q).value)")} />
            <Figure name="least KL(q ‖ p) of any normal" value={nats(facts.best_q.kl)} unit="nats" code={python(...SEEK)} />
            <Figure name="least KL(p ‖ q) of any normal" value={nats(facts.best_p.kl)} unit="nats" code={python("print(kl_quadrature(p, normal_density(p.mean, p.variance**0.5)).value)")} />
          </dl>
          <p class="jumps">
            <button onClick={() => go(facts.best_q)}>Seek a mode: least KL(q ‖ p)</button>
            <button onClick={() => go(facts.best_p)}>Cover the mass: least KL(p ‖ q)</button>
          </p>
        </>
      )}
      <ul class="inks">
        <li class="of-geodesic">p</li>
        <li class="of-posterior">q</li>
        <li class="of-straight">adds to the divergence</li>
        <li class="of-quiet hatched">takes from it</li>
      </ul>
    </Explorable>
  );
}

const across = linear(-7, 7, 8, WIDTH - 8);
const HIGH = 0.75;
const density = linear(0, HIGH, 170, 14);

function Picture({ live: { body } }: { live: Live<Facts> }) {
  const { mean, deviation, distance } = state.value;
  const facts = body!.facts;
  const [grid, p, fromQ, fromP] = ["grid", "p", "from_q", "from_p"].map((name) => numbersOf(body!, name));
  const q = normal(grid, mean, deviation);
  const peak = 1 / (deviation * Math.sqrt(2 * Math.PI));
  const top = Math.min(peak, HIGH);
  const side = peak * Math.exp(-0.5);
  const pPeak = p.reduce((high, each, i) => (Math.abs(grid[i] - distance / 2) < 0.05 ? Math.max(high, each) : high), 0);
  const shown = (best: Best, ink: string) => <Curve x={grid} y={normal(grid, best.mean, best.deviation)} across={across} up={density} ink={ink} dashed faint />;
  return (
    <Drawing height={412} says="The densities p and q; below them the integrands of both divergences, what adds above the line and what takes away below it">
      <defs>
        <clipPath id="kl-frame">
          <rect x="0" y="0" width={WIDTH} height="412" />
        </clipPath>
        <pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <line x1="0" y1="0" x2="0" y2="5" stroke="var(--quiet)" stroke-width="2" />
        </pattern>
      </defs>
      <g clip-path="url(#kl-frame)">
        {shown(facts.best_q, "--posterior")}
        {shown(facts.best_p, "--posterior")}
        <Curve x={grid} y={p} across={across} up={density} ink="--geodesic" filled={0} />
        <Curve x={grid} y={q} across={across} up={density} ink="--posterior" filled={0} />
      </g>
      <Axis scale={across} at={170} ticks={[-6, -4, -2, 0, 2, 4, 6]} name="x" />
      <Integrand top={200} name="q ln(q/p)" x={grid} y={fromQ} total={facts.kl_q} />
      <Integrand top={308} name="p ln(p/q)" x={grid} y={fromP} total={facts.kl_p} />
      <Handle
        name="A peak of p"
        says={`peaks of p are ${brief(distance)} apart`}
        ink="--geodesic"
        x={across.at(distance / 2)}
        y={density.at(pPeak)}
        along={{
          scale: linear(-14, 14, across.at(-7), across.at(7)),
          range: state.ranges.distance,
          value: distance,
          move: (value) => state.set({ distance: value }),
        }}
      />
      <Handle
        name="Deviation of q"
        says={`deviation ${brief(deviation)}`}
        ink="--posterior"
        x={across.at(Math.min(6.8, mean + deviation))}
        y={density.at(Math.min(side, HIGH * 0.85))}
        along={{
          scale: linear(-7 - mean, 7 - mean, across.at(-7), across.at(7)),
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
        y={density.at(top)}
        along={{ scale: across, range: state.ranges.mean, value: mean, move: (value) => state.set({ mean: value }) }}
      />
    </Drawing>
  );
}

function Integrand({ top, name, x, y, total }: { top: number; name: string; x: Float64Array; y: Float64Array; total: number }) {
  const tallest = y.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const high = [0.5, 1, 2, 5, 10, 20, 50, 100].find((each) => each >= tallest) ?? tallest;
  const up = linear(-0.35 * high, high, top + 96, top + 12);
  const positive = y.map((each) => Math.max(0, each));
  const negative = y.map((each) => Math.min(0, each));
  const zero = up.at(0);
  const close = `L${across.at(7)} ${zero}L${across.at(-7)} ${zero}Z`;
  return (
    <g class="integrand" aria-hidden="true">
      <path class="adds" d={pathOf(x, positive, across, up) + close} />
      <path class="takes" d={pathOf(x, negative, across, up) + close} />
      <path class="edge" d={pathOf(x, y, across, up)} />
      <line class="zero" x1={across.at(-7)} x2={across.at(7)} y1={zero} y2={zero} />
      <line class="tick" x1={across.at(7) - 5} x2={across.at(7)} y1={up.at(high)} y2={up.at(high)} />
      <text x={across.at(7)} y={top + 2} text-anchor="end" class="words">
        {high} nats per unit of x
      </text>
      <text x={across.at(-7)} y={top + 2}>
        {name}: {nats(total)} nats
      </text>
    </g>
  );
}
