// MACs by operator as onnx-tool counts them (test/fixtures/macs.json, written by bench/core/fixtures/macs.py), and ours.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lookInto, macsOf } from '../../../src/engine/analysis/costGraph';
import { readModel, releaseModel } from '../../../src/engine/ir/codec';
import type { Model } from '../../../src/engine/ir/model';
import { inferShapes } from '../../../src/engine/ir/shapes/index';
import { nodeFiles } from '../../../src/runtime/files';
import { root } from '../../lib/decant';
import { bertBase, mobileNetV2 } from './networks';

export interface ToolCount {
  readonly name: string;
  /** The shapes for which the tool counted. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** By operator, as the tool counts the model as it is. */
  readonly counted: Readonly<Record<string, number>>;
  /** The same model without biases of Conv, ConvTranspose and Gemm, for each of whose outputs the tool adds one. */
  readonly withoutBiases: Readonly<Record<string, number>>;
}

export interface ToolCounts {
  /** Name and version. */
  readonly tool: string;
  readonly models: readonly ToolCount[];
}

/** Operators that multiply tensors: the ones both count in the same way. The tool also counts one to 50 for an element of others. */
export const products: readonly string[] = ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'];

export function toolCounts(): ToolCounts {
  return JSON.parse(readFileSync(join(root, 'test', 'fixtures', 'macs.json'), 'utf8')) as ToolCounts;
}

const built: Readonly<Record<string, () => Model>> = { 'mobilenet-v2': mobileNetV2, 'bert-base': bertBase };

/** @param topology the file of a model of ../shared/assets/topologies. */
export async function macsByOperator({ name, inputs }: ToolCount, topology: (file: string) => string): Promise<Map<string, number | null>> {
  const model = built[name]?.() ?? await readModel(await nodeFiles.open(topology(`topologies/${name}.onnx`)), nodeFiles);
  const shapes = await inferShapes(model, { inputShapes: inputs });
  await releaseModel(model);
  const look = lookInto(shapes, model.graph);
  const macs = new Map<string, number | null>();
  for (const node of model.graph.nodes) {
    const found = macsOf(node, shapes, look);
    const before = macs.get(node.opType) ?? 0;
    if (found !== 0) macs.set(node.opType, found === null ? null : before + found);
  }
  return macs;
}
