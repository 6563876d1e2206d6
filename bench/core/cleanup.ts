// Clean-up beside the open simplifiers: node counts, file sizes, equality of outputs, and what it does to the latency. The
// simplifiers' numbers are a fixture that peerSimplifiers.py made; this benchmark needs no Python.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodedLength, releaseModel } from '../../src/engine/ir/codec';
import { subgraphs } from '../../src/engine/ir/attributes';
import { checkModel } from '../../src/engine/ir/check/check';
import { capturedTensors } from '../../src/engine/ir/graphIndex';
import type { Graph, Model } from '../../src/engine/ir/model';
import { cleanup } from '../../src/engine/passes/cleanup/pass';
import { relativeDifference } from '../../src/engine/passes/cleanup/verify';
import { sampleInputs } from '../../src/engine/passes/sampleInputs';
import { compareTimings, timeInterleaved } from '../../src/runtime/timing';
import { assetDims } from '../../test/support/models';
import { runAt } from '../../test/support/dynamicAxes';
import { passContext, testRuntime } from '../../test/support/passContext';
import type { Bench, BenchResult, Claim } from '../lib/bench';
import { root } from '../lib/decant';
import { type CleanupModel, cleanupModels } from './cleanupModels';

type PeerResult = { readonly nodes: number; readonly constants: number; readonly bytes: number } | { readonly failed: string };

interface PeerFile {
  readonly versions: Readonly<Record<string, string>>;
  readonly models: Readonly<Record<string, Readonly<Record<'none' | 'onnxsim' | 'onnxslim', PeerResult>>>>;
}

/** Issue 3. */
const TOLERANCE = 1e-5;
/** Models whose latency is compared; the others are convolutions that onnxruntime folds just as well by itself. */
const timed = ['ch_ppocr_mobile_v2.0_cls_infer', 'fast_v2_1', 'fashion-mobilenetv2-bn', 'resnet20-cifar10', 'silero_vad_half', 'sst2-transformer', 'version-RFB-320'];

/** Measured beside the benchmark, from the operators that onnxruntime's optimized models hold. */
const SLOWER = 'sst2-transformer is slower optimized (not with optimizations off): once shapes are known, onnxruntime 1.30 fuses its 8 pairs of Add and LayerNormalization to SkipLayerNormalization (4 of them in onnxslim\'s file, none in the original), and the latency grows with their number';

interface Row {
  readonly name: string;
  readonly folder: CleanupModel['folder'];
  readonly before: number;
  readonly after: number;
  /** Nodes that depend on an input: the others generate weights. */
  readonly computing: number;
  readonly bytes: readonly [before: number, after: number];
  readonly difference: number;
  readonly settled: boolean;
  readonly problems: number;
  readonly peers: readonly PeerResult[];
  readonly latency: string;
}

export const cleanupBench: Bench = {
  name: 'cleanup',
  title: 'Clean-up beside open simplifiers',
  async run(log) {
    const peers = JSON.parse(readFileSync(join(root, 'bench', 'core', 'fixtures', 'peerSimplifiers.json'), 'utf8')) as PeerFile;
    const rows: Row[] = [];
    for await (const subject of cleanupModels()) {
      const row = await measured(subject, peers);
      log(`${row.name}: ${row.before} to ${row.after} nodes`);
      rows.push(row);
      await releaseModel(subject.model);
    }
    return resultOf(rows, peers);
  },
};

async function measured({ name, folder, model, sizes = [assetDims] }: CleanupModel, peers: PeerFile): Promise<Row> {
  const { model: clean } = await cleanup.run(model, { rules: [], verify: false }, passContext());
  const { model: twice } = await cleanup.run(clean, { rules: [], verify: false }, passContext());
  const known = new Set((await checkModel(model)).map(({ rule }) => rule));
  const { none, onnxsim, onnxslim } = peers.models[name] ?? {};
  if (none === undefined || onnxsim === undefined || onnxslim === undefined) throw new Error(`${name} is not in the fixture; make it anew with bench/core/peerSimplifiers.py.`);
  return {
    name, folder,
    before: nodeCount(model.graph), after: nodeCount(clean.graph), computing: computingNodes(clean.graph),
    bytes: [encodedLength(model), encodedLength(clean)],
    difference: await largestDifference(model, clean, sizes),
    settled: nodeCount(twice.graph) === nodeCount(clean.graph) && encodedLength(twice) === encodedLength(clean),
    problems: (await checkModel(clean)).filter(({ severity, rule }) => severity === 'error' && !known.has(rule)).length,
    peers: [onnxsim, onnxslim],
    latency: timed.includes(name) ? await latencyRatio(model, clean) : '',
  };
}

function nodeCount(graph: Graph): number {
  return graph.nodes.reduce((sum, node) => sum + 1 + subgraphs(node).reduce((inner, { graph: body }) => inner + nodeCount(body), 0), 0);
}

function computingNodes(graph: Graph): number {
  const fed = new Set(graph.inputs.filter(({ name }) => !graph.initializers.has(name)).map(({ name }) => name));
  let count = 0;
  for (const node of graph.nodes) {
    if (![...node.inputs, ...capturedTensors(node)].some((input) => fed.has(input))) continue;
    for (const output of node.outputs) fed.add(output);
    count += 1 + subgraphs(node).reduce((sum, { graph: body }) => sum + nodeCount(body), 0);
  }
  return count;
}

