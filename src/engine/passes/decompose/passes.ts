// The five passes that split layers into factors: one for each method, and `decompose`, which chooses the method of each layer by
// measurement. One definition; the work is in run.ts.

import type { Pass } from '../pass';
import { checkRecovery } from '../recovery/recover';
import { type Method, methods } from './factors';
import { autoOptions, type DecomposeOptions, decomposeSettings, methodOptions } from './options';
import { decompose } from './run';

function definePass(id: string, by: Method | undefined): Pass {
  const methodsOf = (options: DecomposeOptions): readonly Method[] => (by === undefined ? options.methods ?? methods : [by]);
  return {
    id,
    data: 'optional',
    suffix: 'decomposed',
    refuses: ['finding.quantized'],
    options: by === undefined ? autoOptions : methodOptions,
    check(given) {
      const options = given as DecomposeOptions;
      decomposeSettings(options, id, methodsOf(options), {});
      checkRecovery(options.recover, id);
    },
    run(model, given, context) {
      const options = given as DecomposeOptions;
      return decompose(model, decomposeSettings(options, id, methodsOf(options), context), context);
    },
  };
}

export const decomposePasses: readonly Pass[] = [definePass('decompose', undefined), ...methods.map((method) => definePass(`decompose.${method}`, method))];
