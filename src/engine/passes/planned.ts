// Passes that interfaces.md names and this version does not have yet. A recipe that uses one is refused as "planned",
// not as a typing error. An id leaves this list when its pass enters the registry (a test holds the two apart).

export const plannedPasses: readonly string[] = [
  'quantize.weights', 'quantize.float16', 'quantize.aware', 'quantize.mixed',
  'progressive', 'update',
  'rewrite.winograd', 'rewrite.batch',
];
