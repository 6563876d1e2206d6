// Quantization: scales and zero points of one axis go with it; blocks of several entries lock theirs.

import { intAttribute } from '../../../ir/attributes';
import { entry, type DependencyEntry } from '../rule';
import { fromFront, passOn } from './tools';

/** Scale (input 1) and zero point (2): a number, a vector along `axis`, or blocks along it. */
const scaled: DependencyEntry = entry('follows', (site) => {
  const axes = passOn(site);
  const along = fromFront(intAttribute(site.node, 'axis', 1), axes.length);
  for (const position of [1, 2]) {
    const rank = site.rank(position);
    if (rank === 1 && site.shape(position)?.[0] !== 1) site.unite(axes[along] ?? site.fixed(), site.axis(position, 0));
    if (rank > 1) {
      site.lock(axes[along] ?? site.fixed(), 'lock.stored');
      site.axes(position).forEach((axis, index) => void (index === along ? site.lock(axis, 'lock.stored') : site.unite(axis, axes[index] ?? site.fixed())));
    }
  }
});

/** One scale for the whole tensor, from its range: what is removed may have set it. */
const dynamic: DependencyEntry = entry('statistics', (site) => {
  site.give(0, site.axes(0));
});

export const quantizationDependencies = {
  QuantizeLinear: scaled, DequantizeLinear: scaled, DynamicQuantizeLinear: dynamic,
} as const satisfies Record<string, DependencyEntry>;
