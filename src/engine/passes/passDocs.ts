// docs/passes.md: every pass with its options, and every clean-up rule, from the registry. Written by scripts/generate.ts,
// held fresh by a test.

import type { OptionSchema, PassDescription } from '../../protocol/passes';
import { optionAbout } from '../../protocol/optionWords';
import { isTextCode, say } from '../../protocol/text/index';
import { ruleIds } from './cleanup/rules';
import { plannedPasses } from './planned';
import { describePasses } from './registry';

export function passDocs(): string {
  const sections = describePasses().map(passSection);
  return [
    '# Passes',
    '<!-- Generated from src/engine/passes/registry.ts by the build. Do not edit. -->',
    'A recipe lists passes with options; `decant compress --pass ID:key=value,...` runs one directly. Values in *italics* are planned and refused by name.',
    ...sections,
    '## Rules of `cleanup`',
    ruleIds.map((id) => `- \`${id}\`: ${textOf(`value.rules.${id}`)}`).join('\n'),
    '## Planned',
    plannedPasses.map((id) => `\`${id}\``).join(', '),
    '',
  ].join('\n\n').replace(/\n+$/, '\n');
}

const needs: Readonly<Record<PassDescription['data'], string>> = {
  none: '',
  optional: 'Uses data where there are some.',
  required: 'Needs data.',
};

function passSection({ id, data, suffix, options }: PassDescription): string {
  const later = Object.entries(options.properties).filter(([, option]) => option.planned === true).map(([name]) => `*${name}*`);
  const rows = optionRows(options, id);
  const table = rows.length === 0 ? [] : [['| option | values (default first) | meaning |', '|---|---|---|', ...rows].join('\n')];
  const about = [textOf(`pass.${id}.about`), needs[data], `Output: \`MODEL.${suffix}.onnx\`.`].filter((sentence) => sentence !== '');
  const planned = later.length === 0 ? [] : [`Planned: ${later.join(', ')}.`];
  return [`## \`${id}\``, about.join(' '), ...table, ...planned].join('\n\n');
}

function optionRows(schema: OptionSchema, pass: string, prefix = ''): string[] {
  const ready = Object.entries(schema.properties ?? {}).filter(([, option]) => option.planned !== true);
  return ready.flatMap(([name, option]) => option.properties === undefined
    ? [`| \`${prefix}${name}\` | ${valuesOf(option)} | ${wordsOf(`${prefix}${name}`, pass)} |`]
    : objectRows(prefix + name, option, pass));
}

/** An object whose options are (but for some of its own) those of a pass that trains refers to that pass instead of repeating them. */
function objectRows(name: string, option: OptionSchema, pass: string): string[] {
  const entries = Object.entries(option.properties ?? {});
  const own = entries.filter(([key, inner]) => JSON.stringify(inner) !== JSON.stringify(training[key]));
  if (entries.length - own.length < FEWEST_SHARED) return optionRows(option, pass, `${name}.`);
  const takes = own.length === 0 ? 'Takes' : 'Besides those below, takes';
  return [
    `| \`${name}\` | ${valuesOf(option)} | ${wordsOf(name, pass)} ${takes} the training options of [\`${trainingPass}\`](#${trainingPass}). |`,
    ...optionRows({ properties: Object.fromEntries(own) }, pass, `${name}.`),
  ];
}

/** The pass whose options are the training options and little else. */
const trainingPass = 'finetune';
const training: Readonly<Record<string, OptionSchema>> = describePasses().find(({ id }) => id === trainingPass)?.options.properties ?? {};
/** Fewer options than this in common are chance. */
const FEWEST_SHARED = 5;

function valuesOf(option: OptionSchema): string {
  const { default: byDefault, enum: values, notReady = [] } = option;
  if (values !== undefined) {
    const sorted = [...values].sort((left, right) => Number(right === byDefault) - Number(left === byDefault));
    const words = sorted.map((value) => (notReady.includes(value) ? `*${String(value)}*` : `\`${String(value)}\``));
    return [...(byDefault === undefined ? ['not set'] : []), ...words].join(', ');
  }
  const forms = option.anyOf?.flatMap(formWords) ?? [];
  if (forms.length > 0) return [byDefault === undefined ? 'not set' : `default \`${JSON.stringify(byDefault)}\``, ...forms].join(', ');
  const range = [option.minimum, option.maximum].every((bound) => bound === undefined)
    ? []
    : [`${option.minimum ?? ''}…${option.maximum ?? ''}`];
  const shown = byDefault === undefined ? 'not set' : `\`${JSON.stringify(byDefault)}\``;
  return [shown, ...range, ...(option.type === undefined ? [] : [option.type])].join(', ');
}

/** Of an option of several forms, those that are words or objects. */
function formWords({ const: word, enum: words, properties }: OptionSchema): readonly string[] {
  if (properties !== undefined) return Object.keys(properties).map((key) => `\`{ "${key}": … }\``);
  return (words ?? (word === undefined ? [] : [word])).map((value) => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``);
}

function wordsOf(option: string, pass: string): string {
  const code = optionAbout(option, pass);
  return code === undefined ? '' : say(code);
}

function textOf(code: string): string {
  return isTextCode(code) ? say(code) : '';
}
