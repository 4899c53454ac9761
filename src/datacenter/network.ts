/**
 * Network: how long a message between two endpoints takes, and whether it arrives at all.
 *
 * HOT       oneWayUs runs once per message (a request, a reply, a batch of watch events)
 * Models    latency by distance in the topology; a lost transmission is sent again after 200 ms, then doubling, as TCP does
 *           (TCP_RTO_MIN), and given up after 6 tries; so loss shows as delay, and as -1 when the link is nearly dead
 * Differs   whether a message arrives is decided when it is sent: a cut that begins while it is under way does not stop it
 * Units     microseconds
 * Order     each pair draws from the stream of the endpoint that was added later, so that traffic of one node does not
 *           change the latencies of another
 * Cost      no rule in force: one sample. Otherwise also O(depth of the tree + rules that touch the less touched side)
 */
import { fail } from '../base/invariant.ts';
import { type Distribution, sampleUs } from '../engine/distributions.ts';
import type { Rng } from '../engine/rng.ts';
import { DISTANCES, type NetworkProfile } from './network-profiles.ts';
import type { Topology, VertexId } from './topology.ts';

export type EndpointId = number;

/** One side of a cut: everything at or below a vertex, or a single endpoint. */
export type Party = { readonly vertex: VertexId } | { readonly endpoint: EndpointId };

/** Seen from the first party: `to` stops what it receives, `from` what it sends. */
export type Direction = 'both' | 'to' | 'from';

export interface Degradation {
  /** Added to every message, in microseconds. */
  readonly latency?: Distribution;
  /** Probability that one transmission is lost, on top of the link's own. */
  readonly loss?: number;
}

export interface NetworkChange {
  readonly kind: 'cut' | 'degradation' | 'power';
  readonly isHealed: boolean;
  /** Only endpoints inside one of these can have gained or lost a connection. */
  readonly parties: readonly Party[];
}

/** Undoes a cut, a degradation or a loss of power; calling it again does nothing. */
export type Undo = () => void;

/** What is in force between two parties; `isCut` or a degradation. */
interface Rule {
  readonly a: Party;
  readonly b: Party;
  readonly direction: Direction;
  /** undefined for a cut. */
  readonly degradation: Degradation | undefined;
  isActive: boolean;
}

const RETRANSMIT_FIRST_US = 200_000; // Linux TCP_RTO_MIN
const TRANSMISSIONS_MAX = 7; // the first and six more: 0.2 + 0.4 + ... + 6.4 s = 12.6 s
const CONNECTED = 0;
const CUT = 1;
const DEGRADED = 2;

export class Network {
  private readonly topology: Topology;
  private readonly rng: Rng;
  private readonly latencyByDistance: readonly Distribution[];
  private readonly lossByDistance: readonly number[];
  private readonly names: string[];
  private readonly idByName: Map<string, EndpointId>;
  private readonly vertexOf: VertexId[];
  private readonly streams: (Rng | undefined)[];
  /** By the endpoint added later: the peer it last had to do with, and their distance. Most endpoints have one peer. */
  private readonly lastPeers: EndpointId[];
  private readonly lastDistances: number[];
  private readonly listeners: ((change: NetworkChange) => void)[];
  /** Active rules by the vertex or endpoint they name. */
  private readonly rulesAtVertex: Map<VertexId, Rule[]>;
  private readonly rulesAtEndpoint: Map<EndpointId, Rule[]>;
  private ruleCount: number;
  /** How many outages hold each vertex without power. */
  private readonly outages: Map<VertexId, number>;
  /** The rules found by the last call of `judge` that degrade. */
  private readonly found: Rule[];

  constructor(topology: Topology, profile: NetworkProfile, rng: Rng) {
    this.topology = topology;
    this.rng = rng;
    this.latencyByDistance = DISTANCES.map((distance) => profile.links[distance].latency);
    this.lossByDistance = DISTANCES.map((distance) => profile.links[distance].loss);
    this.names = [];
    this.idByName = new Map();
    this.vertexOf = [];
    this.streams = [];
    this.lastPeers = [];
    this.lastDistances = [];
    this.listeners = [];
    this.rulesAtVertex = new Map();
    this.rulesAtEndpoint = new Map();
    this.ruleCount = 0;
    this.outages = new Map();
    this.found = [];
  }

  /** Names are unique: `control-plane`, `kubelet/b-2-7`. */
  addEndpoint(name: string, vertexId: VertexId): EndpointId {
    if (this.idByName.has(name)) fail(`endpoint ${name} exists twice`);
    const id = this.names.length;
    this.names.push(name);
    this.idByName.set(name, id);
    this.vertexOf.push(vertexId);
    this.streams.push(undefined);
    this.lastPeers.push(-1);
    this.lastDistances.push(0);
    return id;
  }

  /** The endpoint called `name`, or -1. */
  findEndpoint(name: string): EndpointId {
    return this.idByName.get(name) ?? -1;
  }

  endpointName(id: EndpointId): string {
    return this.names[id] ?? fail(`no endpoint ${id}`);
  }

