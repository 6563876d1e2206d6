// JSON Schema of a whole recipe, composed from the registry: what editors complete and check (media/recipe.schema.json)
// and what a recipe is validated against before anything runs (recipe.ts).

import type { OptionSchema } from '../../protocol/passes';
import { optionAbout } from '../../protocol/optionWords';
import { isTextCode, say } from '../../protocol/text/index';
import { describePasses, passIds } from './registry';

const path: OptionSchema & { readonly minLength: number } = { type: 'string', minLength: 1 };

/** Everything but the options of the passes. */
export const recipeEnvelope = {
  type: 'object',
  properties: {
    $schema: { type: 'string' },
    version: { enum: [1] },
    model: { ...path, description: say('recipe.model') },
    data: { ...path, description: say('recipe.data') },
    target: { ...path, description: say('recipe.target') },
    constraints: {
      type: 'object',
      properties: {
        maxDrop: { type: 'number', minimum: 0, description: say('recipe.maxDrop') },
        maxBytes: { type: 'integer', minimum: 1, description: say('recipe.maxBytes') },
        maxLatency: { type: 'number', exclusiveMinimum: 0, description: say('recipe.maxLatency') },
      },
      additionalProperties: false,
    },
    seed: { type: 'integer', minimum: 0, maximum: 2 ** 32 - 1, description: say('recipe.seed') },
    passes: {
      type: 'array',
      minItems: 1,
      items: { type: 'object', properties: { pass: { type: 'string' } }, required: ['pass'] },
    },
  },
  required: ['version', 'passes'],
  additionalProperties: false,
} as const;

/** The schema as a document (draft 7, which VS Code completes best): the options follow from `pass` by if and then. */
export function recipeSchema(): Readonly<Record<string, unknown>> {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: say('recipe.title'),
    ...recipeEnvelope,
    properties: {
      ...recipeEnvelope.properties,
      passes: { ...recipeEnvelope.properties.passes, items: passItems() },
    },
  };
}

function passItems(): Readonly<Record<string, unknown>> {
  return {
    type: 'object',
    properties: { pass: { enum: passIds, enumDescriptions: passIds.map((id) => textOf(`pass.${id}.about`)) } },
    required: ['pass'],
    allOf: describePasses().map(({ id, options }) => ({
      if: { properties: { pass: { const: id } }, required: ['pass'] },
      then: { ...options, properties: { pass: { const: id }, ...documented(options.properties, id) } },
    })),
  };
}

function documented(properties: Readonly<Record<string, OptionSchema>>, pass: string): Record<string, OptionSchema> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, option]) => [name, { ...option, description: option.planned === true ? say('option.planned.about') : wordsOf(name, pass) }]),
  );
}

function wordsOf(option: string, pass: string): string {
  const code = optionAbout(option, pass);
  return code === undefined ? '' : say(code);
}

function textOf(code: string): string {
  return isTextCode(code) ? say(code) : '';
}
