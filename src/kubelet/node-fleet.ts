/**
 * NodeFleet: all nodes of a world, and what happens to them from outside: power and the network.
 *
 * Order     nodes in the order they were added
 * Cost      a cut or an outage looks at the nodes it can touch, nothing else; nothing is periodic here
 */

import { fail } from '../base/invariant.ts';
import type { ApiAccess } from '../client/api-access.ts';
import type { EndpointId, Network, NetworkChange } from '../datacenter/network.ts';
import type { Topology, VertexId } from '../datacenter/topology.ts';
import type { Engine } from '../engine/engine.ts';
import type { Rng } from '../engine/rng.ts';
import type { Node } from '../objects/node.ts';
import type { Pod } from '../objects/pod.ts';
import type { RunningPod } from './machine.ts';
import { type HeartbeatStream, NodeAgent, type NodeWorld } from './node-agent.ts';
import { NodeServices } from './node-services.ts';
import type { KubeletProfile } from './profiles.ts';

export interface NodeFleetOptions {
  readonly engine: Engine;
  /** The stream all node streams fork from, by node name. */
  readonly rng: Rng;
  readonly profile: KubeletProfile;
  readonly access: ApiAccess;
  readonly topology: Topology;
  readonly network: Network;
  /** The heartbeat leases of the API server's store. */
  readonly leases: { of(nodeName: string): HeartbeatStream };
  /** Run time of a pod's containers when its annotations say nothing; undefined: until stopped. */
  readonly runDurationUs?: (pod: Pod) => number | undefined;
}

/** The network endpoint of the registry that images are pulled from. */
const IMAGE_REGISTRY = 'image-registry';

export class NodeFleet implements NodeWorld {
  readonly access: ApiAccess;
  readonly services: NodeServices;
  private readonly topology: Topology;
  private readonly network: Network;
  private readonly leases: { of(nodeName: string): HeartbeatStream };
  private readonly list: NodeAgent[];
  private readonly byName: Map<string, NodeAgent>;
  private readonly byVertex: Map<VertexId, NodeAgent>;
  private readonly endpoints: Map<string, EndpointId>;
  private readonly serverEndpoints: readonly EndpointId[];
  private readonly registryEndpoint: EndpointId;
  /** What ends the outage of each node without power. */
  private readonly dark: Map<NodeAgent, () => void>;

  constructor(options: NodeFleetOptions) {
    this.access = options.access;
    this.topology = options.topology;
    this.network = options.network;
    this.leases = options.leases;
    this.services = new NodeServices(options);
    this.list = [];
    this.byName = new Map();
    this.byVertex = new Map();
    this.endpoints = new Map();
    this.serverEndpoints = options.access.servers.map((server) => options.network.findEndpoint(server.endpoint));
    // Somewhere in the world, outside every region: a node cut off from the world cannot pull.
    this.registryEndpoint = options.network.addEndpoint(IMAGE_REGISTRY, options.topology.root);
    this.dark = new Map();
    options.network.onChange((change) => this.handleNetwork(change));
    for (const server of options.access.servers) server.onStateChange(() => this.refresh(this.list));
  }

  /** Adds the machine at `vertex`; `start` its agent to bring it to life. The endpoint `kubelet/<name>` is made for it. */
  add(template: Node, vertex: VertexId): NodeAgent {
    const { name } = template.metadata;
    if (this.byName.has(name)) fail(`node ${name} exists twice`);
    this.endpoints.set(name, this.network.addEndpoint(`kubelet/${name}`, vertex));
    const agent = new NodeAgent(this, { index: this.list.length, template });
    this.list.push(agent);
    this.byName.set(name, agent);
    this.byVertex.set(vertex, agent);
    if (!this.network.vertexHasPower(vertex)) this.dark.set(agent, agent.crashMachine());
    return agent;
  }

  /** Starts every kubelet; see NodeAgent.start. */
  startAll(isRegistered = false): void {
    for (const agent of this.list) agent.start(isRegistered);
  }

  agents(): readonly NodeAgent[] {
    return this.list;
  }

  agent(nodeName: string): NodeAgent | undefined {
    return this.byName.get(nodeName);
  }

  agentAt(vertex: VertexId): NodeAgent | undefined {
    return this.byVertex.get(vertex);
  }

  /** The agents of all nodes at or below `vertex`, by vertex id. */
  agentsBelow(vertex: VertexId): NodeAgent[] {
    const found: NodeAgent[] = [];
    for (const id of this.topology.nodesBelow(vertex)) {
      const agent = this.byVertex.get(id);
      if (agent !== undefined) found.push(agent);
    }
    return found;
  }

  /** What really runs on all machines. */
  runningPods(): RunningPod[] {
    return this.list.flatMap((agent) => agent.runningPods());
  }

  // NodeWorld -----------------------------------------------------------------------------------------

  heartbeatOf(nodeName: string): HeartbeatStream {
    return this.leases.of(nodeName);
  }

  isConnected(nodeName: string): boolean {
    const endpoint = this.endpoints.get(nodeName)!;
    const { servers } = this.access;
    for (let i = 0; i < servers.length; i++) {
      const serverEndpoint = this.serverEndpoints[i]!;
      if (servers[i]!.isUp && this.network.isConnected(endpoint, serverEndpoint) && this.network.isConnected(serverEndpoint, endpoint))
        return true;
    }
    return false;
  }

  reachesRegistry(nodeName: string): boolean {
    const endpoint = this.endpoints.get(nodeName)!;
    return this.network.isConnected(endpoint, this.registryEndpoint) && this.network.isConnected(this.registryEndpoint, endpoint);
  }

  // The world outside ----------------------------------------------------------------------------------

  private handleNetwork(change: NetworkChange): void {
    if (change.kind === 'degradation') return;
    if (change.kind === 'power') this.updatePower(change);
    this.refresh(this.touchedBy(change));
  }

  private updatePower(change: NetworkChange): void {
    for (const party of change.parties) {
      if (!('vertex' in party)) continue;
      for (const agent of this.agentsBelow(party.vertex)) {
        const hasPower = this.network.hasPower(this.endpoints.get(agent.name)!);
        const restore = this.dark.get(agent);
        if (!hasPower && restore === undefined) this.dark.set(agent, agent.crashMachine());
        if (hasPower && restore !== undefined) {
          this.dark.delete(agent);
          restore();
        }
      }
    }
  }

  /** Nodes whose way to an API server the change can have opened or closed: those on the other side than a server. */
  private touchedBy(change: NetworkChange): readonly NodeAgent[] {
    const [a, b] = change.parties;
    if (a === undefined) return [];
    const found = new Set<NodeAgent>();
    for (const server of this.serverEndpoints) {
      const side = b === undefined ? 0 : this.network.sideOf(server, a, b);
      // An outage that takes a server concerns every node; one that does not, only the nodes inside.
      if (b === undefined && this.network.isInside(server, a)) return this.list;
      const other = b === undefined || side === 2 ? a : side === 1 ? b : undefined;
      if (other === undefined) continue;
      if ('vertex' in other) {
        for (const agent of this.agentsBelow(other.vertex)) found.add(agent);
      } else {
        const name = this.network.endpointName(other.endpoint);
        const agent = name.startsWith('kubelet/') ? this.byName.get(name.slice('kubelet/'.length)) : undefined;
        if (agent !== undefined) found.add(agent);
      }
    }
    return [...found];
  }

  private refresh(agents: readonly NodeAgent[]): void {
    for (const agent of agents) agent.refreshConnection();
  }
}