  endpointNames(): readonly string[] {
    return this.names;
  }

  endpointVertex(id: EndpointId): VertexId {
    return this.vertexOf[id] ?? fail(`no endpoint ${id}`);
  }

  /** How long a message sent now takes, in whole microseconds; -1 when it never arrives. */
  oneWayUs(from: EndpointId, to: EndpointId): number {
    const verdict = this.ruleCount === 0 && this.outages.size === 0 ? CONNECTED : this.judge(from, to);
    if (verdict === CUT) return -1;
    const distance = this.distance(from, to);
    const latency = this.latencyByDistance[distance]!;
    const loss = this.lossByDistance[distance]!;
    if (verdict === CONNECTED && loss === 0)
      return latency.kind === 'constant' ? sampleUs(latency, this.rng) : sampleUs(latency, this.streamOf(from, to));
    const stream = this.streamOf(from, to);
    let totalUs = sampleUs(latency, stream);
    // Independent losses: a transmission arrives when every one of them spares it.
    let arrives = 1 - loss;
    if (verdict === DEGRADED) {
      for (const { degradation } of this.found) {
        if (degradation?.latency !== undefined) totalUs += sampleUs(degradation.latency, stream);
        arrives *= 1 - (degradation?.loss ?? 0);
      }
    }
    if (arrives < 1) {
      const waitUs = retransmitUs(arrives, stream);
      return waitUs < 0 ? -1 : totalUs + waitUs;
    }
    return totalUs;
  }

  /** Whether messages in this direction can arrive: both have power and no cut is between them. Loss does not count. */
  isConnected(from: EndpointId, to: EndpointId): boolean {
    return (this.ruleCount === 0 && this.outages.size === 0) || this.judge(from, to) !== CUT;
  }

  /** Whether the endpoint's vertex and everything it stands in has power. */
  hasPower(endpoint: EndpointId): boolean {
    return this.vertexHasPower(this.vertexOf[endpoint]!);
  }

  vertexHasPower(vertex: VertexId): boolean {
    if (this.outages.size === 0) return true;
    for (let at = vertex; at >= 0; at = this.topology.parentOf(at)) if (this.outages.has(at)) return false;
    return true;
  }

  /** Calls `listener` after every change of cuts, power or degradation. */
  onChange(listener: (change: NetworkChange) => void): void {
    this.listeners.push(listener);
  }

  /**
   * Stops messages between two parties. When one lies inside the other, its inside is spared: cutting a rack from
   * the world isolates the rack and leaves its own traffic alone. A party cut from itself changes nothing.
   */
  cut(a: Party, b: Party, direction: Direction = 'both'): Undo {
    return this.addRule({ a, b, direction, degradation: undefined, isActive: true });
  }

  /** Makes messages between two parties slower or lossy, on top of whatever else is in force. */
  degrade(a: Party, b: Party, degradation: Degradation, direction: Direction = 'both'): Undo {
    return this.addRule({ a, b, direction, degradation, isActive: true });
  }

  /** Takes the power from a vertex and everything below it. Outages add up: power is back when all are undone. */
  powerOff(vertex: VertexId): Undo {
    this.outages.set(vertex, (this.outages.get(vertex) ?? 0) + 1);
    this.announce({ kind: 'power', isHealed: false, parties: [{ vertex }] });
    let isOff = true;
    return () => {
      if (!isOff) return;
      isOff = false;
      const left = this.outages.get(vertex)! - 1;
      if (left === 0) this.outages.delete(vertex);
      else this.outages.set(vertex, left);
      this.announce({ kind: 'power', isHealed: true, parties: [{ vertex }] });
    };
  }

  /** Whether the endpoint is the party or stands inside it. */
  isInside(endpoint: EndpointId, party: Party): boolean {
    return this.depthInside(endpoint, party) >= 0;
  }

  private addRule(rule: Rule): Undo {
    this.rulesOf(rule.a).push(rule);
    this.rulesOf(rule.b).push(rule);
    this.ruleCount++;
    const kind = rule.degradation === undefined ? 'cut' : 'degradation';
    const parties = [rule.a, rule.b];
    this.announce({ kind, isHealed: false, parties });
    return () => {
      if (!rule.isActive) return;
      rule.isActive = false;
      this.ruleCount--;
      this.dropRule(rule.a, rule);
      this.dropRule(rule.b, rule);
      this.announce({ kind, isHealed: true, parties });
    };
  }

  private rulesOf(party: Party): Rule[] {
    if ('vertex' in party) {
      const list = this.rulesAtVertex.get(party.vertex) ?? [];
      this.rulesAtVertex.set(party.vertex, list);
      return list;
    }
    const list = this.rulesAtEndpoint.get(party.endpoint) ?? [];
    this.rulesAtEndpoint.set(party.endpoint, list);
    return list;
  }

