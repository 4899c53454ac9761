/**
 * Loads scenario files: one Scenario, manifests, or both, in any number of files, into one ScenarioSpec.
 *
 * Everything wrong is collected and thrown as one InputError: syntax first (nothing else can be read then), then the shape of the
 * scenario together with the manifests, then what depends on several places.
 * Without a Scenario document the files are a cluster dump: Node manifests make the cluster, the rest is created at time 0, and
 * the run lasts until nothing is left to do.
 */
import { InputError, type InputProblem } from '../base/input-error.ts';
import { DEFAULT_CYCLE_COST } from '../scheduler/cycle-cost.ts';
import { EVALUATOR_NAMES } from '../scheduler/evaluators.ts';
import type { PluginDef } from '../scheduler/framework.ts';
import { schedulerPlugins } from '../scheduler/plugins/registry.ts';
import type { KubernetesVersion } from '../scheduler/versions.ts';
import { lowerCluster } from './lower-cluster.ts';
import { lowerConverge } from './lower-converge.ts';
import { lowerEvents } from './lower-events.ts';
import { checkExpectations, lowerExpectations } from './lower-expect.ts';
import { lowerWorkload } from './lower-workload.ts';
import { Lowering, resolvePath } from './lowering.ts';
import { ManifestReader } from './manifest-source.ts';
import { ObjectOverrides, parseOverride } from './overrides.ts';
import { isPluginFile, type PluginOptions, pluginDefinitions, pluginFile } from './plugin-sources.ts';
import type { ConfigDocument, ControllersSpec, FileSource, ManifestEntry, ParamValue, ScenarioSpec, SchedulerSpec } from './scenario.ts';
import { type ScenarioDocument, type ScenarioSchema, type SchedulerDocument, scenarioSchema } from './schema.ts';
import type { ParamInfo, Vocabulary } from './vocabulary.ts';
import { parseSource, SourceDocument } from './yaml-source.ts';
import { problemsOf } from './zod-problems.ts';

/** Stands for the file of the scenario where only manifests were given. */
const NO_FILE = '(no Scenario document)';

export interface LoadOptions extends PluginOptions {
  readonly files: FileSource;
  readonly words: Vocabulary;
  /** `path=value`, in the order they are applied. */
  readonly overrides?: readonly string[];
  /** Files or packages of scheduler plugins for every scheduler, beside those the scenario names. */
  readonly pluginSources?: readonly string[];
  /** Leave out malformed rows of all traces instead of refusing them. */
  readonly skipBadRows?: boolean;
  /** The schema of `words`, for callers that load many scenarios: making it takes longer than using it. */
  readonly schema?: ScenarioSchema;
}

/** The scenario in `paths`. Throws an InputError with all that is wrong. */
export function loadScenario(paths: readonly string[], options: LoadOptions): ScenarioSpec {
  const problems: InputProblem[] = [];
  const documents = readDocuments(paths, options.files, problems);
  throwIfAny(problems);
  return loadDocuments(documents, paths, options);
}

/** The scenario in plain data, as if it had been read from a file of this name. Problems name paths in it instead of lines. */
export function loadScenarioData(documents: readonly unknown[], name: string, options: LoadOptions): ScenarioSpec {
  const sources = documents.map((value) => SourceDocument.ofData(name, value));
  return loadDocuments(sources, [name], options);
}

