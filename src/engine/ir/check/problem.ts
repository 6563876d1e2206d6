// What the checker reports: a rule that is broken and the place, as data. Sentences are made where they are shown.

import type { CheckCode, TextParams } from '../../../protocol/text/index';

export interface Problem {
  readonly rule: CheckCode;
  /** `error`: other tools refuse the model. `warning`: some do. `info`: something was not checked. */
  readonly severity: 'error' | 'warning' | 'info';
  /** Fills the rule's text; with `node`, `op`, `domain` and `opset` where the place is a node. */
  readonly params: TextParams;
  /** Label of the node (`nodeLabel`) the problem is at. */
  readonly node?: string;
}
