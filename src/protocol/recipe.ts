// A recipe: model, data, target, constraints and an ordered list of passes with options (interfaces.md, "Recipe").

export interface RecipePass {
  readonly pass: string;
  readonly [option: string]: unknown;
}

export interface Constraints {
  readonly maxDrop?: number;
  readonly maxBytes?: number;
  readonly maxLatency?: number;
}

export interface RecipeDocument {
  readonly $schema?: string;
  readonly version: 1;
  readonly model?: string;
  readonly data?: string;
  readonly target?: string;
  readonly constraints?: Constraints;
  readonly seed?: number;
  readonly passes: readonly RecipePass[];
}
