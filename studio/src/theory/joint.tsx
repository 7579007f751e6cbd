// Joint, marginal and conditional: a line through the joint density is a conditional, its shadow the marginal.

import { Figure } from "../parts/figure";
import { brief } from "../parts/row";
import { Axis, Curve, Drawing, ellipsePath, WIDTH } from "./drawing";
import { Explorable, py, theoryPython } from "./explorable";
import { frac, integral, m } from "./formula";
import { Handle } from "./handle";
import { numbersOf, useLive, type Live } from "./live";
import { linear } from "./scale";
import { dragged } from "./state";

const state = dragged("joint", {
  correlation: { start: 0.8, low: -0.95, high: 0.95, step: 0.01 },
  x: { start: 1, low: -3, high: 3, step: 0.05 },
});

interface Facts {
  density: number;
  mean: number;
  deviation: number;
}

const SIDE = 232;
const across = linear(-4, 4, 22, 22 + SIDE);
const up = linear(-4, 4, 12 + SIDE, 12);
const beside = linear(0, 1.3, 270, WIDTH - 6);
const below = linear(0, 0.42, 346, 282);
const REACH = Math.sqrt(-2 * Math.log(0.1)); // the ellipse that holds 90 %, in deviations

export function Joint() {
  const { correlation, x } = state.value;
  const live = useLive<Facts>("theory/joint", { correlation, x });
  const facts = live.body?.facts;
  const python = (line: string) =>
    theoryPython("joint_normal_density", `joint = joint_normal_density([0, 0], [[1, ${py(correlation)}], [${py(correlation)}, 1]])`, line);
  return (
    <Explorable
      title="Joint, marginal, conditional"
      idea="A joint density answers two questions: its shadow on an axis is a marginal, and a line through it, made to have area 1, is a conditional."
      drag="Drag the line to tell x; drag the point on the ellipse to tie y to x."
      formula={[m`p(y | x) = ${frac(m`p(x , y)`, m`p(x)`)}`, m`p(x) = ${integral} p(x , y) d y`]}
      page="joint-distributions"
      error={live.error}
      heard={facts ? `given x = ${brief(x)}, y has mean ${brief(facts.mean)} and deviation ${brief(facts.deviation)}` : ""}
      reset={state.isMoved && state.reset}
      drawing={live.body && <Picture live={live} />}
    >
      {facts && (
        <dl class="figures">
          <Figure name="mean of p(y | x)" value={Math.abs(facts.mean) < 1e-9 ? 0 : facts.mean} code={python(`print(joint.conditional_y(${py(x)}).mean)`)} />
          <Figure name="deviation of p(y | x)" value={facts.deviation} code={python(`print(joint.conditional_y(${py(x)}).variance ** 0.5)`)} />
          <Figure name="p(x), the area under the line" value={facts.density} code={python(`print(joint.marginal_x().pdf(${py(x)}))`)} />
          <Figure name="deviation of p(y), x untold" value={1} code={python("print(joint.marginal_y().variance ** 0.5)")} />
        </dl>
      )}
      <ul class="inks">
        <li class="of-geodesic">the joint, and p(y | x)</li>
        <li class="of-quiet dashed">marginals</li>
      </ul>
    </Explorable>
  );
}

function Picture({ live: { body } }: { live: Live<Facts> }) {
  const { correlation, x } = state.value;
  const [grid, marginal, conditional] = ["grid", "marginal", "conditional"].map((name) => numbersOf(body!, name));
  const covariance = [
    [1, correlation],
    [correlation, 1],
  ];
  const tip = REACH * correlation;
  return (
    <Drawing height={366} says={`Ellipses of the joint density of x and y with correlation ${brief(correlation)}; beside it p(y | x) and p(y), below it p(x)`}>
      <g class="contours" style={{ color: "var(--geodesic)" }} aria-hidden="true">
        {[0.99, 0.9, 0.5].map((share) => (
          <path key={share} d={ellipsePath([0, 0], covariance, share, across, up)} />
        ))}
      </g>
      <Axis scale={across} at={12 + SIDE} ticks={[-4, -2, 0, 2, 4]} />
      <Axis scale={up} at={22} ticks={[-2, 0, 2]} vertical />
      <text class="name" x={across.at(4) - 2} y={up.at(-4) - 6} text-anchor="end">
        x
      </text>
      <text class="name" x={across.at(-4) + 8} y={up.at(4) + 8}>
        y
      </text>
      <Curve x={grid} y={marginal} across={up} up={beside} ink="--quiet" dashed turned />
      <Curve x={grid} y={conditional} across={up} up={beside} ink="--geodesic" filled={0} turned />
      <text x={beside.at(0) + 6} y={20} class="words">
        p(y | x)
      </text>
      <Curve x={grid} y={marginal} across={across} up={below} ink="--quiet" dashed filled={0} />
      <text x={across.at(-3.9)} y={300} class="words">
        p(x)
      </text>
      <line class="told-x" x1={across.at(x)} x2={across.at(x)} y1={12} y2={346} aria-hidden="true" />
      <Handle
        name="The value of x that is told"
        says={`x = ${brief(x)}`}
        x={across.at(x)}
        y={below.at(0)}
        area={[across.at(x) - 9, 12, 18, 334]}
        along={{ scale: across, range: state.ranges.x, value: x, move: (value) => state.set({ x: value }) }}
      />
      <Handle
        name="Correlation of x and y"
        says={`correlation ${brief(correlation)}`}
        x={across.at(REACH)}
        y={up.at(tip)}
        up={{
          scale: linear(-1, 1, up.at(-REACH), up.at(REACH)),
          range: state.ranges.correlation,
          value: correlation,
          move: (value) => state.set({ correlation: value }),
        }}
      />
    </Drawing>
  );
}
