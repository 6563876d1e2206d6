// Rules about the model as a whole: what its IR version and its opset imports allow.

import type { DataType } from '../../dataTypes';
import { isDefaultDomain } from '../../model';
import { newestKnownOpset } from '../../schemas/index';
import type { ModelSite } from '../site';
import { type Breach, breaches, rule } from '../rule';

/** IR versions that brought element types (comments of TensorProto.DataType and the release notes in onnx.proto). */
const typeSince: Partial<Record<DataType, number>> = {
  bfloat16: 4,
  float8e4m3fn: 9, float8e4m3fnuz: 9, float8e5m2: 9, float8e5m2fnuz: 9,
  uint4: 10, int4: 10,
  float4e2m1: 11,
  float8e8m0: 12,
  uint2: 13, int2: 13,
};

const FUNCTIONS_IR = 8;
/** Metadata of nodes, graphs and tensors, and overloads of functions came with ONNX 1.16. */
const METADATA_IR = 10;
const DEVICES_IR = 11;

function newerFeatures({ model, parts }: ModelSite): readonly Breach[] {
  const used = new Map<string, number>();
  if (model.functions.length > 0) used.set('feature.functions', FUNCTIONS_IR);
  if (model.functions.some(({ overload }) => overload !== '')) used.set('feature.overloads', METADATA_IR);
  if (model.deviceConfigurations.length > 0) used.set('feature.devices', DEVICES_IR);
  if (model.graph.metadata.size > 0 || parts.nodes.some(({ metadata }) => metadata.size > 0)) used.set('feature.metadata', METADATA_IR);
  const types = new Set<DataType>();
  for (const { type } of parts.tensors) types.add(type);
  for (const { inputs, outputs, valueInfo } of parts.graphs) {
    for (const { type } of [...inputs, ...outputs, ...valueInfo.values()]) if (type?.kind === 'tensor') types.add(type.type);
  }
  const late = [...types].flatMap((type) => {
    const wanted = typeSince[type] ?? 0;
    return wanted > model.irVersion ? [{ params: { ir: model.irVersion, feature: 'feature.type', type, wanted } }] : [];
  });
  return [...late, ...breaches([...used].filter(([, wanted]) => wanted > model.irVersion), ([feature, wanted]) => ({ ir: model.irVersion, feature, wanted }))];
}

/** A domain as people write it. */
export function domainName(domain: string): string {
  return isDefaultDomain(domain) ? 'ai.onnx' : domain;
}

export const modelRules = [
  rule({ id: 'check.irTooOld', on: 'model', severity: 'warning', check: newerFeatures }),
  rule({
    id: 'check.opsetTooNew', on: 'model', severity: 'warning',
    check: ({ model: { opsets } }) => breaches(
      [...opsets].filter(([domain, opset]) => opset > (newestKnownOpset(domain) ?? Infinity)),
      ([domain, opset]) => ({ domain: domainName(domain), opset, newest: newestKnownOpset(domain) ?? opset }),
    ),
  }),
  rule({
    id: 'check.unknownDomain', on: 'model', severity: 'info',
    check({ model, parts }) {
      const first = new Map<string, string>();
      for (const { domain, opType } of parts.nodes) if (!first.has(domain)) first.set(domain, opType);
      const own = new Set(model.functions.map(({ domain }) => domain));
      return breaches([...first].filter(([domain]) => newestKnownOpset(domain) === undefined && !own.has(domain)), ([domain, op]) => ({ domain, op }));
    },
  }),
];
