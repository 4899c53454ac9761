import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { matchesGlob, Topology, type TopologySpec } from '../../src/datacenter/topology.ts';
import { check } from '../support/seeded.ts';

const spec: TopologySpec = {
  regions: [
    {
      name: 'east',
      zones: [
        { name: 'a', powerFeeds: 2, rackGroups: [{ racks: 4, nodesPerRack: 3, machine: 'small' }] },
        {
          name: 'b',
          rackGroups: [
            { racks: 1, nodesPerRack: 2, machine: 'large' },
            { racks: 1, nodesPerRack: 1, machine: 'small' },
          ],
        },
      ],
    },
    { name: 'west', zones: [{ name: 'w', rackGroups: [{ racks: 1, nodesPerRack: 1, machine: 'small' }] }] },
  ],
};

function names(topology: Topology, pattern: string): string[] {
  return topology.select(pattern).map((id) => topology.vertex(id).name);
}

function problemOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return 'nothing wrong';
}

describe('the tree', () => {
  const topology = Topology.build(spec);

  test('has the vertices the spec asks for, racks spread over feeds in blocks', () => {
    expect(names(topology, 'zone/*')).toEqual(['zone/a', 'zone/b', 'zone/w']);
    expect(names(topology, 'power/*')).toEqual(['power/a-1', 'power/a-2', 'power/b-1', 'power/w-1']);
    expect(topology.vertex(topology.find('rack/a-2')).path).toBe('east/a/a-1/a-2');
    expect(topology.vertex(topology.find('rack/a-3')).path).toBe('east/a/a-2/a-3');
    expect(names(topology, 'node/a-4-*')).toEqual(['node/a-4-1', 'node/a-4-2', 'node/a-4-3']);
    expect(topology.nodesBelow(topology.root).length).toBe(16);
  });

  test('selects nodes by machine kind', () => {
    expect(names(topology, 'machine/large')).toEqual(['node/b-1-1', 'node/b-1-2']);
    expect(names(topology, 'machine/*').length).toBe(16);
  });

  test('gives nodes the labels of their place', () => {
    expect(topology.nodeLabels(topology.nodeVertex('b-1-2'))).toEqual({
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': 'b-1-2',
      'kubernetes.io/os': 'linux',
      'node.kubernetes.io/instance-type': 'large',
      'topology.kubernetes.io/region': 'east',
      'topology.kubernetes.io/zone': 'b',
      'topology.seatrial.dev/power-feed': 'b-1',
      'topology.seatrial.dev/rack': 'b-1',
    });
  });

  test('puts the control plane below the first region, or where it is told', () => {
    expect(topology.vertex(topology.vertex(topology.controlPlane).parentId).name).toBe('region/east');
    const inside = Topology.build({ ...spec, controlPlane: 'zone/b' });
    expect(inside.vertex(inside.vertex(inside.controlPlane).parentId).name).toBe('zone/b');
  });

  test('explains a target that does not exist, with the nearest name', () => {
    expect(problemOf(() => topology.select('zone/c'))).toContain('no zone matches "zone/c", expected one of zone/a, zone/b, zone/w');
    expect(problemOf(() => topology.select('rak/a-1'))).toContain('did you mean "rack"?');
    expect(problemOf(() => topology.select('rack/a-11'))).toContain('did you mean "rack/a-1"?');
  });

  test('refuses the same zone or node twice', () => {
    const zone = { name: 'a', rackGroups: [] };
    expect(problemOf(() => Topology.build({ regions: [{ name: 'x', zones: [zone, zone] }] }))).toContain('zone "a" exists twice');
    expect(problemOf(() => Topology.build({ nodes: [{ name: 'n' }, { name: 'n' }] }))).toContain('node "n" exists twice');
  });
});

describe('nodes placed one by one', () => {
  test('share one region, zone, feed and rack when nothing is said', () => {
    const topology = Topology.build({ nodes: [{ name: 'x' }, { name: 'y' }] });
    expect(topology.vertex(topology.nodeVertex('x')).parentId).toBe(topology.vertex(topology.nodeVertex('y')).parentId);
    expect(names(topology, 'zone/*').length).toBe(1);
  });

  test('take their place from labels', () => {
    const topology = Topology.build({});
    topology.addLabelledNode('n1', { 'topology.kubernetes.io/zone': 'z1', 'topology.seatrial.dev/rack': 'r1' });
    topology.addLabelledNode('n2', { 'topology.kubernetes.io/zone': 'z2' });
    topology.addLabelledNode('n3', { 'topology.kubernetes.io/zone': 'z1', 'topology.seatrial.dev/rack': 'r1' });
    expect(topology.vertex(topology.find('rack/r1')).children.length).toBe(2);
    expect(topology.vertex(topology.zoneOf(topology.nodeVertex('n2'))).name).toBe('zone/z2');
    expect(
      problemOf(() => topology.addLabelledNode('n4', { 'topology.kubernetes.io/zone': 'z2', 'topology.seatrial.dev/rack': 'r1' })),
    ).toContain('power "z1-1" stands in zone/z1, not in zone/z2');
  });
});

test('a glob matches as its regular expression does', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 8 });
  const glob = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 5 });
  check(
    fc.property(text, glob, (name, pattern) => {
      const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
      expect(matchesGlob(name, pattern)).toBe(expression.test(name));
    }),
    500,
  );
});

test('every vertex lies inside each of its ancestors and nowhere else', () => {
  const topology = Topology.build(spec);
  for (let id = 0; id < topology.vertexCount; id++) {
    const ancestors = new Set<number>();
    for (let at = id; at >= 0; at = topology.parentOf(at)) ancestors.add(at);
    for (let other = 0; other < topology.vertexCount; other++) expect(topology.isInside(id, other)).toBe(ancestors.has(other));
  }
});
