// What a clean-up rule is: one entry of the table in rules.ts. A rule leaves the outputs of the model equal.

import type { TensorShape } from '../../ir/shapes/index';
import type { Runtime } from '../../ports';
import type { GraphEditor } from './graphEditor';

export interface CleanupRule {
  /** Used in `rules` to switch it off; its words are the text `value.rules.<id>`. */
  readonly id: string;
  /** How far it goes: the main graph only, bodies of If, Loop and Scan as well (default), or local functions, too. */
  readonly where?: 'main' | 'bodies' | 'functions';
  /** Applies the rule wherever it fits in one graph; gives the number of edits. */
  apply(editor: GraphEditor, context: RuleContext): Promise<number> | number;
}

export interface RuleContext {
  readonly runtime: Runtime;
  readonly signal: AbortSignal | undefined;
  /** Opset of ai.onnx. */
  readonly opset: number;
  /**
   * What is known of a value of the graph at the start of the round. Names keep their meaning through every rule, so that
   * it stays true within the round; values made since are unknown.
   */
  readonly typeOf: (value: string) => TensorShape | undefined;
}
