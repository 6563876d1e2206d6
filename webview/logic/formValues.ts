// From what was entered into a form back to the options of a pass; which fields there are is in optionForm.ts.

import { type Alternative, type AlternativesField, type Bounds, type FormField, isScalarValue, type ValueField } from './optionForm';

/** What a control holds: text of a text field, state of a checkbox, text of the chosen value. */
export type Entered = string | boolean;

export type FieldProblem = 'required' | 'notANumber' | 'notAnInteger' | 'outOfBounds';

export type Parsed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: FieldProblem };

/** Value of one field; `undefined` where it was left empty. */
export function parseField(field: ValueField, entered: Entered): Parsed {
  if (field.kind === 'flag') return { ok: true, value: entered === true };
  const text = String(entered).trim();
  if (field.kind === 'set') return parseSet(field, text);
  if (field.kind === 'list') return { ok: true, value: text === '' ? undefined : text.split(/[\n,]/).map((item) => item.trim()).filter(Boolean) };
  if (text === '') return field.required ? { ok: false, problem: 'required' } : { ok: true, value: undefined };
  switch (field.kind) {
    case 'choice':
      return { ok: true, value: field.values.find(({ value }) => String(value) === text)?.value };
    case 'text':
      return { ok: true, value: field.numeric && Number.isFinite(Number(text)) ? Number(text) : text };
    case 'number':
      return parseNumber(field.integer, field.bounds, text);
  }
}

/** None of them means the default only where the pass chooses by itself. */
function parseSet({ values, default: byDefault }: Extract<ValueField, { kind: 'set' }>, text: string): Parsed {
  const entered = text.split(',');
  const chosen = values.map(({ value }) => value).filter((value) => entered.includes(String(value)));
  if (chosen.length > 0) return { ok: true, value: chosen };
  return byDefault === undefined ? { ok: true, value: undefined } : { ok: false, problem: 'required' };
}

function parseNumber(integer: boolean, { minimum, maximum }: Bounds, text: string): Parsed {
  const value = Number(text);
  if (!Number.isFinite(value)) return { ok: false, problem: 'notANumber' };
  if (integer && !Number.isInteger(value)) return { ok: false, problem: 'notAnInteger' };
  const outside = (minimum !== undefined && (value < minimum.value || (minimum.exclusive && value === minimum.value)))
    || (maximum !== undefined && (value > maximum.value || (maximum.exclusive && value === maximum.value)));
  return outside ? { ok: false, problem: 'outOfBounds' } : { ok: true, value };
}

export type FormResult =
  | { readonly ok: true; readonly options: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly problems: ReadonlyMap<string, FieldProblem> };

/** Entries by the name of their field: of a switch whether it is on, of alternatives the name of the one that is chosen. */
export type Entries = ReadonlyMap<string, Entered>;

/** Options that differ from their default, nested as the recipe wants them; or the problem of each wrong field. */
export function collectOptions(fields: readonly FormField[], entries: Entries): FormResult {
  const problems = new Map<string, FieldProblem>();
  const options: Record<string, unknown> = {};
  collectInto({ options, problems }, fields, entries);
  return problems.size > 0 ? { ok: false, problems } : { ok: true, options };
}

interface Collected {
  readonly options: Record<string, unknown>;
  readonly problems: Map<string, FieldProblem>;
}

function collectInto({ options, problems }: Collected, fields: readonly FormField[], entries: Entries): void {
  for (const field of fields) {
    if (field.kind === 'switch') {
      if (entries.get(field.name) !== true) continue;
      setPath(options, field.name, {});
      collectInto({ options, problems }, field.fields, entries);
    } else if (field.kind === 'alternatives') {
      const chosen = chosenAlternative(field, entries);
      // Left empty, the one it starts with is meant; another one that is chosen has to say how much.
      if (chosen?.field !== undefined) collectInto({ options, problems }, [{ ...chosen.field, required: chosen.name !== field.start }], entries);
      else if (chosen?.word !== undefined && chosen.word.value !== field.default) setPath(options, chosen.word.option, chosen.word.value);
    } else {
      const parsed = parseField(field, entries.get(field.name) ?? startValue(field));
      if (!parsed.ok) problems.set(field.name, parsed.problem);
      else if (parsed.value !== undefined && !sameValue(parsed.value, field.default)) setPath(options, field.name, parsed.value);
    }
  }
}

function chosenAlternative({ name, choices, start }: AlternativesField, entries: Entries): Alternative | undefined {
  const entered = entries.get(name) ?? start;
  return choices.find((choice) => choice.name === entered);
}

/** What a field shows before anything is entered. */
export function startValue(field: ValueField): Entered {
  if (field.kind === 'flag') return field.default === true;
  if (field.kind === 'list' || field.kind === 'set') return Array.isArray(field.default) ? field.default.join(field.kind === 'set' ? ',' : ', ') : '';
  return isScalarValue(field.default) ? String(field.default) : '';
}

function sameValue(a: unknown, b: unknown): boolean {
  if (Array.isArray(a)) return Array.isArray(b) ? JSON.stringify(a) === JSON.stringify(b) : b === undefined && a.length === 0;
  return a === b || (a === false && b === undefined);
}

function setPath(target: Record<string, unknown>, path: string, value: unknown): void {
  const dot = path.indexOf('.');
  if (dot < 0) {
    target[path] = value;
    return;
  }
  const key = path.slice(0, dot);
  const inner: Record<string, unknown> = { ...(target[key] as Record<string, unknown> | undefined) };
  setPath(inner, path.slice(dot + 1), value);
  target[key] = inner;
}