  private dropRule(party: Party, rule: Rule): void {
    const list = this.rulesOf(party);
    const index = list.indexOf(rule);
    if (index >= 0) list.splice(index, 1);
    if (list.length > 0) return;
    if ('vertex' in party) this.rulesAtVertex.delete(party.vertex);
    else this.rulesAtEndpoint.delete(party.endpoint);
  }

  private announce(change: NetworkChange): void {
    for (const listener of this.listeners) listener(change);
  }

  /** CONNECTED, CUT, or DEGRADED with the degradations in `found`. */
  private judge(from: EndpointId, to: EndpointId): number {
    this.found.length = 0;
    if (this.outages.size > 0 && !(this.hasPower(from) && this.hasPower(to))) return CUT;
    if (this.ruleCount === 0) return CONNECTED;
    // A rule applies only if it touches both ends, so the end with fewer rules decides which to look at.
    const end = this.touchCount(from) <= this.touchCount(to) ? from : to;
    if (this.isCutBy(this.rulesAtEndpoint.get(end), from, to)) return CUT;
    for (let at = this.vertexOf[end]!; at >= 0; at = this.topology.parentOf(at)) {
      if (this.isCutBy(this.rulesAtVertex.get(at), from, to)) return CUT;
    }
    return this.found.length > 0 ? DEGRADED : CONNECTED;
  }

  private touchCount(endpoint: EndpointId): number {
    let count = this.rulesAtEndpoint.get(endpoint)?.length ?? 0;
    for (let at = this.vertexOf[endpoint]!; at >= 0; at = this.topology.parentOf(at)) count += this.rulesAtVertex.get(at)?.length ?? 0;
    return count;
  }

  private isCutBy(rules: readonly Rule[] | undefined, from: EndpointId, to: EndpointId): boolean {
    if (rules === undefined) return false;
    for (const rule of rules) {
      if (!this.applies(rule, from, to)) continue;
      if (rule.degradation === undefined) return true;
      // A rule whose two parties both hold this end is met twice.
      if (!this.found.includes(rule)) this.found.push(rule);
    }
    return false;
  }

  private applies(rule: Rule, from: EndpointId, to: EndpointId): boolean {
    const fromSide = this.sideOf(from, rule.a, rule.b);
    const toSide = this.sideOf(to, rule.a, rule.b);
    if (fromSide === 0 || toSide === 0 || fromSide === toSide) return false;
    return rule.direction === 'both' || (rule.direction === 'from') === (fromSide === 1);
  }

  /** Where an endpoint stands in a cut: 1 on the first party's side, 2 on the second's, 0 on neither. Inside both, the narrower counts. */
  sideOf(endpoint: EndpointId, a: Party, b: Party): 0 | 1 | 2 {
    const depthA = this.depthInside(endpoint, a);
    const depthB = this.depthInside(endpoint, b);
    if (depthA < 0 && depthB < 0) return 0;
    if (depthA >= 0 && (depthB < 0 || depthA <= depthB)) return 1;
    return 2;
  }

  /** How many levels above the endpoint the party is: 0 for the endpoint itself, 1 for its vertex; -1 when outside. */
  private depthInside(endpoint: EndpointId, party: Party): number {
    if ('endpoint' in party) return party.endpoint === endpoint ? 0 : -1;
    let depth = 1;
    for (let at = this.vertexOf[endpoint]!; at >= 0; at = this.topology.parentOf(at)) {
      if (at === party.vertex) return depth;
      depth++;
    }
    return -1;
  }

  /** Index into DISTANCES. */
  private distance(from: EndpointId, to: EndpointId): number {
    const owner = from > to ? from : to;
    const peer = from > to ? to : from;
    if (this.lastPeers[owner] === peer) return this.lastDistances[owner]!;
    const distance = this.measure(from, to);
    this.lastPeers[owner] = peer;
    this.lastDistances[owner] = distance;
    return distance;
  }

  private measure(from: EndpointId, to: EndpointId): number {
    const a = this.vertexOf[from]!;
    const b = this.vertexOf[to]!;
    if (a === b) return 0;
    const { topology } = this;
    const rack = topology.rackOf(a);
    if (rack >= 0 && rack === topology.rackOf(b)) return 1;
    const zone = topology.zoneOf(a);
    if (zone >= 0 && zone === topology.zoneOf(b)) return 2;
    return topology.regionOf(a) === topology.regionOf(b) ? 3 : 4;
  }

  private streamOf(from: EndpointId, to: EndpointId): Rng {
    const owner = from > to ? from : to;
    const known = this.streams[owner];
    if (known !== undefined) return known;
    const stream = this.rng.fork(this.names[owner]!);
    this.streams[owner] = stream;
    return stream;
  }
}

/** Time until a transmission that arrives with probability `arrives` got through; -1 when all tries were lost. */
function retransmitUs(arrives: number, rng: Rng): number {
  let waitUs = 0;
  let timeoutUs = RETRANSMIT_FIRST_US;
  for (let i = 0; i < TRANSMISSIONS_MAX; i++) {
    if (rng.nextFloat() < arrives) return waitUs;
    waitUs += timeoutUs;
    timeoutUs *= 2;
  }
  return -1;
}
