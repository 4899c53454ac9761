/**
 * DatacenterControls: what faults and tests may do to the physical world.
 *
 * Names are resolved here once: a side of a cut is a vertex name (`zone/b`, `rack/c-2`, `world`, `control-plane`) or the name of a network
 * endpoint (`kube-scheduler`, `kubelet/b-2-7`). Every action returns what undoes it.
 */
import { ProblemList } from '../base/input-error.ts';
import { nearestName } from '../base/nearest-name.ts';
import type { Degradation, Direction, Network, NetworkChange, Party, Undo } from './network.ts';
import type { Topology, VertexId } from './topology.ts';

export class DatacenterControls {
  readonly topology: Topology;
  readonly network: Network;

  constructor(topology: Topology, network: Network) {
    this.topology = topology;
    this.network = network;
  }

  /** The vertex or endpoint called `name`. Throws an InputError with the nearest name when there is none. */
  party(name: string, path = 'target'): Party {
    const problems = new ProblemList();
    const found = this.partyInto(problems, name, path);
    problems.throwIfAny();
    return found!;
  }

  /** The same for readers that collect problems: undefined and one problem more when there is none. */
  partyInto(problems: ProblemList, name: string, path: string): Party | undefined {
    const vertex = this.topology.find(name);
    if (vertex >= 0) return { vertex };
    const endpoint = this.network.findEndpoint(name);
    if (endpoint >= 0) return { endpoint };
    const components = this.network.endpointNames().filter((known) => !known.startsWith('kubelet/'));
    const nearestComponent = nearestName(name, components);
    if (!name.includes('/') && nearestComponent !== undefined) {
      problems.add(path, `no vertex or endpoint is called "${name}"`, `did you mean "${nearestComponent}"?`);
      return undefined;
    }
    // Explains the miss by the rules of selectors.
    if (this.topology.selectInto(problems, name, path).length > 0)
      problems.add(path, `expected one vertex or endpoint, found the pattern "${name}"`);
    return undefined;
  }

  /** Stops messages between two parties; see Network.cut. */
  cut(a: string, b: string, direction: Direction = 'both'): Undo {
    return this.network.cut(this.party(a), this.party(b), direction);
  }

  /** Makes the link between two parties slower or lossy. */
  degrade(a: string, b: string, degradation: Degradation, direction: Direction = 'both'): Undo {
    return this.network.degrade(this.party(a), this.party(b), degradation, direction);
  }

  /** Takes the power from a vertex: machines below it die, links to them are dead. */
  powerOff(vertex: VertexId): Undo {
    return this.network.powerOff(vertex);
  }

  onChange(listener: (change: NetworkChange) => void): void {
    this.network.onChange(listener);
  }
}
