import assert from 'node:assert/strict';
import { parseProfile } from '../../src/runtime/profileRecords';

const session = (name: string, ts: number, dur: number): object => ({ cat: 'Session', name, ts, dur, args: {} });
const kernel = (name: string, ts: number, dur: number, op = 'Conv'): object => ({
  cat: 'Node', name: `${name}_kernel_time`, ts, dur, args: { op_name: op, provider: 'CPUExecutionProvider', input_type_shape: [{ float: [1, 3] }, { uint8: [4] }] },
});

describe('the profile onnxruntime writes', () => {
  it('splits into runs with kernels and the gaps around them', () => {
    const runs = parseProfile(JSON.stringify([
      session('model_loading_uri', 3, 9000), session('session_initialization', 9000, 900),
      kernel('a', 10_010, 20), kernel('b', 10_035, 0), kernel('c', 10_035, 5),
      session('SequentialExecutor::Execute', 10_005, 40), session('model_run', 10_000, 50),
      kernel('a', 20_001, 8), session('SequentialExecutor::Execute', 20_001, 9), session('model_run', 20_000, 12),
    ]));
    assert.equal(runs.length, 2);
    assert.deepEqual(runs[0]?.kernels.map((each) => each.node), ['a', 'b', 'c']);
    assert.deepEqual(runs[0]?.kernels[0], { node: 'a', op: 'Conv', provider: 'cpu', inputTypes: ['float', 'uint8'], duration: 0.02 });
    // 5 before and 5 after the executor; inside it 5 before a, 5 between a and b, 5 after c.
    assert.equal(runs[0]?.overhead, 0.025);
    assert.equal(runs[0]?.duration, 0.05);
    assert.deepEqual(runs[1]?.kernels.length, 1);
    assert.ok(Math.abs((runs[1]?.overhead ?? 0) - 0.004) < 1e-9);
  });

  it('counts kernels of a subgraph as part of the node that runs it', () => {
    const [run] = parseProfile(JSON.stringify([
      kernel('inner1', 120, 10), kernel('inner2', 140, 10), session('SequentialExecutor::Execute', 115, 40),
      kernel('if', 110, 50, 'If'), kernel('after', 165, 5), session('SequentialExecutor::Execute', 105, 70), session('model_run', 100, 80),
    ]));
    assert.deepEqual(run?.kernels.map((each) => each.node), ['if', 'after']);
    assert.ok(Math.abs((run?.overhead ?? 0) - 0.025) < 1e-9);
  });

  it('takes the device\'s own times where a GPU tells them', () => {
    const gpu = (name: string, ts: number, dur: number): object => ({ cat: 'Api', name, ts, dur, args: {} });
    const handed = (name: string, ts: number): object => ({ cat: 'Node', name: `${name}_kernel_time`, ts, dur: 1, args: { op_name: 'Conv', provider: 'WebGpuExecutionProvider' } });
    const [run] = parseProfile(JSON.stringify([
      kernel('shape', 101, 4, 'Shape'), handed('a', 106), handed('b', 108), session('SequentialExecutor::Execute', 100, 10), session('model_run', 100, 100),
      gpu('a&Conv&Im2Col', 110, 10), gpu('a&Conv&MatMul', 120, 20), gpu('b&Conv&Conv', 150, 30),
    ]));
    assert.deepEqual(run?.kernels.map(({ node, provider, duration }) => [node, provider, duration]), [['shape', 'cpu', 0.004], ['a', 'webgpu', 0.03], ['b', 'webgpu', 0.03]]);
    assert.ok(Math.abs((run?.overhead ?? 0) - (0.1 - 0.064)) < 1e-9);
  });

  it('reads a profile that was cut short', () => {
    const events = [kernel('a', 2, 3), session('model_run', 1, 10)].map((event) => JSON.stringify(event)).join(',\n');
    assert.equal(parseProfile(`[\n${events},\n`).length, 1);
  });
});
