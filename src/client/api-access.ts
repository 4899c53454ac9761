/**
 * ApiAccess: what all clients of one world share: the API servers and the network to them.
 */
import type { Runtime } from '../engine/process.ts';
import type { NetworkLink } from './network-link.ts';

export declare class ApiAccess {
  readonly runtime: Runtime;
  readonly network: NetworkLink;
}
