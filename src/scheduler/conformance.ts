/**
 * Conformance: runs a recorded case through an evaluator and compares everything the real scheduler said about it.
 *
 * Models    the vector format of the reference decisions (decision, preemption, sequence)
 */
import { ProblemList } from '../base/input-error.ts';
import type { RawObject } from '../objects/decode-reader.ts';
import { readConfiguration } from './configuration.ts';
import type { CaseKind, ConformanceCase } from './conformance-case.ts';
import { ConformanceCluster, decodeRaw } from './conformance-cluster.ts';
import { Comparison, type Mismatch, mappingAt, type PluginAgreement } from './conformance-compare.ts';
import { recordAttempt } from './conformance-record.ts';
import { playSequence } from './conformance-sequence.ts';
import type { CycleState } from './cycle-state.ts';
import type { EvaluatorFactory } from './evaluators.ts';
import type { Evaluation, Evaluator, Plugin, PluginDef } from './framework.ts';
import type { PodInfo } from './pod-info.ts';
import type { CandidateLimits } from './preemption-plan.ts';
import { Profile } from './profile.ts';
import { behaviourOf, type KubernetesVersion } from './versions.ts';

export interface ConformanceOptions {
  readonly kubernetesVersion: KubernetesVersion;
  /** Every plugin a profile may name. */
  readonly definitions: readonly PluginDef[];
  readonly createEvaluator: EvaluatorFactory;
}

export interface CaseResult {
  readonly id: string;
  readonly kind: CaseKind;
  readonly theme: string;
  readonly mismatches: readonly Mismatch[];
  readonly plugins: ReadonlyMap<string, PluginAgreement>;
}

/** Runs one case and compares. Throws InputError when its objects or its profile cannot be read. */
export function runCase(source: ConformanceCase, options: ConformanceOptions): CaseResult {
  const problems = new ProblemList();
  const bench = new CaseBench(source, options, problems);
  const found = record(bench, source, problems);
  const comparison = new Comparison();
  if (source.kind === 'sequence') comparison.compare('', source.expect, found);
  else compareAttempt(source.expect, found, bench.profile.filterPlugins, comparison);
  return { id: source.id, kind: source.kind, theme: source.theme, mismatches: comparison.mismatches, plugins: comparison.plugins };
}

/** What we decide about a case, as `expect` would say it. Throws InputError as runCase does. */
export function recordCase(source: ConformanceCase, options: ConformanceOptions): RawObject {
  const problems = new ProblemList();
  return record(new CaseBench(source, options, problems), source, problems);
}

function record(bench: CaseBench, source: ConformanceCase, problems: ProblemList): RawObject {
  if (source.kind === 'sequence') return playSequence(bench, source);
  const pod = decodeRaw('Pod', source.pod ?? {}, 'pod', problems);
  problems.throwIfAny();
  bench.cluster.putIncoming(pod!);
  return recordAttempt(bench, bench.cluster.podInfos.of(pod!), source.kind === 'preemption');
}

/** The scheduler of one case. */
export class CaseBench {
  readonly cluster: ConformanceCluster;
  readonly profile: Profile;
  readonly limits: CandidateLimits;
  private readonly evaluator: Evaluator;

  constructor(source: ConformanceCase, options: ConformanceOptions, problems: ProblemList) {
    const { kubernetesVersion, definitions } = options;
    const config = readConfiguration(source.profile, definitions, kubernetesVersion, problems, 'profile');
    this.cluster = new ConformanceCluster(behaviourOf(kubernetesVersion));
    this.cluster.load(source, problems);
    problems.throwIfAny();
    const resolved = config.profiles[0]!;
    this.profile = new Profile(resolved, definitions, this.cluster.context);
    this.evaluator = options.createEvaluator(config, this.cluster.cache, this.cluster.context);
    const preemption = resolved.plugins.find((plugin) => plugin.name === 'DefaultPreemption');
    this.limits = (preemption?.args ?? { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 100 }) as unknown as CandidateLimits;
  }

  evaluate(pod: PodInfo, state: CycleState, nextStartNodeIndex: number, isDetailed: boolean): Evaluation {
    const { profile } = this;
    const snapshot = this.cluster.cache.refresh();
    return this.evaluator.schedulePod({ profile, pod, state, snapshot, nextStartNodeIndex, tieBreak: () => 0, isDetailed });
  }
}

/** Plugin by plugin where a piece belongs to one; everything else as it stands. */
function compareAttempt(expected: RawObject, found: RawObject, filters: readonly Plugin[], comparison: Comparison): void {
  for (const key of new Set([...Object.keys(expected), ...Object.keys(found)])) {
    switch (key) {
      case 'filterAll':
        // Left out of vectors where some node has nominated pods.
        if (expected[key] !== undefined) compareVerdicts(expected, found, filters, comparison);
        break;
      case 'scores':
        compareScores(mappingAt(expected, key), mappingAt(found, key), comparison);
        break;
      case 'preFilter': {
        const plugin = mappingAt(found, key)['plugin'] ?? mappingAt(expected, key)['plugin'];
        if (plugin === undefined) comparison.compare(key, expected[key], found[key]);
        else comparison.compareVerdict(String(plugin), key, expected[key], found[key]);
        break;
      }
      case 'postFilter': {
        const wanted = mappingAt(expected, key);
        const actual = mappingAt(found, key);
        for (const part of unionOfKeys(wanted, actual)) {
          comparison.compareVerdict('DefaultPreemption', `${key}.${part}`, wanted[part], actual[part]);
        }
        break;
      }
      default:
        comparison.compare(key, expected[key], found[key]);
    }
  }
}

/** One verdict per node and filter that took part, rejections and passes alike. */
function compareVerdicts(expected: RawObject, found: RawObject, filters: readonly Plugin[], comparison: Comparison): void {
  const wanted = mappingAt(expected, 'filterAll');
  const actual = mappingAt(found, 'filterAll');
  const order = expected['nodeOrder'];
  const skip = mappingAt(expected, 'preFilter')['skip'];
  const active = filters.map((plugin) => plugin.name).filter((name) => !Array.isArray(skip) || !skip.includes(name));
  for (const node of new Set([...(Array.isArray(order) ? (order as string[]) : []), ...unionOfKeys(wanted, actual)])) {
    const ofWanted = mappingAt(wanted, node);
    const ofActual = mappingAt(actual, node);
    for (const plugin of new Set([...active, ...unionOfKeys(ofWanted, ofActual)])) {
      comparison.compareVerdict(plugin, `filterAll[${JSON.stringify(node)}].${plugin}`, ofWanted[plugin], ofActual[plugin]);
    }
  }
}

function compareScores(expected: RawObject, found: RawObject, comparison: Comparison): void {
  for (const plugin of unionOfKeys(expected, found)) {
    const wanted = mappingAt(expected, plugin);
    const actual = mappingAt(found, plugin);
    for (const name of unionOfKeys(wanted, actual)) {
      comparison.compareScore(plugin, `scores.${plugin}[${JSON.stringify(name)}]`, wanted[name], actual[name]);
    }
  }
}

function unionOfKeys(a: RawObject, b: RawObject): Set<string> {
  return new Set([...Object.keys(a), ...Object.keys(b)]);
}
