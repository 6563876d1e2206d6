// The use cases by kind, as the worker runs them.

import { compare } from './compareJob';
import { compress } from './compressJob';
import { evaluate } from './evaluateJob';
import type { JobRunners } from './job';
import { inspect, passes, profile, providers } from './simple';

export const runners: JobRunners = { inspect, profile, evaluate, compress, compare, providers, passes };
