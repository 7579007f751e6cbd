// Conditional probability: two boxes of balls, and which of them a drawn ball came from.

import { Figure } from "../parts/figure";
import { brief } from "../parts/row";
import { Drawing, WIDTH } from "./drawing";
import { Explorable, theoryPython } from "./explorable";
import { frac, m, under } from "./formula";
import { Handle } from "./handle";
import { useLive } from "./live";
import { linear } from "./scale";
import { dragged } from "./state";

const COLOURS = ["red", "blue", "yellow"] as const;
const BALLS = 5;
const SHARES = 20;

const count = { low: 0, high: BALLS, step: 1 };
const state = dragged("boxes", {
  share: { start: SHARES / 2, low: 1, high: SHARES - 1, step: 1 },
  red1: { ...count, start: 4 },
  two1: { ...count, start: BALLS }, // red and blue balls: the rest are yellow
  red2: { ...count, start: 1 },
  two2: { ...count, start: BALLS },
  drawn: { start: 0, low: 0, high: 2, step: 1 },
});

interface Facts {
  prior: number[];
  joint: number[][];
  evidence: number;
  posterior: number[] | null;
  written: { prior: string[]; evidence: string; posterior: string[] | null };
}

const LEFT = 14;
const RIGHT = WIDTH - 14;
const TOP = 34;
const BOTTOM = 224;
const across = linear(0, SHARES, LEFT, RIGHT);
const down = linear(0, BALLS, TOP, BOTTOM);

function counts(): number[][] {
  const { red1, two1, red2, two2 } = state.value;
  return [
    [red1, Math.max(red1, two1) - red1, BALLS - Math.max(red1, two1)],
    [red2, Math.max(red2, two2) - red2, BALLS - Math.max(red2, two2)],
  ];
}

export function Boxes() {
  const { share, drawn } = state.value;
  const boxes = counts();
  const { body, error } = useLive<Facts>("theory/boxes", { prior: [share, SHARES - share], counts: boxes, drawn });
  const facts = body?.facts;
  const colour = COLOURS[drawn];
  const python = theoryPython(
    "FiniteDistribution, evidence, posterior",
    `prior = FiniteDistribution.from_counts({"H1": ${share}, "H2": ${SHARES - share}})`,
    "boxes = {",
    ...boxes.map((balls, i) => `    "H${i + 1}": FiniteDistribution.from_counts({${balls.map((n, c) => `"${COLOURS[c]}": ${n}`).join(", ")}}),`),
    "}",
    `print(prior, evidence(prior, boxes, "${colour}"), posterior(prior, boxes, "${colour}"))`,
  );
  const written = facts?.written.posterior;
  return (
    <Explorable
      title="Which box was it?"
      idea="A drawn ball turns what was believed about the box into what is believed now: of all the area that is lit, how much lies in each box?"
      drag="Drag the line between the boxes, and the lines between the colours; choose which colour was drawn."
      formula={[m`P(h | d) = ${frac(m`P(d | h) P(h)`, m`P(d)`)}`, m`P(d) = ${under(<mo>∑</mo>, "h")} P(d | h) P(h)`]}
      page="bayes"
      error={error}
      heard={facts ? (written ? `given ${colour}, H1 has probability ${written[0]}` : `no box has a ${colour} ball`) : ""}
      reset={state.isMoved && state.reset}
      drawing={facts && <Mosaic facts={facts} boxes={boxes} colour={colour} />}
    >
      <div class="choice" role="group" aria-label="The ball that was drawn">
        {COLOURS.map((name, i) => (
          <button key={name} aria-pressed={i === drawn} onClick={() => state.set({ drawn: i })}>
            <i class={`ball of-${name}`} /> {name}
          </button>
        ))}
      </div>
      {facts && (
        <dl class="figures">
          <Figure name={`P(H1 | ${colour}), posterior`} value={written ? both(written[0], facts.posterior![0]) : null} code={python} />
          <Figure name={`P(H2 | ${colour}), posterior`} value={written ? both(written[1], facts.posterior![1]) : null} code={python} />
          <Figure name={`P(${colour}), evidence`} value={both(facts.written.evidence, facts.evidence)} code={python} />
          <Figure name="P(H1), prior" value={both(facts.written.prior[0], facts.prior[0])} code={python} />
        </dl>
      )}
      {facts && !written && <p class="note">No box has a {colour} ball: nothing can be said given what cannot happen.</p>}
    </Explorable>
  );
}

/** A fraction, and its value where that is written otherwise. */
function both(fraction: string, value: number): string {
  return fraction.includes("/") ? `${fraction} = ${brief(value)}` : fraction;
}

