// Formulas in MathML, which browsers draw by themselves, from short text: m`KL(q ‖ p) = ${frac(...)}`.

import { Fragment, type ComponentChild, type VNode } from "preact";

type Part = VNode | string;

const TOKENS = /[A-Za-z]+|[α-ωΑ-Ω]|\d+(?:\.\d+)?|\S/g;

/** Words, numbers and signs of a text as MathML; a word of several letters stands upright. */
function signs(text: string): ComponentChild[] {
  return (text.match(TOKENS) ?? []).map((token) => {
    if (token === "ln" || token === "if") return <mo {...(token === "ln" ? NARROW : WIDE)}>{token}</mo>;
    if (/^\d/.test(token)) return <mn>{token}</mn>;
    if (/^[A-Za-zα-ωΑ-Ω]/.test(token)) return <mi>{token}</mi>;
    if (token === "‖" || token === "|") return <mo {...BAR}>{token}</mo>;
    return <mo stretchy={false}>{token}</mo>;
  });
}

const NARROW = { lspace: "0.17em", rspace: "0.17em" };
const WIDE = { lspace: "0.4em", rspace: "0.4em" };
const BAR = { stretchy: false, lspace: "0.22em", rspace: "0.22em" };

function part(each: Part): ComponentChild {
  return typeof each === "string" ? <mrow>{signs(each)}</mrow> : each;
}

export function m(texts: TemplateStringsArray, ...parts: Part[]): VNode {
  return (
    <mrow>
      {texts.map((text, i) => (
        <Fragment key={i}>
          {signs(text)}
          {i < parts.length && part(parts[i])}
        </Fragment>
      ))}
    </mrow>
  );
}

export function frac(above: Part, below: Part): VNode {
  return (
    <mfrac>
      {part(above)}
      {part(below)}
    </mfrac>
  );
}

export function sub(base: Part, index: Part): VNode {
  return (
    <msub>
      {part(base)}
      {part(index)}
    </msub>
  );
}

export function sup(base: Part, power: Part): VNode {
  return (
    <msup>
      {part(base)}
      {part(power)}
    </msup>
  );
}

export function under(base: Part, below: Part): VNode {
  return (
    <munder>
      {part(base)}
      {part(below)}
    </munder>
  );
}

export const integral = <mo>∫</mo>;

/** The formula on a line of its own. */
export function Formula({ children }: { children: VNode }) {
  return (
    <div class="formula">
      <math display="block">{children}</math>
    </div>
  );
}
