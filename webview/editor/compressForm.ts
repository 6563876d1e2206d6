// The compress form: a goal or a pass of the registry, data, and the options that the pass describes. It knows no pass
// but the two that "recommended" stands for.

import type { PassDescription } from '../../src/protocol/passes';
import type { Finding } from '../../src/protocol/report';
import type { CompressChoice, DataChoice, DataChoices, Dims, JobState } from '../../src/protocol/webviewMessages';
import { type TextCode, isTextCode } from '../../src/protocol/text/index';
import { type Choice, button, dropdown, textField } from '../controls/index';
import { element, fill } from '../dom/element';
import { passTitle, phrase, t } from '../dom/language';
import { link } from '../dom/link';
import { collectOptions } from '../logic/formValues';
import { type FormField, formFields } from '../logic/optionForm';
import { type DrawnControl, fieldLabel, labelled } from './fieldControls';
import { drawFields } from './fieldSets';

export interface CompressFormOptions {
  readonly modelName: string;
  readonly passes: readonly PassDescription[];
  readonly data: DataChoices;
  /** What `inspect` found; some passes refuse a model because of it. */
  readonly findings: readonly Finding[];
  /** Names of the open dimensions of the model's inputs. */
  readonly openDims: readonly string[];
  readonly onRun: (choice: CompressChoice) => void;
  readonly onPickData: () => Promise<DataChoice | null>;
  readonly onManageTrust: () => void;
}

export interface CompressForm {
  readonly root: HTMLElement;
  running(job: JobState | null): void;
  trusted(trusted: boolean): void;
  failed(sentence: string | null): void;
  focus(): void;
  /** Sizes given to open dimensions; what is wrong is left out. */
  dims(): Dims;
}

const RECOMMENDED = 'recommended';
const BROWSE = 'browse';
const NONE = '';

/** The pass "recommended" means, of those that take the model: calibrated where there is data to calibrate with. */
export function recommendedPass(passes: readonly PassDescription[], hasData: boolean): PassDescription | undefined {
  const wanted = hasData ? ['quantize.static', 'quantize.dynamic'] : ['quantize.dynamic'];
  return wanted.map((id) => passes.find((pass) => pass.id === id)).find((pass) => pass !== undefined) ?? passes[0];
}

