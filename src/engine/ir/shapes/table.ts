// All shape rules, by domain and operator. An operator without a rule has unknown results; nothing else happens to it.

import type { Node } from '../model';
import { isDefaultDomain } from '../model';
import type { StandardOperator, TraditionalOperator, TrainingOperator } from './operators';
import type { Rule, RuleTable } from './rule';
import { attentionRules } from './rules/attention';
import { controlRules } from './rules/control';
import { elementwiseRules } from './rules/elementwise';
import { generateRules } from './rules/generate';
import { matrixRules } from './rules/matrix';
import { layoutRules, microsoftRules } from './rules/microsoft';
import { microsoftModelRules } from './rules/microsoftModels';
import { normalizationRules } from './rules/normalization';
import { previewRules, trainingRules } from './rules/preview';
import { quantizationRules } from './rules/quantization';
import { recurrentRules } from './rules/recurrent';
import { reduceRules } from './rules/reduce';
import { reshapeRules } from './rules/reshape';
import { resizeRules } from './rules/resize';
import { sequenceRules } from './rules/sequence';
import { signalRules } from './rules/signal';
import { slicingRules } from './rules/slicing';
import { traditionalRules } from './rules/traditional';
import { windowRules } from './rules/window';

const standardRules: RuleTable<StandardOperator> = {
  ...elementwiseRules, ...windowRules, ...matrixRules, ...reduceRules, ...reshapeRules, ...slicingRules, ...resizeRules,
  ...normalizationRules, ...quantizationRules, ...recurrentRules, ...generateRules, ...sequenceRules, ...controlRules,
  ...signalRules, ...attentionRules,
};

const ofTraditional: RuleTable<TraditionalOperator> = traditionalRules;
const ofTraining: RuleTable<TrainingOperator> = trainingRules;

const domains: ReadonlyMap<string, Readonly<Record<string, Rule>>> = new Map<string, Readonly<Record<string, Rule>>>([
  ['', standardRules],
  ['ai.onnx.ml', ofTraditional],
  ['ai.onnx.preview.training', ofTraining],
  ['ai.onnx.preview', previewRules],
  ['com.microsoft', { ...microsoftRules, ...microsoftModelRules }],
  ['com.microsoft.nchwc', layoutRules],
]);

/** onnxruntime has this operator in the default domain, without a standard. */
const ofRuntime: Readonly<Record<string, Rule>> = { SimplifiedLayerNormalization: microsoftRules.SimplifiedLayerNormalization };

export function ruleOf(node: Pick<Node, 'domain' | 'opType'>): Rule | undefined {
  if (isDefaultDomain(node.domain) && Object.hasOwn(ofRuntime, node.opType)) return ofRuntime[node.opType];
  const rules = domains.get(isDefaultDomain(node.domain) ? '' : node.domain);
  return rules !== undefined && Object.hasOwn(rules, node.opType) ? rules[node.opType] : undefined;
}

/** Operators with a rule, by domain; the default domain is ''. */
export const operatorsByDomain: ReadonlyMap<string, readonly string[]> = new Map([...domains].map(([domain, rules]) => [domain, Object.keys(rules).sort()]));
