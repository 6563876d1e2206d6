// Weight and bias of one layer as integers with a DequantizeLinear each. The bias is int32 with scale input * weight and
// zero point 0, which is how 8-bit kernels add it to their sums.

import { floatAttribute } from '../../ir/attributes';
import { type Node, elementCount, isOp } from '../../ir/model';
import { readTensor } from '../../ir/tensors';
import type { NdArray } from '../../ports';
import type { IntegerRange } from './affine';
import type { WeightLayer } from './plan';
import { type GraphScope, type MapNames, dequantizeNode } from './scope';
import { type QuantizedWeight, quantizeWeight } from './weights';

/** Largest bias code: a bit is left, so that adding the products cannot leave int32. */
const biasLimit = 2 ** 30;

export interface ParameterSettings {
  readonly range: IntegerRange;
  readonly perChannel: boolean;
}

export interface ParameterWriter {
  /** Rewires weight and bias of `layer`, whose input has scale `inputScale`; gives the nodes that must stand before it. */
  write(layer: WeightLayer, inputScale: number): Promise<Node[]>;
}

/** One writer a graph: layers that share a weight, an axis and scales share its codes too. */
export function parameterWriter(scope: GraphScope, settings: ParameterSettings): ParameterWriter {
  const written = new Map<string, { readonly quantized: QuantizedWeight; readonly output: string }[]>();

  const writeWeight = (layer: WeightLayer, quantized: QuantizedWeight): { nodes: Node[]; output: string } => {
    const same = written.get(layer.weight)?.find((other) => sameQuantization(other.quantized, quantized));
    if (same !== undefined) return { nodes: [], output: same.output };
    const output = scope.uniqueName(`${layer.weight}_dq`);
    const codes = scope.constant(`${layer.weight}_q`, quantized.codes);
    const node = dequantizeNode(codes, mapOf(scope, layer.weight, quantized), output, quantized.axis);
    written.set(layer.weight, [...(written.get(layer.weight) ?? []), { quantized, output }]);
    return { nodes: [node], output };
  };

  return {
    async write(layer, inputScale) {
      const { node } = layer;
      const weight = scaled(await constantOf(scope, layer.weight), floatAttribute(node, 'alpha', 1));
      const bias = layer.bias === undefined ? undefined : scaled(await constantOf(scope, layer.bias), floatAttribute(node, 'beta', 1));
      if (isOp(node, 'Gemm')) {
        node.attributes.delete('alpha');
        node.attributes.delete('beta');
      }
      const least = bias === undefined ? undefined : leastScales(bias, inputScale, settings.perChannel);
      const quantized = quantizeWeight(weight, settings.range, settings.perChannel ? layer.axis : undefined, least);
      const { nodes, output } = writeWeight(layer, quantized);
      node.inputs[1] = output;
      if (layer.bias !== undefined && bias !== undefined) {
        const added = writeBias(scope, layer.bias, bias, quantized, inputScale);
        nodes.push(added);
        node.inputs[2] = added.outputs[0] as string;
      }
      return nodes;
    },
  };
}

async function constantOf(scope: GraphScope, name: string): Promise<NdArray> {
  const tensor = scope.graph.initializers.get(name);
  if (tensor === undefined) throw new Error(`no initializer ${name}`);
  return readTensor(tensor);
}

/** Gemm's alpha and beta go into the constants: QGemm knows beta 1 only. */
function scaled(array: NdArray, factor: number): NdArray {
  if (factor === 1) return array;
  return { ...array, data: (array.data as Float32Array).map((value) => value * factor) };
}

/** Weight scales below which the bias would not fit its int32 codes. */
function leastScales(bias: NdArray, inputScale: number, perChannel: boolean): Float32Array {
  const least = (bias.data as Float32Array).map((value) => Math.abs(value) / (inputScale * biasLimit));
  return perChannel ? least : Float32Array.of(least.reduce((most, value) => Math.max(most, value), 0));
}

function writeBias(scope: GraphScope, name: string, bias: NdArray, weight: QuantizedWeight, inputScale: number): Node {
  const values = bias.data as Float32Array;
  const scales = weight.scales.map((scale) => scale * inputScale);
  const codes = Int32Array.from(values, (value, channel) => Math.round(value / (scales[channel % scales.length] as number)));
  const quantized: QuantizedWeight = {
    codes: { type: 'int32', dims: [elementCount(bias.dims)], data: codes },
    scales,
    zeroPoint: 0,
    ...(weight.axis === undefined ? {} : { axis: 0 }),
  };
  const output = scope.uniqueName(`${name}_dq`);
  return dequantizeNode(scope.constant(`${name}_q`, quantized.codes), mapOf(scope, name, quantized), output, quantized.axis);
}

/** A bias has zero point 0 and leaves it out; a weight says it even so, or onnxruntime 1.30 would keep its Gemm float. */
function mapOf(scope: GraphScope, name: string, { codes, scales, zeroPoint, axis }: QuantizedWeight): MapNames {
  const { type } = codes;
  const zero = (write: (type: 'int8' | 'uint8') => string): string => (type === 'int8' || type === 'uint8' ? write(type) : '');
  if (axis === undefined) {
    return { scale: scope.scalar(`${name}_scale`, 'float32', scales[0] ?? 1), zeroPoint: zero((one) => scope.scalar(`${name}_zero`, one, zeroPoint)) };
  }
  return {
    scale: scope.constant(`${name}_scale`, { type: 'float32', dims: [scales.length], data: scales }),
    zeroPoint: zero((one) => scope.repeated(`${name}_zero`, one, zeroPoint, scales.length)),
  };
}

function sameQuantization(a: QuantizedWeight, b: QuantizedWeight): boolean {
  return a.axis === b.axis && a.scales.length === b.scales.length && a.scales.every((scale, channel) => scale === b.scales[channel]);
}
