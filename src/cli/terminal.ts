// Where the command prints, in which language and with which colours.

import { styleText } from 'node:util';
import { languageOf, type Language, say, type TextCode, type TextParams } from '../protocol/text/index';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

/** How texts for people are made: language, colours, width. */
export interface Look {
  readonly language: Language;
  /** Width in columns, or Infinity where lines may be as long as they like (a pipe, a file). */
  readonly width: number;
  say(code: TextCode, params?: TextParams): string;
  style(style: Style, text: string): string;
}

export function createLook(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv = process.env): Look {
  const language = commandLanguage(env);
  const colour = stream.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return {
    language,
    // Some terminals say 0; 80 is what terminals have had since there were any.
    width: stream.isTTY ? stream.columns || 80 : Infinity,
    say: (code, params) => say(code, params, language),
    style: (style, text) => (colour ? styleText(style, text) : text),
  };
}

/** The language of messages by the rules of POSIX: LC_ALL, LC_MESSAGES, LANG. */
export function commandLanguage(env: NodeJS.ProcessEnv = process.env): Language {
  return languageOf([env['LC_ALL'], env['LC_MESSAGES'], env['LANG']].find((value) => value !== undefined && value !== ''));
}

/** Text from a file made safe to print: control characters would let a model's names drive the terminal. */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n]/gu, '\u{FFFD}');
}
