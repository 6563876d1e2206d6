// Which blocks go: the one whose absence moves the answers least, then the rest is measured again without it, since blocks
// make up for each other. A killed job goes on with the step it was in.

import type { Block } from '../../../analysis/blocks/index';
import { throwIfAborted } from '../../../error';
import type { PassContext } from '../../pass';
import type { Distance } from '../../answers';
import { type EffectMeter, effectMeter, type MeterTask } from './measure';

/** One block that goes. */
export interface RemovalStep {
  readonly block: Block;
  /** Without it and those of the steps before. */
  readonly distance: Distance;
  /** Of every block that could have gone in this step, in execution order. */
  readonly candidates: readonly { readonly block: Block; readonly distance: Distance }[];
}

export interface Chosen {
  readonly steps: readonly RemovalStep[];
  /** How many samples were looked at. */
  readonly samples: number;
}

export async function chooseBlocks(task: MeterTask, count: number, context: PassContext): Promise<Chosen> {
  const key = JSON.stringify({ blocks: task.blocks.map(({ id }) => id), samples: task.samples, split: task.split.size });
  const saved = restored(await context.checkpoint.load(), key, task.blocks);
  const steps = saved.steps.slice(0, count);
  if (steps.length === count) return { steps, samples: saved.samples };
  const meter = await effectMeter(task, context);
  try {
    while (steps.length < count) {
      throwIfAborted(context.signal);
      const { length } = steps;
      steps.push(await nextStep(meter, task.blocks, steps, (fraction) => {
        context.progress({ activity: 'progress.pruning', fraction: (length + fraction) / count });
      }));
      await context.checkpoint.save(new TextEncoder().encode(JSON.stringify({ key, samples: meter.samples, steps: steps.map(storedStep) } satisfies Stored)));
    }
    return { steps, samples: meter.samples };
  } finally {
    await meter.release();
  }
}

async function nextStep(meter: EffectMeter, blocks: readonly Block[], before: readonly RemovalStep[], progress: (fraction: number) => void): Promise<RemovalStep> {
  const gone = before.map(({ block }) => block);
  const left = blocks.filter((block) => !gone.includes(block));
  const distances = await meter.distances(left.map((block) => new Set([...gone, block])), progress);
  const candidates = left.map((block, index) => ({ block, distance: distances[index] ?? { divergence: Infinity, changed: undefined } }));
  // Of equals the first: the last layers are the ones that make the answer.
  const best = candidates.reduce((least, other) => (other.distance.divergence < least.distance.divergence ? other : least));
  return { ...best, candidates };
}

// ── checkpoint ───────────────────────────────────────────────────────────────────────────────────────────────────

/** JSON knows no infinity: null stands for it. */
interface Stored {
  readonly key: string;
  readonly samples: number;
  readonly steps: readonly { readonly block: number; readonly candidates: readonly (readonly [id: string, divergence: number | null, changed: number | null])[] }[];
}

function storedStep({ block, candidates }: RemovalStep): Stored['steps'][number] {
  return {
    block: candidates.findIndex((candidate) => candidate.block === block),
    candidates: candidates.map(({ block: { id }, distance: { divergence, changed } }) => [id, Number.isFinite(divergence) ? divergence : null, changed ?? null]),
  };
}

/** Steps of the same choice on the same data; none where the checkpoint is of another. */
function restored(bytes: Uint8Array | undefined, key: string, blocks: readonly Block[]): Chosen {
  const none: Chosen = { steps: [], samples: 0 };
  if (bytes === undefined) return none;
  const saved = JSON.parse(new TextDecoder().decode(bytes)) as Stored;
  if (saved.key !== key) return none;
  const byId = new Map(blocks.map((block) => [block.id, block]));
  const steps = saved.steps.flatMap(({ block, candidates }) => {
    const all = candidates.flatMap(([id, divergence, changed]) => {
      const found = byId.get(id);
      return found === undefined ? [] : [{ block: found, distance: { divergence: divergence ?? Infinity, changed: changed ?? undefined } }];
    });
    const chosen = all[block];
    return chosen === undefined ? [] : [{ ...chosen, candidates: all }];
  });
  return { steps, samples: saved.samples };
}
