// First values of weights for training from scratch. Every parameter has a generator of its own, seeded by its name, so
// that a frozen or added layer changes no other.

import { indexGraph } from '../ir/graphIndex';
import { elementCount, type Graph, isOp, type Model } from '../ir/model';
import { seededRandom } from '../random';
import { parameterRoles, type ParameterRole } from './parameterRoles';
import { seedOf } from './seeds';
import { activationAfter, headNodes } from './weightedLayers';

/**
 * How matrices and kernels are drawn. `auto`: by what follows them (`kaiming` before rectifiers, `xavier` elsewhere, and
 * the last layer uniform within 1 / sqrt(fan in), as PyTorch's Linear).
 */
export type InitialisationScheme = 'auto' | 'kaiming' | 'xavier' | 'truncatedNormal';

/** Standard deviation of embeddings and position tables (Devlin 2019, BERT). */
const TABLE_DEVIATION = 0.02;
/** Truncated normals are cut at this many standard deviations. */
const TRUNCATION = 2;
/** First slope of PRelu (He 2015, "Delving Deep into Rectifiers"). */
const PRELU_SLOPE = 0.25;

/**
 * New values by name, for every parameter whose use says what good ones are, and for the running statistics of the
 * BatchNormalization nodes among them (mean 0, variance 1). Biases are 0, scales of norms 1. Parameters of other uses
 * are left out: they keep their values.
 *
 * @param model as given, not its training copy: the values go where exportTrained.ts puts them.
 *
 * Kaiming: normal with deviation sqrt(2 / ((1 + slope^2) fan in)) (He 2015). Xavier: uniform within
 * sqrt(6 / (fan in + fan out)) (Glorot and Bengio 2010).
 */
export async function initialise(
  model: Model, parameters: readonly { readonly name: string; readonly dims: readonly number[] }[], seed: number, scheme: InitialisationScheme = 'auto',
): Promise<Map<string, Float32Array>> {
  const roles = await parameterRoles(model, parameters);
  const index = indexGraph(model.graph);
  const heads = headNodes(model.graph);
  const values = new Map<string, Float32Array>();
  for (const { name, dims } of parameters) {
    const role = roles.get(name);
    if (role === undefined) continue;
    const random = seededRandom(seedOf(seed, name));
    values.set(name, Float32Array.from({ length: elementCount(dims) }, drawOf(role, random)));
  }
  for (const { inputs } of model.graph.nodes.filter((node) => isOp(node, 'BatchNormalization'))) {
    const channels = (values.get(inputs[1] ?? '') ?? values.get(inputs[2] ?? ''))?.length;
    if (channels === undefined) continue;
    inputs.slice(3, 5).forEach((name, position) => {
      if (isStored(name, model.graph)) values.set(name, new Float32Array(channels).fill(position));
    });
  }
  return values;

  function drawOf(role: ParameterRole, random: () => number): () => number {
    switch (role.kind) {
      case 'zero': return () => 0;
      case 'one': return () => 1;
      case 'slope': return () => PRELU_SLOPE;
      case 'table': return truncatedNormal(random, TABLE_DEVIATION);
      case 'matrix': return matrixDraw(role, random);
    }
  }

  function matrixDraw({ fanIn, fanOut, node }: Extract<ParameterRole, { kind: 'matrix' }>, random: () => number): () => number {
    if (scheme === 'truncatedNormal') return truncatedNormal(random, TABLE_DEVIATION);
    if (scheme === 'auto' && heads.has(node)) return uniform(random, 1 / Math.sqrt(fanIn));
    const after = activationAfter(node, index);
    const rectified = scheme === 'kaiming' || (scheme === 'auto' && after.kind === 'rectifier');
    if (!rectified) return uniform(random, Math.sqrt(6 / (fanIn + fanOut)));
    const slope = after.kind === 'rectifier' ? after.slope : 0;
    const deviation = Math.sqrt(2 / ((1 + slope ** 2) * fanIn));
    const draw = normal(random);
    return () => draw() * deviation;
  }
}

function isStored(tensor: string, graph: Graph): boolean {
  return graph.initializers.has(tensor) || graph.nodes.some((node) => isOp(node, 'Constant') && node.outputs[0] === tensor);
}

/** Uniform in [-bound, bound). */
function uniform(random: () => number, bound: number): () => number {
  return () => (2 * random() - 1) * bound;
}

/** Standard normal numbers, two from two uniform ones (Box and Muller 1958). */
function normal(random: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    // 1 - u is never 0.
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

function truncatedNormal(random: () => number, deviation: number): () => number {
  const draw = normal(random);
  return () => {
    let value = draw();
    while (Math.abs(value) > TRUNCATION) value = draw();
    return value * deviation;
  };
}
