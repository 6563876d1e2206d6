// Rewrites planned layers into standard integer operators, in the pattern that onnxruntime fuses into
// DynamicQuantizeMatMul and MatMulIntegerToFloat (DynamicQuantizeLinear, MatMulInteger, Cast, Mul by the product of both
// scales, Add of the bias). The last node keeps the output's name.

import { floatAttribute, int, intAttribute } from '../../ir/attributes';
import { makeNode } from '../../ir/build';
import { wireOf } from '../../ir/dataTypes';
import { indexGraph } from '../../ir/graphIndex';
import type { Model, Node } from '../../ir/model';
import { readTensor } from '../../ir/tensors';
import type { NdArray } from '../../ports';
import type { Origins } from '../pass';
import { dropUnused } from '../../ir/edit/dropUnused';
import type { DynamicLayer } from './dynamicPlan';
import { type GraphScope, dequantizeNode, graphScope } from './scope';
import { quantizeWeight, type QuantizedWeight, weightRange } from './weights';

export interface DynamicSettings {
  readonly matMulWeights: 'int8' | 'uint8';
  readonly perChannel: boolean;
  /** 7-bit int8 weights, for CPUs whose u8 by s8 sums saturate. */
  readonly reduced: boolean;
}

/** Edits `model` (a clone); gives the origins of its nodes. `onLayer` is called before each layer. */
export async function rewriteDynamic(
  model: Model,
  layers: readonly DynamicLayer[],
  settings: DynamicSettings,
  before: Origins,
  onLayer: (layer: DynamicLayer, done: number) => void,
): Promise<Origins> {
  const byNode = new Map(layers.map((layer) => [layer.node, layer]));
  const origins = new Map<string, readonly string[]>();
  const nodes: Node[] = [];
  const writer = new LayerWriter(graphScope(indexGraph(model.graph)), settings, model);
  let done = 0;
  for (const node of model.graph.nodes) {
    const layer = byNode.get(node);
    if (layer !== undefined) onLayer(layer, done++);
    const from = before.get(node.outputs[0] ?? '');
    for (const written of layer === undefined ? [node] : await writer.write(layer)) {
      nodes.push(written);
      if (from !== undefined) origins.set(written.outputs[0] ?? '', from);
    }
  }
  model.graph.nodes = nodes;
  dropUnused(model.graph);
  return origins;
}

/** What DynamicQuantizeLinear makes of an activation. */
interface Codes {
  readonly codes: string;
  readonly scale: string;
  readonly zeroPoint: string;
}

class LayerWriter {
  private readonly activations = new Map<string, Codes>();
  private readonly weights = new Map<string, Promise<WeightNames>>();

  constructor(private readonly scope: GraphScope, private readonly settings: DynamicSettings, private readonly model: Model) {}

  async write(layer: DynamicLayer): Promise<Node[]> {
    switch (layer.kind) {
      case 'matMul': return this.matMul(layer);
      case 'gemm': return this.gemm(layer);
      case 'conv': return this.conv(layer);
      case 'table': return this.table(layer);
    }
  }

  private async matMul({ node, weight }: DynamicLayer): Promise<Node[]> {
    const names = await this.once(node.inputs[1] ?? '', 'matMul', async () => {
      const quantized = this.quantize(await readTensor(weight), this.settings.matMulWeights, -1);
      return this.addWeight(node.inputs[1] ?? '', quantized, quantized.codes, quantized.scales.length === 1 ? [] : [quantized.scales.length]);
    });
    return this.product(node, 'MatMulInteger', names, undefined);
  }

  /** alpha goes into the weight's scale, transB into the order of its codes, beta into the bias. */
  private async gemm({ node, weight }: DynamicLayer): Promise<Node[]> {
    const transposed = intAttribute(node, 'transB', 0) !== 0;
    const alpha = floatAttribute(node, 'alpha', 1);
    const names = await this.once(node.inputs[1] ?? '', `gemm ${transposed} ${alpha}`, async () => {
      const quantized = this.quantize(await readTensor(weight), this.settings.matMulWeights, transposed ? 0 : 1);
      const codes = transposed ? transpose(quantized.codes) : quantized.codes;
      const scaled = { ...quantized, scales: quantized.scales.map((scale) => scale * alpha) };
      return this.addWeight(node.inputs[1] ?? '', scaled, codes, scaled.scales.length === 1 ? [] : [scaled.scales.length]);
    });
    return this.product(node, 'MatMulInteger', names, await this.gemmBias(node));
  }

  private async gemmBias(node: Node): Promise<string | undefined> {
    const name = node.inputs[2] ?? '';
    const beta = floatAttribute(node, 'beta', 1);
    if (name === '' || beta === 0) return undefined;
    const tensor = this.model.graph.initializers.get(name);
    if (beta === 1 || tensor === undefined) return name;
    const bias = await readTensor(tensor);
    return this.scope.constant(`${name}_scaled`, { ...bias, data: (bias.data as Float32Array).map((value) => value * beta) });
  }

