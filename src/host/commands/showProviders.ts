// Probes the providers of this machine and lists them, those that do not run with the reason.

import * as vscode from 'vscode';
import type { ProviderReport } from '../../protocol/report';
import type { Host } from '../host';
import { runVisibly } from '../jobs/visibleJobs';
import { words } from '../language';

const icons = { ready: '$(check)', missing: '$(circle-slash)', failed: '$(error)' } as const;

export async function showProviders(host: Host): Promise<void> {
  const providers = await runVisibly(host.jobs, host.log, 'providers', {}, { models: [], name: '' });
  await vscode.window.showQuickPick(providers.map(providerItem), { title: words('view.providers.title'), matchOnDetail: true });
}

function providerItem({ name, state, reason, devices, formats }: ProviderReport): vscode.QuickPickItem {
  const detail = reason ?? [...(devices ?? []), formats.join(', ')].filter(Boolean).join(' · ');
  return { label: `${icons[state]} ${name}`, description: words(`view.provider.${state}`), detail };
}
