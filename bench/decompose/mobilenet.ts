// decompose.svd with static int8 on fashion-mobilenetv2, through the command as a user would: the size of the file that is written
// and the accuracy that is left. Most weights of that network are in 1 x 1 convolutions.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CompressReport, EvaluateReport } from '../../src/protocol/report';
import type { RecipePass } from '../../src/protocol/recipe';
import type { Bench, BenchTable, Claim } from '../lib/bench';
import { decant } from '../lib/decant';
import { points } from '../lib/passes';
import { asset, inRepository, inTemporaryFolder } from '../lib/workspace';

const MODEL = 'fashion-mobilenetv2';
/** Issue 6. */
const GOAL = { smaller: 6.3, kept: 0.99 };

const cleanup: RecipePass = { pass: 'cleanup' };
const int8: RecipePass = { pass: 'quantize.static', format: 'qoperator' };
const svd: RecipePass = { pass: 'decompose.svd', parameters: 0.4, measure: false, samples: 1024, grain: 4 };
/** All 60,000 images; of known answers only the teacher's on changed images help (bench/pruning/recovery.ts). */
const recover = { epochs: 5, learningRate: 1e-3, augment: { flip: true, crop: 1 }, losses: [{ loss: 'kl' }] };

interface Variant {
  readonly title: string;
  /** Title of the variant whose file it goes on from; default the model as it is. */
  readonly after?: string;
  readonly passes: readonly RecipePass[];
}

const TRAINED = 'svd, 5 epochs of distillation';
const BEST = 'svd, 5 epochs of distillation, int8';

const variants: readonly Variant[] = [
  { title: 'int8', passes: [int8] },
  { title: 'svd', passes: [svd, cleanup] },
  { title: TRAINED, passes: [{ ...svd, recover }, cleanup] },
  { title: BEST, after: TRAINED, passes: [int8] },
  { title: `${BEST}, in QDQ form`, after: TRAINED, passes: [{ ...int8, format: 'qdq' }] },
];

interface Row extends Variant {
  readonly file: string;
  readonly bytes: number;
  readonly accuracy: number;
  readonly report: CompressReport;
}

export const decomposeMobilenet: Bench = {
  name: 'decompose-mobilenetv2',
  title: 'Low rank and int8 together',
  run: (log) => inTemporaryFolder(async (folder) => {
    const float = await accuracyOf(asset(`models/${MODEL}.onnx`));
    const rows: Row[] = [];
    for (const [position, variant] of variants.entries()) {
      const from = rows.find(({ title }) => title === variant.after)?.file ?? asset(`models/${MODEL}.onnx`);
      const row = await measured(variant, from, join(folder, String(position)));
      rows.push(row);
      log(`${variant.title}: ${row.bytes} bytes, ${points(row.accuracy)} %`);
    }
    const [first] = rows;
    if (first === undefined) throw new Error('nothing was measured');
    const original = { accuracy: float, bytes: first.report.before.bytes };
    return { claims: [claimOf(rows, original)], tables: [table(rows, original)] };
  }),
};

type Original = Pick<Row, 'accuracy' | 'bytes'>;

async function accuracyOf(file: string): Promise<number> {
  const { result } = await decant<EvaluateReport>('evaluate', file, '--data', asset('data/fashion-mnist-subset.json'), '--split', 'test');
  return result.metric.value;
}

async function measured(variant: Variant, from: string, name: string): Promise<Row> {
  await writeFile(`${name}.json`, JSON.stringify({ version: 1, passes: variant.passes }));
  const { result: report } = await decant<CompressReport>('compress', from, '--recipe', `${name}.json`, '--data', inRepository('examples/training/fashion-mnist.json'), '-o', `${name}.onnx`);
  return { ...variant, report, file: `${name}.onnx`, bytes: report.after.bytes, accuracy: await accuracyOf(`${name}.onnx`) };
}

function claimOf(rows: readonly Row[], original: Original): Claim {
  const row = rows.find(({ title }) => title === BEST);
  if (row === undefined) throw new Error('the claim was not measured');
  const smaller = original.bytes / row.bytes;
  return {
    claim: `${MODEL}: decomposition with int8, size of the file and share of the float accuracy kept`, wanted: `${GOAL.smaller} times smaller, >= ${GOAL.kept * 100} %`,
    found: `${smaller.toFixed(2)} times (${original.bytes} to ${row.bytes} bytes), ${((row.accuracy / original.accuracy) * 100).toFixed(2)} % (${points(original.accuracy)} % to ${points(row.accuracy)} %)`,
    met: smaller >= GOAL.smaller && row.accuracy >= GOAL.kept * original.accuracy,
  };
}

function table(rows: readonly Row[], original: Original): BenchTable {
  return {
    title: `Files as the command writes them (${JSON.stringify(svd)}), accuracy on 10,000 test images (float ${points(original.accuracy)} %)`,
    columns: ['', 'bytes', 'times smaller', 'parameters', 'accuracy', 'kept of float'],
    rows: rows.map(({ title, bytes, accuracy, report: { after } }) => [
      title, String(bytes), (original.bytes / bytes).toFixed(2), String(after.parameters), `${points(accuracy)} %`, `${((accuracy / original.accuracy) * 100).toFixed(2)} %`,
    ]),
  };
}