  private async conv({ node, weight }: DynamicLayer): Promise<Node[]> {
    // Scales and bias line up with the channel axis of an output [N, C, ...spatial].
    const perChannel = [weight.dims[0] ?? 1, ...weight.dims.slice(2).map(() => 1)];
    const names = await this.once(node.inputs[1] ?? '', 'conv', async () => {
      const quantized = this.quantize(await readTensor(weight), 'uint8', 0);
      return this.addWeight(node.inputs[1] ?? '', quantized, quantized.codes, quantized.scales.length === 1 ? [] : perChannel);
    });
    const bias = node.inputs[2] ?? '';
    const nodes: Node[] = [];
    let shaped: string | undefined;
    if (bias !== '') {
      const tensor = this.model.graph.initializers.get(bias);
      if (tensor === undefined) {
        shaped = this.scope.uniqueName(`${bias}_channels`);
        const shape = this.scope.constant(`${bias}_shape`, { type: 'int64', dims: [perChannel.length], data: BigInt64Array.from(perChannel, BigInt) });
        nodes.push(makeNode('Reshape', [bias, shape], [shaped], {}, { name: shaped }));
      } else {
        shaped = this.scope.constant(`${bias}_channels`, { ...(await readTensor(tensor)), dims: perChannel });
      }
    }
    return [...nodes, ...this.product(node, 'ConvInteger', names, shaped)];
  }

  /** Rows are looked up as codes and made float afterwards, each with the scale of its row. */
  private async table({ node, weight }: DynamicLayer): Promise<Node[]> {
    const [tableName = '', indices = ''] = node.inputs;
    const output = node.outputs[0] ?? '';
    const names = await this.once(tableName, 'table', async () => {
      const quantized = this.quantize(await readTensor(weight), 'int8', 0);
      return this.addWeight(tableName, quantized, quantized.codes, quantized.scales.length === 1 ? [] : [quantized.scales.length, 1]);
    });
    const rows = this.name(output, 'codes');
    const gather = makeNode('Gather', [names.codes, indices], [rows], { axis: int(0) }, { name: rows });
    if (!this.settings.perChannel) return [gather, dequantizeNode(rows, names, output)];
    const [values, scales] = [this.name(output, 'values'), this.name(output, 'scales')];
    return [
      gather,
      makeNode('Cast', [rows], [values], { to: int(wireOf('float32')) }, { name: values }),
      makeNode('Gather', [names.scale, indices], [scales], { axis: int(0) }, { name: scales }),
      makeNode('Mul', [values, scales], [output], {}, { name: node.name }),
    ];
  }

  private product(node: Node, opType: 'MatMulInteger' | 'ConvInteger', weight: WeightNames, bias: string | undefined): Node[] {
    const output = node.outputs[0] ?? '';
    const { nodes, codes } = this.activation(node.inputs[0] ?? '');
    const [sums, floats, scale] = [this.name(output, 'sums'), this.name(output, 'floats'), this.name(output, 'scale')];
    const scaled = bias === undefined ? output : this.name(output, 'scaled');
    const attributes = opType === 'ConvInteger' ? Object.fromEntries(node.attributes) : {};
    return [
      ...nodes,
      makeNode(opType, [codes.codes, weight.codes, codes.zeroPoint, weight.zeroPoint], [sums], attributes, { name: sums }),
      makeNode('Cast', [sums], [floats], { to: int(wireOf('float32')) }, { name: floats }),
      makeNode('Mul', [codes.scale, weight.scale], [scale], {}, { name: scale }),
      makeNode('Mul', [floats, scale], [scaled], {}, { name: bias === undefined ? node.name : scaled }),
      ...(bias === undefined ? [] : [makeNode('Add', [scaled, bias], [output], {}, { name: node.name })]),
    ];
  }

  /** One DynamicQuantizeLinear for all layers that read the value. */
  private activation(value: string): { readonly nodes: readonly Node[]; readonly codes: Codes } {
    const known = this.activations.get(value);
    if (known !== undefined) return { nodes: [], codes: known };
    const codes = { codes: this.name(value, 'codes'), scale: this.name(value, 'scale'), zeroPoint: this.name(value, 'zero') };
    this.activations.set(value, codes);
    const outputs = [codes.codes, codes.scale, codes.zeroPoint];
    return { nodes: [makeNode('DynamicQuantizeLinear', [value], outputs, {}, { name: codes.codes })], codes };
  }

  private quantize(weight: NdArray, type: 'int8' | 'uint8', axis: number): QuantizedWeight {
    const range = weightRange(type, this.settings.reduced && type === 'int8');
    return quantizeWeight(weight, range, this.settings.perChannel ? axis : undefined);
  }

  private addWeight(base: string, { scales, zeroPoint }: QuantizedWeight, codes: NdArray, scaleDims: readonly number[]): WeightNames {
    return {
      codes: this.scope.constant(`${base}_codes`, codes),
      scale: this.scope.constant(`${base}_scale`, { type: 'float32', dims: scaleDims, data: scales }),
      zeroPoint: this.scope.scalar(`${base}_zero`, codes.type === 'int8' ? 'int8' : 'uint8', zeroPoint),
    };
  }

  /** A weight that several layers share is written once for each way in which they read it. */
  private once(weight: string, use: string, make: () => Promise<WeightNames>): Promise<WeightNames> {
    const key = `${use} ${weight}`;
    const names = this.weights.get(key) ?? make();
    this.weights.set(key, names);
    return names;
  }

  private name(base: string, part: string): string {
    return this.scope.uniqueName(`${base}_${part}`);
  }
}

interface WeightNames {
  readonly codes: string;
  readonly scale: string;
  readonly zeroPoint: string;
}

/** A matrix of bytes with rows and columns exchanged. */
function transpose(matrix: NdArray): NdArray {
  const [rows = 0, columns = 0] = matrix.dims;
  const source = matrix.data as Int8Array | Uint8Array;
  const result = source.slice();
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = source[row * columns + column] ?? 0;
  }
  return { type: matrix.type, dims: [columns, rows], data: result };
}
