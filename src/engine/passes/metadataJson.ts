// JSON in the metadata of a model, where passes keep what later ones need.

/** Metadata may come from anywhere: what is not JSON is as good as absent. */
export function parsedMetadata(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
