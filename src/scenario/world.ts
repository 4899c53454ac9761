/**
 * World: the one place where a cluster is put together from a scenario.
 *
 * The order of construction is part of the run: it decides who hears of an event first. From the ground up: engine,
 * topology and network, store and API servers, nodes, objects of the manifests, controller managers, schedulers, kubelets,
 * workloads, then the scenario's own events.
 *
 * At time 0 the nodes are registered and Ready and the manifests are stored, as if the cluster had been running; the
 * control plane starts at time 0 with empty caches and lists.
 */
import { admissionStepsOf } from '../apiserver/admission/registry.ts';
import { ApiServer } from '../apiserver/api-server.ts';
import { setFeedLag } from '../apiserver/controls.ts';
import { Store } from '../apiserver/store.ts';
import { fnv1a32 } from '../base/hash.ts';
import { InputError, type InputProblem, ProblemList } from '../base/input-error.ts';
import { fail } from '../base/invariant.ts';
import { ApiAccess } from '../client/api-access.ts';
import { Component } from '../client/component.ts';
import type { ControllerDef } from '../controllers/controller.ts';
import { buildControllers, CONTROLLER_MANAGER, planControllers } from '../controllers/manager.ts';
import { controllers } from '../controllers/registry.ts';
import { Network } from '../datacenter/network.ts';
import { networkProfile } from '../datacenter/network-profiles.ts';
import { Topology } from '../datacenter/topology.ts';
import { sampleUs } from '../engine/distributions.ts';
import { Engine } from '../engine/engine.ts';
import { Runtime } from '../engine/process.ts';
import { KubeletControls } from '../kubelet/controls.ts';
import { NodeFleet } from '../kubelet/node-fleet.ts';
import { readyNode } from '../kubelet/node-reporter.ts';
import { kubeletProfile } from '../kubelet/profiles.ts';
import { isApiStatus } from '../objects/api-status.ts';
import type { AnyObject } from '../objects/kinds.ts';
import { keyOf } from '../objects/meta.ts';
import type { Node } from '../objects/node.ts';
import type { Quirks } from '../objects/quirks.ts';
import { behaviourOf } from '../scheduler/versions.ts';
import { Workload } from '../workload/workload.ts';
import { nodeTemplate } from './node-templates.ts';
import { rootRng } from './random-source.ts';
import type { FileSource, ManifestEntry, ScenarioSpec } from './scenario.ts';
import { type BuildSchedulerOptions, buildSchedulers } from './schedulers.ts';
import { openArrivals } from './workloads.ts';

export const API_ENDPOINT = 'control-plane';
/** People and scripts outside the cluster, next to the control plane. */
export const USER_ENDPOINT = 'user';

export interface WorldOptions extends BuildSchedulerOptions {
  /** For trace files; required when the scenario has a trace. */
  readonly files?: FileSource;
  readonly replayCommand?: string;
  /** Called with what deserves mention but stops nothing. */
  readonly onWarning?: (text: string) => void;
  readonly quirks?: Quirks;
  /** Controllers of one's own; they run in the controller manager, after the built-in ones. */
  readonly controllers?: readonly ControllerDef[];
}

export class World {
  readonly spec: ScenarioSpec;
  readonly engine: Engine;
  readonly runtime: Runtime;
  readonly topology: Topology;
  readonly network: Network;
  readonly store: Store;
  readonly servers: readonly ApiServer[];
  readonly access: ApiAccess;
  readonly fleet: NodeFleet;
  readonly kubelets: KubeletControls;
  readonly controllerManagers: readonly Component[];
  readonly schedulers: readonly Component[];
  readonly workloads: readonly Workload[];
  /** The client of the scenario's own actions. */
  readonly user: Component;

  /** Builds the world of `spec` without starting it. Throws an InputError for what only a whole world can tell is wrong. */
  constructor(spec: ScenarioSpec, options: WorldOptions = {}) {
    this.spec = spec;
    const engine = new Engine({ seed: spec.seed, rng: rootRng(spec.seed, spec.randomSource), replayCommand: options.replayCommand ?? '' });
    this.engine = engine;
    if (spec.shuffleTies !== undefined) {
      engine.digest.addWord(fnv1a32(`ties/${spec.shuffleTies}`));
      engine.shuffleTies(rootRng(spec.shuffleTies, spec.randomSource).fork('ties'));
    }
    this.runtime = new Runtime(engine);

    this.topology = buildTopology(spec);
    this.network = new Network(
      this.topology,
      networkProfile(spec.cluster.network.profile, spec.cluster.network.latency),
      engine.rng.fork('network'),
    );
    const controlPlane = this.topology.controlPlane;
    this.network.addEndpoint(API_ENDPOINT, controlPlane);
    this.network.addEndpoint(USER_ENDPOINT, controlPlane);

    this.store = new Store(engine);
    const admission = admissionStepsOf(behaviourOf(spec.kubernetesVersion));
    this.servers = Array.from({ length: spec.controlPlane.apiServers }, (_, i) => {
      return new ApiServer(this.store, { name: `apiserver-${i}`, endpoint: API_ENDPOINT, admission });
    });
    for (const server of this.servers) setFeedLag(server, spec.controlPlane.watchCacheLag);
    this.access = new ApiAccess({
      runtime: this.runtime,
      network: this.network,
      servers: this.servers,
      keepEvents: spec.metrics.keepEvents,
    });

    const profile = kubeletProfile(spec.kubelet.profile, spec.kubelet.overrides);
    const runTimes = engine.rng.fork('batch-run');
    this.fleet = new NodeFleet({
      engine,
      rng: engine.rng.fork('kubelet'),
      profile,
      // A stream per pod: its run time is the same on whatever node and whenever it starts.
      runDurationUs: (pod) => {
        const ends = profile.batchEnds && pod.spec.restartPolicy !== 'Always';
        return ends ? sampleUs(profile.batchRun, runTimes.fork(keyOf(pod))) : undefined;
      },
      access: this.access,
      topology: this.topology,
      network: this.network,
      leases: this.store.leases,
    });
    this.kubelets = new KubeletControls(this.fleet);
    for (const node of spec.cluster.nodes) {
      const template = nodeTemplate(node, spec.cluster.machines[node.machine], this.topology);
      this.fleet.add(template, this.topology.nodeVertex(node.name));
    }

    this.controllerManagers = this.buildControllerManagers(options.quirks ?? new Set(spec.quirks), options.controllers ?? []);
    this.schedulers = buildSchedulers(spec, this.access, API_ENDPOINT, options);
    this.workloads = spec.workload.map((workload) => {
      return new Workload({
        name: workload.name,
        namespace: workload.namespace,
        schedulerName: workload.schedulerName,
        arrivals: openArrivals(workload, engine.rng.fork(`workload/${workload.name}`), options.files, options.onWarning),
      });
    });
    this.user = new Component(this.access, { name: 'kubectl', endpoint: USER_ENDPOINT, qps: Infinity, burst: 1, build: () => {} });
  }

