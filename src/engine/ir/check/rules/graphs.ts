// Rules about the frame of a graph: its inputs, outputs, initializers, and what is said of its values.

import type { GraphSite } from '../site';
import { type Breach, breach, breaches, repeated, rule, sound } from '../rule';

/** Up to this IR version every initializer is an input as well (IR.md, "Graphs"). */
const INITIALIZERS_ARE_INPUTS_IR = 3;

/** Values described with the kind of their description. */
function frame({ graph }: GraphSite): { readonly what: 'what.input' | 'what.output'; readonly value: GraphSite['graph']['inputs'][number] }[] {
  return [
    ...graph.inputs.map((value) => ({ what: 'what.input' as const, value })),
    ...graph.outputs.map((value) => ({ what: 'what.output' as const, value })),
  ];
}

/** Types and shapes of a body follow from the graph around it: only the main graph must state them. */
function untyped(site: GraphSite, values: GraphSite['graph']['inputs']): readonly Breach[] {
  if (!site.main) return sound;
  const without = values.filter(({ type }) => type === undefined || (type.kind === 'tensor' && type.type === 'undefined'));
  return breaches(without, ({ name }) => ({ value: name }));
}

function strays(site: GraphSite, names: Iterable<string>): readonly Breach[] {
  const known = existing(site);
  for (const { name } of site.graph.outputs) known.add(name);
  return breaches([...names].filter((name) => !known.has(name)), (value) => ({ value }));
}

/** Values that exist in the graph. */
function existing({ graph, made }: GraphSite): Set<string> {
  const known = new Set(made);
  for (const name of graph.initializers.keys()) known.add(name);
  for (const { name } of graph.inputs) known.add(name);
  for (const { values } of graph.sparseInitializers) known.add(values.name);
  return known;
}

export const graphRules = [
  rule({ id: 'check.unnamedGraph', on: 'graph', severity: 'error', accepted: true, check: ({ graph, main }) => (main && graph.name === '' ? breach() : sound) }),
  rule({ id: 'check.unnamedBody', on: 'graph', severity: 'error', check: ({ graph, main }) => (!main && graph.name === '' ? breach() : sound) }),
  rule({
    id: 'check.unnamedValue', on: 'graph', severity: 'error',
    check: (site) => [
      ...breaches(frame(site).filter(({ value }) => value.name === ''), ({ what }) => ({ what })),
      ...(site.graph.initializers.has('') ? breach({ what: 'what.initializer' }) : sound),
    ],
  }),
  rule({ id: 'check.untypedInput', on: 'graph', severity: 'error', check: (site) => untyped(site, site.graph.inputs) }),
  rule({ id: 'check.untypedOutput', on: 'graph', severity: 'error', accepted: true, check: (site) => untyped(site, site.graph.outputs) }),
  rule({
    id: 'check.noShape', on: 'graph', severity: 'error', accepted: true,
    check(site) {
      if (!site.main) return sound;
      const shapeless = frame(site).filter(({ value: { type } }) => (type?.kind === 'tensor' || type?.kind === 'sparseTensor') && type.shape === null);
      return breaches(shapeless, ({ what, value }) => ({ what, value: value.name }));
    },
  }),
  rule({ id: 'check.duplicateInput', on: 'graph', severity: 'error', check: ({ graph }) => breaches(repeated(graph.inputs.map(({ name }) => name)), (value) => ({ value })) }),
  rule({ id: 'check.duplicateOutput', on: 'graph', severity: 'warning', check: ({ graph }) => breaches(repeated(graph.outputs.map(({ name }) => name)), (value) => ({ value })) }),
  rule({
    id: 'check.outputNotMade', on: 'graph', severity: 'error',
    check(site) {
      const known = existing(site);
      return breaches(site.graph.outputs.filter(({ name }) => name !== '' && !known.has(name)), ({ name }) => ({ value: name }));
    },
  }),
  rule({
    id: 'check.initializerNotInput', on: 'graph', severity: 'error', accepted: true,
    check({ model, graph }) {
      if (model.irVersion > INITIALIZERS_ARE_INPUTS_IR) return sound;
      const inputs = new Set(graph.inputs.map(({ name }) => name));
      return breaches([...graph.initializers.keys()].filter((name) => !inputs.has(name)), (value) => ({ value }));
    },
  }),
  rule({
    id: 'check.initializerContradictsInput', on: 'graph', severity: 'error',
    check({ graph }) {
      const wrong = graph.inputs.flatMap(({ name, type }) => {
        const tensor = graph.initializers.get(name);
        if (tensor === undefined || type?.kind !== 'tensor') return [];
        const { shape } = type;
        const fits = shape === null || (shape.length === tensor.dims.length && shape.every((dim, axis) => typeof dim !== 'number' || dim === tensor.dims[axis]));
        return fits && type.type === tensor.type ? [] : [tensor];
      });
      return breaches(wrong, ({ name, type, dims }) => ({ value: name, type, shape: dims.join(', ') }));
    },
  }),
  rule({ id: 'check.strayValueInfo', on: 'graph', severity: 'info', check: (site) => strays(site, site.graph.valueInfo.keys()) }),
  rule({ id: 'check.strayAnnotation', on: 'graph', severity: 'info', check: (site) => strays(site, site.graph.quantizationAnnotations.keys()) }),
];
