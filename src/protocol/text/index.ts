// All texts of the product, and how a code becomes a sentence in a person's language.

import type { Language, TextParams } from './entry';
import { checkTexts } from './check';
import { commandTexts } from './command';
import { dataProblemTexts } from './dataProblems';
import { brokenGraphTexts } from './brokenGraph';
import { errorTexts } from './errors';
import { factorTexts } from './factors';
import { findingTexts } from './findings';
import { formTexts } from './forms';
import { foundTexts } from './found';
import { lockTexts } from './locks';
import { modelTextTexts } from './modelText';
import { passTexts } from './passes';
import { problemTexts } from './problems';
import { progressTexts } from './progress';
import { providerTexts } from './providers';
import { reasonTexts } from './reasons';
import { viewTexts } from './views';

export type { Language, TextParams } from './entry';

export const texts = {
  ...brokenGraphTexts,
  ...errorTexts,
  ...factorTexts,
  ...findingTexts,
  ...formTexts,
  ...foundTexts,
  ...lockTexts,
  ...modelTextTexts,
  ...checkTexts,
  ...passTexts,
  ...problemTexts,
  ...dataProblemTexts,
  ...progressTexts,
  ...providerTexts,
  ...commandTexts,
  ...reasonTexts,
  ...viewTexts,
} as const;

export type TextCode = keyof typeof texts;
export type ErrorCode = keyof typeof errorTexts;
/** A rule of the checker: the texts of check.ts that begin with `check.`. */
export type CheckCode = Extract<keyof typeof checkTexts, `check.${string}`>;
/** Why an edit of a model is refused, beside the rules of the checker. */
export type EditCode = Extract<keyof typeof checkTexts, `edit.${string}`>;
export type ProgressCode = keyof typeof progressTexts;
export type FindingCode = keyof typeof findingTexts;
export type ProviderCode = keyof typeof providerTexts;
export type FormCode = keyof typeof formTexts;

/** A text that still can be said in any language; `text` is its English, for scripts (interfaces.md). */
export interface Said<Code extends string = TextCode> {
  readonly code: Code;
  readonly params: TextParams;
  readonly text: string;
}

export function isTextCode(code: string): code is TextCode {
  return Object.hasOwn(texts, code);
}

/** The sentence of `code` in `language`; a parameter that is itself a text code is said in that language too. */
export function say(code: TextCode, params: TextParams = {}, language: Language = 'en'): string {
  const entry = texts[code];
  return fill(language === 'zh-cn' ? entry.zh : entry.en, params, language);
}

export function said<Code extends TextCode>(code: Code, params: TextParams = {}): Said<Code> {
  return { code, params, text: say(code, params) };
}

/** The language of texts for a locale tag such as `zh-CN`, `zh_CN.UTF-8` or `en`. */
export function languageOf(locale: string | undefined): Language {
  return /^zh(?![-_](tw|hk|mo|hant))/i.test(locale ?? '') ? 'zh-cn' : 'en';
}

function fill(template: string, params: TextParams, language: Language): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    return typeof value === 'string' && isTextCode(value) && value.includes('.') ? say(value, params, language) : String(value);
  });
}