function Mosaic({ facts, boxes, colour }: { facts: Facts; boxes: number[][]; colour: string }) {
  const { share, red1, two1, red2, two2, drawn } = state.value;
  const middle = across.at(share);
  const edges = [
    [LEFT, middle - 1],
    [middle + 1, RIGHT],
  ];
  const tall = (BOTTOM - TOP) / BALLS;
  const lines = [
    { box: 0, red: red1, two: Math.max(red1, two1), names: ["red1", "two1"] as const },
    { box: 1, red: red2, two: Math.max(red2, two2), names: ["red2", "two2"] as const },
  ];
  return (
    <Drawing height={330} says="Two boxes side by side, as wide as they are probable, cut into their balls; below, the posterior of the box">
      {boxes.map((balls, box) => {
        const [from, to] = edges[box];
        const order = balls.flatMap((n, c) => Array<number>(n).fill(c));
        return (
          <g key={box} aria-hidden="true">
            {order.map((c, i) => (
              <g key={i} class={`slice of-${COLOURS[c]}${c === drawn ? " lit" : ""}`} style={{ color: `var(--ball-${COLOURS[c]})` }}>
                <rect x={from} y={TOP + i * tall} width={Math.max(0, to - from)} height={tall - 1} />
                {to - from > 24 && <circle cx={(from + to) / 2} cy={TOP + (i + 0.5) * tall} r={11} />}
                {to - from > 24 && (
                  <text class="letter" x={(from + to) / 2} y={TOP + (i + 0.5) * tall + 4} text-anchor="middle">
                    {COLOURS[c][0]}
                  </text>
                )}
              </g>
            ))}
            <text x={(from + to) / 2} y={BOTTOM + 15} text-anchor="middle">
              H{box + 1}
            </text>
          </g>
        );
      })}
      <line class="divider" x1={middle} x2={middle} y1={TOP - 18} y2={BOTTOM} aria-hidden="true" />
      <Posterior facts={facts} colour={colour} />
      <Handle
        name="Probability of box H1"
        says={`P(H1) = ${facts.written.prior[0]}`}
        x={middle}
        y={TOP - 18}
        area={[middle - 8, TOP - 18, 16, BOTTOM - TOP + 18]}
        along={{ scale: across, range: state.ranges.share, value: share, move: (value) => state.set({ share: value }) }}
      />
      {lines.map(({ box, red, two, names }) => (
        <>
          <Handle
            name={`Red balls in box H${box + 1}`}
            says={`${red} of ${BALLS} balls are red`}
            x={box ? RIGHT : LEFT}
            y={down.at(red)}
            up={turned({ value: red, move: (value) => state.set({ [names[0]]: value, [names[1]]: Math.max(value, two) }) })}
          />
          <Handle
            name={`Red and blue balls in box H${box + 1}`}
            says={`${two - red} of ${BALLS} balls are blue, ${BALLS - two} yellow`}
            x={box ? Math.max(RIGHT - 26, middle + 4) : Math.min(LEFT + 26, middle - 4)}
            y={down.at(two)}
            up={turned({ value: two, move: (value) => state.set({ [names[1]]: Math.max(value, red) }) })}
          />
        </>
      ))}
    </Drawing>
  );
}

function turned(slide: { value: number; move(value: number): void }) {
  return { scale: down, range: state.ranges.red1, ...slide };
}

const BAR_TOP = 272;

function Posterior({ facts, colour }: { facts: Facts; colour: string }) {
  const first = facts.posterior?.[0];
  const cut = first === undefined ? LEFT : LEFT + first * (RIGHT - LEFT);
  return (
    <g class={`posterior-bar of-${colour}`} style={{ color: `var(--ball-${colour})` }} aria-hidden="true">
      <text x={LEFT} y={BAR_TOP - 8}>
        given {colour}, only the lit area counts:
      </text>
      {first === undefined ? (
        <rect class="blank" x={LEFT} y={BAR_TOP} width={RIGHT - LEFT} height={34} />
      ) : (
        <>
          <rect x={LEFT} y={BAR_TOP} width={Math.max(0, cut - LEFT - 1)} height={34} />
          <rect x={cut + 1} y={BAR_TOP} width={Math.max(0, RIGHT - cut - 1)} height={34} />
          {[first, 1 - first].map(
            (share, box) =>
              share > 0.12 && (
                <text key={box} class="letter" x={box ? (cut + RIGHT) / 2 : (LEFT + cut) / 2} y={BAR_TOP + 21} text-anchor="middle">
                  H{box + 1} {facts.written.posterior![box]}
                </text>
              ),
          )}
        </>
      )}
    </g>
  );
}

