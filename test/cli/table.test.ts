// Tables line up in terminal columns, also where characters take two, and names cannot drive the terminal.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { renderTable } from '../../src/cli/table';
import type { Look } from '../../src/cli/terminal';
import { say } from '../../src/protocol/text/index';

const look = (width: number): Look => ({ language: 'zh-cn', width, say: (code, params) => say(code, params, 'zh-cn'), style: (_, text) => text });

describe('table', () => {
  it('lines columns up whatever the script', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom('conv', '卷积层', 'é', '가나', ''), fc.constantFrom('1', '一二三', '22')), { minLength: 1 }), (rows) => {
      const lines = renderTable([{ title: '层' }, { title: 'n', align: 'right' }], rows, look(Infinity));
      const ends = lines.map((line) => stringWidth(line));
      assert.equal(new Set(ends).size, 1);
    }));
  });

  it('shortens names from the front to fit the terminal', () => {
    const lines = renderTable([{ title: 'layer', shrink: true }, { title: 'op' }], [['a/very/long/name/of/a/卷积/layer_17', 'Conv']], look(24));
    assert.ok(lines.every((line) => stringWidth(line) <= 24), lines.join('\n'));
    assert.match(lines[1] ?? '', /^….*layer_17 +Conv$/);
  });

  it('lets columns go, the least needed first, where shortened names are not enough', () => {
    const columns = [{ title: 'layer', shrink: true }, { title: 'op', drop: 1 }, { title: 'MACs', drop: 2 }, { title: 'ms' }];
    const rows = [['a/very/long/name/of/layer_17', 'Conv', '40.6 M', '0.04']];
    const heads = [40, 26, 18].map((width) => renderTable(columns, rows, look(width)));
    assert.deepEqual(heads.map(([head]) => head?.trim().split(/ +/)), [['layer', 'op', 'MACs', 'ms'], ['layer', 'op', 'ms'], ['layer', 'ms']]);
    for (const [index, width] of [40, 26, 18].entries()) assert.ok(heads[index]?.every((line) => stringWidth(line) <= width), heads[index]?.join('\n'));
  });

  it('shows control characters as replacement characters', () => {
    const [, line] = renderTable([{ title: 'x' }], [['a\u001b[31mb\nc']], look(Infinity));
    assert.equal(line, 'a\u{FFFD}[31mb c');
  });
});
