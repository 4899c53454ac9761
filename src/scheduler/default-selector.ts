/**
 * DefaultSelectors: which pods count as "the same" for pods that are spread without having asked for it.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/helper/spread.go
 * Cost      O(Services of the namespace); a selector is made once per selector of an owner and set of Services
 */
import { type LabelSelector, type StringMap, withEntries } from '../objects/meta.ts';
import { compileLabelSelector, LabelMatcher, labelsContain, type Requirement } from '../objects/selectors.ts';
import type { ClusterLister } from './framework.ts';
import type { PodShape } from './pod-shape.ts';

interface MadeSelector {
  /** Selectors of the Services, as written. */
  readonly services: readonly StringMap[];
  readonly selector: LabelMatcher;
}

const NO_SERVICES: readonly StringMap[] = Object.freeze([]);
const EVERYTHING = new LabelMatcher([], false, undefined);

export class DefaultSelectors {
  private readonly lister: ClusterLister;
  /** What was made last, by the selector of the owner, or of the first Service for pods without one. */
  private readonly made: WeakMap<object, MadeSelector>;

  constructor(lister: ClusterLister) {
    this.lister = lister;
    this.made = new WeakMap();
  }

  /**
   * The selectors of all Services that select the pod, and of the ReplicationController, ReplicaSet or StatefulSet that
   * owns it. Empty (matches everything) when there is none. The same object for as long as these are the same.
   */
  of(pod: PodShape): LabelMatcher {
    const { lister } = this;
    const services = servicesOf(pod, lister);
    const owner = ownerSelector(pod, ownerKey(pod), lister);
    const anchor = owner ?? services[0];
    if (anchor === undefined) return EVERYTHING;
    const known = this.made.get(anchor);
    if (known !== undefined && isSame(known.services, services)) return known.selector;
    const selector = compose(services, owner, pod.controller?.kind === 'ReplicationController');
    this.made.set(anchor, { services, selector });
    return selector;
  }
}

/** Tells when the selector of a shape may have become another one: what it is made of was replaced. */
export class DefaultSelectorWatch {
  private readonly pod: PodShape;
  private readonly lister: ClusterLister;
  private readonly ownerKey: string;
  private services: readonly unknown[] | undefined;
  private owner: unknown;

  constructor(pod: PodShape, lister: ClusterLister) {
    this.pod = pod;
    this.lister = lister;
    this.ownerKey = ownerKey(pod);
    this.services = undefined;
    this.owner = undefined;
  }

  /** Whether anything changed since the last call; true on the first. */
  hasChanged(): boolean {
    const services = this.lister.inNamespace('Service', this.pod.namespace);
    const owner = ownerSelector(this.pod, this.ownerKey, this.lister);
    if (this.services !== undefined && owner === this.owner && isSame(this.services, services)) return false;
    this.services = services.slice();
    this.owner = owner;
    return true;
  }
}

function servicesOf(pod: PodShape, lister: ClusterLister): readonly StringMap[] {
  const services = lister.inNamespace('Service', pod.namespace);
  let found: StringMap[] | undefined;
  for (let i = 0; i < services.length; i++) {
    const { selector } = services[i]!.spec;
    if (selector === undefined || !labelsContain(pod.labels, selector)) continue;
    found ??= [];
    found.push(selector);
  }
  return found ?? NO_SERVICES;
}

function ownerKey({ controller, namespace }: PodShape): string {
  return controller === undefined ? '' : `${namespace}/${controller.name}`;
}

/** As written in the owner; it stays the same object while the owner's status or size changes. */
function ownerSelector({ controller }: PodShape, key: string, lister: ClusterLister): LabelSelector | StringMap | undefined {
  if (controller === undefined) return undefined;
  const { apiVersion, kind } = controller;
  if (kind === 'ReplicaSet' || kind === 'StatefulSet') return apiVersion === 'apps/v1' ? lister.get(kind, key)?.spec.selector : undefined;
  return kind === 'ReplicationController' && apiVersion === 'v1' ? lister.get(kind, key)?.spec.selector : undefined;
}

/** The labels that a ReplicationController asks for count like those of one more Service. */
function compose(services: readonly StringMap[], owner: LabelSelector | StringMap | undefined, isMap: boolean): LabelMatcher {
  let labels: StringMap = {};
  let more: readonly Requirement[] = [];
  for (const selector of services) labels = withEntries(labels, selector);
  if (owner !== undefined && isMap) labels = withEntries(labels, owner as StringMap);
  else if (owner !== undefined) more = compileLabelSelector(owner as LabelSelector).requirements;
  return new LabelMatcher([...equalities(labels), ...more], false, undefined);
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function equalities(labels: StringMap): Requirement[] {
  return Object.keys(labels).map((key) => ({ key, operator: 'In', values: [labels[key]!], bound: 0n }));
}
