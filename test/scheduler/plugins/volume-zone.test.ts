import { describe, expect, test } from 'vitest';
import { decide, rawNode } from '../decisions.ts';
import { boundClaim, claiming, classes, rawClaim, rawVolume } from './volumes.ts';

const ZONE = 'topology.kubernetes.io/zone';
const BETA = 'failure-domain.beta.kubernetes.io/zone';
const nodes = [rawNode('a', { labels: { [ZONE]: 'a' } }), rawNode('b', { labels: { [ZONE]: 'b' } }), rawNode('bare')];

function feasible(labels: object): readonly string[] {
  const others = {
    storageClasses: classes,
    persistentVolumeClaims: [boundClaim('x', 'v')],
    persistentVolumes: [rawVolume('v', { labels })],
  };
  return decide({ nodes, pod: claiming('p', ['x']), others }).feasible;
}

describe('VolumeZone', () => {
  test('keeps a pod in its volume zone; nodes without any zone or region pass', () => {
    expect(feasible({ [ZONE]: 'a' })).toEqual(['a', 'bare']);
  });

  test('reads lists of zones, and ignores malformed ones', () => {
    expect(feasible({ [ZONE]: 'b__c' })).toEqual(['b', 'bare']);
    expect(feasible({ [ZONE]: 'b__' })).toEqual(['a', 'b', 'bare']);
  });

  test('compares a beta label with the label that replaced it', () => {
    expect(feasible({ [BETA]: 'b' })).toEqual(['b', 'bare']);
  });

  test('needs the region too where the volume has one', () => {
    expect(feasible({ [ZONE]: 'a', 'topology.kubernetes.io/region': 'r' })).toEqual(['bare']);
  });

  test('skips volumes without such labels and claims yet to be bound', () => {
    expect(
      decide({ nodes, pod: claiming('p', ['x']), others: { storageClasses: classes, persistentVolumeClaims: [rawClaim('x')] } }).preFilter
        .skip,
    ).toContain('VolumeZone');
  });
});
