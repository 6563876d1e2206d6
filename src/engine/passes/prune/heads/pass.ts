// The pass `prune.heads`: takes attention heads and feed-forward neurons out of transformer blocks; the residual stream
// keeps its width. The work is in rounds.ts; here is which units go.

import type { Finding } from '../../../../protocol/report';
import { said, type TextParams } from '../../../../protocol/text/index';
import { type Dependencies, findDependencies } from '../../../analysis/dependencies/index';
import { EngineError } from '../../../error';
import type { Model } from '../../../ir/model';
import type { Origins, Pass } from '../../pass';
import { refuseQuantized } from '../../quantize/quantized';
import { layersFrom } from '../outcome';
import { checkRecovery } from '../../recovery/recover';
import { pruneInRounds } from '../rounds';
import { sizesOf } from '../selection/order';
import { chooser } from './choose';
import { findUnits } from './findUnits';
import { type LockedHeads, lockedHeads } from './lockedHeads';
import { headsOptions, headsPassId, headsSettings, type HeadsSettings, type UnitKind, unitKinds } from './options';

export const pruneHeads: Pass<typeof headsOptions> = {
  id: headsPassId,
  data: 'optional',
  suffix: 'pruned',
  refuses: ['finding.quantized'],
  options: headsOptions,
  check(options) {
    headsSettings(options, {});
    checkRecovery(options.recover, headsPassId);
  },
  async run(model, options, context) {
    refuseQuantized(model);
    const dependencies = await findDependencies(model);
    const given = headsSettings(options, context);
    const settings = { ...given, widths: { ...given.widths, sizes: sizesOf(dependencies) } };
    const { kinds, locked } = unitsOf(model, dependencies, settings);
    requireUnits(kinds, locked, settings, context.origins);
    const { choose, findings } = chooser(settings, kinds);
    return pruneInRounds(model, {
      ...settings, passId: headsPassId,
      isWanted: ({ id }) => kinds.has(id),
      choose,
      findings: () => [...findings(), ...locked.map((one): Finding => ({ severity: 'info', ...said('finding.headsLocked', lockParams(one, context.origins)) }))],
    }, context);
  },
};

interface Units {
  /** Of the groups that may be pruned, by id. */
  readonly kinds: ReadonlyMap<string, UnitKind>;
  readonly locked: readonly LockedHeads[];
}

function unitsOf(model: Model, dependencies: Dependencies, { kept }: HeadsSettings): Units {
  return {
    kinds: new Map([...findUnits(model, dependencies)].filter(([, kind]) => kept[kind] !== undefined)),
    locked: kept.heads === undefined ? [] : lockedHeads(model, dependencies),
  };
}

/** @throws EngineError `noTransformerUnits` where there are none, or none of a kind that was asked for by name. */
function requireUnits(kinds: Units['kinds'], [first]: readonly LockedHeads[], { kept, named }: HeadsSettings, origins: Origins): void {
  const found = new Set(kinds.values());
  const missing = unitKinds.filter((kind) => kept[kind] !== undefined && !found.has(kind));
  const [kind] = missing.filter((one) => found.size === 0 || named.includes(one));
  if (kind === undefined) return;
  throw new EngineError('noTransformerUnits', {
    what: missing.length > 1 ? 'problem.units.both' : `problem.units.${kind}`,
    ...(kind === 'heads' && first !== undefined ? { detail: 'finding.headsLocked', ...lockParams(first, origins) } : { detail: `problem.no.${kind}` }),
  });
}

function lockParams({ tensor, lock }: LockedHeads, origins: Origins): TextParams {
  return { ...lock.params, layer: layersFrom(tensor, origins)[0] ?? tensor, why: lock.code };
}
