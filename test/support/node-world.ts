/**
 * NodeWorld: an API server, a network and some nodes, without scheduler and controllers: pods are bound by hand.
 */
import { ApiServer } from '../../src/apiserver/api-server.ts';
import { Store } from '../../src/apiserver/store.ts';
import { ProblemList } from '../../src/base/input-error.ts';
import { ApiAccess } from '../../src/client/api-access.ts';
import { Component, type ComponentContext } from '../../src/client/component.ts';
import { DatacenterControls } from '../../src/datacenter/controls.ts';
import { Network } from '../../src/datacenter/network.ts';
import { networkProfile } from '../../src/datacenter/network-profiles.ts';
import { Topology } from '../../src/datacenter/topology.ts';
import { Engine } from '../../src/engine/engine.ts';
import { Runtime } from '../../src/engine/process.ts';
import { SECOND_US } from '../../src/engine/units.ts';
import { KubeletControls } from '../../src/kubelet/controls.ts';
import { NodeFleet } from '../../src/kubelet/node-fleet.ts';
import { readyNode } from '../../src/kubelet/node-reporter.ts';
import { kubeletProfile } from '../../src/kubelet/profiles.ts';
import { containerTopic } from '../../src/kubelet/topics.ts';
import { decodeAs } from '../../src/objects/decode.ts';
import { newMeta } from '../../src/objects/meta.ts';
import type { Node } from '../../src/objects/node.ts';
import type { Pod } from '../../src/objects/pod.ts';

export interface NodeWorldOptions {
  readonly seed?: number;
  readonly nodes?: number;
  readonly zones?: number;
  readonly profile?: string;
  readonly overrides?: Readonly<Record<string, unknown>>;
  readonly network?: string;
  readonly cpu?: string;
  readonly memory?: string;
  readonly apiServers?: number;
  /** Where the control plane stands, such as `zone/a`. */
  readonly controlPlane?: string;
  /** Register through the API instead of being there from the start. */
  readonly registers?: boolean;
}

export class NodeWorld {
  readonly engine: Engine;
  readonly topology: Topology;
  readonly network: Network;
  readonly store: Store;
  readonly servers: readonly ApiServer[];
  readonly access: ApiAccess;
  readonly fleet: NodeFleet;
  readonly kubelets: KubeletControls;
  readonly datacenter: DatacenterControls;
  /** `[seconds, what]` of everything the machines did. */
  readonly log: [number, string][];

  constructor(options: NodeWorldOptions = {}) {
    const { zones = 1, nodes = 1 } = options;
    this.engine = new Engine({ seed: options.seed ?? 1 });
    const runtime = new Runtime(this.engine);
    const zoneNames = ['a', 'b', 'c', 'd'].slice(0, zones);
    this.topology = Topology.build({
      ...(options.controlPlane === undefined ? {} : { controlPlane: options.controlPlane }),
      regions: [
        { name: 'east', zones: zoneNames.map((name) => ({ name, rackGroups: [{ racks: 1, nodesPerRack: nodes, machine: 'm' }] })) },
      ],
    });
    this.network = new Network(this.topology, networkProfile(options.network ?? 'instant'), this.engine.rng.fork('network'));
    this.network.addEndpoint('control-plane', this.topology.controlPlane);
    this.store = new Store(this.engine);
    this.servers = Array.from(
      { length: options.apiServers ?? 1 },
      (_, i) => new ApiServer(this.store, { name: `apiserver-${i}`, admission: [] }),
    );
    this.access = new ApiAccess({ runtime, network: this.network, servers: this.servers });
    this.fleet = new NodeFleet({
      engine: this.engine,
      rng: this.engine.rng.fork('kubelet'),
      profile: kubeletProfile(options.profile ?? 'instant', options.overrides),
      access: this.access,
      topology: this.topology,
      network: this.network,
      leases: this.store.leases,
    });
    this.kubelets = new KubeletControls(this.fleet);
    this.datacenter = new DatacenterControls(this.topology, this.network);
    this.log = [];
    this.engine.observers.on(containerTopic, (record, timeUs) => {
      const end = record.phase === 'stopped' ? ` ${record.exitCode}` : '';
      this.log.push([timeUs / SECOND_US, `${record.podName}/${record.container} ${record.phase}${end}`]);
    });
    for (const zone of zoneNames) {
      for (let i = 1; i <= nodes; i++) {
        const template = node(`${zone}-1-${i}`, options.cpu ?? '4', options.memory ?? '16Gi');
        if (options.registers !== true) this.store.create(readyNode(template, 0));
        this.fleet.add(template, this.topology.nodeVertex(template.metadata.name));
      }
    }
    this.fleet.startAll(options.registers !== true);
  }

