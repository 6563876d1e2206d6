// Both pages in Chromium under their content security policy: they draw, the keyboard reaches everything, thousands of
// rows stay few elements, and axe-core finds nothing in any theme.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { describePasses } from '../../src/engine/passes/registry';
import { said, say, type TextCode } from '../../src/protocol/text/index';
import { factoredReport, importanceCurves, layerFactors, longModel, passes, profile, report, resnet } from './support/fixtures';
import { type OpenedPage, launchBrowser, openPage } from './support/page';
import { type ThemeName, themes } from './support/themes';

const choices = { choices: [{ path: '/data/cifar10.json', label: 'data/cifar10.json' }], preferred: '/data/cifar10.json' };
const review = { name: 'resnet20-cifar10.int8.report.json', side: 'before', report } as const;

async function openEditor(browser: Browser, theme: ThemeName, model = resnet, language = 'en'): Promise<OpenedPage> {
  const opened = await openPage(browser, 'editor', { theme, width: 1280, height: 800, language, answers: { passes, dataChoices: choices } });
  await opened.tell({ type: 'trust', trusted: true });
  await opened.tell({ type: 'model', name: 'resnet20-cifar10.onnx', report: model });
  return opened;
}

async function openReview(browser: Browser, theme: ThemeName): Promise<OpenedPage> {
  const opened = await openPage(browser, 'review', { theme, width: 340, height: 800 });
  await opened.tell({ type: 'reports', chosen: 'a', reports: [{ id: 'a', name: review.name, folder: '', time: '2026-01-02T03:04:05Z' }] });
  await opened.tell({ type: 'report', report });
  return opened;
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** axe goes in as an isolated evaluation, so the page's policy stays as it is. */
async function violations({ page }: OpenedPage): Promise<readonly string[]> {
  await page.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  const found = await page.evaluate<readonly Violation[]>('axe.run(document, { resultTypes: ["violations"] }).then((result) => result.violations)');
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary ?? ''}`).join('\n')}`);
}

