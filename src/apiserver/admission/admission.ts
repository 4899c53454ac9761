/**
 * Admission: what an API server does to objects on their way in.
 *
 * A step completes an object or refuses it. Steps run in registry order. Steps that look at a pod's
 * spec alone say so: pods of one template then share one completed spec, which saves memory and lets
 * the scheduler see at once that they are alike.
 *
 * Models    kubernetes v1.34 apiserver/pkg/admission (built-in plugins) and the parts of the registry
 *           strategies that complete objects
 * Differs   mutation and validation are one pass; no webhooks
 */
import type { Result } from '../../objects/api-status.ts';
import type { AnyObject, Kind, ObjectOf } from '../../objects/kinds.ts';
import type { ObjectKey } from '../../objects/meta.ts';
import type { PodSpec } from '../../objects/pod.ts';

/** What steps may know of the cluster. */
export interface AdmissionEnvironment {
  readonly nowUs: number;
  /** Whether creating in a missing namespace is refused (as upstream) instead of making the namespace. */
  readonly strictNamespaces: boolean;
  get<K extends Kind>(kind: K, key: ObjectKey): ObjectOf<K> | undefined;
  list<K extends Kind>(kind: K, namespace?: string): readonly ObjectOf<K>[];
  /** Revision of the last write of `kind`; lets a step keep what it has worked out. */
  lastRevisionOf(kind: Kind): number;
  create(object: AnyObject): Result<AnyObject>;
}

export type AdmissionOperation = 'create' | 'update';

export interface AdmissionStepDef {
  /** Upstream's plugin name, or `<Kind>Strategy` for what its registry strategy does. */
  readonly name: string;
  readonly summary: string;
  readonly operations: readonly AdmissionOperation[];
  /** Kinds this step looks at; empty for all. */
  readonly kinds: readonly string[];
  create(environment: AdmissionEnvironment): AdmissionStep;
}

export type AdmissionStep =
  | { readonly admit: (object: AnyObject, old: AnyObject | undefined) => Result<AnyObject> }
  /**
   * The same for every pod with this spec, until a kind in `dependsOn` is written. Gives the same spec when there is
   * nothing to do.
   */
  | { readonly admitPodSpec: (spec: PodSpec) => Result<PodSpec>; readonly dependsOn: readonly Kind[] };
