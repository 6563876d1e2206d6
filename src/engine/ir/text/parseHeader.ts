// The header of a model or a function: `<ir_version: 8, opset_import: ["" : 18]>`.

import type { Lexer } from './lexer';

export interface Header {
  ir_version?: number;
  opset_import?: Map<string, number>;
  producer_name?: string;
  producer_version?: string;
  domain?: string;
  overload?: string;
  model_version?: bigint;
  doc_string?: string;
  metadata_props?: Map<string, string>;
}

export const MODEL_KEYS = ['ir_version', 'opset_import', 'producer_name', 'producer_version', 'domain', 'model_version', 'doc_string', 'metadata_props'] as const satisfies readonly (keyof Header)[];
export const FUNCTION_KEYS = ['opset_import', 'doc_string', 'domain', 'overload'] as const satisfies readonly (keyof Header)[];

/** Fields of the model that may be set to their default: the header then names them. */
const headerFields: Readonly<Partial<Record<keyof Header, string>>> = {
  producer_name: 'producerName', producer_version: 'producerVersion', domain: 'domain', model_version: 'modelVersion', doc_string: 'docString',
};

/** The header if there is one; `explicit` are the fields that it sets to their default. */
export function parseHeader(lexer: Lexer, allowed: readonly (keyof Header)[]): Header & { readonly explicit: readonly string[] } {
  const header: Header = {};
  const explicit: string[] = [];
  if (lexer.matches('<')) {
    do {
      const start = lexer.place();
      const word = lexer.optionalWord();
      const key = allowed.find((known) => known === word) ?? lexer.fail('text.want.headerKey', start);
      lexer.expect(':');
      Object.assign(header, { [key]: parseValue(lexer, key) });
      const field = headerFields[key];
      if (field !== undefined && (header[key] === '' || header[key] === 0n)) explicit.push(field);
    } while (lexer.matches(','));
    lexer.expect('>');
  }
  return { ...header, explicit };
}

function parseValue(lexer: Lexer, key: keyof Header): Header[keyof Header] {
  switch (key) {
    case 'ir_version': return lexer.count();
    case 'model_version': return BigInt(lexer.integer());
    case 'opset_import': return new Map(entries(lexer, () => lexer.count()));
    case 'metadata_props': return new Map(entries(lexer, () => lexer.string()));
    default: return lexer.string();
  }
}

function entries<Value>(lexer: Lexer, value: () => Value): [string, Value][] {
  const found: [string, Value][] = [];
  lexer.expect('[');
  if (lexer.matches(']')) return found;
  do {
    const key = lexer.string();
    lexer.expect(':');
    found.push([key, value()]);
  } while (lexer.matches(','));
  lexer.expect(']');
  return found;
}
