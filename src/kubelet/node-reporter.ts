/**
 * NodeReporter: registers a node and keeps its status current.
 *
 * Changes (images, a Ready condition that somebody else overwrote, the first Ready) are written at the node's next 10 s round. A node in good
 * order writes nothing else unless the profile's nodeReportPeriodUs says how often: such a write only moves the conditions' lastHeartbeatTime,
 * and the lease already tells that the node lives.
 *
 * Models    kubernetes v1.34 pkg/kubelet/kubelet_node_status.go: tryRegisterWithAPIServer, updateNodeStatus, nodeStatusReportFrequency
 * Differs   no pressure conditions (they are reported as absent); a round that would change nothing takes no event; retries inside a
 *           round (5 tries) are left to the next round
 * Units     microseconds
 * Order     rounds on the node's own 10 s grid
 */
import type { Client } from '../client/client.ts';
import { type EventHandle, NO_EVENT } from '../engine/engine.ts';
import { MILLISECOND_US, SECOND_US } from '../engine/units.ts';
import { isApiStatus } from '../objects/api-status.ts';
import { type TimeUs, withEntries } from '../objects/meta.ts';
import { type Node, type NodeCondition, nodeCondition } from '../objects/node.ts';
import type { NodeImages } from './images.ts';
import type { NodeServices, Timed } from './node-services.ts';

// kubelet v1.34: nodeStatusUpdateFrequency.
const ROUND_US = 10 * SECOND_US;
const REGISTER_RETRY_US = 100 * MILLISECOND_US;
const REGISTER_RETRY_MAX_US = 7 * SECOND_US;

export interface NodeReporterHost {
  readonly services: NodeServices;
  readonly nodeId: number;
  /** What the node registers as. */
  readonly template: Node;
  readonly client: Client;
  readonly images: NodeImages;
  readonly nowUs: TimeUs;
  readonly isAlive: boolean;
  readonly isFrozen: boolean;
  readonly isConnected: boolean;
  readonly uniform: () => number;
  whenThawed(run: () => void): void;
  /** The API server has accepted the node, or knew it. */
  handleRegistered(): void;
}

export class NodeReporter implements Timed {
  private readonly host: NodeReporterHost;
  /** A point of the grid of rounds. */
  private readonly gridUs: TimeUs;
  /** Time between writes without a change; 0 for none. */
  private readonly reportUs: number;
  private isRegistered: boolean;
  private isReady: boolean;
  private isSending: boolean;
  private isChanged: boolean;
  private nextReportUs: TimeUs;
  private handle: EventHandle;
  private retryUs: number;
  private imageCount: number;
  private conditions: readonly NodeCondition[];

  constructor(host: NodeReporterHost) {
    this.host = host;
    this.gridUs = host.nowUs + Math.floor(host.uniform() * ROUND_US);
    this.reportUs = host.services.profile.nodeReportPeriodUs;
    this.isRegistered = false;
    this.isReady = false;
    this.isSending = false;
    this.isChanged = false;
    this.nextReportUs = Infinity;
    this.handle = NO_EVENT;
    this.retryUs = REGISTER_RETRY_US;
    this.imageCount = 0;
    this.conditions = [];
  }

  /** Creates the Node, or brings labels and amounts of a known one up to date. */
  register(): void {
    const { host } = this;
    host.client.send({ verb: 'create', object: newNode(host.template, host.nowUs) }, (result) => {
      if (!isApiStatus(result)) this.finishRegistration();
      else if (result.isAlreadyExists) this.reconcile();
      else this.retryRegistration();
    });
  }

  /** The node is known and Ready already: a cluster that has been running before the simulation began. */
  assumeRegistered(): void {
    this.isReady = true;
    this.conditions = this.host.template.status.conditions;
    this.isRegistered = true;
    this.nextReportUs = this.host.nowUs + Math.floor(this.host.uniform() * this.reportUs);
    this.scheduleHeartbeat();
    this.host.handleRegistered();
  }

  /** Runtime and network of the node work: Ready is reported at once. */
  becomeReady(): void {
    if (this.isReady) return;
    this.isReady = true;
    if (this.isRegistered) this.write(true);
  }

  /** The kubelet's view of its Node arrived. */
  handleNode(node: Node): void {
    if (!this.isRegistered || !this.isReady || this.isSending) return;
    const ready = nodeCondition(node, 'Ready');
    if (ready?.status !== 'True') this.noteChange();
  }

  /** The images on the disk changed. */
  noteImages(): void {
    if (this.isRegistered && this.host.images.count !== this.imageCount) this.noteChange();
  }

  /** The API server can be reached again: what waits keeps the run alive from now on. */
  handleConnection(): void {
    if (!this.isRegistered) {
      if (this.handle !== NO_EVENT) this.retryRegistration();
    } else if (this.isChanged && !this.isSending) {
      this.scheduleRound();
    }
  }

  handleTimer(): void {
    const { host } = this;
    this.handle = NO_EVENT;
    if (!host.isAlive) return;
    if (host.isFrozen) {
      host.whenThawed(() => this.handleTimer());
      return;
    }
    if (!this.isRegistered) this.register();
    else this.write(this.isChanged);
  }

  private reconcile(): void {
    const { host } = this;
    const { template } = host;
    host.client.send(
      { verb: 'patch', kind: 'Node', key: template.metadata.name, mutate: (node: Node) => reconciled(node, template) },
      (result) => {
        if (isApiStatus(result)) this.retryRegistration();
        else this.finishRegistration();
      },
    );
  }

  private finishRegistration(): void {
    this.isRegistered = true;
    this.retryUs = REGISTER_RETRY_US;
    this.host.handleRegistered();
    if (this.isReady) this.write(true);
  }

