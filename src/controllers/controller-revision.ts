/**
 * ControllerRevision: a template a StatefulSet has had, kept as an object of its own.
 *
 * Models    kubernetes v1.34 pkg/controller/history/controller_history.go
 * Differs   the object is a CustomObject of kind ControllerRevision; revision number and template are in its
 *           spec, not in `revision` and `data`; names carry our own template hash
 */
import { compareCodeUnits, compareNumbers } from '../base/compare.ts';
import type { CustomObject } from '../objects/cluster.ts';
import type { AnyObject } from '../objects/kinds.ts';
import { newMeta, withEntries } from '../objects/meta.ts';
import type { PodTemplate } from '../objects/workloads.ts';
import { controllerReference } from './pod-template.ts';

export const KIND_CONTROLLER_REVISION = 'ControllerRevision';
/** On pods and revisions: the name of the revision, on revisions its hash part. */
export const LABEL_REVISION = 'controller-revision-hash';

export function newRevision(owner: AnyObject, template: PodTemplate, hash: string, revision: number): CustomObject {
  const { name, namespace } = owner.metadata;
  return {
    kind: KIND_CONTROLLER_REVISION,
    apiVersion: 'apps/v1',
    metadata: newMeta({
      name: `${name.slice(0, 223)}-${hash}`,
      namespace,
      labels: withEntries(template.metadata.labels, { [LABEL_REVISION]: hash }),
      ownerReferences: [controllerReference(owner)],
    }),
    spec: { revision, template },
    status: {},
  };
}

export function templateOf(revision: CustomObject): PodTemplate {
  return revision.spec['template'] as PodTemplate;
}

export function numberOf(revision: CustomObject): number {
  return revision.spec['revision'] as number;
}

export function withNumber(revision: CustomObject, number: number): CustomObject {
  return numberOf(revision) === number ? revision : { ...revision, spec: { ...revision.spec, revision: number } };
}

/** Oldest first: by number, then age, then name. */
export function compareRevisions(a: CustomObject, b: CustomObject): number {
  return (
    compareNumbers(numberOf(a), numberOf(b)) ||
    compareNumbers(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
    compareCodeUnits(a.metadata.name, b.metadata.name)
  );
}

/** The revisions beyond `limit`, oldest first, without those that are still in use. `revisions` in order. */
export function planRevisionCleanup(revisions: readonly CustomObject[], inUse: ReadonlySet<string>, limit: number): CustomObject[] {
  const history = revisions.filter((revision) => !inUse.has(revision.metadata.name));
  return history.slice(0, Math.max(0, history.length - limit));
}
