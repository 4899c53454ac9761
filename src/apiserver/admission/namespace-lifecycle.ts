/**
 * NamespaceLifecycle: nothing is created in a namespace that is missing or on its way out.
 *
 * Models    kubernetes v1.34 apiserver/pkg/admission/plugin/namespace/lifecycle
 * Differs   unless `strictNamespaces` is set, a missing namespace is made on the spot, so that a scenario need not
 *           list its namespaces; reads the store, so the 50 ms second look at a stale cache is not needed;
 *           a namespace holds its `kubernetes` finalizer in metadata, not in spec
 */
import { forbidden, isApiStatus, notFound } from '../../objects/api-status.ts';
import type { Namespace } from '../../objects/cluster.ts';
import type { AnyObject } from '../../objects/kinds.ts';
import { newMeta, withEntries } from '../../objects/meta.ts';
import type { AdmissionEnvironment, AdmissionStepDef } from './admission.ts';

/** Kept by a namespace until its content is gone; removed by the namespace controller. */
export const NAMESPACE_FINALIZER = 'kubernetes';

export const namespaceLifecycle: AdmissionStepDef = {
  name: 'NamespaceLifecycle',
  summary: 'refuses objects in missing or terminating namespaces',
  operations: ['create'],
  kinds: [],
  create: (environment) => ({ admit: (object) => admit(object, environment) }),
};

function admit(object: AnyObject, environment: AdmissionEnvironment) {
  if (object.kind === 'Namespace') return completeNamespace(object as Namespace);
  const name = object.metadata.namespace;
  if (name === '') return object;
  const namespace = environment.get('Namespace', name);
  if (namespace === undefined) {
    if (environment.strictNamespaces) return notFound('Namespace', name);
    const made = environment.create(completeNamespace(newNamespace(name)));
    return isApiStatus(made) ? made : object;
  }
  if (namespace.status.phase === 'Terminating' || namespace.metadata.deletionTimestamp !== undefined) {
    return forbidden(
      `${object.kind} "${object.metadata.name}" is forbidden: unable to create new content in namespace ${name} because it is being terminated`,
      'NamespaceTerminating',
    );
  }
  return object;
}

function newNamespace(name: string): Namespace {
  return { kind: 'Namespace', apiVersion: 'v1', metadata: newMeta({ name }), status: { phase: 'Active' } };
}

function completeNamespace(namespace: Namespace): Namespace {
  const { metadata } = namespace;
  const finalizers = metadata.finalizers.includes(NAMESPACE_FINALIZER)
    ? metadata.finalizers
    : [...metadata.finalizers, NAMESPACE_FINALIZER];
  const labels = withEntries(metadata.labels, { 'kubernetes.io/metadata.name': metadata.name });
  return { ...namespace, metadata: { ...metadata, finalizers, labels }, status: { phase: 'Active' } };
}