async function largestDifference(before: Model, after: Model, sizes: readonly Readonly<Record<string, number>>[]): Promise<number> {
  let largest = 0;
  for (const dims of sizes) {
    const { feeds, outputs } = await runAt(before, dims, 'disabled');
    for (const optimization of ['disabled', 'all'] as const) {
      const { outputs: found } = await runAt(after, dims, optimization, feeds);
      for (const [name, array] of Object.entries(outputs)) largest = Math.max(largest, relativeDifference(array, found[name]));
    }
  }
  return largest;
}

/** Ratio of medians with onnxruntime's own optimizations on, batch 1. */
async function latencyRatio(before: Model, after: Model): Promise<string> {
  const sessions = [await testRuntime.createSession(before), await testRuntime.createSession(after)] as const;
  const feeds = sampleInputs(before, sessions[0].inputs, { dims: { ...assetDims, N: 1, batch: 1, unk__132: 1, 'p2o.DynamicDimension.0': 1 } });
  const [first, second] = await timeInterleaved(sessions.map((session) => () => session.run(feeds)));
  for (const session of sessions) await session.release();
  if (first === undefined || second === undefined) throw new Error('two sessions give two timings');
  const { ratio } = compareTimings(first, second);
  return `${first.latency.median.toFixed(2)} to ${second.latency.median.toFixed(2)} ms (${ratio.toFixed(2)})`;
}

function resultOf(rows: readonly Row[], { versions }: PeerFile): BenchResult {
  const worst = rows.reduce((most, row) => (row.difference > most.difference ? row : most));
  const models = rows.filter(({ folder }) => folder === 'models');
  const topologies = rows.filter(({ folder }) => folder === 'topologies');
  const names = (list: readonly Row[]): string => list.map(({ name }) => name).join(', ');
  const ungrown = (row: Row): number => Math.min(...row.peers.map((peer) => ('nodes' in peer && peer.bytes <= row.bytes[0] ? peer.nodes : Infinity)));
  const any = (row: Row): number => Math.min(...row.peers.map((peer) => ('nodes' in peer ? peer.nodes : Infinity)));
  const claims: readonly Claim[] = [
    claim('outputs before and after, relative, onnxruntime\'s optimizations off and on, several sizes', `<= ${TOLERANCE}`, `at most ${worst.difference.toExponential(1)} (${worst.name})`, rows.filter(({ difference }) => !(difference <= TOLERANCE))),
    claim('the file', 'never bigger', '', rows.filter(({ bytes: [before, after] }) => after > before)),
    claim('a second clean-up', 'changes nothing', '', rows.filter(({ settled }) => !settled)),
    claim('rules of ONNX that are broken by cleaning', 'none', '', rows.filter(({ problems }) => problems > 0)),
    claim('nodes, against simplifiers whose file is no bigger than the original', '<= the best of them', '', rows.filter((row) => row.after > ungrown(row))),
    claim('nodes of models, whatever a simplifier\'s file has grown to', '<= the best', '', models.filter((row) => row.after > any(row)),
      'onnxslim writes constants into both branches of an If and so makes silero_vad_half.open bigger than it was'),
    claim('topologies: nodes that compute with inputs, against all nodes of simplifiers', '<= the best', '', topologies.filter((row) => row.computing > any(row)),
      'the weights are generated by ConstantOfShape; simplifiers write them out, which makes files of a few kB up to 575 MB. Here they stay generated, so that nodes that generate weights stay as well; a BatchNormalization with stored values for each channel cannot be folded into generated weights'),
  ];
  return { claims, tables: [table(rows, versions)] };

  function claim(what: string, wanted: string, found: string, misses: readonly Row[], note?: string): Claim {
    const rest = misses.length === 0 ? `all of ${rows.length}` : `not: ${names(misses)}`;
    return { claim: what, wanted, found: [found, rest].filter((part) => part !== '').join('; '), met: misses.length === 0, ...(note === undefined ? {} : { note }) };
  }
}

function table(rows: readonly Row[], versions: PeerFile['versions']): BenchResult['tables'][number] {
  const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(1);
  const cell = (peer: PeerResult): string => ('nodes' in peer ? `${peer.nodes} (${kilobytes(peer.bytes)})` : 'fails');
  return {
    title: `Nodes, those of If, Loop and Scan bodies and Constant nodes included (file in kB). onnxsim ${versions['onnxsim'] ?? ''}, onnxslim ${versions['onnxslim'] ?? ''} with defaults; \`.open\` are variants with open axes; ${SLOWER}`,
    columns: ['model', 'before', 'Decant', 'of these with inputs', 'onnxsim', 'onnxslim', 'largest difference', 'latency, optimized, batch 1'],
    rows: rows.map(({ name, before, after, computing, bytes, peers, difference, latency }) =>
      [name, `${before} (${kilobytes(bytes[0])})`, `${after} (${kilobytes(bytes[1])})`, String(computing), ...peers.map(cell), difference === 0 ? '0' : difference.toExponential(1), latency]),
  };
}
