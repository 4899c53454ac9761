/**
 * GcGraph: who owns whom, as far as this process has been told.
 *
 * A node is *virtual* until its object itself was seen: some other object names it as an owner. The
 * graph decides nothing by itself; it says which nodes are worth a look.
 *
 * Models    kubernetes v1.34 pkg/controller/garbagecollector/graph_builder.go, graph.go
 * Order     dependents in the order they became known
 */
import { isDeleting, type ObjectMeta, type OwnerReference } from '../objects/meta.ts';

export const FINALIZER_ORPHAN = 'orphan';
export const FINALIZER_FOREGROUND = 'foregroundDeletion';

/** Where an object is said to be; two references to one uid may disagree about it. */
export interface Coordinates {
  readonly uid: string;
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
}

export interface GraphNode {
  identity: Coordinates;
  owners: readonly OwnerReference[];
  dependents: ReadonlyMap<string, GraphNode>;
  isVirtual: boolean;
  isBeingDeleted: boolean;
  /** In foreground deletion: waits for its dependents to go first. */
  isDeletingDependents: boolean;
}

export interface GraphListener {
  /** Look whether this node should be deleted, or can end its waiting. */
  attemptToDelete(uid: string): void;
  /** As above, but with back-off: the node has just been looked at under other coordinates. */
  attemptToDeleteLater(uid: string): void;
  attemptToOrphan(uid: string): void;
  /** This owner does not exist, and somebody depends on it. */
  noteAbsent(identity: Coordinates): void;
  /** `dependent` names an owner in a namespace in which it cannot be. */
  reportWrongNamespace(dependent: GraphNode, ownerUid: string): void;
}

/** Most objects have none: a Map of its own is made for the first. */
const NO_DEPENDENTS: ReadonlyMap<string, GraphNode> = new Map();

function addDependent(owner: GraphNode, dependent: GraphNode): void {
  if (owner.dependents === NO_DEPENDENTS) owner.dependents = new Map();
  (owner.dependents as Map<string, GraphNode>).set(dependent.identity.uid, dependent);
}

type Watched = { readonly kind: string; readonly apiVersion: string; readonly metadata: ObjectMeta };

export class GcGraph {
  private readonly nodes: Map<string, GraphNode>;
  private readonly listener: GraphListener;
  private readonly trustsUidAlone: boolean;

  /** `trustsUidAlone`: as before v1.20, an absence verified at one place counts for whoever names the uid. */
  constructor(listener: GraphListener, trustsUidAlone = false) {
    this.nodes = new Map();
    this.listener = listener;
    this.trustsUidAlone = trustsUidAlone;
  }

  get size(): number {
    return this.nodes.size;
  }

  find(uid: string): GraphNode | undefined {
    return this.nodes.get(uid);
  }

  /** An informer shows `object`; `old` is what it showed before, undefined for the first time. */
  observe(object: Watched, old: Watched | undefined): void {
    const identity = coordinatesOf(object);
    let node = this.nodes.get(identity.uid);
    if (node === undefined) {
      node = {
        identity,
        owners: object.metadata.ownerReferences,
        dependents: NO_DEPENDENTS,
        isVirtual: false,
        isBeingDeleted: isDeleting(object),
        isDeletingDependents: waitsWith(object, FINALIZER_FOREGROUND),
      };
      this.nodes.set(identity.uid, node);
      this.addToOwners(node, node.owners);
    } else {
      if (node.isVirtual) this.materialize(node, identity);
      this.updateOwners(node, object.metadata.ownerReferences);
      if (isDeleting(object)) node.isBeingDeleted = true;
    }
    this.noteTransition(node, object, old);
  }

  /** An informer has seen `object` go. */
  remove(object: Watched): void {
    const node = this.nodes.get(object.metadata.uid);
    if (node !== undefined) this.drop(node, coordinatesOf(object));
  }

