// What the KL term does to the latent space, on the linear VAE, whose best encoder has a closed form for any beta.

import { Figure } from "../parts/figure";
import { brief } from "../parts/row";
import { Axis, Drawing, ellipsePath, WIDTH } from "./drawing";
import { Explorable, py } from "./explorable";
import { frac, m, sub, sup } from "./formula";
import { Handle } from "./handle";
import { numbersOf, useLive, type Live } from "./live";
import { linear, logarithmic } from "./scale";
import { dragged } from "./state";

const NOISE = 0.2; // the service's

const state = dragged("kl-term", { beta: { start: 1, low: 0.02, high: 100, step: 0.001 } });

interface Facts {
  eigenvalues: number[];
  threshold: number;
  active: number;
  deviations: number[];
  spread: number[];
  aggregate: number[];
  kl: number[];
  log_likelihood: number;
  elbo: number;
}

export function KlTerm() {
  const { beta } = state.value;
  const live = useLive<Facts>("theory/kl-term", { beta });
  const facts = live.body?.facts;
  const python = (what: string) => () =>
    [
      "import torch",
      "from vael.studio.services.theory.kl_term import rows  # 150 rows of three features",
      "from vael.theory import LinearGaussian",
      "",
      `best = LinearGaussian.optimal_beta_elbo(rows(), 2, beta=${py(beta).replace(/^\d+$/, "$&.0")}, noise_variance=${NOISE})`,
      ...(what.includes("q.") ? ["q = best.model().encoder(torch.from_numpy(rows()))"] : []),
      `print(${what})`,
    ].join("\n");
  return (
    <Explorable
      title="What the KL term does"
      idea={
        <>
          The KL term blurs each posterior until what lies under the line, βσ², is lost: a latent is kept only where its eigenvalue is above it. Means and blur together always make
          the prior.
        </>
      }
      drag="Drag the line up for more weight on the KL, down towards an autoencoder."
      formula={[m`kept if ${sub("λ", "i")} > β ${sup("σ", "2")}`, m`${sub("KL", "i")} = ${frac("1", "2")} ln ${frac(sub("λ", "i"), m`β ${sup("σ", "2")}`)}`]}
      page="exact-models"
      error={live.error}
      heard={facts ? `beta ${brief(beta)}: ${facts.active} of 2 latents kept, KL ${brief(facts.kl[0] + facts.kl[1])} nats` : ""}
      reset={state.isMoved && state.reset}
      drawing={live.body && <Picture live={live} />}
    >
      {facts && (
        <>
          <p class="verdict">
            β = {brief(beta)}:{" "}
            {facts.active === 2
              ? "both latents are kept."
              : facts.active === 1
                ? "latent 2 has collapsed: its q is the prior, whatever x is."
                : "both latents have collapsed: every q is the prior, and z tells nothing of x."}
          </p>
          <dl class="figures">
            <Figure name="latents kept" value={facts.active} code={python("best.active")} />
            <Figure name="KL of latent 1, of latent 2" value={facts.kl.map(brief).join(", ")} unit="nats" code={python("best.kl")} />
            <Figure name="E ln p(x|z), reconstruction" value={facts.log_likelihood} unit="nats a row" code={python("best.log_likelihood")} />
            <Figure name="ELBO" value={facts.elbo} unit="nats a row" code={python("best.elbo")} />
            <Figure name="deviations of q(z|x)" value={facts.deviations.map(brief).join(", ")} code={python("q.stddev[0].numpy()")} />
            <Figure name="deviations of the means" value={facts.spread.map(brief).join(", ")} code={python("q.mean.numpy().std(0)")} />
            <Figure name="deviations of both together" value={facts.aggregate.map(brief).join(", ")} code={python("(q.mean.numpy().var(0) + q.variance[0].numpy()) ** 0.5")} tip="the aggregate posterior; the prior's are 1" />
          </dl>
        </>
      )}
      <ul class="inks">
        <li class="of-posterior">q(z | x): dots are means, ellipses one deviation wide</li>
        <li class="of-quiet dashed">the prior, one and two deviations</li>
      </ul>
    </Explorable>
  );
}

