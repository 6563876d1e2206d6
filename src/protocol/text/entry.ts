// The shape of one localised text. Each area of the product keeps its texts in one table, both languages side by
// side, so that a text is written once and a missing translation does not compile.

export type Language = 'en' | 'zh-cn';

/** `{name}` in a text is replaced by the parameter of that name. */
export interface TextEntry {
  readonly en: string;
  readonly zh: string;
}

/** Exit status of the command (interfaces.md): 1 goal missed, 2 usage, 3 unusable input, 4 failed while running, 130 cancelled. */
export type FailureStatus = 1 | 2 | 3 | 4 | 130;

export interface ErrorEntry extends TextEntry {
  readonly exit: FailureStatus;
}

export type TextParams = Readonly<Record<string, string | number | boolean>>;
