// One control for each field that the schema of a pass asks for, with its label, explanation and problem.

import { lastPart, optionAbout, optionTitle } from '../../src/protocol/optionWords';
import { isTextCode } from '../../src/protocol/text/index';
import { type Choice, type Control, checkbox, dropdown, textField } from '../controls/index';
import { element, fill } from '../dom/element';
import { t } from '../dom/language';
import { type Bounds, type Entered, type FieldProblem, type FormField, type Scalar, startValue } from '../logic/optionForm';

export interface DrawnField {
  readonly root: HTMLElement;
  entered(): Entered;
  problem(problem: FieldProblem | undefined): void;
}

export function drawField(field: FormField): DrawnField {
  const label = optionLabel(field.name);
  const about = aboutOf(field);
  if (field.kind === 'flag') {
    const control = checkbox(label, startValue(field) === true, () => undefined);
    return { root: element('div', { class: 'field' }, control.root, aboutLine(about)), entered: () => control.value(), problem: () => undefined };
  }
  const control = field.kind === 'choice' ? choiceControl(field, label) : textField(label, String(startValue(field)), () => undefined, placeholderOf(field));
  return labelled(field.name, label, about, control, (problem) => problemText(problem, field));
}

/** A labelled control with an explanation below and a place for its problem. */
export function labelled(name: string, label: string, about: string | undefined, control: Control<string>, wordsOf: (problem: FieldProblem) => string): DrawnField {
  const problemLine = element('p', { class: 'problem bad', id: `problem-${name}`, role: 'alert', hidden: true });
  const root = element('div', { class: 'field' }, control.showsLabel === true ? null : element('span', { class: 'field-label', 'aria-hidden': 'true' }, label), control.root, aboutLine(about), problemLine);
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

function choiceControl(field: Extract<FormField, { kind: 'choice' }>, label: string): Control<string> {
  const blank: readonly Choice[] = field.default === undefined && !field.required ? [{ value: '', label: t('view.form.automatic') }] : [];
  const choices = field.values.map(({ value, ready }) => {
    const words = valueLabel(field.name, value);
    return { value: String(value), label: ready ? words : t('view.form.later', { value: words }), disabled: !ready };
  });
  return dropdown(label, [...blank, ...choices], String(startValue(field)), () => undefined);
}

function placeholderOf(field: FormField): { readonly placeholder?: string } {
  if (field.kind === 'list') return { placeholder: t('view.form.list.about') };
  return field.required ? {} : { placeholder: t('view.form.automatic') };
}

function aboutLine(about: string | undefined): HTMLElement | null {
  return about === undefined ? null : element('p', { class: 'about quiet' }, about);
}

/** A pass without words shows the key itself. */
function optionLabel(name: string): string {
  const code = optionTitle(name);
  return code === undefined ? name : t(code);
}

function aboutOf(field: FormField): string | undefined {
  const code = optionAbout(field.name);
  return code === undefined ? field.description : t(code);
}

function valueLabel(name: string, value: Scalar): string {
  const code = `value.${lastPart(name)}.${String(value)}`;
  return isTextCode(code) ? t(code) : String(value);
}

function problemText(problem: FieldProblem, field: FormField): string {
  return t(`view.problem.${problem}`, { range: field.kind === 'number' ? rangeText(field.bounds) : '' });
}

function rangeText({ minimum, maximum, exclusive }: Bounds): string {
  if (minimum !== undefined && maximum !== undefined) return t('view.range.between', { minimum, maximum });
  if (minimum !== undefined) return t(exclusive === true ? 'view.range.above' : 'view.range.atLeast', { minimum });
  return maximum === undefined ? '' : t(exclusive === true ? 'view.range.below' : 'view.range.atMost', { maximum });
}