  /** A live read found nothing at `identity`. Dependents that name the owner elsewhere are not concerned. */
  removeVirtually(identity: Coordinates): void {
    const node = this.nodes.get(identity.uid);
    if (node === undefined) return;
    if (this.trustsUidAlone) {
      this.drop(node, identity);
      return;
    }
    const [matching, others] = partition(node, identity);
    if (node.isVirtual ? others.length === 0 : isSame(node.identity, identity)) {
      this.drop(node, identity);
      return;
    }
    if (matching.length > 0) {
      this.listener.noteAbsent(identity);
      for (const dependent of matching) this.listener.attemptToDelete(dependent.identity.uid);
    }
    if (node.isVirtual && isSame(node.identity, identity)) {
      const alternative = alternativeIdentity(others, identity);
      if (alternative === undefined) return;
      node.identity = alternative;
      this.listener.attemptToDeleteLater(identity.uid);
    }
  }

  /** Dependents that keep a foreground deletion of `node` from ending. */
  blockersOf(node: GraphNode): GraphNode[] {
    const { uid } = node.identity;
    return [...node.dependents.values()].filter((dependent) =>
      dependent.owners.some((reference) => reference.uid === uid && reference.blockOwnerDeletion),
    );
  }

  private drop(node: GraphNode, identity: Coordinates): void {
    this.nodes.delete(node.identity.uid);
    this.removeFromOwners(node, node.owners);
    if (node.dependents.size > 0) this.listener.noteAbsent(identity);
    for (const dependent of node.dependents.values()) this.listener.attemptToDelete(dependent.identity.uid);
    for (const reference of node.owners) {
      if (this.nodes.get(reference.uid)?.isDeletingDependents) this.listener.attemptToDelete(reference.uid);
    }
  }

  /** The real object behind a virtual node turned up; whoever named it elsewhere may be wrong. */
  private materialize(node: GraphNode, identity: Coordinates): void {
    if (!isSame(node.identity, identity)) {
      const [, others] = partition(node, identity);
      for (const dependent of others) this.listener.attemptToDelete(dependent.identity.uid);
      node.identity = identity;
    }
    node.isVirtual = false;
  }

  private updateOwners(node: GraphNode, next: readonly OwnerReference[]): void {
    if (node.owners === next) return;
    const old = node.owners;
    const added = next.filter((reference) => !old.some((other) => other.uid === reference.uid));
    const removed = old.filter((reference) => !next.some((other) => other.uid === reference.uid));
    this.enqueueUnblocked(old, next);
    node.owners = next;
    this.addToOwners(node, added);
    this.removeFromOwners(node, removed);
  }

  /** A reference that blocked its owner and is gone, or no longer blocks, may let that owner go. */
  private enqueueUnblocked(old: readonly OwnerReference[], next: readonly OwnerReference[]): void {
    for (const before of old) {
      if (!before.blockOwnerDeletion) continue;
      const after = next.find((reference) => reference.uid === before.uid);
      if (after?.blockOwnerDeletion) continue;
      if (this.nodes.has(before.uid)) this.listener.attemptToDelete(before.uid);
    }
  }

  private addToOwners(node: GraphNode, owners: readonly OwnerReference[]): void {
    const { namespace, uid } = node.identity;
    let isSuspicious = false;
    for (const reference of owners) {
      const owner = this.nodes.get(reference.uid);
      if (owner === undefined) {
        const virtual: GraphNode = {
          identity: coordinatesOfOwner(reference, namespace),
          owners: [],
          dependents: new Map([[uid, node]]),
          isVirtual: true,
          isBeingDeleted: false,
          isDeletingDependents: false,
        };
        this.nodes.set(reference.uid, virtual);
        this.listener.attemptToDelete(reference.uid);
        continue;
      }
      addDependent(owner, node);
      const isElsewhere = owner.identity.namespace !== '' && owner.identity.namespace !== namespace;
      if (isElsewhere && !owner.isVirtual) this.listener.reportWrongNamespace(node, reference.uid);
      if (isElsewhere || !namesSame(reference, owner.identity)) isSuspicious = true;
    }
    if (isSuspicious) this.listener.attemptToDelete(uid);
  }

