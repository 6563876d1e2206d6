// What a probe child and its parent say to each other.

/** Number formats that are probed, the plainest first: where float32 does not run, nothing else is tried. */
export const probeFormats = ['float32', 'float16', 'bfloat16', 'int8', 'int4'] as const;
export type ProbeFormat = (typeof probeFormats)[number];

/** Arguments of the child: the provider, then the formats to try. */
export type FromProbe =
  | { readonly type: 'trying'; readonly format: ProbeFormat }
  /** The format's kernel ran on the provider. */
  | { readonly type: 'ran'; readonly format: ProbeFormat }
  /** The model ran, but on other providers or in another format. */
  | { readonly type: 'elsewhere'; readonly format: ProbeFormat; readonly used: string }
  | { readonly type: 'failed'; readonly format: ProbeFormat; readonly message: string }
  | { readonly type: 'done' };
