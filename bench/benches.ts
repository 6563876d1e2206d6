// The benchmarks by name, in the order of the issues they answer.

import { decomposeLinalg } from './decompose/linalg';
import { fuzz } from './core/fuzz';
import { cleanupBench } from './core/cleanup';
import { largeFiles } from './core/largeFiles';
import { macs } from './core/macCounts';
import { pruneHeadsBench } from './pruning/heads';
import { pruneBlocksBench } from './pruning/blocks';
import { pruneLatency } from './pruning/latency';
import { pruneSurgery } from './pruning/surgery';
import { pruneWeightsBench } from './pruning/weights';
import { sparseTraining } from './pruning/sparseTraining';
import { operators } from './core/operatorTests';
import { opsetConversion } from './core/opsetConversion';
import { pruneCriteria } from './pruning/criteria';
import { pruneRecovery } from './pruning/recovery';
import { trainingForms } from './core/trainingForms';
import { decomposeActivations } from './decompose/activations';
import { decomposeMethods } from './decompose/methods';
import { decomposeMobilenet } from './decompose/mobilenet';
import { decomposeResnet } from './decompose/resnet18';
import { decomposeResnet50 } from './decompose/resnet50';
import { decomposeTransformer } from './decompose/transformer';
import { activation } from './mainPath/activation';
import { int8Accuracy } from './mainPath/int8Accuracy';
import { int8Latency } from './mainPath/int8Latency';
import { inspectSpeed } from './mainPath/inspectSpeed';
import { profileSums } from './mainPath/profileSums';
import { modelText } from './text/modelText';
import { checker } from './schemas/checker';
import { trainingCurves } from './training/curves';
import { trainingOracle } from './training/oracle';
import { trainingScratch } from './training/scratch';
import { trainingThroughput } from './training/throughput';
import { trainingWebGpu } from './training/webgpu';
import type { Bench } from './lib/bench';

export const benches: readonly Bench[] = [int8Accuracy, int8Latency, profileSums, inspectSpeed, activation, fuzz, largeFiles, operators, checker, macs, modelText, cleanupBench, opsetConversion, trainingForms, pruneSurgery, pruneBlocksBench, pruneHeadsBench, pruneWeightsBench, pruneLatency, pruneCriteria, pruneRecovery, sparseTraining, decomposeLinalg, decomposeMethods, decomposeResnet, decomposeMobilenet, decomposeTransformer, decomposeActivations, decomposeResnet50, trainingOracle, trainingCurves, trainingThroughput, trainingWebGpu, trainingScratch];
