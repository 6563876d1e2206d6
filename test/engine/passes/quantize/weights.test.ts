import assert from 'node:assert/strict';
import fc from 'fast-check';
import { int7Weights, int8Weights, uint8Weights } from '../../../../src/engine/passes/quantize/affine';
import { quantizeWeight } from '../../../../src/engine/passes/quantize/weights';

const shape = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }));

describe('weight quantization', () => {
  it('gives each channel the scale of its largest weight, on any axis', () => {
    fc.assert(fc.property(shape, fc.integer({ min: -3, max: 2 }), fc.infiniteStream(fc.float({ min: -2, max: 2, noNaN: true })), (dims, axis, stream) => {
      const count = dims[0] * dims[1] * dims[2];
      const data = Float32Array.from({ length: count }, () => stream.next().value as number);
      const quantized = quantizeWeight({ type: 'float32', dims, data }, int8Weights, axis);
      const positive = axis < 0 ? axis + 3 : axis;
      assert.equal(quantized.axis, positive);
      assert.equal(quantized.scales.length, dims[positive]);
      const codes = quantized.codes.data as Int8Array;
      data.forEach((value, index) => {
        const at = [Math.floor(index / (dims[1] * dims[2])), Math.floor(index / dims[2]) % dims[1], index % dims[2]];
        const scale = quantized.scales[at[positive] as number] as number;
        assert.ok(Math.abs((codes[index] as number) * scale - value) <= scale * 0.501);
      });
    }));
  });

  it('uses the narrow range, 7 bits where asked, and the middle of uint8', () => {
    const weight = { type: 'float32', dims: [1, 3], data: Float32Array.of(-1, 0, 1) } as const;
    assert.deepEqual([...(quantizeWeight(weight, int8Weights).codes.data as Int8Array)], [-127, 0, 127]);
    assert.deepEqual([...(quantizeWeight(weight, int7Weights).codes.data as Int8Array)], [-64, 0, 64]);
    assert.deepEqual([...(quantizeWeight(weight, uint8Weights).codes.data as Uint8Array)], [1, 128, 255]);
    assert.equal(quantizeWeight(weight, uint8Weights).zeroPoint, 128);
  });

  it('keeps a scale above the bound that the bias asks for', () => {
    const weight = { type: 'float32', dims: [2, 1], data: Float32Array.of(1, 1) } as const;
    const { scales } = quantizeWeight(weight, int8Weights, 0, Float32Array.of(0, 0.5));
    assert.deepEqual([...scales], [Math.fround(1 / 127), 0.5]);
  });
});
