// The options of the passes that decompose and what they come to: how small the model has to become, or which rank each
// layer gets by a rule of its own, and by which methods.

import { type Static, Type } from '@sinclair/typebox';
import { invalidOption } from '../invalidOption';
import { choice, count, flag, layerPatterns, optionalCount } from '../optionTypes';
import { type PassContext, USUAL_BLOCK } from '../pass';
import { type RecoverOptions, recoverSchema } from '../recovery/recover';
import { type SizeTarget, targetFrom } from '../targets';
import { type Method, methods } from './factors';

/** What a budget counts or measures. */
export const budgetMeasures = ['macs', 'parameters', 'latency'] as const;
export type BudgetMeasure = (typeof budgetMeasures)[number];

/** What is kept where no target is given. */
const DEFAULT_MACS = 0.5;

/** One of them is the target (decomposeSettings refuses two). Below 1 the fraction kept, else a number. */
const asTarget = { alternative: 'target', examples: [DEFAULT_MACS] };
const target = Type.Optional(Type.Number({ exclusiveMinimum: 0, ...asTarget }));

/** The rank of every layer by a rule of its own. */
export type RankRule = 'evbmf' | { readonly energy: number } | { readonly ratio: number };

const ranks = Type.Optional(Type.Unsafe<RankRule>({
  anyOf: [
    { type: 'string', enum: ['evbmf'] },
    { type: 'object', properties: { energy: { type: 'number', exclusiveMinimum: 0, maximum: 1, examples: [0.95] } }, required: ['energy'], additionalProperties: false },
    { type: 'object', properties: { ratio: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1, examples: [0.5] } }, required: ['ratio'], additionalProperties: false },
  ],
  alternative: 'target',
}));

const common = {
  macs: target,
  parameters: target,
  /** Or a time with a unit. */
  latency: Type.Optional(Type.Unsafe<number | string>({ anyOf: [{ type: 'number', exclusiveMinimum: 0 }, { type: 'string', minLength: 1 }], ...asTarget })),
  ranks,
  refit: flag(true),
  ignore: layerPatterns(),
  samples: count(256, { advanced: true }),
  grain: optionalCount({ advanced: true }),
  activations: flag(true, { advanced: true }),
  measure: flag(true, { advanced: true }),
  recover: recoverSchema,
};

const chosenMethods = Type.Unsafe<readonly Method[]>({ type: 'array', items: { type: 'string', enum: [...methods] }, minItems: 1, default: [...methods], advanced: true });

/** Of the passes of one method. */
export const methodOptions = Type.Object(common);
/** Of the pass that chooses the method for each layer. `method` says what it does anyway: the passes of one method are others. */
export const autoOptions = Type.Object({ ...common, method: choice(['auto'], { advanced: true }), methods: chosenMethods });

export type DecomposeOptions = Static<typeof methodOptions> & Partial<Pick<Static<typeof autoOptions>, 'method' | 'methods'>>;

export interface DecomposeSettings {
  readonly passId: string;
  readonly methods: readonly Method[];
  /** How ranks are chosen: within a budget of the whole model, or layer by layer. */
  readonly goal: { readonly kind: 'budget'; readonly target: SizeTarget<BudgetMeasure> } | { readonly kind: 'rule'; readonly rule: RankRule };
  readonly ignore: readonly string[];
  readonly samples: number;
  /** Ranks are multiples; `isFixed`: also of layers that are narrower than a few of them. */
  readonly grain: { readonly size: number; readonly isFixed: boolean };
  /** Ranks and factors by what layers read on samples, where there are some. */
  readonly activations: boolean;
  /** Chosen layers are timed, and stay whole where factors are no faster. */
  readonly timed: boolean;
  readonly refit: boolean;
  readonly recover: RecoverOptions | undefined;
}

/** @throws EngineError `invalidOption` for two targets, and for times that are none. */
export function decomposeSettings(options: DecomposeOptions, passId: string, given: readonly Method[], { target: hardware }: Partial<Pick<PassContext, 'target'>>): DecomposeSettings {
  const { ignore, samples, grain, activations, measure, refit, recover } = options;
  if (options.latency !== undefined && !measure) throw invalidOption(passId, 'measure', 'problem.latencyUntimed', 'true');
  return {
    passId, methods: given, goal: goalOf(options, passId), ignore, samples,
    grain: { size: grain ?? hardware?.channelBlock ?? USUAL_BLOCK, isFixed: grain !== undefined },
    activations, timed: measure, refit, recover,
  };
}

function goalOf(options: DecomposeOptions, passId: string): DecomposeSettings['goal'] {
  const [first, second] = [...budgetMeasures, 'ranks' as const].filter((one) => options[one] !== undefined);
  if (first !== undefined && second !== undefined) throw invalidOption(passId, second, 'problem.twoTargets', 'allowed.oneGoal', { first, second });
  if (options.ranks !== undefined) return { kind: 'rule', rule: options.ranks };
  return { kind: 'budget', target: targetFrom(options, budgetMeasures, passId) ?? { measure: 'macs', amount: DEFAULT_MACS, absolute: false } };
}