  private removeFromOwners(node: GraphNode, owners: readonly OwnerReference[]): void {
    const { uid } = node.identity;
    for (const reference of owners) {
      const owner = this.nodes.get(reference.uid);
      if (owner?.dependents.has(uid) === true) (owner.dependents as Map<string, GraphNode>).delete(uid);
    }
  }

  private noteTransition(node: GraphNode, object: Watched, old: Watched | undefined): void {
    if (startsWaiting(old, object, FINALIZER_ORPHAN)) {
      this.listener.attemptToOrphan(node.identity.uid);
    } else if (startsWaiting(old, object, FINALIZER_FOREGROUND)) {
      node.isDeletingDependents = true;
      for (const dependent of node.dependents.values()) this.listener.attemptToDelete(dependent.identity.uid);
      this.listener.attemptToDelete(node.identity.uid);
    }
  }
}

export function coordinatesOf(object: Watched): Coordinates {
  const { uid, namespace, name } = object.metadata;
  return { uid, apiVersion: object.apiVersion, kind: object.kind, namespace, name };
}

/** A namespaced owner is in the namespace of its dependent; whether it is namespaced turns out at the live read. */
export function coordinatesOfOwner(reference: OwnerReference, namespace: string): Coordinates {
  return { uid: reference.uid, apiVersion: reference.apiVersion, kind: reference.kind, namespace, name: reference.name };
}

function isSame(a: Coordinates, b: Coordinates): boolean {
  return a.uid === b.uid && a.kind === b.kind && a.apiVersion === b.apiVersion && a.namespace === b.namespace && a.name === b.name;
}

function namesSame(reference: OwnerReference, identity: Coordinates): boolean {
  return reference.kind === identity.kind && reference.apiVersion === identity.apiVersion && reference.name === identity.name;
}

/** Dependents that name their owner as `identity` does, and the others. */
function partition(node: GraphNode, identity: Coordinates): [GraphNode[], GraphNode[]] {
  const matching: GraphNode[] = [];
  const others: GraphNode[] = [];
  for (const dependent of node.dependents.values()) {
    const isElsewhere = identity.namespace !== '' && dependent.identity.namespace !== identity.namespace;
    const matches = !isElsewhere && dependent.owners.some((reference) => reference.uid === identity.uid && namesSame(reference, identity));
    (matches ? matching : others).push(dependent);
  }
  return [matching, others];
}

/** Another place where some dependent believes the owner to be: the next after the one just refuted, in a fixed order. */
function alternativeIdentity(dependents: readonly GraphNode[], refuted: Coordinates): Coordinates | undefined {
  const candidates: Coordinates[] = [];
  for (const dependent of dependents) {
    for (const reference of dependent.owners) {
      if (reference.uid !== refuted.uid) continue;
      const candidate = coordinatesOfOwner(reference, dependent.identity.namespace);
      if (!isSame(candidate, refuted)) candidates.push(candidate);
    }
  }
  candidates.sort(compareCoordinates);
  return candidates.find((candidate) => compareCoordinates(candidate, refuted) > 0) ?? candidates[0];
}

function compareCoordinates(a: Coordinates, b: Coordinates): number {
  const left = `${a.namespace}\0${a.kind}\0${a.apiVersion}\0${a.name}`;
  const right = `${b.namespace}\0${b.kind}\0${b.apiVersion}\0${b.name}`;
  return left < right ? -1 : left > right ? 1 : 0;
}

function waitsWith(object: Watched, finalizer: string): boolean {
  return isDeleting(object) && object.metadata.finalizers.includes(finalizer);
}

function startsWaiting(old: Watched | undefined, object: Watched, finalizer: string): boolean {
  return waitsWith(object, finalizer) && (old === undefined || !waitsWith(old, finalizer));
}
