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

/** Tells when the selector of a shape may have become another one: what it is made of was replaced. */
export class DefaultSelectorWatch {
  private readonly pod: PodShape;
  private readonly lister: ClusterLister;
  private services: readonly unknown[] | undefined;
  private owner: unknown;

  constructor(pod: PodShape, lister: ClusterLister) {
    this.pod = pod;
    this.lister = lister;
    this.services = undefined;
    this.owner = undefined;
  }

  /** Whether anything changed since the last call; true on the first. */
  hasChanged(): boolean {
    const services = this.lister.inNamespace('Service', this.pod.namespace);
    const owner = this.ownerNow();
    const known = this.services;
    let isSame = known !== undefined && owner === this.owner && services.length === known.length;
    for (let i = 0; isSame && i < services.length; i++) isSame = services[i] === known![i];
    if (isSame) return false;
    this.services = services.slice();
    this.owner = owner;
    return true;
  }

  private ownerNow(): unknown {
    const { controller, namespace } = this.pod;
    if (controller === undefined) return undefined;
    switch (controller.kind) {
      case 'ReplicationController':
      case 'ReplicaSet':
      case 'StatefulSet':
        return this.lister.get(controller.kind, `${namespace}/${controller.name}`);
      default:
        return undefined;
    }
  }
}

function equalities(labels: StringMap): Requirement[] {
  return Object.keys(labels).map((key) => ({ key, operator: 'In', values: [labels[key]!], bound: 0n }));
}
