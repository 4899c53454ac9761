/**
 * Deployment history: which ReplicaSet is new, which are old, their revisions and annotations. Pure.
 *
 * Models    kubernetes v1.34 pkg/controller/deployment/util/deployment_util.go
 */
import { compareNumbers } from '../base/compare.ts';
import { isDeleting, type StringMap, withEntries } from '../objects/meta.ts';
import type { Deployment, PodTemplate, ReplicaSet } from '../objects/workloads.ts';
import { ANNOTATION_DESIRED_REPLICAS, ANNOTATION_MAX_REPLICAS, annotationNumber, byCreation, maxSurgeOf } from './deployment-plan.ts';
import type { TemplateTexts } from './template-hash.ts';

export const ANNOTATION_REVISION = 'deployment.kubernetes.io/revision';
export const ANNOTATION_REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
export const ANNOTATION_ROLLBACK_TO = 'deprecated.deployment.rollback.to';
const ANNOTATION_LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The revision-history annotation is kept to this length: maxRevHistoryLengthInChars, v1.34. */
const REVISION_HISTORY_MAX_CHARS = 2000;

/** Annotations that say something of one object only and are not copied between a Deployment and its ReplicaSets. */
const OWN_ANNOTATIONS: ReadonlySet<string> = new Set([
  ANNOTATION_LAST_APPLIED,
  ANNOTATION_REVISION,
  ANNOTATION_REVISION_HISTORY,
  ANNOTATION_DESIRED_REPLICAS,
  ANNOTATION_MAX_REPLICAS,
  ANNOTATION_ROLLBACK_TO,
]);

/** The oldest set with the Deployment's template: several can only come from before hashes, and then the oldest counts. */
export function findNewReplicaSet(deployment: Deployment, sets: readonly ReplicaSet[], texts: TemplateTexts): ReplicaSet | undefined {
  if (sets.length === 1) return texts.isSame(sets[0]!.spec.template, deployment.spec.template) ? sets[0] : undefined;
  return sets.toSorted(byCreation).find((set) => texts.isSame(set.spec.template, deployment.spec.template));
}

/** 0 for a set without a (readable) revision. */
export function revisionOf(set: ReplicaSet): number {
  return annotationNumber(set, ANNOTATION_REVISION) ?? 0;
}

export function maxRevision(sets: readonly ReplicaSet[]): number {
  return sets.reduce((max, set) => Math.max(max, revisionOf(set)), 0);
}

/** The second highest revision: what a rollback without a number goes to; 0 when there is none. */
export function lastRevision(sets: readonly ReplicaSet[]): number {
  let max = 0;
  let second = 0;
  for (const set of sets) {
    const revision = revisionOf(set);
    if (revision >= max) {
      second = max;
      max = revision;
    } else if (revision > second) {
      second = revision;
    }
  }
  return second;
}

/** Annotations an existing new ReplicaSet should have; its own object when it has them already. */
export function annotationsForNewSet(deployment: Deployment, current: StringMap, newRevision: number): StringMap {
  return withRevision(withCopied(deployment.metadata.annotations, current), newRevision);
}

function withCopied(from: StringMap, to: StringMap): StringMap {
  let result: Record<string, string> | undefined;
  for (const name of Object.keys(from)) {
    if (OWN_ANNOTATIONS.has(name) || to[name] === from[name]) continue;
    result ??= { ...to };
    result[name] = from[name]!;
  }
  return result ?? to;
}

/** Raises the revision, never lowers it, and notes the one it replaces in the history. */
function withRevision(annotations: StringMap, newRevision: number): StringMap {
  const oldText = annotations[ANNOTATION_REVISION];
  if (oldText !== undefined && oldText !== '' && !/^[+-]?[0-9]+$/.test(oldText)) return annotations;
  const old = oldText === undefined || oldText === '' ? 0 : Number(oldText);
  if (old >= newRevision) return annotations;
  const result = withEntries(annotations, { [ANNOTATION_REVISION]: String(newRevision) });
  if (oldText !== undefined) {
    const history = appendToHistory(annotations[ANNOTATION_REVISION_HISTORY] ?? '', oldText);
    if (history !== undefined) result[ANNOTATION_REVISION_HISTORY] = history;
  }
  return result;
}

/** `history` with `revision` at the end, oldest entries dropped to keep the length; undefined when even that does not fit. */
function appendToHistory(history: string, revision: string): string | undefined {
  if (history === '') return revision;
  const entries = history.split(',');
  let length = history.length + revision.length + 1;
  let start = 0;
  while (length > REVISION_HISTORY_MAX_CHARS && start < entries.length) length -= entries[start++]!.length + 1;
  return length <= REVISION_HISTORY_MAX_CHARS ? [...entries.slice(start), revision].join(',') : undefined;
}

/** What a ReplicaSet remembers of the Deployment's size, for proportional scaling later. */
export function withSizeAnnotations(deployment: Deployment, annotations: StringMap): StringMap {
  const desired = String(deployment.spec.replicas);
  const max = String(deployment.spec.replicas + maxSurgeOf(deployment));
  if (annotations[ANNOTATION_DESIRED_REPLICAS] === desired && annotations[ANNOTATION_MAX_REPLICAS] === max) return annotations;
  return withEntries(annotations, { [ANNOTATION_DESIRED_REPLICAS]: desired, [ANNOTATION_MAX_REPLICAS]: max });
}

/** The old sets to delete, oldest revision first: those beyond the limit that have no pods and whose controller has seen that. */
export function planHistoryCleanup(deployment: Deployment, oldSets: readonly ReplicaSet[]): ReplicaSet[] {
  const alive = oldSets.filter((set) => !isDeleting(set));
  const excess = alive.length - deployment.spec.revisionHistoryLimit;
  if (excess <= 0) return [];
  return alive
    .toSorted((a, b) => compareNumbers(revisionOf(a), revisionOf(b)) || byCreation(a, b))
    .slice(0, excess)
    .filter((set) => set.spec.replicas === 0 && set.status.replicas === 0 && set.metadata.generation <= set.status.observedGeneration);
}

/** The revision a rollback annotation asks for, 0 for the previous one; undefined when there is no rollback to do. */
export function rollbackTarget(deployment: Deployment): number | undefined {
  const text = deployment.metadata.annotations[ANNOTATION_ROLLBACK_TO];
  return text !== undefined && /^[+-]?[0-9]+$/.test(text) ? Number(text) : undefined;
}

export function withoutRollback(deployment: Deployment): Deployment {
  const { [ANNOTATION_ROLLBACK_TO]: _, ...annotations } = deployment.metadata.annotations;
  return { ...deployment, metadata: { ...deployment.metadata, annotations } };
}

/** The Deployment with another template, and the annotations it had when that template was current. */
export function withTemplate(deployment: Deployment, template: PodTemplate, annotationsOf: ReplicaSet): Deployment {
  const annotations: Record<string, string> = {};
  for (const [name, value] of Object.entries(deployment.metadata.annotations)) if (OWN_ANNOTATIONS.has(name)) annotations[name] = value;
  for (const [name, value] of Object.entries(annotationsOf.metadata.annotations)) if (!OWN_ANNOTATIONS.has(name)) annotations[name] = value;
  return { ...deployment, metadata: { ...deployment.metadata, annotations }, spec: { ...deployment.spec, template } };
}
