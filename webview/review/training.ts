// How the passes that train went: a line a pass, which opens into loss and metric over the epochs, as a drawing and as a table.

import type { StepReport, TrainingReport } from '../../src/protocol/report';
import { element } from '../dom/element';
import { icon } from '../dom/icons';
import { metricTitle, passTitle, t } from '../dom/language';
import { drawn, rounded } from '../dom/svg';
import { curvePoints } from '../logic/curve';
import { significant, UNKNOWN } from '../logic/format';
import { metricValue } from '../logic/outcome';

/** The drawing's own units, one about a pixel of the side bar at its usual width. */
const WIDTH = 300;
const HEIGHT = 64;
/** Room for the marks at the edges. */
const INSET = 5;

export function trainingSections(steps: readonly StepReport[]): readonly HTMLElement[] {
  return steps.flatMap(({ pass, training }) => (training === undefined ? [] : [section(pass, training)]));
}

function section(pass: string, training: TrainingReport): HTMLElement {
  return element(
    'details',
    { class: 'training' },
    element('summary', {}, element('span', { class: 'first-line' }, t('view.training.summary', { pass: passTitle(pass), result: resultOf(training) })), icon('turn')),
    element('figure', {}, drawing(training), legend(training)),
    table(training),
  );
}

/** The metric before (where there was a model before) and of the epoch that was kept. */
function resultOf({ metricName, bestEpoch, epochs }: TrainingReport): string {
  const at = (epoch: number): number | null => epochs.find((entry) => entry.epoch === epoch)?.metric ?? null;
  const [before, after] = [at(0), at(bestEpoch)];
  if (metricName === null || after === null) return t('view.training.epochs', { epochs: epochs.at(-1)?.epoch ?? 0 });
  const reached = metricValue(metricName, after);
  return `${metricTitle(metricName)} ${before === null || bestEpoch === 0 ? reached : `${metricValue(metricName, before)} → ${reached}`}`;
}

function drawing({ metricName, bestEpoch, epochs }: TrainingReport): SVGSVGElement {
  const svg = drawn('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'curves', role: 'img', 'aria-label': t('view.training.curves', { epochs: epochs.at(-1)?.epoch ?? 0 }) });
  svg.append(...curve(epochs.map(({ loss }) => loss), 'loss'));
  if (metricName !== null) svg.append(...curve(epochs.map(({ metric }) => metric), 'metric', epochs.findIndex(({ epoch }) => epoch === bestEpoch)));
  return svg;
}

function curve(values: readonly (number | null)[], name: 'loss' | 'metric', marked = -1): readonly SVGElement[] {
  const points = curvePoints(values, WIDTH - 2 * INSET, HEIGHT - 2 * INSET).map(({ x, y, index }) => ({ index, x: rounded(x + INSET), y: rounded(y + INSET) }));
  const line = drawn('polyline', { class: `curve-${name}`, points: points.map(({ x, y }) => `${x},${y}`).join(' ') });
  return [line, ...points.map(({ x, y, index }) => drawn('circle', { class: `curve-${name}${index === marked ? ' kept' : ''}`, cx: x, cy: y, r: index === marked ? 4 : 1.5 }))];
}

function legend({ metricName }: TrainingReport): HTMLElement {
  const entry = (name: 'loss' | 'metric', words: string): HTMLElement => {
    const sample = drawn('svg', { viewBox: '0 0 18 6', class: 'sample', 'aria-hidden': 'true' });
    sample.append(drawn('polyline', { class: `curve-${name}`, points: '0,3 18,3' }));
    return element('span', {}, sample, words);
  };
  return element('figcaption', { class: 'quiet' }, entry('loss', t('view.training.loss')), metricName === null ? null : entry('metric', metricTitle(metricName)));
}

function table({ metricName, bestEpoch, epochs }: TrainingReport): HTMLElement {
  const columns = [t('view.training.epoch'), t('view.training.loss'), ...(metricName === null ? [] : [metricTitle(metricName)])];
  return element(
    'table',
    { class: 'epochs' },
    element('thead', {}, element('tr', {}, ...columns.map((name) => element('th', { scope: 'col' }, name)))),
    element('tbody', {}, ...epochs.map(({ epoch, loss, metric }) => element(
      'tr',
      { class: epoch === bestEpoch ? 'kept' : undefined },
      element('th', { scope: 'row' }, epoch === 0 ? t('view.training.before') : epoch === bestEpoch ? t('view.training.kept', { epoch }) : String(epoch)),
      element('td', {}, loss === null ? UNKNOWN : significant(loss)),
      metricName === null ? null : element('td', {}, metricValue(metricName, metric)),
    ))),
  );
}
