// Refusals of edits: the rule that the edited model would break, mostly one of the checker's, at the node it is about.

import type { CheckCode, EditCode, TextParams } from '../../../protocol/text/index';
import { EngineError } from '../../error';
import { type Node, nodeLabel } from '../model';

/** @throws EngineError `invalidGraph`, always. */
export function refuse(rule: CheckCode | EditCode, node: Node | undefined, params: TextParams = {}): never {
  throw new EngineError('invalidGraph', { ...params, node: node === undefined ? '' : nodeLabel(node), op: node?.opType ?? '', rule });
}
