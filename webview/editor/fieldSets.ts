// Fields of a form together: a list with what is common in sight and the rest folded, an object that a switch turns on, and
// options of which one is chosen.

import { checkbox, dropdown } from '../controls/index';
import { element } from '../dom/element';
import { t } from '../dom/language';
import type { Entered, FieldProblem } from '../logic/formValues';
import type { Alternative, AlternativesField, FormField, SwitchField } from '../logic/optionForm';
import { aboutLine, aboutOf, drawControl, fieldLabel, optionLabel, valueAbout, valueLabel } from './fieldControls';

type Entry = readonly [name: string, entered: Entered];
type Problems = ReadonlyMap<string, FieldProblem>;

export interface DrawnFields {
  /** In the order of the fields; the folded part last, where there is one. */
  readonly roots: readonly HTMLElement[];
  entries(): readonly Entry[];
  /** Shows the problem of each field that has one and takes away the others; opens what hides one. True where there is one. */
  problems(of: Problems): boolean;
}

interface DrawnField {
  readonly root: HTMLElement;
  entries(): readonly Entry[];
  problems(of: Problems): boolean;
}

/** `folded`: more that belongs under "More options", before the advanced fields. */
export function drawFields(fields: readonly FormField[], folded: readonly HTMLElement[] = []): DrawnFields {
  const common = fields.filter(({ advanced }) => !advanced).map(drawField);
  const rare = fields.filter(({ advanced }) => advanced).map(drawField);
  const inside = [...folded, ...rare.map(({ root }) => root)];
  const more = element('details', { class: 'more' }, element('summary', {}, t('view.form.more')), element('div', { class: 'fields' }, ...inside));
  return {
    roots: [...common.map(({ root }) => root), ...(inside.length === 0 ? [] : [more])],
    entries: () => [...common, ...rare].flatMap((field) => field.entries()),
    problems(of) {
      const [shown, hidden] = [common, rare].map((list) => list.map((field) => field.problems(of)).includes(true));
      if (hidden === true) more.open = true;
      return shown === true || hidden === true;
    },
  };
}

function drawField(field: FormField): DrawnField {
  switch (field.kind) {
    case 'switch':
      return drawSwitch(field);
    case 'alternatives':
      return drawAlternatives(field);
    default: {
      const control = drawControl(field);
      return {
        root: control.root,
        entries: () => [[field.name, control.entered()]],
        problems(of) {
          control.problem(of.get(field.name));
          return of.has(field.name);
        },
      };
    }
  }
}

/** Off at first: an object that is left out is not sent. */
function drawSwitch(field: SwitchField): DrawnField {
  const label = optionLabel(field.name, field.pass);
  const inner = drawFields(field.fields);
  const body = element('div', { class: 'inner', role: 'group', 'aria-label': label, hidden: true }, ...inner.roots);
  const control = checkbox(label, false, (on) => (body.hidden = !on));
  return {
    root: element('div', { class: 'field switch' }, control.root, aboutLine(aboutOf(field)), body),
    entries: () => [[field.name, control.value()], ...inner.entries()],
    problems: (of) => inner.problems(of),
  };
}

function drawAlternatives(field: AlternativesField): DrawnField {
  const label = optionLabel(field.name, field.pass);
  const drawn = field.choices.flatMap(({ name, field: alternative }) => (alternative === undefined ? [] : [{ name, drawn: drawField(alternative) }]));
  const words = field.choices.flatMap(({ name, word }) => (word === undefined ? [] : [{ name, root: element('p', { class: 'about quiet' }, valueAbout(word.option, word.value) ?? '') }]));
  const show = (chosen: string): void => {
    for (const { name, drawn: { root } } of drawn) root.hidden = name !== chosen;
    for (const { name, root } of words) root.hidden = name !== chosen;
  };
  const which = dropdown(label, field.choices.map((choice) => ({ value: choice.name, label: alternativeLabel(choice) })), field.start, show);
  show(field.start);
  return {
    root: element('div', { class: 'field alternatives', role: 'group', 'aria-label': label }, fieldLabel(label), which.root, ...drawn.map(({ drawn: { root } }) => root), ...words.map(({ root }) => root), aboutLine(aboutOf(field))),
    entries: () => [[field.name, which.value()], ...drawn.flatMap((alternative) => alternative.drawn.entries())],
    problems: (of) => drawn.map((alternative) => alternative.drawn.problems(of)).includes(true),
  };
}

function alternativeLabel({ field, word }: Alternative): string {
  if (field !== undefined) return optionLabel(field.name, field.pass);
  return word === undefined ? t('view.form.automatic') : valueLabel(word.option, word.value);
}
