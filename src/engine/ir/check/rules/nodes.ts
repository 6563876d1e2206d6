// Rules about a node against its operator: that it exists in the opset, and how many inputs and outputs it has.

import { isDefaultDomain } from '../../model';
import { firstOpset, newestKnownOpset, type OperatorSchema, parameterAt } from '../../schemas/index';
import type { NodeSite } from '../site';
import { type Breach, breach, breaches, rule, sound } from '../rule';

/** Domains whose operators are all known: a name that is not there is a mistake, as onnx.checker has it. */
function isClosed(domain: string): boolean {
  return isDefaultDomain(domain) || domain === 'ai.onnx.ml';
}

/** Whether the operator should be known but is not. */
function isUnknown({ node, opset, schema, calls }: NodeSite): boolean {
  return node.opType !== '' && opset !== undefined && schema === undefined && calls === undefined && newestKnownOpset(node.domain) !== undefined;
}

function firstKnown({ node }: NodeSite): number | undefined {
  return firstOpset(node.domain, node.opType);
}

interface Arity {
  readonly least: number;
  readonly most: number;
}

function count(found: number, wanted: Arity | undefined): readonly Breach[] {
  if (wanted === undefined || (found >= wanted.least && found <= wanted.most)) return sound;
  const { least, most } = wanted;
  return breach({ found, wanted: least === most ? least : most === Infinity ? `${least}+` : `${least}-${most}` });
}

/** A call may leave inputs and outputs of a function out at the end. */
function callArity(names: readonly string[] | undefined): Arity | undefined {
  return names === undefined ? undefined : { least: 0, most: names.length };
}

/** Parameters without a value: single ones, and those of the first values that a variadic one must have. */
function leftOut(values: readonly string[], parameters: OperatorSchema['inputs'], { least }: Arity): readonly Breach[] {
  const empty = values.flatMap((name, index) => {
    const parameter = name === '' ? parameterAt(parameters, index) : undefined;
    const required = parameter?.option === 'single' || (parameter?.option === 'variadic' && parameter.homogeneous && index < least);
    return required ? [parameter] : [];
  });
  return breaches(empty, ({ name }) => ({ parameter: name }));
}

export const nodeRules = [
  rule({ id: 'check.noOperator', on: 'node', severity: 'error', check: ({ node }) => (node.opType === '' ? breach() : sound) }),
  rule({
    id: 'check.emptyNode', on: 'node', severity: 'error',
    check: ({ node }) => (node.inputs.length === 0 && node.outputs.length === 0 ? breach() : sound),
  }),
  rule({ id: 'check.noImport', on: 'node', severity: 'error', check: ({ opset }) => (opset === undefined ? breach() : sound) }),
  rule({
    id: 'check.unknownOperator', on: 'node', severity: 'error',
    check: (site) => (isUnknown(site) && isClosed(site.node.domain) && firstKnown(site) === undefined ? breach() : sound),
  }),
  rule({
    id: 'check.unlistedOperator', on: 'node', severity: 'warning',
    check: (site) => (isUnknown(site) && !isClosed(site.node.domain) ? breach() : sound),
  }),
  rule({
    id: 'check.operatorTooNew', on: 'node', severity: 'error',
    check(site) {
      if (!isUnknown(site) || !isClosed(site.node.domain)) return sound;
      const first = firstKnown(site);
      return first === undefined ? sound : breach({ first });
    },
  }),
  rule({
    id: 'check.runtimeOperator', on: 'node', severity: 'error', accepted: true,
    check: ({ schema }) => (schema?.definedBy === 'onnxruntime' && isDefaultDomain(schema.domain) ? breach() : sound),
  }),
  rule({ id: 'check.deprecated', on: 'node', severity: 'error', check: ({ schema }) => (schema?.deprecated === true ? breach({ since: schema.sinceVersion }) : sound) }),
  rule({ id: 'check.inputCount', on: 'node', severity: 'error', bySchema: true, check: ({ node, schema, calls }) => count(node.inputs.length, callArity(calls?.inputs) ?? schema?.inputCount) }),
  rule({ id: 'check.outputCount', on: 'node', severity: 'error', bySchema: true, check: ({ node, schema, calls }) => count(node.outputs.length, callArity(calls?.outputs) ?? schema?.outputCount) }),
  rule({ id: 'check.missingInput', on: 'node', severity: 'error', bySchema: true, check: ({ node, schema }) => (schema === undefined ? sound : leftOut(node.inputs, schema.inputs, schema.inputCount)) }),
  rule({ id: 'check.missingOutput', on: 'node', severity: 'error', bySchema: true, check: ({ node, schema }) => (schema === undefined ? sound : leftOut(node.outputs, schema.outputs, schema.outputCount)) }),
];

