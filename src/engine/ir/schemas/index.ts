// Look-up of operator schemas: every version of every operator of ai.onnx (to the opset `newestKnownOpset` gives),
// ai.onnx.ml, ai.onnx.preview, ai.onnx.preview.training, and of onnxruntime's com.microsoft and com.microsoft.nchwc.

import { isDefaultDomain } from '../model';
import type { OperatorSchema } from './schema';
import { newestOpset, versionsOf } from './table';

export { parameterAt, type AttributeKind, type AttributeSchema, type FormalParameter, type OperatorSchema } from './schema';

/**
 * The schema that holds for an operator when the model imports `opset` of its domain: the newest version that is not
 * newer. Undefined when the operator is unknown or came later (see `firstOpset`). Beyond the newest known opset the last
 * version is given.
 */
export function schemaOf(domain: string, opType: string, opset: number): OperatorSchema | undefined {
  return everyVersion(domain, opType)?.findLast((schema) => schema.sinceVersion <= opset);
}

/** The opset in which the operator appeared; undefined when no known domain has it. */
export function firstOpset(domain: string, opType: string): number | undefined {
  return everyVersion(domain, opType)?.[0]?.sinceVersion;
}

/** The newest opset of a domain that the tables hold; undefined for domains they do not know. */
export function newestKnownOpset(domain: string): number | undefined {
  const name = isDefaultDomain(domain) ? '' : domain;
  return newestOpset('onnx', name) ?? newestOpset('onnxruntime', name);
}

function everyVersion(domain: string, opType: string): readonly OperatorSchema[] | undefined {
  const name = isDefaultDomain(domain) ? '' : domain;
  return versionsOf('onnx', name, opType) ?? versionsOf('onnxruntime', name, opType);
}
