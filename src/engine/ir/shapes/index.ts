// What other rooms use of shape inference.

export { inferShapes, shapeOf, type FunctionCall, type InferOptions, type ShapeMap, type ShapeNote } from './infer';
export { operatorsByDomain, ruleOf } from './table';
export { bindDim, fixed, productOf, type Shape } from './dims';
export { plainText } from './expression';
export type { TensorShape } from './tensorShape';
