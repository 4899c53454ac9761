/**
 * FaultDef: what a kind of fault is: its parameters, what it can strike, and what it does to the world.
 *
 * A fault acts through controls only: it breaks machines, links, processes and services, never cluster objects. Its `strike` returns what
 * mends it; overlapping faults on one target are counted where they act, so each can be mended on its own.
 */
import type { ProblemList } from '../base/input-error.ts';
import type { ParameterDef, ParameterValues } from '../base/parameters.ts';
import type { DatacenterControls } from '../datacenter/controls.ts';
import type { VertexId, VertexKind } from '../datacenter/topology.ts';
import type { Distribution } from '../engine/distributions.ts';
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
}

/** What faults may do to API servers. */
export interface ApiServerControls {
  readonly count: number;
  /** Stops one server: connections break, requests are refused; it starts again when undone. */
  stop(index: number): Undo;
  /** The server's watch cache stops following the store, so that it serves old state (all kinds when `kind` is empty). */
  pauseCache(index: number, kind: string): Undo;
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

/** Where a fault strikes: something with a name, a link between two things, or the cluster as such. */
export type FaultPlace = 'target' | 'between' | 'none';

/** What a target may be: vertices of these kinds, or a component, or an API server. */
export type TargetKind = Exclude<VertexKind, 'world' | 'control-plane'> | 'component' | 'api-server';

export interface FaultDef {
  /** As scenarios write it, and the name of its file. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  readonly place: FaultPlace;
  /** Kinds of targets it accepts; larger domains stand for everything of these kinds inside. Empty unless `place` is `target`. */
  readonly targetKinds: readonly TargetKind[];
  /** Whether it lasts (and ends after its duration), or is over in an instant. */
  readonly heals: boolean;
  readonly parameters: readonly ParameterDef[];
  /** Further checks of parameters that are complete and within their bounds. */
  check?(parameters: ParameterValues, path: string, problems: ProblemList): void;
  /** Strikes now; returns what mends it. Faults that do not heal return what does nothing. */
  strike(world: WorldControls, target: FaultTarget, parameters: ParameterValues): Undo;
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

/** `kube-scheduler` of `component/kube-scheduler`. */
export function afterSlash(name: string): string {
  return name.slice(name.indexOf('/') + 1);
}
