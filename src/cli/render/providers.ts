// The report of `decant providers` for people.

import type { ProviderReport } from '../../protocol/report';
import { renderTable } from '../table';
import type { Look } from '../terminal';

export function renderProviders(reports: readonly ProviderReport[], look: Look): string[] {
  return renderTable([
    { title: look.say('table.provider') },
    { title: look.say('table.state') },
    { title: look.say('table.formats') },
    { title: look.say('table.note') },
  ], reports.map(({ name, state, formats, reason, devices }) => [
    name, look.say(`state.${state}`), formats.join(', '), [...(devices ?? []), ...(reason === undefined ? [] : [reason])].join('; '),
  ]), look);
}
