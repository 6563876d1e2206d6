import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { cpu, darwinFeatures, environment, hasVnni, linuxFeatures } from '../../src/runtime/cpu';
import { sgemmSpeed } from '../../src/runtime/sgemm';

describe('the processor', () => {
  it('is read from /proc/cpuinfo, on x86 and on ARM', () => {
    assert.deepEqual(linuxFeatures('processor\t: 0\nmodel name\t: X\nflags\t\t: fpu avx2 avx512_vnni amx_int8\n'), ['avx2', 'avx512_vnni', 'amx_int8']);
    assert.deepEqual(linuxFeatures('processor\t: 0\nFeatures\t: fp asimd asimddp i8mm\n'), ['asimd', 'asimddp', 'i8mm']);
    assert.equal(linuxFeatures('processor\t: 0\n'), null);
  });

  it('is read from sysctl on macOS, under the same names', () => {
    assert.deepEqual(darwinFeatures('hw.optional.arm.FEAT_DotProd: 1\nhw.optional.arm.FEAT_I8MM: 0\nhw.optional.AdvSIMD: 1\n'), ['asimd', 'asimddp']);
    assert.deepEqual(darwinFeatures('machdep.cpu.features: FPU AVX1.0 FMA\nmachdep.cpu.leaf7_features: AVX2 AVX512VNNI\n'), ['avx', 'avx2', 'fma', 'avx512_vnni']);
    assert.equal(darwinFeatures('kern.ostype: Darwin\n'), null);
  });

  it('answers for this machine, or says that it does not know', () => {
    assert.ok(cpu().model.length > 0);
    const known = process.platform !== 'linux' ? undefined : /\bavx512_vnni\b|\bavx_vnni\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));
    if (known !== undefined) assert.equal(hasVnni(), known);
    else assert.ok([true, false, null].includes(hasVnni()));
    const here = environment('webgpu', 3);
    assert.equal(here.threads, 3);
    assert.equal(here.provider, 'webgpu');
    assert.match(here.runtime, /^onnxruntime /);
  });

  it('multiplies matrices at a speed that a computer of this century has', async () => {
    const speed = await sgemmSpeed(1);
    assert.ok(speed > 1 && speed < 10_000, `${speed} GFLOP/s`);
  }).timeout(20_000);
});