describe('the pages in a browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser.close());

  for (const theme of Object.keys(themes) as ThemeName[]) {
    it(`show model, details, form and review without a finding of axe (${theme})`, async () => {
      const editor = await openEditor(browser, theme);
      await editor.tell({ type: 'profile', profile });
      await editor.tell({ type: 'review', review });
      await editor.page.locator('.grid-body .grid-row').nth(3).click();
      assert.deepEqual(await violations(editor), []);
      await editor.tell({ type: 'openCompress' });
      await editor.page.locator('form.compress').waitFor();
      await editor.page.locator('details.more > summary').click();
      assert.deepEqual(await violations(editor), []);
      const panel = await openReview(browser, theme);
      await panel.page.locator('details.training > summary').click();
      await panel.page.locator('details.pruned > summary').click();
      await panel.page.locator('details.numbers > summary').click();
      assert.deepEqual(await violations(panel), []);
      assert.deepEqual([...editor.problems, ...panel.problems], []);
      await Promise.all([editor.page.close(), panel.page.close()]);
    });
  }

  it('shows what a layer kept of its channels, with the curve that decided it', async () => {
    const { page, tell } = await openEditor(browser, 'dark');
    await tell({ type: 'review', review });
    await page.locator('.grid-body .grid-row').nth(1).click();
    const details = page.locator('.details');
    await details.getByRole('heading', { name: 'Importance: 24 of 32 channels kept' }).waitFor();
    await details.getByRole('img', { name: /^Importance of 32 channels, .* the 8 least important went/ }).waitFor();
    assert.equal(await details.locator('.together').textContent(), 'Same width as layer1/1/conv1/Conv');
    await details.locator('.numbers > summary').click();
    const rows = await details.locator('.numbers tbody tr').allInnerTexts();
    assert.deepEqual([rows.length, rows.filter((row) => row.includes('removed')).length], [32, 8]);
    await page.locator('.grid-body .grid-row').nth(15).click();
    assert.equal(await details.locator('figure').count(), 0, 'no curve where nothing was taken out');
    await page.close();
  });

  it('lists what every group of layers kept, and draws the one that the keyboard comes to, with a hundred of them as with one', async () => {
    const { page, tell, calls } = await openReview(browser, 'dark');
    await tell({ type: 'report', report: { ...report, steps: [{ ...report.steps[0], importance: importanceCurves(100) }] } });
    const section = page.locator('details.pruned');
    assert.equal((await section.locator('summary').first().textContent()), 'Prune channels: 2,988 of 4,000 channels kept');
    await section.locator('summary').first().click();
    const list = section.getByRole('treegrid', { name: 'Layers by what they kept' });
    assert.equal(await list.getAttribute('aria-rowcount'), '101');
    assert.ok((await list.locator('.grid-body .grid-row').count()) < 30);
    const before = await section.boundingBox();
    await list.locator('[aria-selected="true"]').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    await section.getByRole('img', { name: /^Importance of 32 channels/ }).waitFor();
    assert.match((await section.locator('.chosen-name').textContent()) ?? '', /layer1\/0\/conv1\/Conv \+ 1 of the same width/);
    assert.equal((await section.boundingBox())?.height, before?.height, 'nothing moves when another group is drawn');
    await page.keyboard.press('End');
    await section.getByRole('button', { name: 'block99/Conv' }).click();
    assert.deepEqual((await calls()).at(-1), { name: 'selectLayer', request: { layer: '/block99/Conv_output_0' } });
    await page.close();
  });

  for (const theme of Object.keys(themes) as ThemeName[]) {
    it(`shows what layers were split into without a finding of axe (${theme})`, async () => {
      const editor = await openEditor(browser, theme);
      await editor.tell({ type: 'review', review: { ...review, report: factoredReport } });
      await editor.page.locator('.grid-body .grid-row').nth(4).click();
      await editor.page.locator('.details details.numbers > summary').first().click();
      assert.deepEqual(await violations(editor), []);
      const panel = await openReview(browser, theme);
      await panel.tell({ type: 'report', report: factoredReport });
      await panel.page.locator('details.factored > summary').click();
      await panel.page.locator('details.factored details.numbers > summary').first().click();
      assert.deepEqual(await violations(panel), []);
      assert.deepEqual([...editor.problems, ...panel.problems], []);
      await Promise.all([editor.page.close(), panel.page.close()]);
    });
  }

  it('shows of a layer that was split its ranks, costs and errors, with the singular values that decided it', async () => {
    const { page, tell } = await openEditor(browser, 'dark');
    await tell({ type: 'review', review: { ...review, report: factoredReport } });
    const details = page.locator('.details');
    const facts = async (): Promise<string> => (await details.locator('section', { has: page.getByRole('heading', { name: 'Factors' }) }).locator('dl').innerText()).replaceAll('\u202f', ' ');
    await page.locator('.grid-body .grid-row').nth(0).click();
    assert.match(await facts(), /Method\s+Tucker\s+Rank\s+4 of 16 inputs, 8 of 16 outputs\s+Parameters\s+496 → 149 \(−70 %\)\s+MACs\s+.*\(−70 %\)\s+Latency, alone\s+0\.0410 → 0\.0205 ms \(−50 %\)\s+Error of weights\s+5\.00 %\s+Error of outputs\s+0\.400 %/);
    await details.getByRole('img', { name: /^Singular values of the inputs, .* 4 of 16 are kept/ }).waitFor();
    await details.getByRole('img', { name: /^Singular values of the outputs, .* 8 of 16 are kept/ }).waitFor();
    await details.locator('.numbers > summary').first().click();
    const rows = await details.locator('.numbers').first().locator('tbody tr').allInnerTexts();
    assert.deepEqual([rows.length, rows.filter((row) => row.includes('left out')).length], [16, 12]);
    await page.locator('.grid-body .grid-row').nth(2).click();
    await details.getByRole('img', { name: /^Weights of components, .* 4 of 4 are kept/ }).waitFor();
    assert.doesNotMatch(await facts(), /Latency|Error of outputs/, 'what was not measured has no row');
    await page.locator('.grid-body .grid-row').nth(15).click();
    assert.equal(await details.locator('figure').count(), 0, 'no drawing where nothing was split');
    await page.close();
  });

  it('lists the layers that were split, and draws the one that the keyboard comes to', async () => {
    const { page, tell, calls } = await openReview(browser, 'dark');
    const factors = layerFactors(100);
    await tell({ type: 'report', report: { ...factoredReport, steps: factoredReport.steps.map((step) => ({ ...step, factors })) } });
    const section = page.locator('details.factored');
    assert.match((await section.locator('summary').first().textContent()) ?? '', /MACs of 100 layers \d+M → \d+(\.\d)?M$/);
    await section.locator('summary').first().click();
    const list = section.getByRole('treegrid', { name: 'Layers and their ranks' });
    assert.ok((await list.locator('.grid-body .grid-row').count()) < 30);
    await list.locator('[aria-selected="true"]').focus();
    await page.keyboard.press('Home');
    await section.getByRole('img', { name: /^Singular values of the inputs/ }).waitFor();
    await page.keyboard.press('ArrowDown');
    await section.getByRole('img', { name: /^Singular values, falling/ }).waitFor();
    await page.keyboard.press('End');
    await section.getByRole('button', { name: 'block99/Conv' }).click();
    assert.deepEqual((await calls()).at(-1), { name: 'selectLayer', request: { layer: '/block99/Conv_output_0' } });
    await page.close();
  });

  it('shows how a training went, as a drawing and as a table of the same numbers', async () => {
    const { page } = await openReview(browser, 'dark');
    const section = page.locator('details.training');
    assert.match((await section.locator('summary').textContent()) ?? '', /Fine-tune: Top-1 74\.12.% → 80\.43.%/);
    await section.locator('summary').click();
    assert.match((await section.locator('svg.curves').getAttribute('aria-label')) ?? '', /5 epochs/);
    assert.equal(await section.locator('circle.curve-metric').count(), 6);
    assert.equal(await section.locator('circle.curve-loss').count(), 5, 'the model before training has no loss');
    const rows = await section.locator('tbody tr').allInnerTexts();
    assert.equal(rows.length, 6);
    assert.match(rows[0] ?? '', /before\s+–\s+74\.12/);
    assert.match(rows[4] ?? '', /4 \(kept\)\s+0\.410\s+80\.43/);
    await page.close();
  });

  it('draws the form of every pass there is', async () => {
    const { page } = await openPage(browser, 'editor', { theme: 'light', width: 1280, height: 1200, answers: { passes: describePasses(), dataChoices: choices } })
      .then(async (opened) => {
        await opened.tell({ type: 'trust', trusted: true });
        await opened.tell({ type: 'model', name: 'resnet20-cifar10.onnx', report: resnet });
        await opened.tell({ type: 'openCompress' });
        return opened;
      });
    await page.locator('form.compress').waitFor();
    for (const { id } of describePasses()) {
      await page.locator('form.compress vscode-dropdown').first().click();
      await page.getByRole('option', { name: say(`pass.${id}` as TextCode), exact: true }).click();
      const labels = await page.locator('form.compress .field-label').allTextContents();
      const wanted = describePasses().find((pass) => pass.id === id)?.options.properties ?? {};
      assert.ok(!labels.some((label) => label in wanted), `an option of ${id} has no words: ${labels.join(', ')}`);
    }
    await page.locator('form.compress vscode-dropdown').first().click();
    await page.getByRole('option', { name: 'Fine-tune', exact: true }).click();
    assert.equal(await page.getByRole('textbox', { name: 'Epochs' }).inputValue(), '3');
    assert.ok(await page.getByRole('checkbox', { name: 'From scratch' }).isVisible());
    await page.close();
  });

  it('unfolds recovery training by a switch, and sends one target', async () => {
    const opened = await openPage(browser, 'editor', { theme: 'dark', width: 1280, height: 1200, answers: { passes: describePasses(), dataChoices: choices } });
    const { page, tell, calls } = opened;
    await tell({ type: 'trust', trusted: true });
    await tell({ type: 'model', name: 'resnet20-cifar10.onnx', report: resnet });
    await tell({ type: 'openCompress' });
    await page.locator('form.compress vscode-dropdown').first().click();
    await page.getByRole('option', { name: 'Prune channels', exact: true }).click();
    const recovery = page.getByRole('group', { name: 'Recovery' });
    assert.equal(await recovery.isVisible(), false);
    await page.locator('vscode-checkbox', { hasText: 'Recovery' }).click();
    await recovery.getByRole('textbox', { name: 'Epochs' }).fill('2');
    assert.equal(await recovery.getByRole('textbox', { name: 'Mixup' }).isVisible(), false, 'what is rare is folded');
    await page.getByRole('group', { name: 'Target' }).locator('vscode-dropdown').click();
    await page.getByRole('option', { name: 'Parameters', exact: true }).click();
    await page.locator('.run vscode-button').click();
    assert.equal(await page.locator('#problem-parameters').isVisible(), true, 'another target than MACs has to say how much');
    await page.getByRole('group', { name: 'Target' }).getByRole('textbox', { name: 'Parameters' }).fill('0.1');
    await page.locator('form.compress vscode-dropdown').nth(1).click();
    await page.getByRole('option', { name: 'No data' }).click();
    await page.locator('.run vscode-button').click();
    const sent = (await calls()).find(({ name }) => name === 'compress');
    assert.deepEqual(sent?.request, { pass: 'prune.channels', options: { parameters: 0.1, recover: { epochs: 2 } }, data: null, dims: {} }, 'another choice of data keeps what was entered');
    assert.deepEqual(await violations(opened), []);
    await page.close();
  });

  it('offers ranks by rule among the targets of decomposition, and methods as checkboxes', async () => {
    const opened = await openPage(browser, 'editor', { theme: 'dark', width: 1280, height: 1200, answers: { passes: describePasses(), dataChoices: choices } });
    const { page, tell, calls } = opened;
    await tell({ type: 'trust', trusted: true });
    await tell({ type: 'model', name: 'resnet20-cifar10.onnx', report: resnet });
    await tell({ type: 'openCompress' });
    await page.locator('form.compress vscode-dropdown').first().click();
    await page.getByRole('option', { name: 'Decompose', exact: true }).click();
    const target = page.getByRole('group', { name: 'Target' });
    const choose = async (name: string): Promise<void> => {
      await target.locator('vscode-dropdown').click();
      await page.getByRole('option', { name, exact: true }).click();
    };
    await choose('EVBMF');
    await target.getByText(/stand out of the noise/).waitFor();
    assert.equal(await target.locator('vscode-text-field:visible').count(), 0, 'the word says all');
    await choose('Layer energy');
    await target.getByRole('textbox', { name: 'Layer energy' }).fill('0.9');
    await page.locator('details.more > summary').last().click();
    const methods = page.getByRole('group', { name: 'Methods' });
    const turn = async (name: RegExp): Promise<void> => methods.locator('vscode-checkbox', { hasText: name }).click();
    for (const name of [/^SVD/, /^spatial/, /^Tucker/, /^CP/]) await turn(name);
    await page.locator('.run vscode-button').click();
    assert.equal(await page.locator('#problem-methods').isVisible(), true, 'one method at least');
    assert.deepEqual(await violations(opened), []);
    for (const name of [/^SVD/, /^spatial/]) await turn(name);
    await page.locator('.run vscode-button').click();
    const sent = (await calls()).find(({ name }) => name === 'compress');
    assert.deepEqual(sent?.request, { pass: 'decompose', options: { ranks: { energy: 0.9 }, methods: ['svd', 'spatial'] }, data: '/data/cifar10.json', dims: {} });
    await page.close();
  });

  it('sorts by a click and by keyboard, and says so', async () => {
    const { page } = await openEditor(browser, 'dark');
    const macs = page.getByRole('columnheader', { name: 'MACs' });
    await macs.locator('button').click();
    assert.equal(await macs.getAttribute('aria-sort'), 'descending');
    await page.locator('.grid-head button').first().focus();
    await page.keyboard.press('Enter');
    assert.equal(await page.getByRole('columnheader', { name: 'Layer' }).getAttribute('aria-sort'), 'ascending');
    assert.match((await page.locator('.grid-body .grid-row').first().textContent()) ?? '', /conv1/);
    await page.close();
  });

  it('keeps 5,000 layers to a screenful of elements and reaches the last by keyboard', async () => {
    const { page } = await openEditor(browser, 'dark', longModel(5000));
    assert.equal(await page.locator('[role=treegrid]').getAttribute('aria-rowcount'), '5001');
    assert.ok((await page.locator('.grid-body .grid-row').count()) < 80);
    await page.locator('.grid-body .grid-row').first().click();
    await page.keyboard.press('End');
    assert.equal(await page.evaluate('document.activeElement.getAttribute("aria-rowindex")'), '5001');
    assert.equal(await page.locator('.grid-body .grid-row[tabindex="0"]').count(), 1);
    assert.ok((await page.locator('.grid-body .grid-row').count()) < 80);
    await page.close();
  });

  it('filters, counts, and says when nothing is left', async () => {
    const { page } = await openEditor(browser, 'dark');
    await page.locator('.filter input').fill('layer3 conv1');
    assert.equal(await page.locator('.row-count').textContent(), '3 of 20 layers');
    await page.locator('.filter input').fill('nowhere');
    assert.equal(await page.locator('.nothing').isVisible(), true);
    await page.close();
  });

  it('turns the form into the choice the host gets', async () => {
    const { page, calls, tell } = await openEditor(browser, 'dark');
    await tell({ type: 'openCompress' });
    await page.locator('form.compress').waitFor();
    await page.getByRole('textbox', { name: 'Samples' }).fill('0');
    await page.locator('.run vscode-button').click();
    assert.match((await page.locator('#problem-samples').textContent()) ?? '', /1 to 100000/);
    await page.getByRole('textbox', { name: 'Samples' }).fill('64');
    await page.locator('vscode-checkbox', { hasText: 'Per channel' }).click();
    await page.locator('.run vscode-button').click();
    const sent = (await calls()).find(({ name }) => name === 'compress');
    assert.deepEqual(sent?.request, { pass: 'quantize.static', options: { samples: 64, perChannel: false }, data: '/data/cifar10.json', dims: {} });
    await page.close();
  });

  it('offers no pass that would refuse the model, and says why', async () => {
    const opened = await openPage(browser, 'editor', { theme: 'dark', width: 1280, height: 800, answers: { passes: passes.map((pass) => ({ ...pass, refuses: ['finding.quantized'] })), dataChoices: choices } });
    const { page, calls, tell } = opened;
    await tell({ type: 'trust', trusted: true });
    await tell({ type: 'model', name: 'resnet20-cifar10.int8.onnx', report: { ...resnet, findings: [{ ...said('finding.quantized'), severity: 'info' }] } });
    await tell({ type: 'openCompress' });
    await page.locator('form.compress').getByText(/^Not for this model: .* quantized already/).waitFor();
    assert.equal(await page.locator('vscode-dropdown vscode-option[disabled]').count(), passes.length);
    await page.locator('.run vscode-button').click({ force: true });
    assert.equal((await calls()).some(({ name }) => name === 'compress'), false);
    assert.deepEqual(await violations(opened), []);
    await page.close();
  });

  it('folds a long note into its first line, which the keyboard opens', async () => {
    const { page, tell } = await openReview(browser, 'dark');
    const layers = report.layers.map(({ id }) => `${id} (0.012 → 0.016 ms)`).join(', ');
    await tell({ type: 'report', report: { ...report, warnings: [{ ...said('finding.noGain', { count: 20, total: 20, layers }), severity: 'info' }] } });
    const note = page.locator('.warnings');
    const height = async (): Promise<number> => (await note.boundingBox())?.height ?? 0;
    assert.ok((await height()) < 30);
    await note.locator('summary').focus();
    await page.keyboard.press('Enter');
    assert.ok((await height()) > 100);
    await page.close();
  });

  it('tells of each layer in the review what it was, what it is, and the change', async () => {
    const { page } = await openReview(browser, 'dark');
    const cells = await page.locator('.table .grid-body .grid-row').first().getByRole('gridcell').allInnerTexts();
    assert.deepEqual(cells.slice(0, 2).map((text) => text.replaceAll('\u202f', ' ').split('\n')), [['−73 %', '1.98 kB → 536 B'], ['+0.003', '0.012 → 0.014']]);
    await page.close();
  });

  it('breaks no word of a form in a panel as narrow as it gets', async () => {
    const { page, tell } = await openPage(browser, 'review', { theme: 'dark', width: 300, height: 800 });
    const forms = [said('form.unchanged'), said('form.int8Activations'), said('form.prunedInput', { kept: 24, total: 32, kind: 'form.units.channels' })];
    await tell({ type: 'reports', chosen: 'a', reports: [{ id: 'a', name: review.name, folder: '', time: '2026-01-02T03:04:05Z' }] });
    await tell({ type: 'report', report: { ...report, layers: report.layers.map((layer, at) => ({ ...layer, after: { ...layer.after, form: forms[at % forms.length] } })) } });
    const broken = await page.evaluate<readonly string[]>(`[...document.querySelectorAll('.table .grid-body .cell:first-child .cell-below')].flatMap(({ firstChild: text }) =>
      [...text.data.matchAll(/[^ ]+/gu)].filter(({ 0: word, index }) => {
        const range = document.createRange();
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        return range.getClientRects().length !== 1;
      }).map(([word]) => word))`);
    assert.deepEqual(broken, []);
    await page.close();
  });

  it('does not let an untrusted workspace run, and says why', async () => {
    const { page, calls, tell } = await openEditor(browser, 'dark');
    await tell({ type: 'openCompress' });
    await page.locator('form.compress').waitFor();
    await tell({ type: 'trust', trusted: false });
    assert.equal(await page.getByText('Running a model needs a trusted workspace.').isVisible(), true);
    await page.locator('.run vscode-button').click({ force: true });
    assert.equal((await calls()).some(({ name }) => name === 'compress'), false);
    await page.close();
  });

  it('asks the host for the layer that is clicked in the review', async () => {
    const { page, calls } = await openReview(browser, 'dark');
    await page.locator('.table .grid-body .grid-row').nth(2).click();
    assert.deepEqual(await calls(), [{ name: 'selectLayer', request: { layer: report.layers[2]?.id } }]);
    await page.getByRole('button', { name: 'Faster 12' }).click();
    assert.equal(await page.locator('.table [role=treegrid]').getAttribute('aria-rowcount'), '13');
    await page.close();
  });

  it('shows names from a file as text, never as HTML', async () => {
    const [layer] = resnet.layers;
    assert.ok(layer);
    const evil = { ...resnet, layers: [{ ...layer, name: '<img src=x onerror="window.broken=1">' }] };
    const { page } = await openEditor(browser, 'dark', evil);
    assert.equal(await page.locator('img').count(), 0);
    assert.equal(await page.evaluate('window.broken'), undefined);
    await page.close();
  });

  it('speaks Chinese', async () => {
    const { page } = await openEditor(browser, 'dark', resnet, 'zh-cn');
    assert.equal(await page.getByRole('columnheader', { name: '算子' }).count(), 1);
    await page.close();
  });

  it('says what is wrong with a file that is no model, and leads to the log', async () => {
    const { page, calls, tell } = await openPage(browser, 'editor', { theme: 'dark', width: 900, height: 600 });
    await tell({ type: 'unusable', name: 'notes.onnx', error: { code: 'gitLfsPointer', params: { file: 'notes.onnx' } } });
    assert.equal(await page.getByText('git lfs pull').isVisible(), true);
    await page.getByRole('button', { name: 'Show Log' }).click();
    assert.deepEqual((await calls()).map(({ name }) => name), ['showLog']);
    await page.close();
  });
});
