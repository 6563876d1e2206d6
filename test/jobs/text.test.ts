// A model as text, as a job: the layers' places in it, and what is left out of one that is too long.

import assert from 'node:assert/strict';
import { runners } from '../../src/jobs/index';
import { assetPath, withAssets } from '../support/assets';
import { recordingContext } from './support';

withAssets('jobs: text', function () {
  this.timeout(20_000);
  const model = assetPath('models/resnet20-cifar10.onnx');

  it('knows where every layer of an inspection is', async () => {
    const { text, layers, linesLeftOut } = await runners.text({ model }, recordingContext());
    const inspected = await runners.inspect({ model }, recordingContext());
    const lines = text.split('\n');
    assert.deepEqual(layers.map(({ id }) => id), inspected.layers.map(({ id }) => id));
    for (const { op, line, column } of layers) assert.ok(lines[line]?.slice(0, column).endsWith(` = ${op}`), lines[line]);
    assert.equal(linesLeftOut, 0);
  });

  it('cuts at the end of a line, with the layers and blocks that are still there', async () => {
    const whole = await runners.text({ model }, recordingContext());
    const most = Math.round(whole.text.length * 0.8);
    const cut = await runners.text({ model, most }, recordingContext());
    assert.ok(cut.text.length <= most && cut.text.endsWith('\n') && whole.text.startsWith(cut.text));
    assert.equal(cut.text.split('\n').length + cut.linesLeftOut, whole.text.split('\n').length);
    assert.ok(cut.layers.length > 0 && cut.layers.length < whole.layers.length);
    const tiny = await runners.text({ model, most: 1 }, recordingContext());
    assert.deepEqual({ ...tiny, linesLeftOut: 0 }, { text: '', linesLeftOut: 0, layers: [], blocks: [] });
  });
});
