// What layers were split into, as the command prints it.
import assert from 'node:assert/strict';
import { renderFactors } from '../../src/cli/render/factors';
import type { Look } from '../../src/cli/terminal';
import { say } from '../../src/protocol/text/index';
import { factoredReport, report } from '../webview/support/fixtures';

const look = (width: number): Look => ({ language: 'en', width, say: (code, params) => say(code, params, 'en'), style: (_style, text) => text });

describe('the table of factors', () => {
  it('says of each layer its ranks, costs and errors, and of what was not measured nothing', () => {
    const [title, head, tucker, spatial, cp] = renderFactors(factoredReport, look(Infinity));
    assert.equal(title, 'Decompose');
    assert.match(head ?? '', /layer +method +rank +parameters +MACs +latency \(ms\) +error of weights +error of outputs/);
    assert.match(tucker ?? '', /Tucker +4\/16, 8\/16 +496 → 149 +442 k → 133 k +0\.041 → 0\.02\d* +5\.0 % +0\.4 %$/);
    assert.match(spatial ?? '', /spatial +4\/16 /);
    assert.match(cp ?? '', /CP +4\/144 .* – +7\.0 % +–$/);
  });

  it('keeps ranks, times and errors of outputs where a terminal is narrow', () => {
    const [, head, row] = renderFactors(factoredReport, look(70));
    assert.doesNotMatch(head ?? '', /parameters|MACs|weights/);
    assert.match(row ?? '', /Tucker +4\/16, 8\/16 +0\.041 → 0\.02\d* +0\.4 %$/);
  });

  it('is not there where no pass split layers', () => {
    assert.deepEqual(renderFactors(report, look(Infinity)), []);
  });
});