  private retryRegistration(): void {
    const { host } = this;
    if (this.handle !== NO_EVENT) host.services.engine.cancel(this.handle);
    const kind = host.isConnected ? host.services.nodeStatusKind : host.services.heartbeatKind;
    this.handle = host.services.engine.schedule(kind, this.retryUs, host.nodeId, this);
    this.retryUs = Math.min(this.retryUs * 2, REGISTER_RETRY_MAX_US);
  }

  /** Writes at the next round. */
  private noteChange(): void {
    if (this.isChanged) return;
    this.isChanged = true;
    if (!this.isSending) this.scheduleRound();
  }

  private scheduleRound(): void {
    const { host } = this;
    const { engine } = host.services;
    if (this.handle !== NO_EVENT) engine.cancel(this.handle);
    const steps = Math.floor((host.nowUs - this.gridUs) / ROUND_US) + 1;
    const kind = host.isConnected ? host.services.nodeStatusKind : host.services.heartbeatKind;
    this.handle = engine.scheduleAt(kind, this.gridUs + steps * ROUND_US, host.nodeId, this);
  }

  private scheduleHeartbeat(): void {
    const { host } = this;
    const { engine } = host.services;
    if (this.reportUs === 0) return;
    if (this.handle !== NO_EVENT) engine.cancel(this.handle);
    const steps = Math.ceil((Math.max(this.nextReportUs, host.nowUs + 1) - this.gridUs) / ROUND_US);
    this.handle = engine.scheduleAt(host.services.heartbeatKind, this.gridUs + steps * ROUND_US, host.nodeId, this);
  }

  private write(isChange: boolean): void {
    const { host } = this;
    if (this.isSending) {
      this.isChanged = true;
      return;
    }
    this.isSending = true;
    this.isChanged = false;
    const { nowUs, template } = host;
    this.conditions = nodeConditions(this.isReady, this.conditions, nowUs);
    this.imageCount = host.images.count;
    const images = this.imageCount === 0 ? template.status.images : host.images.reported();
    const { conditions } = this;
    const mutate = (node: Node): Node => withReport(node, conditions, images, template);
    host.client.send({ verb: 'patch', kind: 'Node', key: template.metadata.name, subresource: 'status', mutate }, (result) => {
      this.isSending = false;
      if (isApiStatus(result) && !result.isNotFound) {
        this.isChanged = true;
        this.scheduleRound();
        return;
      }
      // A change spreads the next reports, so that nodes that changed together do not report together for ever.
      const spreadUs = isChange ? Math.round((this.host.uniform() - 0.5) * this.reportUs) : 0;
      this.nextReportUs = host.nowUs + this.reportUs + spreadUs;
      if (this.isChanged) this.scheduleRound();
      else this.scheduleHeartbeat();
    });
  }
}

/** The Node a kubelet creates: everything of the template, and not Ready yet. */
function newNode(template: Node, nowUs: TimeUs): Node {
  return { ...template, status: { ...template.status, conditions: nodeConditions(false, [], nowUs) } };
}

/** A Node that has been Ready before the run began. */
export function readyNode(template: Node, nowUs: TimeUs): Node {
  return { ...template, status: { ...template.status, conditions: nodeConditions(true, [], nowUs) } };
}

const HEALTHY: readonly (readonly [type: string, reason: string, message: string])[] = [
  ['MemoryPressure', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  ['DiskPressure', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  ['PIDPressure', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
];

function nodeConditions(isReady: boolean, old: readonly NodeCondition[], nowUs: TimeUs): NodeCondition[] {
  const sinceUs = (type: string, status: string): TimeUs => {
    const before = old.find((c) => c.type === type);
    return before?.status === status ? before.lastTransitionTime : nowUs;
  };
  const conditions: NodeCondition[] = HEALTHY.map(([type, reason, message]) => ({
    type,
    status: 'False',
    reason,
    message,
    lastHeartbeatTime: nowUs,
    lastTransitionTime: sinceUs(type, 'False'),
  }));
  const status = isReady ? 'True' : 'False';
  conditions.push({
    type: 'Ready',
    status,
    reason: isReady ? 'KubeletReady' : 'KubeletNotReady',
    message: isReady ? 'kubelet is posting ready status' : 'container runtime network not ready',
    lastHeartbeatTime: nowUs,
    lastTransitionTime: sinceUs('Ready', status),
  });
  return conditions;
}

function reconciled(node: Node, template: Node): Node {
  const labels = withEntries(node.metadata.labels, template.metadata.labels);
  const isSame = Object.keys(template.metadata.labels).every((key) => node.metadata.labels[key] === template.metadata.labels[key]);
  return isSame ? node : { ...node, metadata: { ...node.metadata, labels } };
}

function withReport(node: Node, conditions: readonly NodeCondition[], images: Node['status']['images'], template: Node): Node {
  // Times of a condition whose status somebody else changed meanwhile start anew.
  const own = conditions.map((mine) => {
    const stored = nodeCondition(node, mine.type);
    const { type, status, reason, message, lastHeartbeatTime } = mine;
    const lastTransitionTime = stored?.status === status ? stored.lastTransitionTime : lastHeartbeatTime;
    return { type, status, reason, message, lastHeartbeatTime, lastTransitionTime };
  });
  const foreign = node.status.conditions.filter((theirs) => !own.some((mine) => mine.type === theirs.type));
  return {
    ...node,
    status: {
      ...node.status,
      capacity: template.status.capacity,
      allocatable: template.status.allocatable,
      images,
      conditions: [...own, ...foreign],
    },
  };
}
