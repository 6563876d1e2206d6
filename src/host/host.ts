// What the parts of the extension share. Made once in `activate`, handed to whoever needs it.

import type * as vscode from 'vscode';
import type { Clients } from './jobs/clients';
import type { Unfinished } from './jobs/unfinished';
import type { JobCenter } from './jobs/jobCenter';
import type { ModelStore } from './models/modelStore';
import type { ReportStore } from './reports/reportStore';
import type { Editors } from './editor/editors';
import type { DataMemory } from './data/dataMemory';
import type { ModelTexts } from './text/modelTexts';
import type { Review } from './review/review';

export interface Host {
  readonly extensionUri: vscode.Uri;
  readonly log: vscode.LogOutputChannel;
  readonly clients: Clients;
  readonly jobs: JobCenter;
  readonly models: ModelStore;
  readonly reports: ReportStore;
  readonly editors: Editors;
  readonly data: DataMemory;
  readonly review: Review;
  readonly unfinished: Unfinished;
  readonly texts: ModelTexts;
}
