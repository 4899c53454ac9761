/**
 * defaultSelector: which pods count as "the same" for pods that are spread without having asked for it.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/helper/spread.go
 */
import type { StringMap } from '../objects/meta.ts';
import { compileLabelSelector, LabelMatcher, labelsContain, type Requirement } from '../objects/selectors.ts';
import type { ClusterLister } from './framework.ts';
import type { PodShape } from './pod-shape.ts';

/**
 * The selectors of all Services that select the pod, and of the ReplicationController, ReplicaSet or StatefulSet that
 * owns it. Empty (matches everything) when there is none.
 */
export function defaultSelector(pod: PodShape, lister: ClusterLister): LabelMatcher {
  let labels: Record<string, string> = {};
  for (const service of lister.inNamespace('Service', pod.namespace)) {
    const { selector } = service.spec;
    if (selector !== undefined && labelsContain(pod.labels, selector)) labels = { ...labels, ...selector };
  }
  const more: Requirement[] = [];
  const owner = pod.controller;
  if (owner !== undefined) {
    const key = `${pod.namespace}/${owner.name}`;
    switch (`${owner.apiVersion}/${owner.kind}`) {
      case 'v1/ReplicationController':
        labels = { ...labels, ...(lister.get('ReplicationController', key)?.spec.selector ?? {}) };
        break;
      case 'apps/v1/ReplicaSet': {
        const owned = lister.get('ReplicaSet', key);
        if (owned !== undefined) more.push(...compileLabelSelector(owned.spec.selector).requirements);
        break;
      }
      case 'apps/v1/StatefulSet': {
        const owned = lister.get('StatefulSet', key);
        if (owned !== undefined) more.push(...compileLabelSelector(owned.spec.selector).requirements);
        break;
      }
      default:
        break;
    }
  }
  return new LabelMatcher([...equalities(labels), ...more], false, undefined);
}

function equalities(labels: StringMap): Requirement[] {
  return Object.keys(labels).map((key) => ({ key, operator: 'In', values: [labels[key]!], bound: 0n }));
}
