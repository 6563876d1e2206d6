// One control for an option of a pass, with its label, explanation and problem. Which fields belong together is in fieldSets.ts.

import { lastPart, optionAbout, optionTitle } from '../../src/protocol/optionWords';
import { isTextCode } from '../../src/protocol/text/index';
import { type Choice, type Control, checkbox, dropdown, textField } from '../controls/index';
import { element, fill } from '../dom/element';
import { t } from '../dom/language';
import { type Entered, type FieldProblem, startValue } from '../logic/formValues';
import type { Bounds, FormField, Scalar, ValueField } from '../logic/optionForm';

export interface DrawnControl {
  readonly root: HTMLElement;
  entered(): Entered;
  problem(problem: FieldProblem | undefined): void;
}

export function drawControl(field: ValueField): DrawnControl {
  const label = optionLabel(field.name, field.pass);
  const about = aboutOf(field);
  if (field.kind === 'flag') {
    const control = checkbox(label, startValue(field) === true, () => undefined);
    return { root: element('div', { class: 'field' }, control.root, aboutLine(about)), entered: () => control.value(), problem: () => undefined };
  }
  const control = field.kind === 'choice' ? choiceControl(field, label) : field.kind === 'set' ? setControl(field, label) : textField(label, String(startValue(field)), () => undefined, placeholderOf(field));
  return labelled(field.name, label, about, control, (problem) => problemText(problem, field));
}

/** A labelled control with an explanation below and a place for its problem. */
export function labelled(name: string, label: string, about: string | undefined, control: Control<string>, wordsOf: (problem: FieldProblem) => string): DrawnControl {
  const problemLine = element('p', { class: 'problem bad', id: `problem-${name}`, role: 'alert', hidden: true });
  const root = element('div', { class: 'field' }, control.showsLabel === true ? null : fieldLabel(label), control.root, aboutLine(about), problemLine);
  return {
    root,
    entered: () => control.value(),
    problem(problem) {
      problemLine.hidden = problem === undefined;
      fill(problemLine, problem === undefined ? '' : wordsOf(problem));
      control.invalid(problem === undefined ? undefined : problemLine.id);
    },
  };
}

/** For the eye; the control itself carries the name that is read out. */
export function fieldLabel(label: string): HTMLElement {
  return element('span', { class: 'field-label', 'aria-hidden': 'true' }, label);
}

export function aboutLine(about: string | undefined): HTMLElement | null {
  return about === undefined ? null : element('p', { class: 'about quiet' }, about);
}

/** A pass without words shows the key itself. */
export function optionLabel(name: string, pass: string): string {
  const code = optionTitle(name, pass);
  return code === undefined ? name : t(code);
}

export function aboutOf(field: FormField): string | undefined {
  const code = optionAbout(field.name, field.pass);
  return code === undefined ? field.description : t(code);
}

function choiceControl(field: Extract<FormField, { kind: 'choice' }>, label: string): Control<string> {
  const blank: readonly Choice[] = field.default === undefined && !field.required ? [{ value: '', label: t('view.form.automatic') }] : [];
  const choices = field.values.map(({ value, ready }) => {
    const words = valueLabel(field.name, value);
    return { value: String(value), label: ready ? words : t('view.form.later', { value: words }), disabled: !ready };
  });
  return dropdown(label, [...blank, ...choices], String(startValue(field)), () => undefined);
}

/** A checkbox for each value; entered are those that are checked, with commas between. */
function setControl(field: Extract<FormField, { kind: 'set' }>, label: string): Control<string> {
  const chosen = String(startValue(field)).split(',');
  const boxes = field.values.map(({ value, ready }) => {
    const words = valueLabel(field.name, value);
    const box = checkbox(ready ? words : t('view.form.later', { value: words }), chosen.includes(String(value)), () => undefined);
    box.enable(ready);
    return { name: String(value), box };
  });
  return {
    root: element('div', { class: 'set', role: 'group', 'aria-label': label }, ...boxes.map(({ box }) => box.root)),
    value: () => boxes.filter(({ box }) => box.value()).map(({ name }) => name).join(','),
    set: (entered) => boxes.forEach(({ name, box }) => box.set(entered.split(',').includes(name))),
    enable: (enabled) => boxes.forEach(({ box }) => box.enable(enabled)),
    invalid: (id) => boxes.forEach(({ box }) => box.invalid(id)),
  };
}

function placeholderOf(field: ValueField): { readonly placeholder?: string } {
  if (field.example !== undefined) return { placeholder: field.example };
  if (field.kind === 'list') return { placeholder: t('view.form.list.about') };
  return field.required ? {} : { placeholder: t('view.form.automatic') };
}

export function valueLabel(name: string, value: Scalar): string {
  const code = `value.${lastPart(name)}.${String(value)}`;
  return isTextCode(code) ? t(code) : String(value);
}

export function valueAbout(name: string, value: Scalar): string | undefined {
  const code = `value.${lastPart(name)}.${String(value)}.about`;
  return isTextCode(code) ? t(code) : undefined;
}

function problemText(problem: FieldProblem, field: FormField): string {
  return t(`view.problem.${problem}`, { range: field.kind === 'number' ? rangeText(field.bounds) : '' });
}

function rangeText({ minimum, maximum }: Bounds): string {
  if (minimum !== undefined && maximum !== undefined && !minimum.exclusive && !maximum.exclusive) return t('view.range.between', { minimum: minimum.value, maximum: maximum.value });
  const low = minimum === undefined ? undefined : t(minimum.exclusive ? 'view.range.above' : 'view.range.atLeast', { minimum: minimum.value });
  const high = maximum === undefined ? undefined : t(maximum.exclusive ? 'view.range.below' : 'view.range.atMost', { maximum: maximum.value });
  return low !== undefined && high !== undefined ? t('view.range.both', { low, high }) : (low ?? high ?? '');
}