function loadDocuments(documents: readonly SourceDocument[], paths: readonly string[], options: LoadOptions): ScenarioSpec {
  const problems: InputProblem[] = [];
  const overrides = (options.overrides ?? []).flatMap((text) => parseOverride(text, problems) ?? []);
  throwIfAny(problems);
  const scenarios = documents.filter(isScenario);
  for (const extra of scenarios.slice(1))
    problems.push(extra.problem(['kind'], `a second Scenario: the first is in ${scenarios[0]!.file}`));
  const scenario = scenarios[0] ?? generatedScenario(paths);
  for (const override of overrides) {
    if (override.object === '') scenario.set(override.path, override.value, `--set ${override.text}`);
  }
  const objectOverrides = new ObjectOverrides(overrides);
  const manifests = new ManifestReader(objectOverrides, problems);
  const entries = documents.filter((document) => !isScenario(document)).flatMap((document) => manifests.fromDocument(document));

  const schema = options.schema ?? scenarioSchema(options.words);
  const checked = schema.safeParse(scenario.value);
  const lowering = new Lowering(scenario, options.words, options.files, manifests, problems);
  if (!checked.success) {
    problems.push(...problemsOf(checked.error, scenario, schema));
    readManifestsAnyway(lowering);
    throw new InputError(problems);
  }
  const spec = lower(checked.data, lowering, entries, options);
  objectOverrides.reportUnused(problems);
  throwIfAny(problems);
  return spec;
}

function throwIfAny(problems: readonly InputProblem[]): void {
  if (problems.length > 0) throw new InputError(problems);
}

function readDocuments(paths: readonly string[], files: FileSource, problems: InputProblem[]): SourceDocument[] {
  const documents: SourceDocument[] = [];
  for (const path of paths) {
    try {
      const found = parseSource(path, files.readText(path), problems);
      if (found.length === 0 && problems.length === 0)
        problems.push({ path: '', file: path, message: 'the file is empty: expected a Scenario or manifests' });
      documents.push(...found);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(...error.problems);
    }
  }
  return documents;
}

/** Anything of our own group is meant as a scenario, so that a misspelled kind is reported there. */
function isScenario(document: SourceDocument): boolean {
  const value = document.value as { apiVersion?: unknown; kind?: unknown } | null;
  if (value === null || typeof value !== 'object') return false;
  return value.kind === 'Scenario' || (typeof value.apiVersion === 'string' && value.apiVersion.startsWith('seatrial.dev/v1'));
}

/** What files without a scenario mean, named after the first of them. */
function generatedScenario(paths: readonly string[]): SourceDocument {
  const base = (paths[0] ?? 'manifests').replace(/^.*[/\\]/, '').replace(/(\.(ya?ml|json))?(\.gz)?$/i, '');
  const name =
    base
      .toLowerCase()
      .replace(/[^a-z0-9.-]+/g, '-')
      .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '') || 'manifests';
  const text = `apiVersion: seatrial.dev/v1alpha1\nkind: Scenario\nmetadata:\n  name: "${name}"\nspec: {}\n`;
  return parseSource(NO_FILE, text, [])[0]!;
}

/** With a scenario of the wrong shape its manifests can still be checked, so that all mistakes are shown at once. */
function readManifestsAnyway(lowering: Lowering): void {
  const spec = (lowering.document.value as { spec?: { manifests?: unknown } } | null)?.spec;
  const manifests = spec?.manifests;
  if (!Array.isArray(manifests)) return;
  for (const [index, manifest] of manifests.entries()) {
    if (typeof manifest === 'string' || (typeof manifest === 'object' && manifest !== null)) {
      lowering.manifests.read(lowering, manifest as string | object, ['spec', 'manifests', index]);
    }
  }
}

