/**
 * KubeSchedulerConfiguration: read, checked and defaulted.
 *
 * Models    kubernetes v1.34 kubescheduler.config.k8s.io/v1, pkg/scheduler/apis/config/{v1,validation}
 * Differs   extenders (HTTP) are refused; see also process-configuration.ts; `parallelism` is checked, the search for nodes is
 *           always that of 1
 */
import type { ProblemList } from '../base/input-error.ts';
import { DecodeReader, isRawObject, type RawObject } from '../objects/decode-reader.ts';
import { childPath } from '../objects/document-path.ts';
import { DEFAULT_SCHEDULER_NAME } from '../objects/pod.ts';
import { EXTENSION_POINTS, type ExtensionPoint, type PluginDef } from './framework.ts';
import {
  type ClientConnection,
  checkProcessSettings,
  type LeaderElection,
  readClientConnection,
  readLeaderElection,
} from './process-configuration.ts';
import {
  expandPluginLists,
  isKnownTo,
  type PluginEntry,
  type PluginLists,
  type PluginSet,
  type ResolvedProfile,
} from './profile-config.ts';
import type { KubernetesVersion } from './versions.ts';

export const CONFIG_API_VERSION = 'kubescheduler.config.k8s.io/v1';
export const CONFIG_KIND = 'KubeSchedulerConfiguration';

export interface SchedulerConfiguration {
  readonly parallelism: number;
  /** 0 adapts to the cluster size. */
  readonly percentageOfNodesToScore: number;
  readonly podInitialBackoffSeconds: number;
  readonly podMaxBackoffSeconds: number;
  readonly clientConnection: ClientConnection;
  readonly leaderElection: LeaderElection;
  readonly profiles: readonly ResolvedProfile[];
}

const TOP_FIELDS = [
  'apiVersion',
  'kind',
  'parallelism',
  'percentageOfNodesToScore',
  'podInitialBackoffSeconds',
  'podMaxBackoffSeconds',
  'profiles',
  'extenders',
  'delayCacheUntilActive',
  'leaderElection',
  'clientConnection',
  'enableProfiling',
  'enableContentionProfiling',
  'healthzBindAddress',
  'metricsBindAddress',
];

/** Reads `raw`; undefined or null gives the defaults. Problems carry paths that start at `path`. */
export function readConfiguration(
  raw: unknown,
  definitions: readonly PluginDef[],
  version: KubernetesVersion,
  problems: ProblemList,
  path = '',
): SchedulerConfiguration {
  const reader = new DecodeReader(problems, { strict: true });
  const top = raw === undefined || raw === null ? {} : reader.asObject(raw, path);
  reader.knownFields(top, path, TOP_FIELDS);
  checkConstant(reader, top, 'apiVersion', CONFIG_API_VERSION, path);
  checkConstant(reader, top, 'kind', CONFIG_KIND, path);
  if ((reader.list(top, 'extenders', path) ?? []).length > 0) problems.add(childPath(path, 'extenders'), 'extenders are not supported');
  const podInitialBackoffSeconds = reader.integer(top, 'podInitialBackoffSeconds', path, 1, 1);
  const podMaxBackoffSeconds = reader.integer(top, 'podMaxBackoffSeconds', path, 10, 1);
  if (podMaxBackoffSeconds < podInitialBackoffSeconds) {
    problems.add(
      childPath(path, 'podMaxBackoffSeconds'),
      `must be at least podInitialBackoffSeconds (${podInitialBackoffSeconds}), found ${podMaxBackoffSeconds}`,
    );
  }
  checkProcessSettings(reader, top, path);
  return {
    clientConnection: readClientConnection(reader, top, path),
    leaderElection: readLeaderElection(reader, top, path),
    parallelism: reader.integer(top, 'parallelism', path, 16, 1),
    percentageOfNodesToScore: readPercentage(reader, top, path) ?? 0,
    podInitialBackoffSeconds,
    podMaxBackoffSeconds,
    profiles: readProfiles(reader, top, definitions, version, path),
  };
}

function readProfiles(
  reader: DecodeReader,
  top: RawObject,
  definitions: readonly PluginDef[],
  version: KubernetesVersion,
  path: string,
): readonly ResolvedProfile[] {
  const listed = reader.list(top, 'profiles', path);
  const listPath = childPath(path, 'profiles');
  const raw = listed === undefined || listed.length === 0 ? [{}] : listed;
  const profiles = raw.map((item, index) => {
    const at = `${listPath}[${index}]`;
    return readProfile(reader, reader.asObject(item, at), at, definitions, version, raw.length === 1 ? DEFAULT_SCHEDULER_NAME : '');
  });
  const names = new Set<string>();
  profiles.forEach((profile, index) => {
    const at = `${listPath}[${index}]`;
    if (profile.schedulerName === '') reader.problems.add(`${at}.schedulerName`, 'is required when there is more than one profile');
    else if (names.has(profile.schedulerName)) {
      reader.problems.add(`${at}.schedulerName`, `two profiles are called "${profile.schedulerName}"`);
    }
    names.add(profile.schedulerName);
    if (sortText(profile) !== sortText(profiles[0]!)) {
      reader.problems.add(`${at}.plugins.queueSort`, 'all profiles must sort the queue by the same plugin with the same arguments');
    }
  });
  return profiles;
}

function sortText(profile: ResolvedProfile): string {
  const name = profile.points.queueSort[0]?.name;
  return JSON.stringify([name, profile.plugins.find((plugin) => plugin.name === name)?.args]);
}

