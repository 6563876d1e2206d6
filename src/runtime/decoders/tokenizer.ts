// Tokenizers of Hugging Face's `tokenizer.json` (`@huggingface/tokenizers`, pure JavaScript).

import { EngineError, errorMessage } from '../../engine/error';
import type { Tokenizer } from '../../engine/ports';

interface TokenizerFile {
  readonly padding?: { readonly pad_id?: number } | null;
  readonly added_tokens?: readonly { readonly id: number; readonly content: string }[];
}

/** Names of the padding token of the model families in use, for files that do not say. */
const padTokens = ['[PAD]', '<pad>', '<|pad|>', '<|endoftext|>'];

/** Throws `dataUnreadable`. */
export async function createTokenizer(json: string, config = '{}'): Promise<Tokenizer> {
  const { Tokenizer: Library } = await import('@huggingface/tokenizers');
  let tokenizer: InstanceType<typeof Library>;
  let file: TokenizerFile;
  let settings: { readonly pad_token?: string | { readonly content?: string } };
  try {
    file = JSON.parse(json) as TokenizerFile;
    settings = JSON.parse(config) as typeof settings;
    tokenizer = new Library(file, settings);
  } catch (error) {
    throw new EngineError('dataUnreadable', { file: 'tokenizer.json', format: 'tokenizer', reason: errorMessage(error) }, { cause: error });
  }
  const pad = typeof settings.pad_token === 'object' ? settings.pad_token.content : settings.pad_token;
  const named = pad ?? padTokens.find((token) => tokenizer.token_to_id(token) !== undefined);
  const padId = file.padding?.pad_id ?? (named === undefined ? undefined : tokenizer.token_to_id(named)) ?? 0;
  return {
    padId,
    encode(text, maxLength) {
      const whole = tokenizer.encode(text, { return_token_type_ids: true });
      const ids = whole.ids;
      const kept = ids.length <= maxLength ? ids.map((_, index) => index) : keptWhenCut(ids, tokenizer.encode(text, { add_special_tokens: false }).ids, maxLength);
      return {
        ids: kept.map((index) => ids[index] ?? padId),
        attentionMask: kept.map(() => 1),
        typeIds: kept.map((index) => whole.token_type_ids[index] ?? 0),
      };
    },
  };
}

/** Positions that stay when text is cut at its end: special tokens before and after it, and as much text as fits between. */
function keptWhenCut(whole: readonly number[], text: readonly number[], maxLength: number): readonly number[] {
  const added = whole.length - text.length;
  let before = 0;
  while (before < added && !text.every((id, index) => whole[before + index] === id)) before += 1;
  const room = Math.max(0, maxLength - added);
  return whole.map((_, index) => index).filter((index) => index < before + room || index >= before + text.length).slice(0, maxLength);
}
