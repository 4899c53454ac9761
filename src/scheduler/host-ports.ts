/**
 * HostPorts: the host ports taken on one node.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/types.go (HostPortInfo)
 * Differs   nothing: as upstream, it is a set, so that removing one of two equal ports frees it
 */
import { ANY_ADDRESS, type HostPort } from './pod-shape.ts';

export class HostPorts {
  private readonly byAddress: Map<string, Set<string>>;

  constructor(byAddress: Map<string, Set<string>> = new Map()) {
    this.byAddress = byAddress;
  }

  add(port: HostPort): void {
    const taken = this.byAddress.get(port.ip);
    if (taken === undefined) this.byAddress.set(port.ip, new Set([port.key]));
    else taken.add(port.key);
  }

  remove(port: HostPort): void {
    const taken = this.byAddress.get(port.ip);
    if (taken === undefined) return;
    taken.delete(port.key);
    if (taken.size === 0) this.byAddress.delete(port.ip);
  }

  /** Whether `port` cannot be had: it is taken on its address, or on all addresses. */
  conflictsWith(port: HostPort): boolean {
    if (port.ip !== ANY_ADDRESS) {
      return this.has(port.ip, port.key) || this.has(ANY_ADDRESS, port.key);
    }
    for (const taken of this.byAddress.values()) if (taken.has(port.key)) return true;
    return false;
  }

  clone(): HostPorts {
    const copy = new Map<string, Set<string>>();
    for (const [ip, taken] of this.byAddress) copy.set(ip, new Set(taken));
    return new HostPorts(copy);
  }

  private has(ip: string, key: string): boolean {
    return this.byAddress.get(ip)?.has(key) ?? false;
  }
}
