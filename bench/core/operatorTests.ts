// Shape inference against every operator test of two packages: counts, by what is known of the inputs.

import type { Bench, Claim } from '../lib/bench';
import { openRows, survey, type Survey } from './operators/survey';

/** Issue 3: all 1,072 models. */
const DEBIAN_MODELS = 1072;

export const operators: Bench = {
  name: 'operators',
  title: 'Shape and type inference on operator tests',
  async run() {
    const surveys = await survey();
    const open = openRows(surveys);
    return {
      claims: surveys.map(claimOf),
      tables: [
        { title: 'By what is known', columns: ['cases', 'known', 'exact', 'open', 'wrong'], rows: surveys.flatMap(rowsOf) },
        { title: 'Open even with values', columns: ['operators of the model', 'cases', 'why'], rows: open.map(({ operators: names, cases, reason }) => [names, String(cases), reason]) },
      ],
    };
  },
};

function claimOf({ source, judgements, byShapes, byValues }: Survey): Claim {
  const debian = source.startsWith('libonnx');
  const all = judgements.length;
  const note = `with elements of inputs ${byValues.exact} exact, ${byValues.open} open; from shapes of inputs alone ${byShapes.exact} exact, ${byShapes.open} open; reasons below and in docs/operators.md`;
  return {
    claim: `${source}: every output type and shape that the test data shows`,
    wanted: `${debian ? `${DEBIAN_MODELS} models, ` : ''}all inferred, none wrong, a reason for each that is not exact`,
    found: `${all} models, ${byShapes.wrong + byValues.wrong} wrong, ${byValues.open} not exact`,
    met: byShapes.wrong + byValues.wrong === 0 && (!debian || all === DEBIAN_MODELS),
    note,
  };
}

function rowsOf({ source, byShapes, byValues }: Survey): readonly (readonly string[])[] {
  return [['shapes of inputs', byShapes] as const, ['elements of small inputs too', byValues] as const]
    .map(([known, { exact, open, wrong }]) => [source, known, String(exact), String(open), String(wrong)]);
}
