// Makes the gradients of whole models anew with PyTorch (test/fixtures/training) and compares ours with them.

import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeModel } from '../../src/engine/ir/codec';
import { writeAtomically } from '../../src/runtime/files';
import { closeAssets } from '../../test/support/models';
import { fixturePath, openCase, type OracleCase, oracleCases, type OracleFixture, readCase } from '../../test/support/oracleCases';
import { compareWithOracle, NORM_WISE } from '../../test/support/wholeGradients';
import type { Bench, Claim } from '../lib/bench';
import { runScript } from '../lib/torch';
import { inTemporaryFolder } from '../lib/workspace';
import { writeTensors } from './tensorFile';

export const trainingOracle: Bench = {
  name: 'training-oracle',
  title: 'Gradients of whole models against PyTorch',
  run: (log) => inTemporaryFolder(async (folder) => {
    const plan = join(folder, 'plan.json');
    mkdirSync(dirname(fixturePath(oracleCases[0] as OracleCase)), { recursive: true });
    writeFileSync(plan, JSON.stringify(await Promise.all(oracleCases.map((oracle) => planned(oracle, folder)))));
    log(runScript('gradients.py', plan).trimEnd());

    const rows: string[][] = [];
    let worst = 0;
    for (const oracle of oracleCases) {
      const fixture = JSON.parse(readFileSync(fixturePath(oracle), 'utf8')) as OracleFixture;
      const { loss, largest, gradients, statistics } = await compareWithOracle(oracle, fixture);
      worst = Math.max(worst, largest.error);
      const bytes = statSync(fixturePath(oracle)).size;
      rows.push([oracle.name, String(oracle.batch), String(gradients), String(statistics), fixture.loss.toFixed(6), Math.abs(loss - fixture.loss).toExponential(1),
        `${largest.error.toExponential(1)} (${largest.tensor})`, fixture.float32.toExponential(1), (bytes / 1000).toFixed(0)]);
      log(`${oracle.name}: ${largest.error.toExponential(1)}`);
    }
    await closeAssets();
    const claim: Claim = {
      claim: `gradients of ${oracleCases.length} whole models, norm-wise, against PyTorch in float64`, wanted: `<= ${NORM_WISE}`,
      found: worst.toExponential(1), met: worst <= NORM_WISE,
      note: 'a gradient below a hundredth of the whole gradient\'s norm is measured against that; samples are chosen so that no activation of a BatchNormalization network lies within float32\'s rounding of a kink (test/support/oracleCases.ts)',
    };
    return {
      claims: [claim],
      tables: [{
        title: 'Loss: mean cross entropy of real samples. Distances are relative norms; of larger tensors estimated by 32 random projections',
        columns: ['model', 'batch', 'gradients', 'running averages', 'loss', 'loss off by', 'largest distance', 'PyTorch\'s own float32', 'fixture, kB'],
        rows,
      }],
    };
  }),
};

async function planned(oracle: OracleCase, folder: string): Promise<object> {
  const model = await openCase(oracle);
  const path = join(folder, `${oracle.name}.onnx`);
  await writeAtomically(path, (sink) => writeModel(model, sink));
  const { inputs, labels } = await readCase(oracle, model);
  const tensors = join(folder, oracle.name);
  writeTensors(tensors, { ...inputs, labels: { type: 'int64', dims: [labels.length], data: BigInt64Array.from(labels, BigInt) } });
  return { model: path, tensors, training: oracle.batchNorm === 'train', fixture: fixturePath(oracle) };
}