  /** Runs to a time in seconds. */
  runTo(seconds: number): void {
    this.engine.run({ untilUs: Math.round(seconds * SECOND_US) });
  }

  runUntilIdle(limitSeconds = 3600): void {
    this.engine.run({ untilIdle: true, untilUs: this.engine.nowUs + limitSeconds * SECOND_US });
  }

  /** Creates a pod that is bound already. */
  create(pod: Pod): Pod {
    return this.store.create(pod) as Pod;
  }

  pod(name: string): Pod | undefined {
    return this.store.get('Pod', `default/${name}`);
  }

  /** A process of the control plane that does nothing but watch pods. */
  addComponent(name: string): void {
    const build = (ctx: ComponentContext): void => void ctx.informers.of('Pod');
    new Component(this.access, { name, endpoint: 'control-plane', build }).start();
  }

  phase(name: string): string {
    return this.pod(name)?.status.phase ?? 'gone';
  }

  isReady(name: string): boolean {
    return this.pod(name)?.status.conditions.find((c) => c.type === 'Ready')?.status === 'True';
  }

  delete(name: string, gracePeriodSeconds?: number): void {
    this.servers[0]!.execute({
      verb: 'delete',
      kind: 'Pod',
      key: `default/${name}`,
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    });
  }

  node(name = 'a-1-1'): Node {
    return this.store.get('Node', name)!;
  }

  ready(name = 'a-1-1'): string | undefined {
    return this.store.get('Node', name)?.status.conditions.find((c) => c.type === 'Ready')?.status;
  }

  /** Names of what really runs on a node. */
  running(name = 'a-1-1'): string[] {
    return this.fleet
      .agent(name)!
      .runningPods()
      .map((pod) => pod.name);
  }
}

export function node(name: string, cpu = '4', memory = '16Gi'): Node {
  const amounts = { cpu, memory, pods: '110' };
  return {
    kind: 'Node',
    apiVersion: 'v1',
    metadata: newMeta({ name, labels: { 'kubernetes.io/hostname': name } }),
    spec: { unschedulable: false, taints: [], providerID: '' },
    status: { capacity: amounts, allocatable: amounts, conditions: [], images: [], volumesAttached: [] },
  };
}

export interface PodFields {
  readonly node?: string;
  readonly cpu?: string;
  /** Behaviour without the prefix: `{ 'run-duration': '10s' }`. */
  readonly behaviour?: Readonly<Record<string, string>>;
  /** Further fields of the spec, as in a manifest. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Further fields of the only container. */
  readonly container?: Readonly<Record<string, unknown>>;
}

/** A pod as the API server would have it after defaulting. */
export function pod(name: string, fields: PodFields = {}): Pod {
  const annotations: Record<string, string> = {};
  for (const [key, value] of Object.entries(fields.behaviour ?? {})) annotations[`seatrial.dev/${key}`] = value;
  const problems = new ProblemList();
  const decoded = decodeAs(
    'Pod',
    {
      metadata: { name, namespace: 'default', annotations },
      spec: {
        nodeName: fields.node ?? 'a-1-1',
        containers: [{ name: 'main', image: 'app:1', resources: { requests: { cpu: fields.cpu ?? '100m' } }, ...fields.container }],
        ...fields.spec,
      },
    },
    name,
    problems,
  );
  problems.throwIfAny();
  return decoded!;
}
