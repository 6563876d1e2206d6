// Teachers whose file fixes how many samples they take: asked several times a batch, or refused.

import assert from 'node:assert/strict';
import { sampleInputs } from '../../../src/engine/passes/sampleInputs';
import { modelInputs } from '../../../src/engine/ir/signature';
import { createTeacher } from '../../../src/engine/train/teacherSession';
import { rows } from '../../../src/engine/train/rows';
import { withAssets } from '../../support/assets';
import { closeAssets, openAsset, outputsOf } from '../../support/models';
import { testRuntime } from '../../support/passContext';
import type { NdArray } from '../../../src/engine/ports';

/** Its pads are constants for one sample, so that the batch cannot be opened. */
const FIXED = 'models/face_detection_front_128x128_barracuda.onnx';
const options = { dims: {}, runtime: testRuntime, provider: 'cpu', threads: 1 };

withAssets('a teacher with a fixed batch', () => {
  after(closeAssets);

  it('answers a batch of three as it answers each sample', async () => {
    const model = await openAsset(FIXED);
    const singles = [1, 2, 3].map((seed) => sampleInputs(model, modelInputs(model), { seed }));
    const [name = '', first] = Object.entries(singles[0] ?? {})[0] ?? [];
    assert.ok(first);
    const data = Float32Array.from(singles.flatMap((inputs) => Array.from(inputs[name]?.data as Float32Array)));
    const whole: NdArray = { type: 'float32', dims: [3, ...first.dims.slice(1)], data };
    const teacher = await createTeacher(model, { ...options, batch: 3 });
    const outputs = model.graph.outputs.map((output) => output.name);
    assert.deepEqual(teacher.facts(outputs[0] ?? '')?.shape, [3, 512, 1]);
    const answers = await teacher.run({ [name]: whole }, outputs);
    await teacher.release();
    for (const [index, inputs] of singles.entries()) {
      const alone = await outputsOf(model, inputs, { optimization: 'all' });
      for (const output of outputs) {
        const [together, single] = [answers[output], alone[output]];
        assert.ok(together && single);
        assert.deepEqual(together.dims, [3, ...single.dims.slice(1)]);
        const part = rows(together, index / 3, (index + 1) / 3).data as Float32Array;
        const largest = Math.max(...Array.from(single.data as Float32Array, Math.abs));
        assert.ok(part.every((value, at) => Math.abs(value - Number(single.data[at])) <= 1e-4 * largest), `${output} of sample ${index}`);
      }
    }
  });
});
