// MACs of the shared topologies, MobileNetV2 and BERT-base against onnx-tool, operator by operator.

import type { Bench } from '../lib/bench';
import { asset } from '../lib/workspace';
import { macsByOperator, products, toolCounts } from './macs/fixture';

export const macs: Bench = {
  name: 'macs',
  title: 'MACs against an open tool',
  async run() {
    const { tool, models } = toolCounts();
    const rows: string[][] = [];
    let equal = 0;
    for (const count of models) {
      const ours = await macsByOperator(count, asset);
      const theirs = Object.entries(count.withoutBiases).filter(([operator]) => products.includes(operator));
      const same = theirs.length === ours.size && theirs.every(([operator, found]) => ours.get(operator) === found);
      if (same) equal += 1;
      for (const [operator, found] of theirs) {
        rows.push([count.name, shapesOf(count.inputs), operator, String(ours.get(operator) ?? 'unknown'), String(found), String(count.counted[operator] ?? 0)]);
      }
    }
    return {
      claims: [{
        claim: `MACs of the topologies, MobileNetV2 and BERT-base equal those of ${tool}, operator by operator`,
        wanted: `${models.length} of ${models.length} networks exactly`,
        found: `${equal} of ${models.length}`,
        met: equal === models.length,
        note: 'Conv, Gemm and MatMul, without biases; the tool adds one for each biased output element of Conv and Gemm, and counts 1 to 50 for each element of other operators, which Decant counts as 0. MobileNetV2 and BERT-base are built from the tables of their papers (bench/core/macs/networks.ts)',
      }],
      tables: [{ title: 'By operator', columns: ['model', 'inputs', 'operator', 'Decant', `${tool}, without biases`, 'the tool with biases'], rows }],
    };
  },
};

const shapesOf = (inputs: Readonly<Record<string, readonly number[]>>): string => Object.values(inputs).map((shape) => shape.join('×')).join(', ');