function lower(document: ScenarioDocument, lowering: Lowering, found: readonly ManifestEntry[], options: LoadOptions): ScenarioSpec {
  const { spec } = document;
  const named = spec.manifests.flatMap((manifest, index) => lowering.manifests.read(lowering, manifest, ['spec', 'manifests', index]));
  const all = [...named, ...found];
  const isNode = (entry: ManifestEntry): boolean => entry.object.kind === 'Node';
  const manifests = all.filter((entry) => !isNode(entry));
  checkDuplicates(manifests, lowering);
  const workload = lowerWorkload(lowering, spec.workload, options.skipBadRows ?? false);
  const { spec: cluster, topology } = lowerCluster(lowering, spec.cluster, all.filter(isNode), workload);
  const events = lowerEvents(lowering, spec.events, topology);
  const expect = lowerExpectations(lowering, spec.expect);
  // After a mistake above, names would be missing here that are only misread.
  if (lowering.problems.length === 0) checkExpectations(lowering, expect, { manifests, events });
  checkEnd(lowering, spec, events);
  const { at, ...controlPlane } = spec.cluster.controlPlane;
  const converge = lowerConverge(lowering, spec, events);
  return {
    name: document.metadata.name,
    document: lowering.document.file === NO_FILE ? undefined : lowering.document.value,
    description: spec.description.trim(),
    seed: spec.seed,
    shuffleTies: spec.shuffleTies,
    randomSource: spec.random,
    durationUs: converge === undefined ? spec.duration : converge.afterUs + converge.withinUs + converge.quietUs,
    idleLimitUs: spec.idleLimit ?? Infinity,
    kubernetesVersion: spec.kubernetesVersion,
    quirks: [...new Set(spec.quirks)] as ScenarioSpec['quirks'],
    cluster,
    controlPlane: { placement: at, ...controlPlane },
    schedulers: lowerSchedulers(lowering, spec, options),
    controllers: lowerControllers(spec.controllers),
    kubelet: lowerKubelet(spec.kubelet, lowering.words.kubeletParams),
    manifests,
    workload,
    events,
    converge,
    expect,
    metrics: {
      intervalUs: spec.metrics.interval,
      keepEvents: spec.metrics.keepEvents,
      keepPods: spec.metrics.keepPods,
      warmupUs: spec.metrics.warmup,
    },
    position: lowering.positionOf([]),
  };
}

function checkDuplicates(manifests: readonly ManifestEntry[], lowering: Lowering): void {
  const seen = new Map<string, ManifestEntry>();
  for (const entry of manifests) {
    const { kind, metadata } = entry.object;
    if (metadata.name === '') continue;
    const key = `${kind}/${metadata.namespace}/${metadata.name}`;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, entry);
    else
      lowering.problems.push({
        ...entry.position,
        message: `${kind} "${metadata.name}" exists twice: first in ${first.position.file}:${first.position.line}`,
      });
  }
}

function checkEnd(lowering: Lowering, spec: ScenarioDocument['spec'], events: ScenarioSpec['events']): void {
  if (spec.converge !== undefined) return;
  if (spec.duration !== 'idle') {
    if (spec.idleLimit !== undefined)
      lowering.report(['spec', 'idleLimit'], '"idleLimit" only goes with "duration: idle"', undefined, true);
    return;
  }
  if (spec.idleLimit !== undefined) return;
  for (const event of events) {
    const { when, action } = event;
    // Faults that strike again and again are background: they never keep a run alive.
    if (action.kind !== 'fault' && when.kind === 'every' && when.untilUs === Infinity && when.times === Infinity) {
      lowering.problems.push({
        ...event.position,
        message: 'this happens for ever, so a run until idle never ends',
        hint: 'give spec.duration, spec.idleLimit, or "until" or "times" here',
      });
    }
  }
  for (const [index, entry] of spec.workload.entries()) {
    const { synthetic } = entry;
    if (synthetic !== undefined && synthetic.until === undefined && synthetic.maxPods === undefined) {
      lowering.report(
        ['spec', 'workload', index],
        'these arrivals never stop, so a run until idle never ends',
        'give spec.duration, spec.idleLimit, or "until" or "maxPods" here',
      );
    }
  }
}

function lowerSchedulers(lowering: Lowering, spec: ScenarioDocument['spec'], options: LoadOptions): SchedulerSpec[] {
  if (spec.scheduler !== undefined && spec.schedulers !== undefined) {
    lowering.report(['spec', 'schedulers'], 'a scenario has "scheduler" or "schedulers", not both', undefined, true);
  }
  if (spec.schedulers !== undefined && spec.schedulers.length === 0)
    lowering.report(['spec', 'schedulers'], 'expected at least one scheduler');
  const written = spec.schedulers?.map((scheduler, index) => [scheduler, ['spec', 'schedulers', index]] as const);
  const names = new Set<string>();
  return (written ?? [[spec.scheduler ?? DEFAULT_SCHEDULER, ['spec', 'scheduler']] as const]).map(([scheduler, path]) => {
    if (names.has(scheduler.name)) lowering.report([...path, 'name'], `two schedulers are called "${scheduler.name}"`);
    names.add(scheduler.name);
    const { sources, definitions } = readPlugins(lowering, scheduler, path, options);
    return {
      name: scheduler.name,
      config: readConfig(lowering, scheduler, path, definitions, spec.kubernetesVersion),
      plugins: sources,
      evaluator: scheduler.evaluator,
      tieBreak: scheduler.tieBreak,
      cycleCost: scheduler.cycleCost === undefined ? DEFAULT_CYCLE_COST : { kind: 'distribution', durationUs: scheduler.cycleCost },
      replicas: scheduler.replicas,
    };
  });
}

