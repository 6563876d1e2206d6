// The pass `prune.blocks`: takes whole residual blocks and transformer layers out of the model, those first whose absence
// moves its answers least. Finding is in analysis/blocks; here is choosing, removing and mending.

import { findBlocks, writtenNorms, type Block, type StuckResidual } from '../../../analysis/blocks/index';
import { requireSplit } from '../../../data/dataset';
import { EngineError } from '../../../error';
import { isOp, type Model } from '../../../ir/model';
import { originsAfter } from '../../origins';
import type { Origins, Pass } from '../../pass';
import { within } from '../../progressShare';
import { ignoredLayers, layersOf } from '../../quantize/ignore';
import { refuseQuantized } from '../../quantize/quantized';
import { statisticsFindings } from '../outcome';
import { recoverTraining } from '../../recovery/recover';
import { renewStatistics } from '../recovery/statistics';
import { costsOf } from '../../costs';
import { chooseBlocks } from './choose';
import { blocksOptions, blocksPassId, blocksToRemove, checkBlocksOptions } from './options';
import { blockName, removalFindings, removedForms, stayingFindings, writtenNormFindings } from './outcome';
import { removeBlocks } from './removeBlocks';

/** Parts of a run in its time; rough, by runs on resnet20-cifar10 with and without an epoch of training. */
const plain = { measuring: [0, 0.9], mending: [0.9, 1] } as const;
const recovered = { measuring: [0, 0.15], mending: [0.15, 0.2], recovery: [0.2, 1] } as const;

export const pruneBlocks: Pass<typeof blocksOptions> = {
  id: blocksPassId,
  data: 'required',
  suffix: 'shallow',
  refuses: ['finding.quantized'],
  options: blocksOptions,
  check: checkBlocksOptions,
  async run(model, { keep, samples, ignore, unit, recover }, context) {
    refuseQuantized(model);
    const { data, origins } = context;
    if (data === undefined) throw new EngineError('dataNeeded', { what: `pass.${blocksPassId}` });
    const split = requireSplit(data, 'train');
    const { free, ignored, stuck } = await candidates(model, { ignore, byPart: unit === 'part' }, origins);
    const total = free.length + ignored.length + stuck.length;
    const count = blocksToRemove(keep, total, free.length);
    const shares = recover === undefined ? plain : recovered;

    const { steps, samples: seen } = await chooseBlocks({ model, blocks: free, split, samples }, count, within(context, shares.measuring));
    const cut = removeBlocks(model, steps.map(({ block }) => block));
    const cutOrigins = originsAfter(cut, origins);
    const { model: mended, ...renewed } = await renewStatistics(cut, split, samples, within({ ...context, origins: cutOrigins }, shares.mending));
    const recovery = recover === undefined ? undefined : await recoverTraining(mended, recover, { original: model, origins: cutOrigins, share: recovered.recovery }, context);
    const result = recovery?.model ?? mended;
    return {
      model: result, origins: recovery?.origins ?? cutOrigins,
      forms: new Map([...(recovery?.forms ?? []), ...removedForms(origins, cut, cutOrigins)]),
      findings: [
        ...removalFindings({ steps, total, samples: seen, before: await costsOf(model, context.dims), after: await costsOf(result, context.dims) }, origins),
        ...statisticsFindings(renewed, result.graph.nodes.some((node) => isOp(node, 'BatchNormalization'))),
        ...stayingFindings(stuck, ignored, origins),
        ...writtenNormFindings(writtenNorms(model)),
        ...(recovery?.findings ?? []),
      ],
      ...(recovery?.training !== undefined && { training: recovery.training }),
    };
  },
};

interface Candidates {
  readonly free: readonly Block[];
  /** Blocks with a layer in `ignore`. */
  readonly ignored: readonly Block[];
  readonly stuck: readonly StuckResidual[];
}

/** @throws EngineError `ignoreMatchesNothing`, `noBlocks` */
async function candidates(model: Model, { ignore, byPart }: { readonly ignore: readonly string[]; readonly byPart: boolean }, origins: Origins): Promise<Candidates> {
  const layers = ignoredLayers(model.graph, origins, ignore);
  const { free, stuck } = await findBlocks(model, byPart);
  const isIgnored = ({ parts }: Block): boolean => parts.some(({ nodes }) => [...nodes].some((node) => layersOf(node, origins).some((layer) => layers.has(layer))));
  const ignored = free.filter(isIgnored);
  if (free.length > ignored.length) return { free: free.filter((block) => !ignored.includes(block)), ignored, stuck };
  const [first] = stuck;
  if (ignored.length > 0) throw new EngineError('noBlocks', { detail: 'problem.blocksIgnored' });
  if (first !== undefined) throw new EngineError('noBlocks', { detail: 'finding.blockStays', block: blockName(first.layers, origins), why: first.why });
  const { count, opset } = writtenNorms(model);
  throw new EngineError('noBlocks', count > 0 ? { detail: 'problem.blocksWrittenOut', opset } : { detail: 'problem.noSuchBlocks' });
}
