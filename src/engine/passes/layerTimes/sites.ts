// The layers whose time is measured by width: convolutions and products with stored weights. Says what of each is fixed
// (operator, attributes, positions) and which widths it has; groups are no matter here.

import { intAttribute } from '../../ir/attributes';
import type { DataType } from '../../ir/dataTypes';
import { type Attribute, isOp, type Model, type Node } from '../../ir/model';
import { fixed, type ShapeMap } from '../../ir/shapes/index';

/** Channels or features that a layer reads and makes. */
export interface SiteWidths {
  readonly input: number;
  readonly output: number;
}

/** A node whose time depends on widths. */
export interface Site {
  /** First output of the node. */
  readonly id: string;
  /** Sites with the same key take the same time at the same widths. */
  readonly key: string;
  readonly op: 'Conv' | 'ConvTranspose' | 'Gemm' | 'MatMul';
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly type: DataType;
  /** Shape of the first input; the entry of `axis` is its width. */
  readonly shape: readonly number[];
  readonly axis: number;
  /** Axis of the output's width. */
  readonly outputAxis: number;
  /** Sizes of a kernel; none for products. */
  readonly kernel: readonly number[];
  readonly bias: boolean;
  /** Groups of a convolution; with one channel in each, both widths are one. */
  readonly groups: number;
  readonly depthwise: boolean;
  readonly widths: SiteWidths;
}

/** Sites of the main graph in its order; nodes of unknown shapes, with products of two activations and the like are none. */
export function sitesOf(model: Model, shapes: ShapeMap, isConstant: (name: string) => boolean): readonly Site[] {
  return model.graph.nodes.flatMap((node): Site[] => {
    const site = siteOf(node, shapes, isConstant);
    return site === undefined ? [] : [site];
  });
}

function siteOf(node: Node, { tensors }: ShapeMap, isConstant: (name: string) => boolean): Site | undefined {
  if (!isOp(node, 'Conv', 'ConvTranspose', 'Gemm', 'MatMul')) return undefined;
  const [data = '', weight = '', bias = ''] = node.inputs;
  const type = tensors.get(data)?.type;
  const [shape, stored, made] = [data, weight, node.outputs[0] ?? ''].map((name) => fixed(tensors.get(name)?.shape));
  if (!shape || !stored || !made || type === undefined || !isConstant(weight)) return undefined;
  const convolution = isOp(node, 'Conv', 'ConvTranspose');
  const usual = convolution ? shape.length > 2 : stored.length === 2 && (!isOp(node, 'Gemm') || intAttribute(node, 'transA', 0) === 0);
  if (!usual) return undefined;
  const axis = convolution ? 1 : shape.length - 1;
  const outputAxis = convolution ? 1 : made.length - 1;
  const widths = { input: shape[axis] ?? 1, output: made[outputAxis] ?? 1 };
  const groups = convolution ? intAttribute(node, 'group', 1) : 1;
  const kernel = convolution ? stored.slice(2) : [];
  const attributes = new Map([...node.attributes].filter(([name]) => name !== 'output_shape'));
  const key = JSON.stringify([node.opType, type, shape, widths.output, kernel, bias !== '', [...attributes].sort(([a], [b]) => (a < b ? -1 : 1))], (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  return {
    id: node.outputs[0] ?? '', key, op: node.opType as Site['op'], attributes, type, shape, axis, outputAxis, kernel, bias: bias !== '',
    groups, depthwise: groups > 1 && groups === widths.input && groups === widths.output, widths,
  };
}
