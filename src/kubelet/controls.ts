/**
 * KubeletControls: what faults and tests may do to nodes, their processes and the image registry.
 *
 * Every lasting action returns what ends it; ending it twice does nothing, and overlapping ones add up.
 */
import { fail } from '../base/invariant.ts';
import type { Pod } from '../objects/pod.ts';
import { RUNNING } from './container-state.ts';
import type { NodeAgent } from './node-agent.ts';
import type { NodeFleet } from './node-fleet.ts';
import type { PodWorker } from './pod-worker.ts';

export class KubeletControls {
  private readonly fleet: NodeFleet;

  constructor(fleet: NodeFleet) {
    this.fleet = fleet;
  }

  /** The machine dies; when the returned function is called it boots. */
  crash(nodeName: string): () => void {
    return this.agent(nodeName).crashMachine();
  }

  /** The machine dies and boots at once. */
  reboot(nodeName: string): void {
    this.agent(nodeName).reboot();
  }

  /** The kubelet process dies, containers run on; then it starts again with empty memory. */
  kubeletCrash(nodeName: string): () => void {
    return this.agent(nodeName).crashKubelet();
  }

  /** The kubelet process stands still, then goes on with its old view. */
  freeze(nodeName: string): () => void {
    return this.agent(nodeName).freezeKubelet();
  }

  /** Sandboxes, containers and unpacking take `factor` times as long. */
  slowDisk(nodeName: string, factor: number): () => void {
    const { machine, images } = this.agent(nodeName);
    machine.slowdown *= factor;
    images.diskSlowdown *= factor;
    return once(() => {
      machine.slowdown /= factor;
      images.diskSlowdown /= factor;
    });
  }

  /** Stopping sandboxes and cleaning up take `factor` times as long; the node counts an ended pod `holdUs` longer than it would. */
  slowCleanup(nodeName: string, factor: number, holdUs: number): () => void {
    const { machine } = this.agent(nodeName);
    machine.cleanupSlowdown *= factor;
    machine.holdUs += holdUs;
    return once(() => {
      machine.cleanupSlowdown /= factor;
      machine.holdUs -= holdUs;
    });
  }

  /** No image can be pulled. */
  registryOutage(): () => void {
    const { registry } = this.fleet.services;
    registry.outages++;
    return once(() => registry.outages--);
  }

  /** Downloads take `factor` times as long; those under way are not affected. */
  slowRegistry(factor: number): () => void {
    const { registry } = this.fleet.services;
    registry.slowdown *= factor;
    return once(() => {
      registry.slowdown /= factor;
    });
  }

  /** Kills every running container of the matching pods at once, with this exit code; the pods' restart policies decide what follows. Gives their number. */
  failContainers(matches: (pod: Pod) => boolean, exitCode = 137, reason = 'Error'): number {
    let killed = 0;
    for (const worker of this.matching(matches)) {
      const runs = worker.sandbox?.runs ?? [];
      for (const run of runs) {
        if (run.state !== RUNNING) continue;
        worker.killContainer(run.index, exitCode, reason);
        killed++;
      }
    }
    return killed;
  }

  /** Makes probes of the matching pods fail from now until `untilUs`; `all` includes liveness and startup probes. */
  failProbes(matches: (pod: Pod) => boolean, kinds: 'readiness' | 'all', untilUs: number): void {
    for (const worker of this.matching(matches)) worker.failProbes(kinds, untilUs);
  }

  private matching(matches: (pod: Pod) => boolean): PodWorker[] {
    const found: PodWorker[] = [];
    for (const agent of this.fleet.agents()) {
      if (agent.kubelet === undefined) continue;
      for (const worker of agent.kubelet.pods()) if (matches(worker.pod)) found.push(worker);
    }
    return found;
  }

  private agent(nodeName: string): NodeAgent {
    return this.fleet.agent(nodeName) ?? fail(`no node ${nodeName}`);
  }
}

function once(run: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    run();
  };
}