export function createCompressForm(options: CompressFormOptions): CompressForm {
  const refused = options.passes.flatMap((pass) => refusal(pass, options.findings) ?? []);
  const passes = options.passes.filter((pass) => !refused.some(({ id }) => id === pass.id));
  let dataChoices = [...options.data.choices];
  let chosenData = options.data.preferred ?? NONE;
  let isTrusted = true;
  let isRunning = false;
  let fields: readonly FormField[] = [];
  let drawn = drawFields([]);
  let drawnPass: string | undefined;

  const goal = dropdown(t('view.form.goal'), goalChoices(passes, refused), RECOMMENDED, () => drawPass());
  const data = dropdown(t('view.form.data'), dataOptions(), chosenData, (value) => void onData(value));
  const dims = options.openDims.map((dim) => ({ dim, field: dimField(dim) }));
  const about = element('p', { class: 'about quiet' });
  const refusedNote = element('p', { class: 'about', hidden: refused.length === 0 }, refusedWords(refused));
  const dataNote = element('p', { class: 'about quiet' });
  const optionFields = element('div', { class: 'fields' });
  const outputNote = element('p', { class: 'about quiet' });
  const failure = element('p', { class: 'failure bad', role: 'alert', hidden: true });
  const run = button(t('view.form.run'), 'primary', submit);
  const trustNote = element('p', { class: 'about', hidden: true }, t('view.form.untrusted'), ' ', link(t('view.manageTrust'), options.onManageTrust));

  const root = element(
    'form',
    { class: 'compress', 'aria-label': t('view.form.title') },
    element('div', { class: 'field' }, fieldLabel(t('view.form.goal')), goal.root, about, refusedNote),
    element('div', { class: 'field' }, fieldLabel(t('view.form.data')), data.root, dataNote),
    optionFields,
    element('div', { class: 'run' }, failure, trustNote, run.root, outputNote),
  );
  root.addEventListener('submit', (event) => event.preventDefault());
  drawPass();

  function dataOptions(): readonly { value: string; label: string }[] {
    return [...dataChoices.map(({ path, label }) => ({ value: path, label })), { value: NONE, label: t('view.form.data.none') }, { value: BROWSE, label: t('view.form.data.browse') }];
  }

  async function onData(value: string): Promise<void> {
    if (value === BROWSE) {
      const picked = await options.onPickData();
      if (picked !== null) {
        dataChoices = [picked, ...dataChoices.filter(({ path }) => path !== picked.path)];
        chosenData = picked.path;
      }
      data.choices(dataOptions(), chosenData);
    } else {
      chosenData = value;
    }
    drawPass();
  }

  function currentPass(): PassDescription | undefined {
    return goal.value() === RECOMMENDED ? recommendedPass(passes, chosenData !== NONE) : passes.find(({ id }) => id === goal.value());
  }

  function drawPass(): void {
    const pass = currentPass();
    // What was entered stays when only the data change.
    if (pass?.id !== drawnPass) drawOptions(pass);
    fill(about, pass === undefined ? '' : passAbout(pass, goal.value() === RECOMMENDED));
    fill(dataNote, dataWords(pass, chosenData !== NONE));
    fill(outputNote, pass === undefined ? '' : t('view.form.output', { name: options.modelName.replace(/(\.onnx)?$/i, `.${pass.suffix}.onnx`) }));
    updateRun();
  }

  function drawOptions(pass: PassDescription | undefined): void {
    drawnPass = pass?.id;
    fields = pass === undefined ? [] : formFields(pass);
    drawn = drawFields(fields, dims.map(({ field }) => field.root));
    fill(optionFields, ...drawn.roots);
  }

  function updateRun(): void {
    const pass = currentPass();
    run.enable(isTrusted && !isRunning && pass !== undefined && !(pass.data === 'required' && chosenData === NONE));
    run.label(isRunning ? t('view.form.running') : t('view.form.run'));
    trustNote.hidden = isTrusted;
  }

  function submit(): void {
    const pass = currentPass();
    if (pass === undefined) return;
    const result = collectOptions(fields, new Map(drawn.entries()));
    drawn.problems(result.ok ? new Map() : result.problems);
    const sizes = collectDims();
    if (sizes === undefined) dims[0]?.field.root.closest('details')?.setAttribute('open', '');
    if (!result.ok || sizes === undefined) return;
    options.onRun({ pass: pass.id, options: result.options, data: chosenData === NONE ? null : chosenData, dims: sizes });
  }

  function collectDims(): Dims | undefined {
    const entries: [string, number][] = [];
    let valid = true;
    for (const { dim, field } of dims) {
      const text = String(field.entered()).trim();
      const wrong = text !== '' && !(Number.isInteger(Number(text)) && Number(text) > 0);
      field.problem(wrong ? 'notAnInteger' : undefined);
      valid &&= !wrong;
      if (text !== '') entries.push([dim, Number(text)]);
    }
    return valid ? Object.fromEntries(entries) : undefined;
  }

  return {
    root,
    running(job) {
      isRunning = job !== null;
      updateRun();
    },
    trusted(trusted) {
      isTrusted = trusted;
      updateRun();
    },
    failed(sentence) {
      failure.hidden = sentence === null;
      fill(failure, sentence ?? '');
    },
    focus: () => goal.root.focus(),
    dims: () => collectDims() ?? {},
  };
}

function goalChoices(passes: readonly PassDescription[], refused: readonly Refusal[]): readonly Choice[] {
  const offered = passes.map((pass) => ({ value: pass.id, label: passTitle(pass.id) }));
  return [{ value: RECOMMENDED, label: t('view.form.recommended') }, ...offered, ...refused.map(({ id, title }) => ({ value: id, label: title, disabled: true }))];
}

/** A pass that would not take the model, and the finding because of which. */
interface Refusal {
  readonly id: string;
  readonly title: string;
  readonly finding: Finding;
}

function refusal(pass: PassDescription, findings: readonly Finding[]): Refusal | undefined {
  const finding = findings.find(({ code }) => pass.refuses?.some((refused) => refused === code) === true);
  return finding && { id: pass.id, title: passTitle(pass.id), finding };
}

/** One sentence for all: so far one finding keeps passes away. */
function refusedWords([first, ...others]: readonly Refusal[]): string {
  if (first === undefined) return '';
  return t('view.form.refused', { passes: [first, ...others].map(({ title }) => title).join(', '), why: phrase(first.finding) });
}

function passAbout(pass: PassDescription, recommended: boolean): string {
  const code = `pass.${pass.id}.about`;
  const words = isTextCode(code) ? t(code) : '';
  return recommended ? t('view.form.recommended.with', { pass: passTitle(pass.id), about: words }) : words;
}

function dataWords(pass: PassDescription | undefined, hasData: boolean): string {
  const code: TextCode = hasData ? 'view.form.data.about' : pass?.data === 'required' ? 'view.form.data.needed' : 'view.form.data.without';
  return t(code);
}

function dimField(dim: string): DrawnControl {
  const label = t('view.form.dim', { dim });
  return labelled(`dim-${dim}`, label, t('view.form.dim.about'), textField(label, '', () => undefined, { placeholder: '1' }), () => t('view.problem.notAnInteger'));
}
