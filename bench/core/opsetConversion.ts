// Opset conversion on the operator tests of ONNX: how many compute the same afterwards, and what is refused.

import type { Bench, BenchTable, Claim } from '../lib/bench';
import { debianCases } from './operators/debian';
import { onnxCases } from './operators/onnxCases';
import { type ConversionResult, conversionOf } from './opsetConversions';

const TARGETS = [21, 25];
const outcomes = ['equal', 'differs', 'refused', 'notRunAfter', 'notRun'] as const;

export const opsetConversion: Bench = {
  name: 'opset-conversion',
  title: 'Opset conversion on the operator tests of ONNX',
  async run(log) {
    const rows: (readonly string[])[] = [];
    const found: (ConversionResult & { readonly opset: number })[] = [];
    for (const opset of TARGETS) {
      for (const [source, cases] of [['libonnx-testdata (opsets 7 to 17)', debianCases()], [onnxCases().source, onnxCases().cases]] as const) {
        const results: ConversionResult[] = [];
        for await (const subject of cases) {
          const result = await conversionOf(subject, opset);
          if (result !== undefined) results.push(result);
        }
        rows.push([source, String(opset), String(results.length), ...outcomes.map((outcome) => String(results.filter((result) => result.outcome === outcome).length))]);
        log(rows.at(-1)?.join(', ') ?? '');
        found.push(...results.map((result) => ({ ...result, opset })));
      }
    }
    return { claims: claimsOf(found), tables: [{ title: 'Models by what became of them', columns: ['source', 'to opset', 'models', 'equal', 'differs', 'refused', 'no kernel for the newer operator', 'original not run by onnxruntime-node'], rows }, exceptions(found)] };
  },
};

function claimsOf(found: readonly ConversionResult[]): readonly Claim[] {
  const count = (outcome: ConversionResult['outcome']): number => found.filter((result) => result.outcome === outcome).length;
  return [
    { claim: 'models that compute something else after conversion (beyond 1e-5, relative)', wanted: '0', found: `${count('differs')} of ${count('differs') + count('equal')}`, met: count('differs') === 0 },
    { claim: 'conversions refused', wanted: 'each by name', found: String(count('refused')), met: true, note: 'docs/opsets.md says what is refused and why' },
  ];
}

function exceptions(found: readonly (ConversionResult & { readonly opset: number })[]): BenchTable {
  const rows = found.filter(({ outcome }) => outcome !== 'equal' && outcome !== 'notRun');
  return { title: 'What is not equal', columns: ['model', 'from', 'to', 'outcome', 'why'], rows: rows.map(({ name, from, opset, outcome, detail }) => [name, String(from), String(opset), outcome, detail.slice(0, 160)]) };
}
