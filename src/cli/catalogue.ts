/**
 * Catalogue: the members of every family, for `seatrial list`.
 */
import { DISTRIBUTION_PARAMETERS, type DistributionKind } from '../engine/distributions.ts';
import { formatDuration } from '../engine/units.ts';
import { KINDS } from '../objects/kinds.ts';
import { QUIRKS } from '../objects/quirks.ts';
import { MEASURES, SERIES, SETS } from '../scenario/expect.ts';
import { usageOf } from '../scenario/expect-parser.ts';
import type { ParamInfo, Vocabulary } from '../scenario/vocabulary.ts';
import type { CliFamilies } from './families.ts';
import type { Topic } from './topics.ts';

export interface CatalogueEntry {
  readonly name: string;
  readonly summary: string;
  readonly params: readonly {
    readonly name: string;
    readonly type: string;
    readonly summary: string;
    readonly default?: string;
    readonly choices?: string;
  }[];
  readonly facts: Readonly<Record<string, string>>;
  /** Empty when there is none. */
  readonly example: string;
}

export function catalogue(topic: Topic, words: Vocabulary, families: CliFamilies): CatalogueEntry[] {
  switch (topic) {
    case 'plugins':
      return families.plugins.map(({ name, summary, facts }) => entry(name, summary, { facts }));
    case 'panels':
      return families.panels.map(({ name, summary }) => entry(name, summary));
    case 'faults':
      return words.faults.map((fault) =>
        entry(fault.name, fault.summary, {
          params: fault.params,
          facts: {
            place: PLACES[fault.place],
            ...(fault.targets.length === 0 ? {} : { targets: fault.targets.join(', ') }),
            ends: fault.heals ? 'after "for"; without it, never' : 'at once',
          },
          example: `{ at: 10m, fault: ${fault.name}${fault.place === 'target' || fault.place === 'any' ? `, target: ${fault.targets[0] ?? 'node/*'}` : fault.place === 'between' ? ', between: [rack/c-2, control-plane]' : ''}${fault.heals ? ', for: 5m' : ''} }`,
        }),
      );
    case 'quirks':
      return QUIRKS.map(({ name, summary, thread }) => entry(name, summary, { facts: { thread }, example: `quirks: [ ${name} ]` }));
    case 'controllers':
      return words.controllers.map((controller) =>
        entry(controller.name, controller.summary, {
          params: controller.params,
          example: `controllers: { ${controller.name}: { enabled: false } }`,
        }),
      );
    case 'machines':
      return words.machines.map((machine) =>
        entry(machine.name, describeList(machine.capacity), {
          facts: {
            reserved: describeList(machine.reserved),
            price: `${machine.pricePerHour} per hour`,
            power: `${machine.idleWatts} W idle, ${machine.busyWatts} W busy`,
          },
          example: `zones: [ { name: a, racks: 2, nodesPerRack: 4, machine: ${machine.name} } ]`,
        }),
      );
    case 'network':
      return words.networkProfiles.map((profile) =>
        entry(profile.name, profile.summary, { example: `network: { profile: ${profile.name} }` }),
      );
    case 'traces':
      return words.traceFormats.map((format) =>
        entry(format.name, format.summary, {
          params: format.options,
          facts: Object.fromEntries(
            format.files.map((file) => [`file "${file.role}"`, `${file.summary}${file.isRequired ? '' : ' (optional)'}`]),
          ),
          example: `- trace: { format: ${format.name}, ${format.files.map((file) => `${file.role}: ./${file.role}.csv`).join(', ')} }`,
        }),
      );
    case 'measures':
      return [
        ...MEASURES.map((measure) => entry(usageOf(measure), measure.summary, { facts: { unit: measure.unit }, example: measure.example })),
        ...Object.entries(SERIES).map(([name, summary]) => entry(name, `series: ${summary}`, { example: `p99(${name}) <= 5s` })),
        ...Object.entries(SETS).map(([name, summary]) => entry(name, `set: ${summary}`, { example: `count(${name}) == 0` })),
      ];
    case 'kinds':
      return KINDS.map((kind) =>
        entry(kind.kind, `${kind.apiVersion}, ${kind.isNamespaced ? 'namespaced' : 'cluster-scoped'}`, { facts: { plural: kind.plural } }),
      );
    default:
      return (Object.keys(DISTRIBUTION_PARAMETERS) as DistributionKind[]).map((kind) =>
        entry(kind, `${kind}(${DISTRIBUTION_PARAMETERS[kind].join(', ')})`, { example: DISTRIBUTION_EXAMPLES[kind] }),
      );
  }
}

const DISTRIBUTION_EXAMPLES: Readonly<Record<DistributionKind, string>> = {
  constant: 'for: 15m',
  uniform: 'for: uniform(5m, 20m)',
  exponential: 'every: exponential(mean: 30d)',
  normal: 'for: normal(mean: 10m, sd: 2m)',
  lognormal: 'for: lognormal(median: 15m, sigma: 1)',
  weibull: 'every: weibull(scale: 30d, shape: 0.7)',
  pareto: 'runTime: pareto(min: 30s, alpha: 1.5)',
  gamma: 'runTime: gamma(scale: 60s, shape: 2)',
  empirical: 'runTime: empirical(10s, 1m, 1m, 2h)',
};

function entry(
  name: string,
  summary: string,
  more: { params?: readonly ParamInfo[]; facts?: Readonly<Record<string, string>>; example?: string } = {},
): CatalogueEntry {
  return { name, summary, params: (more.params ?? []).map(describeParam), facts: more.facts ?? {}, example: more.example ?? '' };
}

function describeParam(param: ParamInfo): CatalogueEntry['params'][number] {
  return {
    name: param.name,
    type: param.type,
    summary: param.summary,
    ...(param.default === undefined || param.default === '' ? {} : { default: describeDefault(param) }),
    ...(param.choices === undefined ? {} : { choices: `one of ${param.choices.filter((choice) => choice !== '').join(', ')}` }),
  };
}

function describeDefault(param: ParamInfo): string {
  if (param.type === 'duration' && typeof param.default === 'number') return formatDuration(param.default);
  return typeof param.default === 'object' ? JSON.stringify(param.default) : String(param.default);
}

function describeList(list: Readonly<Record<string, string>>): string {
  return Object.entries(list)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

const PLACES = {
  target: 'strikes a target',
  between: 'strikes the link between two ends',
  none: 'strikes the cluster as such',
  any: 'strikes a target, or without one the cluster as such',
} as const;
