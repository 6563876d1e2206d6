// A model as text, with the places in it that views need: the line of each layer, and what may be folded.

export interface ModelText {
  /** ONNX's textual syntax, one line a node (docs/text.md). */
  readonly text: string;
  /** Lines at the end that were left out because the text would be longer than was asked for. */
  readonly linesLeftOut: number;
  /** In the order of their lines; empty where the graph is too broken to find layers. Layers beyond a cut are left out. */
  readonly layers: readonly TextLayer[];
  readonly blocks: readonly TextBlock[];
}

export interface TextLayer {
  /** Layer id, as in every report. */
  readonly id: string;
  readonly name: string;
  readonly op: string;
  /** Of the anchor: its line and the column behind its operator, from 0. */
  readonly line: number;
  readonly column: number;
}

export interface TextBlock {
  /** The header of a model or function, or initializers and types of a graph. */
  readonly kind: 'header' | 'values';
  /** Lines from 0, those of the brackets. */
  readonly first: number;
  readonly last: number;
}
