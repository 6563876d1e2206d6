// Draws the data of examples/ from ../shared/assets: the first 200 test and the first 60 training images of each class
// of Fashion-MNIST, in the order of the files. Run with `npx tsx scripts/drawExample.ts`; the same input gives the same
// bytes. Nothing calls it but people who want to see where the example comes from.

import { copyFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { zipSync } from 'fflate';
import { nodeDecoders } from '../src/runtime/decoders';
import { nodeFiles } from '../src/runtime/files';
import { readNpy } from '../src/engine/data/formats/npy';

const assets = path.resolve(__dirname, '../../shared/assets');
const examples = path.resolve(__dirname, '../examples');
const CLASSES = 10;
const EACH = { test: 200, train: 60 } as const;

async function main(): Promise<void> {
  const archive = await nodeDecoders.archive(await nodeFiles.open(path.join(assets, 'data/fashion-mnist-subset.npz')));
  const bytesOf = async (name: string): Promise<{ dims: readonly number[]; data: Uint8Array }> => {
    const entry = archive.entries.find((candidate) => candidate.path === `${name}.npy`);
    if (entry === undefined) throw new Error(`fashion-mnist-subset.npz has no ${name}`);
    const { source, dims, offset } = await readNpy(await archive.open(entry));
    return { dims, data: await source.read(offset, source.size - offset) };
  };

  const arrays: Record<string, Uint8Array> = {};
  for (const split of ['train', 'test'] as const) {
    const images = await bytesOf(`x_${split}`);
    const labels = await bytesOf(`y_${split}`);
    const chosen = firstOfEach(labels.data, EACH[split]);
    const size = images.dims.slice(1).reduce((product, dimension) => product * dimension, 1);
    const pixels = new Uint8Array(chosen.length * size);
    for (const [place, index] of chosen.entries()) pixels.set(images.data.subarray(index * size, (index + 1) * size), place * size);
    arrays[`x_${split}.npy`] = npy([chosen.length, ...images.dims.slice(1)], pixels);
    arrays[`y_${split}.npy`] = npy([chosen.length], Uint8Array.from(chosen, (index) => labels.data[index] ?? 0));
  }
  await archive.close();
  // A fixed date keeps the archive the same from run to run.
  await writeFile(path.join(examples, 'fashion-mnist.npz'), zipSync(arrays, { level: 9, mtime: '2026-11-24T00:00:00' }));
  await copyFile(path.join(assets, 'models/fashion-mobilenetv2-bn.onnx'), path.join(examples, 'fashion-mobilenetv2.onnx'));
}

/** Indices of the first `count` samples of each class, in rising order. */
function firstOfEach(labels: Uint8Array, count: number): number[] {
  const taken = new Uint32Array(CLASSES);
  return Array.from(labels.keys()).filter((index) => {
    const label = labels[index] ?? 0;
    taken[label] = (taken[label] ?? 0) + 1;
    return (taken[label] ?? 0) <= count;
  });
}

/** An array of bytes in NumPy's format, version 1.0: the header is padded to a multiple of 64. */
function npy(dims: readonly number[], data: Uint8Array): Uint8Array {
  const text = `{'descr': '|u1', 'fortran_order': False, 'shape': (${dims.join(', ')}${dims.length === 1 ? ',' : ''}), }`;
  const prefix = 10;
  const length = Math.ceil((prefix + text.length + 1) / 64) * 64;
  const out = new Uint8Array(length + data.length);
  out.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, (length - prefix) & 0xff, (length - prefix) >> 8]);
  out.set(new TextEncoder().encode(`${text.padEnd(length - prefix - 1)}\n`), prefix);
  out.set(data, length);
  return out;
}

void main();
