/**
 * From the plugin lists of a profile as users write them to the plugins of each extension point.
 *
 * Models    kubernetes v1.34 pkg/scheduler/apis/config/v1/default_plugins.go (mergePlugins) and
 *           pkg/scheduler/framework/runtime/framework.go (expandMultiPointPlugins, getScoreWeights)
 */
import type { ProblemList } from '../base/input-error.ts';
import { EXTENSION_POINTS, type ExtensionPoint, type PluginDef } from './framework.ts';
import type { KubernetesVersion } from './versions.ts';

export interface PluginEntry {
  readonly name: string;
  /** 0 when not given. */
  readonly weight: number;
}

export interface PluginSet {
  readonly enabled: readonly PluginEntry[];
  readonly disabled: readonly string[];
}

/** As written: per extension point, and `multiPoint` for all points a plugin implements. */
export type PluginLists = Readonly<Partial<Record<ExtensionPoint | 'multiPoint', PluginSet>>>;

/** A profile with every default filled in and every list expanded. */
export interface ResolvedProfile {
  readonly schedulerName: string;
  /** undefined: the scheduler's own setting counts. */
  readonly percentageOfNodesToScore: number | undefined;
  /** In order; weights matter for `score` only, where they are at least 1. */
  readonly points: Readonly<Record<ExtensionPoint, readonly PluginEntry[]>>;
  /** Every plugin that is used, with its arguments. */
  readonly plugins: readonly { readonly name: string; readonly args: Readonly<Record<string, unknown>> }[];
}

const NO_PLUGINS: PluginSet = Object.freeze({ enabled: [], disabled: [] });

/** The plugins of the default profile, in registry order. */
export function defaultPluginSet(definitions: readonly PluginDef[], version: KubernetesVersion): PluginSet {
  const enabled = definitions.filter((definition) => isKnownTo(definition, version) && definition.isEnabledByDefault !== false);
  return { enabled: enabled.map(({ name, defaultWeight }) => ({ name, weight: defaultWeight })), disabled: [] };
}

export function isKnownTo(definition: PluginDef, version: KubernetesVersion): boolean {
  return definition.versions === undefined || definition.versions.includes(version);
}

/** The user's set over the defaults: a default named by the user is replaced where it stands, the user's others follow. */
export function mergePluginSets(defaults: PluginSet, custom: PluginSet): PluginSet {
  const byName = new Map(custom.enabled.map((entry) => [entry.name, entry] as const));
  const enabled: PluginEntry[] = [];
  const replaced = new Set<string>();
  if (!custom.disabled.includes('*')) {
    for (const entry of defaults.enabled) {
      if (custom.disabled.includes(entry.name)) continue;
      const own = byName.get(entry.name);
      if (own !== undefined) replaced.add(entry.name);
      enabled.push(own ?? entry);
    }
  }
  for (const entry of custom.enabled) if (!replaced.has(entry.name)) enabled.push(entry);
  return { enabled, disabled: [...custom.disabled, ...defaults.disabled] };
}

/** Plugins per extension point. What is wrong goes to `problems`, with paths below `path`. */
export function expandPluginLists(
  lists: PluginLists,
  definitions: readonly PluginDef[],
  version: KubernetesVersion,
  path: string,
  problems: ProblemList,
): Readonly<Record<ExtensionPoint, readonly PluginEntry[]>> {
  const known = new Map(definitions.filter((definition) => isKnownTo(definition, version)).map((d) => [d.name, d] as const));
  const multiPoint = mergePluginSets(defaultPluginSet(definitions, version), lists.multiPoint ?? NO_PLUGINS);
  checkMultiPoint(multiPoint, known, path, problems);
  const weights = weightsOf([...(lists.score?.enabled ?? []), ...multiPoint.enabled]);
  const points = {} as Record<ExtensionPoint, readonly PluginEntry[]>;
  for (const point of EXTENSION_POINTS) {
    const own = lists[point] ?? NO_PLUGINS;
    const usable = checkPoint(own, point, known, path, problems);
    points[point] = expandPoint(own, usable, point, multiPoint, known).map(({ name }) => ({ name, weight: weights.get(name) ?? 1 }));
  }
  putOwnFirst(points, lists, known);
  if (points.queueSort.length !== 1) {
    problems.add(`${path}.queueSort`, `exactly one queue sort plugin is needed, found ${points.queueSort.length}`);
  }
  if (points.bind.length === 0) problems.add(`${path}.bind`, 'at least one bind plugin is needed');
  return points;
}

