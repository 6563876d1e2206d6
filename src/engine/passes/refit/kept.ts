// What is left of the tensors of a model after it was made smaller, as refitting needs to know it.

/** Entries that stay on each axis of a tensor, by its name: undefined for an axis of which all stay, and for a whole tensor. */
export type KeptParts = (name: string) => readonly (Int32Array | undefined)[] | undefined;

/** Nothing is taken out: layers became other layers with outputs of the same shape. */
export const everythingKept: KeptParts = () => undefined;
