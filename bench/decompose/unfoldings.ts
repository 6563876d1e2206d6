// The matrices that the weights of a ResNet-50 (He et al. 2015, table 1) unfold to when it is decomposed.

/** Width of the middle of a stage's blocks, and how many blocks it has. */
const stages = [[64, 3], [128, 4], [256, 6], [512, 3]] as const;
/** A block's output is so many times as wide as its middle. */
const EXPANSION = 4;

/** [rows, columns] of all: outputs and inputs of k x k kernels each against the rest, matrices of 1 x 1 kernels and of the classifier. */
export function resnet50Unfoldings(): readonly (readonly [number, number])[] {
  const all: [number, number][] = [...kernel(64, 3, 7)];
  let inputs = 64;
  for (const [width, blocks] of stages) {
    for (let block = 0; block < blocks; block += 1) {
      all.push([width, inputs], ...kernel(width, width, 3), [width * EXPANSION, width]);
      if (block === 0) all.push([width * EXPANSION, inputs]);
      inputs = width * EXPANSION;
    }
  }
  return [...all, [1000, inputs]];
}

function kernel(outputs: number, inputs: number, length: number): [number, number][] {
  return [[outputs, inputs * length ** 2], [inputs, outputs * length ** 2]];
}
