/**
 * NetworkLink: what this layer needs of the datacenter's network.
 *
 * datacenter/network.ts fits it. It is declared here so that a test can use two lines of its own.
 */

/** Names an attachment point to the network. */
export type EndpointId = number;

export interface NetworkLink {
  /** The endpoint called `name`; -1 when there is none. */
  findEndpoint(name: string): EndpointId;
  /** One sampled one-way delay in whole microseconds, retransmissions included; -1 when it never arrives. */
  oneWayUs(from: EndpointId, to: EndpointId): number;
  /** Whether messages get through in this direction at all. */
  isConnected(from: EndpointId, to: EndpointId): boolean;
  /** Calls `listener` after any cut began or ended. */
  onChange(listener: () => void): void;
}

/** A network of any endpoints in which every message takes `oneWayUs`. For tests and for worlds without geography. */
export function uniformNetwork(oneWayUs: number): NetworkLink {
  const ids = new Map<string, EndpointId>();
  return {
    findEndpoint(name) {
      const known = ids.get(name);
      if (known !== undefined) return known;
      const id = ids.size;
      ids.set(name, id);
      return id;
    },
    oneWayUs: () => oneWayUs,
    isConnected: () => true,
    onChange: () => {},
  };
}
