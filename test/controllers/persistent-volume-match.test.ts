import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findVolume, isReservedFor, mismatchOf } from '../../src/controllers/persistent-volume-match.ts';
import { newMeta } from '../../src/objects/meta.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../src/objects/storage.ts';
import { check } from '../support/seeded.ts';

function volume(
  name: string,
  gib: number,
  fields: Partial<PersistentVolume['spec']> = {},
  phase: PersistentVolume['status']['phase'] = 'Available',
): PersistentVolume {
  return {
    kind: 'PersistentVolume',
    apiVersion: 'v1',
    metadata: newMeta({ name }),
    spec: {
      capacity: { storage: `${gib}Gi` },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'c',
      volumeMode: 'Filesystem',
      volumeAttributesClassName: undefined,
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: undefined,
      nodeAffinityRequired: undefined,
      csi: undefined,
      gcePersistentDisk: undefined,
      awsElasticBlockStore: undefined,
      ...fields,
    },
    status: { phase },
  };
}

function claim(gib: number, fields: Partial<PersistentVolumeClaim['spec']> = {}): PersistentVolumeClaim {
  return {
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    metadata: { ...newMeta({ name: 'mine', namespace: 'default' }), uid: 'u' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      requests: { storage: `${gib}Gi` },
      storageClassName: 'c',
      volumeName: '',
      volumeMode: 'Filesystem',
      volumeAttributesClassName: undefined,
      selector: undefined,
      ...fields,
    },
    status: { phase: 'Pending' },
  };
}

describe('findVolume', () => {
  test.each<[string, Partial<PersistentVolume['spec']>, Partial<PersistentVolumeClaim['spec']>]>([
    ['another class', { storageClassName: 'x' }, {}],
    ['another mode', { volumeMode: 'Block' }, {}],
    ['too few access modes', {}, { accessModes: ['ReadWriteOnce', 'ReadWriteMany'] }],
    ['other attributes', { volumeAttributesClassName: 'gold' }, {}],
    ['another claim', { claimRef: { namespace: 'default', name: 'yours', uid: '' } }, {}],
    ['an earlier claim of the same name', { claimRef: { namespace: 'default', name: 'mine', uid: 'old' } }, {}],
    ['labels that are not selected', {}, { selector: { matchLabels: { tier: 'gold' }, matchExpressions: [] } }],
  ])('leaves out volumes with %s', (_title, ofVolume, ofClaim) => {
    expect(findVolume([volume('v', 10, ofVolume)], claim(10, ofClaim), false)).toBeUndefined();
  });

  test('takes the reserved volume before a smaller one, and it alone for a claim that waits', () => {
    const reserved = volume('reserved', 50, { claimRef: { namespace: 'default', name: 'mine', uid: '' } });
    const all = [volume('small', 10), reserved];
    expect(isReservedFor(reserved, claim(10))).toBe(true);
    expect(findVolume(all, claim(10), false)).toBe(reserved);
    expect(findVolume(all, claim(10), true)).toBe(reserved);
    expect(findVolume([volume('small', 10)], claim(10), true)).toBeUndefined();
  });

  test('takes the smallest that is large enough, by name among equals, in whatever order they come', () => {
    check(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 6 }),
        fc.nat(100),
        (sizes, wanted, turn) => {
          const volumes = sizes.map((size, i) => volume(`v${i}`, size));
          const expected = volumes
            .map((v, i) => ({ name: v.metadata.name, size: sizes[i]! }))
            .filter(({ size }) => size >= wanted)
            .sort((a, b) => a.size - b.size || (a.name < b.name ? -1 : 1))[0];
          const at = sizes.length === 0 ? 0 : turn % sizes.length;
          const found = findVolume([...volumes.slice(at), ...volumes.slice(0, at)], claim(wanted), false);
          expect(found?.metadata.name).toBe(expected?.name);
        },
      ),
      200,
    );
  });

  test.each<[PersistentVolume['status']['phase']]>([['Pending'], ['Released'], ['Failed'], ['Bound']])(
    'takes no volume of phase %s',
    (phase) => {
      expect(findVolume([volume('v', 10, {}, phase)], claim(10), false)).toBeUndefined();
    },
  );
});

test('a claim that names a volume is told what is wrong with it', () => {
  expect(mismatchOf(volume('v', 10), claim(10))).toBe('');
  expect(mismatchOf(volume('v', 9), claim(10))).toBe('requested PV is too small');
  expect(mismatchOf(volume('v', 10, { storageClassName: 'x' }), claim(10))).toBe('storageClassName does not match');
  expect(mismatchOf(volume('v', 10, { volumeMode: 'Block' }), claim(10))).toBe('incompatible volumeMode');
  expect(mismatchOf(volume('v', 10), claim(10, { accessModes: ['ReadOnlyMany'] }))).toBe('incompatible accessMode');
});
