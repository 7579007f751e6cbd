// Decodes with a multilayer perceptron, as torch does: for a page without a server.
// src/vael/studio/services/exporting.py writes what is read here.

export type Activation = "silu" | "relu" | "tanh" | "gelu" | "elu" | "softplus" | "leaky_relu" | "sigmoid" | "gate" | "none";

export interface LayerFacts {
  inputs: number;
  /** Of the affine map; a gate halves them. */
  outputs: number;
  activation: Activation;
}

export interface DecoderFacts {
  layers: LayerFacts[];
  /** What the outputs are to the law of the data. */
  mean: "bernoulli" | "continuous-bernoulli" | "gaussian" | "categorical";
  /** Of a categorical law. */
  levels: number;
}

/** Decodes one point at a time; every call returns the same array, filled anew. */
export class MlpDecoder {
  private readonly weights: Float32Array[] = [];
  private readonly biases: Float32Array[] = [];
  private readonly hidden: Float64Array[];
  private readonly means: Float64Array;

  /**
   * @param numbers Weights (outputs x inputs) and biases of each layer in turn; 16-bit floats or 32-bit ones.
   */
  constructor(
    private readonly facts: DecoderFacts,
    numbers: Float32Array | Uint16Array,
  ) {
    const all = numbers instanceof Uint16Array ? Float32Array.from(numbers, fromHalf) : numbers;
    let at = 0;
    for (const { inputs, outputs } of facts.layers) {
      this.weights.push(all.subarray(at, (at += inputs * outputs)));
      this.biases.push(all.subarray(at, (at += outputs)));
    }
    if (at !== all.length) throw new Error(`the decoder has ${at} numbers, and ${all.length} were given`);
    this.hidden = facts.layers.map(({ outputs }) => new Float64Array(outputs));
    const outputs = facts.layers[facts.layers.length - 1].outputs;
    this.means = new Float64Array(facts.mean === "categorical" ? outputs / facts.levels : outputs);
  }

  /** The mean of p(x|z) on the model's scale. */
  decode(z: ArrayLike<number>): Float64Array {
    let input: ArrayLike<number> = z;
    this.facts.layers.forEach(({ inputs, outputs, activation }, layer) => {
      const [weights, biases, out] = [this.weights[layer], this.biases[layer], this.hidden[layer]];
      for (let o = 0, w = 0; o < outputs; o++) {
        let sum = biases[o];
        for (let i = 0; i < inputs; i++, w++) sum += weights[w] * input[i];
        out[o] = sum;
      }
      input = activate(out, activation);
    });
    return this.mean(input as Float64Array);
  }

  private mean(outputs: Float64Array): Float64Array {
    const { mean, levels } = this.facts;
    const means = this.means;
    if (mean === "categorical") return expectedLevels(outputs, levels, means);
    const of = mean === "bernoulli" ? sigmoid : mean === "continuous-bernoulli" ? continuousBernoulliMean : (x: number) => x;
    for (let i = 0; i < means.length; i++) means[i] = of(outputs[i]);
    return means;
  }
}

function activate(x: Float64Array, activation: Activation): Float64Array {
  if (activation === "none") return x;
  if (activation === "gate") {
    const half = x.length / 2;
    for (let i = 0; i < half; i++) x[i] *= sigmoid(x[half + i]);
    return x.subarray(0, half);
  }
  const of = ACTIVATIONS[activation];
  for (let i = 0; i < x.length; i++) x[i] = of(x[i]);
  return x;
}

const ACTIVATIONS: Record<Exclude<Activation, "gate" | "none">, (x: number) => number> = {
  silu: (x) => x * sigmoid(x),
  relu: (x) => Math.max(0, x),
  tanh: Math.tanh,
  gelu: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  softplus: (x) => (x > 20 ? x : Math.log1p(Math.exp(x))), // torch's threshold
  leaky_relu: (x) => (x > 0 ? x : 0.01 * x),
  sigmoid,
};

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

const SERIES = [1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160];

/** A'(l) of the continuous Bernoulli, with its series near 0: not the sigmoid. */
export function continuousBernoulliMean(l: number): number {
  const size = Math.abs(l);
  if (size < 0.5) return 0.5 + l * SERIES.reduceRight((sum, c) => sum * l * l + c, 0);
  const dark = Math.exp(-size) / Math.expm1(-size) + 1 / size;
  return l > 0 ? 1 - dark : dark;
}

/** Blocks of logits, one for each level k / (levels - 1). */
function expectedLevels(logits: Float64Array, levels: number, means: Float64Array): Float64Array {
  const features = means.length;
  for (let i = 0; i < features; i++) {
    let most = -Infinity;
    for (let k = 0; k < levels; k++) most = Math.max(most, logits[k * features + i]);
    let [sum, weighted] = [0, 0];
    for (let k = 0; k < levels; k++) {
      const weight = Math.exp(logits[k * features + i] - most);
      sum += weight;
      weighted += weight * k;
    }
    means[i] = weighted / sum / (levels - 1);
  }
  return means;
}

/** The error function, to rounding: its series for small arguments, a continued fraction for large ones. */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  if (size < 2.5) {
    let [term, sum] = [size, size];
    for (let n = 1; Math.abs(term) > 1e-17 * sum; n++) {
      term *= (-size * size) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (size + fraction);
  return Math.sign(x) * (1 - Math.exp(-size * size) / (Math.sqrt(Math.PI) * (size + fraction)));
}

/** IEEE 754's 16-bit float. */
export function fromHalf(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
}
