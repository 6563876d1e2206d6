// Where the runtime's rooms take made-up inputs from; they are made in the engine, whose passes compare models on them.

export { sampleInputs, type SampleOptions, sampleShapes, shapeOf } from '../engine/passes/sampleInputs';