const DEFAULT_SCHEDULER: SchedulerDocument = {
  name: 'kube-scheduler',
  plugins: [],
  evaluator: EVALUATOR_NAMES[0]!,
  tieBreak: 'random',
  replicas: 1,
};

/** Where the plugins of a scheduler come from, and every plugin its configuration may name. What is wrong becomes a problem. */
function readPlugins(
  lowering: Lowering,
  scheduler: SchedulerDocument,
  base: readonly (string | number)[],
  options: LoadOptions,
): { readonly sources: readonly string[]; readonly definitions: readonly PluginDef[] } {
  const sources: string[] = [];
  const add = (source: string, from: string): void => {
    const full = isPluginFile(source) ? pluginFile(resolvePath(from, source)) : source;
    if (!sources.includes(full)) sources.push(full);
  };
  for (const source of scheduler.plugins) add(source, lowering.document.file);
  for (const source of options.pluginSources ?? []) add(source, '');
  let definitions = schedulerPlugins;
  try {
    definitions = pluginDefinitions(sources, options);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    for (const problem of error.problems) {
      // A source that cannot be read at all is the fault of who names it.
      const index = scheduler.plugins.findIndex((source) => {
        return problem.line === undefined && problem.path === '' && pluginFile(lowering.resolve(source)) === problem.file;
      });
      if (index < 0) lowering.problems.push(problem);
      else lowering.report([...base, 'plugins', index], `${problem.file}: ${problem.message}`, problem.hint);
    }
  }
  return { sources, definitions };
}

function readConfig(
  lowering: Lowering,
  scheduler: SchedulerDocument,
  base: readonly (string | number)[],
  definitions: readonly PluginDef[],
  version: KubernetesVersion,
): ConfigDocument | undefined {
  const path = [...base, 'config'];
  const { config } = scheduler;
  if (config === undefined) return undefined;
  if (typeof config !== 'string') return lowering.schedulerConfig(lowering.document, path, config, definitions, version);
  const file = lowering.resolve(config);
  const documents = lowering.readDocuments(file, path);
  if (documents === undefined) return undefined;
  if (documents.length !== 1) {
    lowering.report(path, `expected one KubeSchedulerConfiguration in ${file}, found ${documents.length} documents`);
    return undefined;
  }
  return lowering.schedulerConfig(documents[0]!, [], documents[0]!.value, definitions, version);
}

function lowerControllers(written: ScenarioDocument['spec']['controllers']): ControllersSpec {
  const settings: Record<string, ControllersSpec['settings'][string]> = {};
  for (const [name, setting] of Object.entries(written)) {
    if (setting === undefined) continue;
    const { enabled, ...params } = setting;
    settings[name] = { enabled, params: given(params) };
  }
  return { settings };
}

function lowerKubelet(written: ScenarioDocument['spec']['kubelet'], params: readonly ParamInfo[]): ScenarioSpec['kubelet'] {
  const { profile, ...overrides } = written;
  const stored = Object.entries(given(overrides)).map(([name, value]) => [
    params.find((param) => param.name === name)?.storedAs ?? name,
    value,
  ]);
  return { profile, overrides: Object.fromEntries(stored) as Record<string, ParamValue> };
}

/** Without the keys nobody wrote. */
function given(params: Readonly<Record<string, unknown>>): Record<string, ParamValue> {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined)) as Record<string, ParamValue>;
}
