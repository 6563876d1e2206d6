// Characters to words of ONNX's textual syntax, with the place for errors. Comments run from `#` to the end of the line;
// those that start with `#@` are notes (notes.ts), kept until the element after them takes them.

import { EngineError } from '../../error';
import type { ExpectedCode } from '../../../protocol/text/modelText';
import type { Note } from './notes';
import { NOTE } from './notes';
import { readNote } from './noteSchema';
import { isFloatWord } from './syntax';

export type Literal = { readonly kind: 'int' | 'float' | 'string'; readonly text: string };

/** Of an unexpected word, in an error. */
const LONGEST_SHOWN = 24;

const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /-?\s*(?:\d+(?:\.\d*)?(?:[eE][+-]?\d*)?|[A-Za-z]+)/y;
const SPACE = /[ \t\n\v\f\r]*/y;

export class Lexer {
  private at = 0;
  private note: Note = {};

  constructor(private readonly text: string) {}

  // ── places ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Offset of the next word, for an error that is found out later. */
  place(): number {
    this.skip();
    return this.at;
  }

  /** A syntax error at `offset`, or at the next word. `expected` is a text code, or the characters themselves. */
  fail(expected: ExpectedCode | `"${string}"`, offset = this.place()): never {
    throw new EngineError('textSyntax', { ...this.position(offset), expected, found: this.found(offset) });
  }

  position(offset: number): { readonly line: number; readonly column: number } {
    const before = this.text.slice(0, offset);
    return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
  }

  private found(offset: number): string {
    const [word = ''] = /^(?:[A-Za-z_0-9.]+|"[^"\n]*"?|\S)/.exec(this.text.slice(offset, offset + 4 * LONGEST_SHOWN)) ?? [];
    if (word === '') return 'text.found.end';
    return word.length > LONGEST_SHOWN ? `${word.slice(0, LONGEST_SHOWN)}…` : word;
  }

  // ── words ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The next character that is no space and no comment; `''` at the end. */
  next(): string {
    this.skip();
    return this.text[this.at] ?? '';
  }

  atEnd(): boolean {
    return this.next() === '';
  }

  matches(character: string): boolean {
    if (this.next() !== character) return false;
    this.at += 1;
    return true;
  }

  expect(characters: string): void {
    this.skip();
    if (!this.text.startsWith(characters, this.at)) this.fail(`"${characters}"`);
    this.at += characters.length;
  }

  /** `...`, which stands for values that are left out. */
  matchesWord(characters: string): boolean {
    this.skip();
    if (!this.text.startsWith(characters, this.at)) return false;
    this.at += characters.length;
    return true;
  }

  /** The identifier that comes next, without taking it; `''` when something else does. */
  peek(): string {
    this.skip();
    WORD.lastIndex = this.at;
    return WORD.exec(this.text)?.[0] ?? '';
  }

  /** An identifier without quotes, or `''`. */
  optionalWord(): string {
    const word = this.peek();
    this.at += word.length;
    return word;
  }

  /** A bare or quoted name. */
  name(expected: ExpectedCode): string {
    if (this.next() === '"') return this.string();
    return this.optionalWord() || this.fail(expected);
  }

  /** A bare or quoted name if there is one; an empty one may be quoted, or be nothing before a comma. */
  optionalName(): string | undefined {
    if (this.next() === '"') return this.string();
    const word = this.optionalWord();
    return word === '' && this.next() !== ',' ? undefined : word;
  }

  string(): string {
    const start = this.place();
    if (this.text[this.at] !== '"') this.fail('text.want.string');
    let value = '';
    let from = this.at + 1;
    for (let at = from; at < this.text.length; at++) {
      const character = this.text[at];
      if (character === '\\') {
        value += this.text.slice(from, at);
        at += 1;
        from = at;
      } else if (character === '"') {
        this.at = at + 1;
        return value + this.text.slice(from, at);
      }
    }
    return this.fail('text.want.closingQuote', start);
  }

  literal(): Literal {
    if (this.next() === '"') return { kind: 'string', text: this.string() };
    NUMBER.lastIndex = this.at;
    const text = NUMBER.exec(this.text)?.[0].replace(/\s/g, '') ?? '';
    const isWord = /[A-Za-z]/.test(text.replace(/^-?\d.*$/, ''));
    if (text === '' || (isWord && !isFloatWord(text.replace('-', ''))) || /[eE][+-]?$/.test(text)) this.fail('text.want.value');
    this.at = NUMBER.lastIndex;
    return { kind: /^-?\d+$/.test(text) ? 'int' : 'float', text };
  }

  /** A whole number. */
  integer(): string {
    const start = this.place();
    const { kind, text } = this.literal();
    return kind === 'int' ? text : this.fail('text.want.integer', start);
  }

  /** A whole number that fits a JavaScript number: dimensions and versions. */
  count(): number {
    const start = this.place();
    const value = Number(this.integer());
    return Number.isSafeInteger(value) ? value : this.fail('text.want.smallInteger', start);
  }

  // ── notes ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The note before the next element, once. */
  takeNote(): Note {
    this.skip();
    const { note } = this;
    this.note = {};
    return note;
  }

  private skip(): void {
    for (;;) {
      SPACE.lastIndex = this.at;
      SPACE.exec(this.text);
      this.at = SPACE.lastIndex;
      if (this.text[this.at] !== '#') return;
      const end = this.text.indexOf('\n', this.at);
      const comment = this.text.slice(this.at, end < 0 ? undefined : end);
      if (comment.startsWith(NOTE)) this.readNote(comment.slice(NOTE.length));
      this.at += comment.length;
    }
  }

  private readNote(json: string): void {
    const read = readNote(json);
    if ('wrong' in read) throw new EngineError('textNote', { ...this.position(this.at), field: read.wrong });
    this.note = read.note;
  }
}
