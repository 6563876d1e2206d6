// From scratch in one command: builds a ResNet, trains it on all of Fashion-MNIST for five epochs and measures it on the
// 10,000 test images.
//
//     npm run build && npx tsx examples/training/fashionMnist.ts [FOLDER]
//
// The data are Debian's package dataset-fashion-mnist; fashion-mnist.json names its folder, for others change it there.
// How it is trained stands in fashion-mnist.recipe.json: SGD with a one-cycle schedule, images mirrored at random.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { writeModel } from '../../src/engine/ir/codec';
import { writeAtomically } from '../../src/runtime/files';
import { resnet } from './resnet';

/** Writes the untrained network and gives the arguments of `decant` that train it. */
export async function fashionMnist(folder: string): Promise<string[]> {
  const untrained = join(folder, 'resnet20.onnx');
  await writeAtomically(untrained, (sink) => writeModel(resnet({ channels: 1, size: 28, classes: 10 }), sink));
  return [
    'compress', untrained, '--data', join(__dirname, 'fashion-mnist.json'), '--recipe', join(__dirname, 'fashion-mnist.recipe.json'),
    '-o', join(folder, 'resnet20.trained.onnx'),
  ];
}

async function main(): Promise<void> {
  const args = await fashionMnist(process.argv[2] ?? '.');
  const child = spawn(process.execPath, [join(__dirname, '..', '..', 'dist', 'cli.js'), ...args], { stdio: 'inherit' });
  child.on('close', (status) => { process.exitCode = status ?? 1; });
}

if (require.main === module) void main();