  /** Fills the store and starts every component, at time 0. Throws an InputError when the API server refuses a manifest. */
  start(): void {
    for (const agent of this.fleet.agents()) this.putNode(readyNode(agent.template, 0));
    this.putManifests(this.spec.manifests);
    for (const manager of this.controllerManagers) manager.start();
    for (const scheduler of this.schedulers) scheduler.start();
    this.fleet.startAll(true);
    this.user.start();
    for (const workload of this.workloads) this.startWorkload(workload);
  }

  private startWorkload(workload: Workload): void {
    const component = new Component(this.access, {
      name: `workload/${workload.name}`,
      endpoint: USER_ENDPOINT,
      qps: Infinity,
      burst: 1,
      build: (ctx) => workload.attach(ctx),
    });
    component.start();
  }

  private buildControllerManagers(quirks: Quirks, own: readonly ControllerDef[]): Component[] {
    const problems = new ProblemList();
    const planned = planControllers([...controllers, ...own], this.spec.controllers.settings, 'spec.controllers', problems);
    problems.throwIfAny();
    const replicas = this.spec.controlPlane.controllerManagers;
    return Array.from({ length: replicas }, (_, i) => {
      return new Component(this.access, {
        name: replicas === 1 ? CONTROLLER_MANAGER : `${CONTROLLER_MANAGER}-${i}`,
        endpoint: API_ENDPOINT,
        ...(replicas === 1 ? {} : { leaderElection: { lease: CONTROLLER_MANAGER } }),
        build: (ctx) => buildControllers(ctx, planned, quirks),
      });
    });
  }

  private putManifests(entries: readonly ManifestEntry[]): void {
    const problems: InputProblem[] = [];
    // Namespaces and priority classes first: other objects are checked against them.
    const isFirst = (entry: ManifestEntry): boolean => entry.object.kind === 'Namespace' || entry.object.kind === 'PriorityClass';
    for (const entry of [...entries.filter(isFirst), ...entries.filter((entry) => !isFirst(entry))]) {
      const refusal = this.tryPut(entry.object);
      if (refusal === undefined) continue;
      const { file, line, column, path } = entry.position;
      problems.push({ file, line, column, path, message: `the API server refuses this ${entry.object.kind}: ${refusal}` });
    }
    if (problems.length > 0) throw new InputError(problems);
  }

  /** A node of a running cluster: the taint that admission gives to every new node was removed long ago. */
  private putNode(node: Node): void {
    this.put(node);
    const stored = this.store.get('Node', node.metadata.name) ?? fail(`node ${node.metadata.name} was not stored`);
    const result = this.servers[0]!.execute({ verb: 'update', object: { ...stored, spec: { ...stored.spec, taints: node.spec.taints } } });
    if (isApiStatus(result)) fail(`the API server refused node ${node.metadata.name}: ${result.message}`);
  }

  private put(object: AnyObject): void {
    const refusal = this.tryPut(object);
    if (refusal !== undefined) fail(`the API server refused ${object.kind} ${object.metadata.name}: ${refusal}`);
  }

  private tryPut(object: AnyObject): string | undefined {
    // An object with a uid comes out of a cluster: it is taken as it stands, so that what refers to it finds it.
    const result = object.metadata.uid === '' ? this.servers[0]!.execute({ verb: 'create', object }) : this.store.load(object);
    return isApiStatus(result) ? result.message : undefined;
  }
}

function buildTopology(spec: ScenarioSpec): Topology {
  const nodes = spec.cluster.nodes.map(({ name, region, zone, power, rack, machine }) => ({ name, region, zone, power, rack, machine }));
  const { placement } = spec.controlPlane;
  return Topology.build({ nodes, ...(placement === undefined ? {} : { controlPlane: placement }) });
}
