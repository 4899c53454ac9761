/**
 * Index of pods by the node they are bound to.
 */
import type { Informer } from '../client/informer.ts';
import type { Pod } from '../objects/pod.ts';

export const INDEX_BY_NODE = 'node';

/** Unbound pods are in no bucket. */
export function indexByNode(pods: Informer<Pod>): void {
  pods.addIndex(INDEX_BY_NODE, (pod) => (pod.spec.nodeName === '' ? [] : [pod.spec.nodeName]));
}

/** A copy: the caller may wait while the cache changes. */
export function podsOnNode(pods: Informer<Pod>, nodeName: string): Pod[] {
  return pods.byIndex(INDEX_BY_NODE, nodeName).slice();
}