function readProfile(
  reader: DecodeReader,
  raw: RawObject,
  path: string,
  definitions: readonly PluginDef[],
  version: KubernetesVersion,
  defaultName: string,
): ResolvedProfile {
  reader.knownFields(raw, path, ['schedulerName', 'percentageOfNodesToScore', 'plugins', 'pluginConfig']);
  const pluginsPath = childPath(path, 'plugins');
  const lists = readPluginLists(reader, reader.object(raw, 'plugins', path) ?? {}, pluginsPath, definitions);
  const points = expandPluginLists(lists, definitions, version, pluginsPath, reader.problems);
  const args = readPluginConfig(reader, raw, path, definitions);
  const used = new Set<string>();
  for (const point of EXTENSION_POINTS) for (const { name } of points[point]) used.add(name);
  return {
    schedulerName: reader.string(raw, 'schedulerName', path) || defaultName,
    percentageOfNodesToScore: readPercentage(reader, raw, path),
    points,
    plugins: definitions
      .filter((definition) => used.has(definition.name) && isKnownTo(definition, version))
      .map((definition) => ({ name: definition.name, args: args.get(definition.name) ?? defaultArguments(definition) })),
  };
}

function readPluginLists(reader: DecodeReader, raw: RawObject, path: string, definitions: readonly PluginDef[]): PluginLists {
  const points: readonly (ExtensionPoint | 'multiPoint')[] = ['multiPoint', ...EXTENSION_POINTS];
  reader.knownFields(raw, path, points);
  const names = definitions.map((definition) => definition.name);
  const lists: Partial<Record<ExtensionPoint | 'multiPoint', PluginSet>> = {};
  for (const point of points) {
    const set = reader.object(raw, point, path);
    if (set === undefined) continue;
    const at = childPath(path, point);
    reader.knownFields(set, at, ['enabled', 'disabled']);
    lists[point] = {
      enabled: reader.items(set, 'enabled', at, (item, itemAt): PluginEntry => {
        reader.knownFields(item, itemAt, ['name', 'weight']);
        return { name: reader.requiredString(item, 'name', itemAt), weight: reader.integer(item, 'weight', itemAt, 0, 0) };
      }),
      disabled: reader.items(set, 'disabled', at, (item, itemAt) => {
        reader.knownFields(item, itemAt, ['name', 'weight']);
        const name = reader.requiredString(item, 'name', itemAt);
        if (name !== '*' && !names.includes(name)) reader.problems.addUnknown(childPath(itemAt, 'name'), 'plugin', name, names);
        return name;
      }),
    };
  }
  return lists;
}

/** Arguments by plugin name, for the plugins that are configured. */
function readPluginConfig(
  reader: DecodeReader,
  raw: RawObject,
  path: string,
  definitions: readonly PluginDef[],
): Map<string, Readonly<Record<string, unknown>>> {
  const result = new Map<string, Readonly<Record<string, unknown>>>();
  reader.items(raw, 'pluginConfig', path, (item, at) => {
    reader.knownFields(item, at, ['name', 'args']);
    const name = reader.requiredString(item, 'name', at);
    const definition = definitions.find((candidate) => candidate.name === name);
    if (definition === undefined) {
      const names = definitions.map((candidate) => candidate.name);
      if (name !== '') reader.problems.addUnknown(childPath(at, 'name'), 'plugin', name, names);
    } else if (result.has(name)) {
      reader.problems.add(childPath(at, 'name'), `plugin ${name} is configured twice`);
    } else {
      result.set(name, readArguments(definition, item['args'], childPath(at, 'args'), reader.problems));
    }
  });
  return result;
}

export function defaultArguments(definition: PluginDef): Readonly<Record<string, unknown>> {
  return Object.fromEntries(definition.args.map((argument) => [argument.name, argument.default]));
}

/** The arguments of one plugin: `raw` over the defaults. */
export function readArguments(definition: PluginDef, raw: unknown, path: string, problems: ProblemList): Readonly<Record<string, unknown>> {
  const args: Record<string, unknown> = { ...defaultArguments(definition) };
  if (raw === undefined || raw === null) return args;
  if (!isRawObject(raw)) {
    problems.add(path, `expected the arguments of ${definition.name}, found ${JSON.stringify(raw)}`);
    return args;
  }
  const before = problems.problems.length;
  const names = definition.args.map((argument) => argument.name);
  for (const key of Object.keys(raw)) {
    const at = childPath(path, key);
    const value = raw[key];
    if (key === 'apiVersion' || key === 'kind') {
      const expected = key === 'kind' ? `${definition.name}Args` : CONFIG_API_VERSION;
      if (value !== expected) problems.add(at, `expected ${expected}, found ${JSON.stringify(value)}`);
      continue;
    }
    const argument = definition.args.find((candidate) => candidate.name === key);
    if (argument === undefined) problems.addUnknown(at, `argument of ${definition.name}`, key, names);
    else if (value !== null) args[key] = argument.read(value, at, problems);
  }
  if (problems.problems.length === before) definition.validate?.(args, path, problems);
  return args;
}

function readPercentage(reader: DecodeReader, raw: RawObject, path: string): number | undefined {
  const percentage = reader.optionalInteger(raw, 'percentageOfNodesToScore', path, 0);
  if (percentage !== undefined && percentage > 100) {
    reader.problems.add(childPath(path, 'percentageOfNodesToScore'), `must be 0..100, found ${percentage}`);
  }
  return percentage;
}

function checkConstant(reader: DecodeReader, raw: RawObject, key: string, expected: string, path: string): void {
  const found = reader.optionalString(raw, key, path);
  if (found !== undefined && found !== expected) reader.problems.add(childPath(path, key), `expected ${expected}, found ${found}`);
}
