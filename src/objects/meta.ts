/**
 * Object metadata as every Kubernetes object carries it, and the few types all kinds share.
 *
 * Objects are immutable: a change makes a new object that shares what did not change.
 * Differs   resourceVersion is a number and times are numbers inside; `encode` writes both as
 *           Kubernetes does (decimal string, RFC 3339)
 */

/** Microseconds since the start of the run; negative before it. Written out as RFC 3339 from the run's epoch. */
export type TimeUs = number;

export type StringMap = Readonly<Record<string, string>>;

/** A Kubernetes quantity as written, such as `500m` or `1.5Gi`; see quantity.ts. */
export type QuantityString = string;

/** Resource name to quantity. */
export type ResourceList = Readonly<Record<string, QuantityString>>;

/** A count, or a percentage such as `25%`. */
export type IntOrString = number | string;

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: boolean;
  readonly blockOwnerDeletion: boolean;
}

export interface ObjectMeta {
  /**
   * `namespace/name`, one string for as long as the object lives; not part of the object as Kubernetes writes it. Undefined until the API
   * server has accepted the object, and to be left so in a copy under another name.
   */
  readonly key: ObjectKey | undefined;
  readonly name: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  /** Empty unless the name was generated. */
  readonly generateName: string;
  /** Empty until the API server has accepted the object. */
  readonly uid: string;
  /** 0 until the API server has accepted the object. */
  readonly resourceVersion: number;
  readonly generation: number;
  readonly creationTimestamp: TimeUs;
  readonly deletionTimestamp: TimeUs | undefined;
  readonly deletionGracePeriodSeconds: number | undefined;
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly ownerReferences: readonly OwnerReference[];
  readonly finalizers: readonly string[];
}

export interface LabelSelectorRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values: readonly string[];
}

/** An empty selector `{}` matches everything; an absent one (undefined) matches nothing. */
export interface LabelSelector {
  readonly matchLabels: StringMap;
  readonly matchExpressions: readonly LabelSelectorRequirement[];
}

export type ConditionStatus = 'True' | 'False' | 'Unknown';

/** What all kinds with a `status.conditions` list share. */
export interface Condition {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: TimeUs;
}

/** `namespace/name`, or the bare name for cluster-scoped kinds: the key of stores, caches and work queues. */
export type ObjectKey = string;

/** HOT: at every delivery and in every queue. A string joined anew would have to be hashed and compared anew. */
export function keyOf({ metadata }: { readonly metadata: ObjectMeta }): ObjectKey {
  return metadata.key ?? objectKey(metadata.namespace, metadata.name);
}

export function objectKey(namespace: string, name: string): ObjectKey {
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** The two parts of a key; namespace is empty for cluster-scoped kinds. */
export function splitKey(key: ObjectKey): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return slash === -1 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

const NO_STRINGS: StringMap = Object.freeze({});

/**
 * A copy of `map` with the entries of `more` and then `last`, which win; labels and annotations that get something added.
 *
 * Not a spread: V8 before 12 (Node 20) gives every spread copy that gets a further field a hidden class of its own, so that whoever
 * looks at labels meets a stranger each time.
 */
export function withEntries(map: StringMap, more: StringMap, last?: StringMap): Record<string, string> {
  return Object.assign({}, map, more, last);
}

/** Metadata of an object that is about to be created. */
export function newMeta(
  fields: Partial<Pick<ObjectMeta, 'name' | 'generateName' | 'namespace' | 'labels' | 'annotations' | 'ownerReferences' | 'finalizers'>>,
): ObjectMeta {
  return {
    key: undefined,
    name: fields.name ?? '',
    namespace: fields.namespace ?? '',
    generateName: fields.generateName ?? '',
    uid: '',
    resourceVersion: 0,
    generation: 0,
    creationTimestamp: 0,
    deletionTimestamp: undefined,
    deletionGracePeriodSeconds: undefined,
    labels: fields.labels ?? NO_STRINGS,
    annotations: fields.annotations ?? NO_STRINGS,
    ownerReferences: fields.ownerReferences ?? [],
    finalizers: fields.finalizers ?? [],
  };
}

/** The owner reference with `controller: true`; undefined when there is none. */
export function controllerOf(object: { readonly metadata: ObjectMeta }): OwnerReference | undefined {
  for (const reference of object.metadata.ownerReferences) if (reference.controller) return reference;
  return undefined;
}

export function isDeleting(object: { readonly metadata: ObjectMeta }): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}
