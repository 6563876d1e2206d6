// One line about the job that runs: what it does, on which layer, how far.

import type { JobState } from '../../src/protocol/webviewMessages';
import { activityWords, t } from '../dom/language';
import { percent } from '../logic/format';

export function progressWords({ progress }: JobState): string {
  if (progress === null) return t('progress.starting');
  const activity = activityWords(progress);
  const place = progress.layer === undefined ? activity : t('view.job.progressLayer', { activity, layer: progress.layer });
  return progress.fraction === null ? place : `${place} ${percent(Math.floor(progress.fraction * 100) / 100)}`;
}
