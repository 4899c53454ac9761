/**
 * FaultDef: what a kind of fault is: its parameters, what it can strike, and what it does to the world.
 *
 * A fault acts through controls only: it breaks machines, links, processes and services, never cluster objects. Its `strike` returns what
 * mends it; overlapping faults on one target are counted where they act, so each can be mended on its own.
 */
import type { ApiRequest } from '../apiserver/request.ts';
import type { RequestRule } from '../apiserver/request-rules.ts';
import type { ProblemList } from '../base/input-error.ts';
import type { ParameterDef, ParameterValues } from '../base/parameters.ts';
import type { EventLoss } from '../client/watch-dials.ts';
import type { DatacenterControls } from '../datacenter/controls.ts';
import type { VertexId, VertexKind } from '../datacenter/topology.ts';
import type { Distribution } from '../engine/distributions.ts';
import type { Rng } from '../engine/rng.ts';
import type { KubeletControls } from '../kubelet/controls.ts';

/** Ends what a control began; calling it again does nothing. */
export type Undo = () => void;

/** What faults may do to the processes of the control plane. */
export interface ComponentControls {
  /** Names of all components but kubelets, in a fixed order. */
  names(): readonly string[];
  /** Ends the process; it starts again, with empty memory, when undone. */
  crash(component: string): Undo;
  /** Stops the process in its tracks; it continues with its old view when undone. */
  freeze(component: string): Undo;
  /** Delays what the component sees of a kind of object, or of all kinds when `kind` is empty. */
  lagWatch(component: string, kind: string, lag: Distribution): Undo;
  /** Delivers nothing of a kind (or of all kinds) until undone, then everything in order. */
  stallWatch(component: string, kind: string): Undo;
  /** Breaks the watch of a kind (or of all kinds) until undone; then it resumes, or with `listsAgain` sees all changes since as one. */
  cutWatch(component: string, kind: string, listsAgain: boolean): Undo;
  /** Silently loses watch events of a kind, or of all kinds, for which `loses` says so. */
  loseEvents(component: string, kind: string, loses: EventLoss): Undo;
  /** Connects the component, or its watch of one kind, to this API server until undone, and to any healthy one then. */
  connectTo(component: string, kind: string, server: number): Undo;
  /** Crashes the component around a write; see CrashPlan. Undone, it is disarmed, and the component runs. */
  crashAtWrite(component: string, when: 'before' | 'after', plan: CrashPlan<RequestMatch>): Undo;
  /** Crashes the component where one of its processes waits; see CrashPlan. Undone, it is disarmed, and the component runs. */
  crashAtYield(component: string, plan: CrashPlan<(processName: string) => boolean>): Undo;
}

/** Says whether a request is meant; `client` is the sender's name, such as `kube-controller-manager/job`. Must be pure. */
export type RequestMatch = (request: ApiRequest, client: string) => boolean;

/** A crash at a point of the program. */
export interface CrashPlan<Match> {
  readonly matches: Match;
  /** Strikes at the n-th match, counted from 1 from now on. */
  readonly nth: number;
  /** How long the process is down. */
  readonly restartAfterUs: number;
}

/** What faults may do to API servers. */
export interface ApiServerControls {
  readonly count: number;
  /** Stops one server: connections break, requests are refused; it starts again when undone. */
  stop(index: number): Undo;
  /** The server's watch cache stops following the store, so that it serves old state (all kinds when `kind` is empty). */
  pauseCache(index: number, kind: string): Undo;
  /** Does something to requests: at one server, or at all when `index` is undefined. */
  addRule(index: number | undefined, rule: RequestRule): Undo;
  /** etcd has no leader: writes and quorum reads fail, caches stand still. */
  loseLeader(): Undo;
  /** Forgets the history of the store: watches that resume from before must list again. */
  compact(): void;
}

/** Everything a fault can reach. */
export interface WorldControls {
  readonly datacenter: DatacenterControls;
  readonly nodes: KubeletControls;
  readonly components: ComponentControls;
  readonly apiServers: ApiServerControls;
}

/** One thing a fault strikes. */
export interface FaultTarget {
  /** `zone/b`, `component/kube-scheduler`, `rack/c-2 -> control-plane`; empty for the cluster as such. */
  readonly name: string;
  /** The vertex of a target in the topology; -1 for everything else. */
  readonly vertex: VertexId;
  /** The two ends of a link; empty for everything else. */
  readonly ends: readonly [string, string] | readonly [];
}

/** Where a fault strikes: something with a name, a link between two things, the cluster as such, or (`any`) a target or the cluster as such. */
export type FaultPlace = 'target' | 'between' | 'none' | 'any';

/** What a target may be: vertices of these kinds, or a component, or an API server. */
export type TargetKind = Exclude<VertexKind, 'world' | 'control-plane'> | 'component' | 'api-server';

export interface FaultDef {
  /** As scenarios write it, and the name of its file. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  readonly place: FaultPlace;
  /** Kinds of targets it accepts; larger domains stand for everything of these kinds inside. Empty unless `place` is `target` or `any`. */
  readonly targetKinds: readonly TargetKind[];
  /** Whether it lasts (and ends after its duration), or is over in an instant. */
  readonly heals: boolean;
  readonly parameters: readonly ParameterDef[];
  /** Further checks of parameters that are complete and within their bounds. */
  check?(parameters: ParameterValues, path: string, problems: ProblemList, world: WorldControls): void;
  /**
   * Strikes now; returns what mends it. Faults that do not heal return what does nothing. `rng` is named after the plan and the target, and
   * has its own stream for every occurrence.
   */
  strike(world: WorldControls, target: FaultTarget, parameters: ParameterValues, rng: Rng): Undo;
}

export function defineFault(def: FaultDef): FaultDef {
  return Object.freeze(def);
}

/** Undoes several actions, in the order they were done. */
export function undoAll(undos: readonly Undo[]): Undo {
  return () => {
    for (const undo of undos) undo();
  };
}

export const NOTHING_TO_UNDO: Undo = () => {};

/** The node name behind a target of kind `node`. */
export function nodeNameOf(world: WorldControls, target: FaultTarget): string {
  return world.datacenter.topology.vertex(target.vertex).label;
}

/** The component a target stands for: itself, or the kubelet of a node. */
export function componentOf(world: WorldControls, target: FaultTarget): string {
  return target.vertex < 0 ? afterSlash(target.name) : `kubelet/${nodeNameOf(world, target)}`;
}

/** `kube-scheduler` of `component/kube-scheduler`. */
export function afterSlash(name: string): string {
  return name.slice(name.indexOf('/') + 1);
}
