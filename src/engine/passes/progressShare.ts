// A part of a pass with a share of its progress: what runs inside reports 0 to 1 and needs not know where it stands.

import type { Progress } from '../../protocol/jobs';
import type { PassContext, Share } from './pass';

type Report = (progress: Progress) => void;

export function scaled(report: Report, [from, to]: Share): Report {
  return (inner) => report({ ...inner, fraction: from + (to - from) * (inner.fraction ?? 0) });
}

/** The context with progress, also that of other passes it applies, within the share. */
export function within(context: PassContext, share: Share): PassContext {
  return {
    ...context,
    progress: scaled((progress) => context.progress(progress), share),
    apply: (id, model, options, inner) => context.apply(id, model, options, { ...inner, share: nested(share, inner?.share) }),
  };
}

function nested([from, to]: Share, [innerFrom, innerTo]: Share = [0, 1]): Share {
  return [from + (to - from) * innerFrom, from + (to - from) * innerTo];
}