const SIDE = 226;
const across = linear(-3, 3, 22, 22 + SIDE);
const up = linear(-3, 3, 10 + SIDE, 10);
const eigen = logarithmic(0.004, 20, 10 + SIDE, 10);
const ELLIPSES = 30;
const ONE = 1 - Math.exp(-0.5); // the share of an ellipse of one deviation

function Picture({ live: { body } }: { live: Live<Facts> }) {
  const { beta } = state.value;
  const facts = body!.facts;
  const means = numbersOf(body!, "means");
  const covariance = [
    [facts.deviations[0] ** 2, 0],
    [0, facts.deviations[1] ** 2],
  ];
  const line = eigen.at(beta * NOISE);
  const rows = Array.from({ length: means.length / 2 }, (_, i) => [means[2 * i], means[2 * i + 1]]);
  return (
    <Drawing height={268} says={`Posteriors in two latents, and the eigenvalues beside a line at beta times the noise; ${facts.active} of 2 are above it`}>
      <defs>
        <clipPath id="latents-frame">
          <rect x={22} y={10} width={SIDE} height={SIDE} />
        </clipPath>
      </defs>
      <g clip-path="url(#latents-frame)" aria-hidden="true">
        <g class="prior-rings">
          {[ONE, 1 - Math.exp(-2)].map((share) => (
            <path
              key={share}
              d={ellipsePath(
                [0, 0],
                [
                  [1, 0],
                  [0, 1],
                ],
                share,
                across,
                up,
              )}
            />
          ))}
        </g>
        <g class="posteriors">
          {rows.slice(0, ELLIPSES).map((mean, i) => (
            <path key={i} d={ellipsePath(mean, covariance, ONE, across, up)} />
          ))}
          {rows.map(([a, b], i) => (
            <circle key={i} cx={across.at(a)} cy={up.at(b)} r={i < ELLIPSES ? 2.4 : 1.4} />
          ))}
        </g>
      </g>
      <Axis scale={across} at={10 + SIDE} ticks={[-2, 0, 2]} />
      <Axis scale={up} at={22} ticks={[-2, 0, 2]} vertical />
      <text class="name" x={22 + SIDE} y={SIDE + 6} text-anchor="end">
        z₁
      </text>
      <text class="name" x={28} y={20}>
        z₂
      </text>
      <g class="eigenvalues" aria-hidden="true">
        {facts.eigenvalues.map((value, i) => {
          const kept = i < 2 && value > facts.threshold;
          return (
            <g key={i} class={kept ? "kept" : i < 2 ? "lost" : "left-out"}>
              <rect x={290 + i * 22} y={eigen.at(value)} width={16} height={eigen.at(0.004) - eigen.at(value)} />
              <text x={298 + i * 22} y={10 + SIDE + 15} text-anchor="middle">
                λ{"₁₂₃"[i]}
              </text>
            </g>
          );
        })}
      </g>
      <Axis scale={eigen} at={284} ticks={[0.01, 0.1, 1, 10]} vertical />
      <line class="threshold" x1={284} x2={WIDTH - 4} y1={line} y2={line} aria-hidden="true" />
      <text x={WIDTH - 2} y={line - 14} text-anchor="end" class="words strong">
        βσ²
      </text>
      <Handle
        name="Beta, the weight of the KL"
        says={`beta ${brief(beta)}, the line at ${brief(beta * NOISE)}`}
        ink="--straight"
        x={WIDTH - 14}
        y={line}
        area={[284, line - 9, WIDTH - 284, 18]}
        up={{
          scale: logarithmic(0.004 / NOISE, 20 / NOISE, eigen.at(0.004), eigen.at(20)),
          range: state.ranges.beta,
          value: beta,
          factor: 1.1,
          move: (value) => state.set({ beta: Number(value.toPrecision(3)) }),
        }}
      />
    </Drawing>
  );
}
