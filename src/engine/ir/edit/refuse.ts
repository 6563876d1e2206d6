// Refusals of edits: the rule of the checker that the edited model would break, at the node it is about.

import type { CheckCode, TextParams } from '../../../protocol/text/index';
import { EngineError } from '../../error';
import { type Node, nodeLabel } from '../model';

/** @throws EngineError `invalidGraph`, always. */
export function refuse(rule: CheckCode, node: Node | undefined, params: TextParams = {}): never {
  throw new EngineError('invalidGraph', { ...params, node: node === undefined ? '' : nodeLabel(node), op: node?.opType ?? '', rule });
}