/**
 * Where one plugin decides alone, a user's own one that no list places stands before those of this package: the only queue sort
 * plugin gives way, and binders, of which the default one never passes a pod on, come after.
 */
function putOwnFirst(
  points: Record<ExtensionPoint, readonly PluginEntry[]>,
  lists: PluginLists,
  known: ReadonlyMap<string, PluginDef>,
): void {
  const isOwn = ({ name }: PluginEntry): boolean => known.get(name)?.origin !== undefined;
  if (lists.queueSort === undefined && points.queueSort.some(isOwn)) points.queueSort = points.queueSort.filter(isOwn);
  if (lists.bind === undefined) points.bind = [...points.bind.filter(isOwn), ...points.bind.filter((entry) => !isOwn(entry))];
}

/** First the overrides in the user's order, then what multiPoint brings, then the rest of the user's list. */
function expandPoint(
  own: PluginSet,
  usable: readonly PluginEntry[],
  point: ExtensionPoint,
  multiPoint: PluginSet,
  known: ReadonlyMap<string, PluginDef>,
): PluginEntry[] {
  if (own.disabled.includes('*')) return [...usable];
  const ownNames = new Set(usable.map(({ name }) => name));
  const overrides = new Set<string>();
  const fromMultiPoint: PluginEntry[] = [];
  const seen = new Set<string>();
  for (const entry of multiPoint.enabled) {
    if (seen.has(entry.name) || own.disabled.includes(entry.name)) continue;
    seen.add(entry.name);
    if (known.get(entry.name)?.points.includes(point) !== true) continue;
    if (ownNames.has(entry.name)) overrides.add(entry.name);
    else fromMultiPoint.push(entry);
  }
  return [...usable.filter(({ name }) => overrides.has(name)), ...fromMultiPoint, ...usable.filter(({ name }) => !overrides.has(name))];
}

function checkMultiPoint(set: PluginSet, known: ReadonlyMap<string, PluginDef>, path: string, problems: ProblemList): void {
  const seen = new Set<string>();
  for (const { name } of set.enabled) {
    if (!known.has(name)) problems.addUnknown(`${path}.multiPoint.enabled`, 'plugin', name, [...known.keys()]);
    else if (seen.has(name)) problems.add(`${path}.multiPoint.enabled`, `plugin ${name} is listed twice`);
    seen.add(name);
  }
}

/** The entries of one list that can be used; the others are reported. */
function checkPoint(
  own: PluginSet,
  point: ExtensionPoint,
  known: ReadonlyMap<string, PluginDef>,
  path: string,
  problems: ProblemList,
): PluginEntry[] {
  const seen = new Set<string>();
  return own.enabled.filter(({ name }) => {
    const at = `${path}.${point}.enabled`;
    const definition = known.get(name);
    if (definition === undefined) problems.addUnknown(at, 'plugin', name, [...known.keys()]);
    else if (!definition.points.includes(point)) problems.add(at, `plugin ${name} does not implement ${point}`);
    else if (seen.has(name)) problems.add(at, `plugin ${name} is listed twice`);
    else {
      seen.add(name);
      return true;
    }
    return false;
  });
}

/** The first mention of a plugin decides; 0 counts as 1. */
function weightsOf(entries: readonly PluginEntry[]): Map<string, number> {
  const weights = new Map<string, number>();
  for (const { name, weight } of entries) if (!weights.has(name)) weights.set(name, weight === 0 ? 1 : weight);
  return weights;
}
