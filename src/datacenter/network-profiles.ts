/**
 * NetworkProfile: one-way latency and loss by how far apart two machines stand in the topology.
 *
 * Units     microseconds one way, whole stack of an idle host included; loss per transmission, 0..1
 * Sources   lan: half of the "round trip within the same datacenter, 500 us" of J. Dean's latency numbers (LADIS 2009), less inside a rack.
 *           cloud-region: providers promise round trips below 1 ms (Google, 95th percentile within a region) and below 2 ms
 *           (Azure, between availability zones); medians here are half of typical round trips below those bounds.
 *           multi-region, wan: round trips between regions of the big providers' published tables run from 10 ms
 *           (neighbours) to 250 ms (antipodes); "CA to Netherlands and back, 150 ms" is in the same list by Dean.
 * Differs   the spread (sigma) is a model choice: p99 about 2.5 times the median on short paths, 1.3 times between regions
 */
import { ProblemList } from '../base/input-error.ts';
import { constant, type Distribution } from '../engine/distributions.ts';

/** How far apart two endpoints stand: the smallest domain that holds both. */
export const DISTANCES = ['same-node', 'same-rack', 'same-zone', 'same-region', 'other-region'] as const;
export type Distance = (typeof DISTANCES)[number];

export interface LinkQuality {
  /** One way, in microseconds. */
  readonly latency: Distribution;
  /** Probability that one transmission is lost; what happens then is said in network.ts. */
  readonly loss: number;
}

export interface NetworkProfile {
  readonly name: string;
  readonly description: string;
  readonly links: { readonly [D in Distance]: LinkQuality };
}

function link(medianUs: number, sigma: number, loss = 0): LinkQuality {
  return { latency: medianUs === 0 ? constant(0) : { kind: 'lognormal', median: medianUs, sigma }, loss };
}

const instant = link(0, 0);

/** In the order lists and help show them. */
export const NETWORK_PROFILES: readonly NetworkProfile[] = [
  {
    name: 'instant',
    description: 'no latency and no loss: for studies of decisions alone',
    links: { 'same-node': instant, 'same-rack': instant, 'same-zone': instant, 'same-region': instant, 'other-region': instant },
  },
  {
    name: 'lan',
    description: 'one data centre with a fast network; regions, if any, are sites 5 ms apart',
    links: {
      'same-node': link(20, 0.3),
      'same-rack': link(100, 0.4),
      'same-zone': link(250, 0.4),
      'same-region': link(300, 0.4),
      'other-region': link(5_000, 0.15),
    },
  },
  {
    name: 'cloud-region',
    description: 'a region of a public cloud: zones about 1 ms apart (round trip), other regions 60 ms',
    links: {
      'same-node': link(25, 0.3),
      'same-rack': link(120, 0.4),
      'same-zone': link(250, 0.4),
      'same-region': link(500, 0.4),
      'other-region': link(30_000, 0.1),
    },
  },
  {
    name: 'multi-region',
    description: 'one cluster over several regions of a continent: 80 ms between them and some loss on the way',
    links: {
      'same-node': link(25, 0.3),
      'same-rack': link(120, 0.4),
      'same-zone': link(250, 0.4),
      'same-region': link(500, 0.4),
      'other-region': link(40_000, 0.12, 0.0001),
    },
  },
  {
    name: 'wan',
    description: 'sites across oceans: 150 ms between regions, loss of one in a thousand',
    links: {
      'same-node': link(25, 0.3),
      'same-rack': link(120, 0.4),
      'same-zone': link(300, 0.5),
      'same-region': link(1_000, 0.5, 0.0001),
      'other-region': link(75_000, 0.15, 0.001),
    },
  },
];

export const DEFAULT_NETWORK_PROFILE = 'cloud-region';

/**
 * The profile called `name`, with the latencies of some distances replaced. Throws an InputError for an unknown name
 * or distance, with the nearest valid one.
 */
export function networkProfile(
  name: string,
  latencies: Readonly<Record<string, Distribution>> = {},
  path = 'cluster.network',
): NetworkProfile {
  const problems = new ProblemList();
  const profile = NETWORK_PROFILES.find((known) => known.name === name);
  if (profile === undefined) {
    const valid = NETWORK_PROFILES.map((known) => known.name);
    problems.addUnknown(`${path}.profile`, 'network profile', name, valid);
  }
  const links: Record<string, LinkQuality> = { ...profile?.links };
  for (const [distance, latency] of Object.entries(latencies)) {
    if (!(DISTANCES as readonly string[]).includes(distance)) problems.addUnknown(`${path}.latency`, 'distance', distance, DISTANCES);
    else links[distance] = { latency, loss: links[distance]?.loss ?? 0 };
  }
  problems.throwIfAny();
  return { name, description: profile!.description, links: links as NetworkProfile['links'] };
}
