// What a job is doing, in one line: the activity and the layer at hand.

import { activityWords, words } from '../language';
import type { HostJob } from './jobCenter';

export function progressText({ progress }: Pick<HostJob, 'progress'>): string {
  if (progress === null) return words('progress.starting');
  const activity = activityWords(progress);
  return progress.layer === undefined ? activity : words('view.job.progressLayer', { activity, layer: progress.layer });
}

/** ` 42 %`, or nothing where the end cannot be known. */
export function percentText({ progress }: Pick<HostJob, 'progress'>): string {
  return progress === null || progress.fraction === null ? '' : `${Math.floor(progress.fraction * 100)}\u202f%`;
}
