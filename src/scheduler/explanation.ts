/**
 * Explanation: one scheduling attempt in full, as plain data: for every node the first filter that turned the pod down, or its
 * scores; grouped, because thousands of nodes mostly say the same.
 *
 * Made from an EvaluationRecord at the moment it is announced: parts of that change later.
 * Cost      O(nodes x plugins) per explained attempt
 */
import { compareCodeUnits } from '../base/compare.ts';
import type { ObjectKey, TimeUs } from '../objects/meta.ts';
import type { EvaluationRecord } from './attempts.ts';
import { isSuccess, messageOf, type Status, type StatusCode } from './status.ts';

/** Why nodes did not do. */
export interface Rejection {
  /** Empty when no plugin in particular says so. */
  readonly plugin: string;
  readonly code: StatusCode;
  /** The reasons, joined as in events; empty when none was given. */
  readonly message: string;
  /** In the scheduler's order. */
  readonly nodes: readonly string[];
}

export interface ScoredNode {
  readonly node: string;
  /** Weighted sum of the normalized scores. */
  readonly total: number;
  /** In the order of `plugins`. */
  readonly raw: readonly number[];
  readonly normalized: readonly number[];
}

export interface Explanation {
  readonly component: string;
  readonly schedulerName: string;
  readonly podKey: ObjectKey;
  readonly podUid: string;
  readonly timeUs: TimeUs;
  readonly outcome: 'scheduled' | 'unschedulable' | 'error';
  /** Empty unless scheduled. */
  readonly nodeName: string;
  /** Text of the FailedScheduling event or of the error; empty when scheduled. */
  readonly message: string;
  readonly nodeCount: number;
  readonly feasibleCount: number;
  /** Nodes that share the best total; one of them was drawn. */
  readonly tieCount: number;
  /** Most nodes first. */
  readonly rejections: readonly Rejection[];
  /** Nodes that were not looked at, because enough had been found. */
  readonly unvisited: readonly string[];
  readonly plugins: readonly { readonly name: string; readonly weight: number }[];
  /** The best first, equally good ones in the order they were found. */
  readonly scored: readonly ScoredNode[];
  /** With preemption: the node that is freed, and the pods that go. */
  readonly preemption: { readonly nodeName: string; readonly victims: readonly ObjectKey[] } | undefined;
}

export function explainEvaluation(record: EvaluationRecord): Explanation {
  const { evaluation, candidate, nodeNames } = record;
  const { outcome, feasible, fitError, error, totals, scores } = evaluation;
  const fits = new Set(feasible.map((node) => node.name));
  const unvisited: string[] = [];
  const groups = new Map<string, { status: Status; nodes: string[] }>();
  for (const name of nodeNames) {
    if (fits.has(name)) continue;
    const status = statusOf(record, name);
    if (status === undefined) {
      unvisited.push(name);
      continue;
    }
    const key = JSON.stringify([status.plugin, status.code, status.reasons]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { status, nodes: [name] });
    else group.nodes.push(name);
  }
  const scored = feasible.map(({ name }, i) => ({
    node: name,
    total: totals[i] ?? 0,
    raw: scores.map((score) => score.raw[i]!),
    normalized: scores.map((score) => score.normalized[i]!),
  }));
  return {
    component: record.component,
    schedulerName: record.schedulerName,
    podKey: record.podKey,
    podUid: record.podUid,
    timeUs: record.timeUs,
    outcome,
    nodeName: evaluation.nodeName,
    message: fitError?.message ?? (error === undefined ? '' : messageOf(error)),
    nodeCount: nodeNames.length,
    feasibleCount: feasible.length,
    tieCount: evaluation.tieCount,
    rejections: [...groups.values()]
      .map(({ status, nodes }) => ({ plugin: status.plugin, code: status.code, message: messageOf(status), nodes }))
      .sort((a, b) => b.nodes.length - a.nodes.length || compareCodeUnits(a.plugin, b.plugin) || compareCodeUnits(a.message, b.message)),
    unvisited,
    plugins: scores.map(({ plugin, weight }) => ({ name: plugin, weight })),
    // A stable sort keeps equally good nodes in the order they were found.
    scored: scored.sort((a, b) => b.total - a.total),
    preemption:
      candidate === undefined ? undefined : { nodeName: candidate.nodeName, victims: candidate.victims.map((victim) => victim.key) },
  };
}

/** What was said of a node that does not fit; undefined when nobody was asked. */
function statusOf({ evaluation }: EvaluationRecord, name: string): Status | undefined {
  const { diagnosis, preFilterStatus, preFilterNodes } = evaluation;
  if (diagnosis.nodeToStatus.has(name)) return diagnosis.nodeToStatus.get(name);
  if (!isSuccess(preFilterStatus)) return preFilterStatus;
  return preFilterNodes !== undefined && !preFilterNodes.has(name) ? diagnosis.nodeToStatus.absent : undefined;
}
