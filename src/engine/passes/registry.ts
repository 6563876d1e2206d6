// The one list of passes. Command, editor forms, recipe schema, report and docs are derived from it: a new pass is one
// entry here (its id leaves planned.ts) and its texts `pass.<id>`, `option.<name>`.

import type { OptionSchema, PassDescription } from '../../protocol/passes';
import { EngineError } from '../error';
import { cleanup } from './cleanup/pass';
import { decomposePasses } from './decompose/passes';
import type { Pass } from './pass';
import { plannedPasses } from './planned';
import { pruneBlocks } from './prune/blocks/pass';
import { pruneChannels } from './prune/channels/pass';
import { pruneHeads } from './prune/heads/pass';
import { pruneWeights } from './prune/weights/pass';
import { quantizeDynamic } from './quantize/dynamic';
import { quantizeStatic } from './quantize/static';
import { distill } from './train/distill';
import { finetune } from './train/finetune';

export const passes: readonly Pass[] = [cleanup, quantizeStatic, quantizeDynamic, pruneChannels, pruneHeads, pruneBlocks, pruneWeights, ...decomposePasses, finetune, distill];

const byId: ReadonlyMap<string, Pass> = new Map(passes.map((pass) => [pass.id, pass]));

export const passIds: readonly string[] = [...byId.keys()];

/** The pass `id`; throws `passNotReady` for planned ids and `unknownPass` for others. */
export function findPass(id: string): Pass {
  const pass = byId.get(id);
  if (pass !== undefined) return pass;
  const known = passIds.join(', ');
  throw new EngineError(plannedPasses.includes(id) ? 'passNotReady' : 'unknownPass', { pass: id, known });
}

/** What the outside needs to draw a form, complete a command line or write a schema; plain JSON. */
export function describePasses(): readonly PassDescription[] {
  return passes.map((pass) => ({ id: pass.id, data: pass.data, suffix: pass.suffix, ...(pass.refuses && { refuses: pass.refuses }), options: optionsSchema(pass) }));
}

/** JSON Schema of a pass's options: closed, and nothing that has a default is required. */
export function optionsSchema(pass: Pass): PassDescription['options'] {
  const plain = JSON.parse(JSON.stringify(pass.options)) as PassDescription['options'];
  return closed(plain) as PassDescription['options'];
}

function closed(schema: OptionSchema): OptionSchema {
  const { required, properties, ...rest } = schema;
  if (properties === undefined) return schema;
  const needed = required?.filter((name) => properties[name]?.default === undefined) ?? [];
  return {
    ...rest,
    properties: Object.fromEntries(Object.entries(properties).map(([name, option]) => [name, closed(option)])),
    additionalProperties: false,
    ...(needed.length > 0 ? { required: needed } : {}),
  };
}
