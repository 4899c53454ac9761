import { describe, expect, test } from 'vitest';
import { allocatableOf, cloudReserved, MACHINE_KINDS, machineKind } from '../../src/datacenter/machine-kinds.ts';
import { quantityMilli, quantityValue } from '../../src/objects/quantity.ts';

describe('machine kinds', () => {
  test('a plain machine keeps back the eviction threshold and nothing else', () => {
    const kind = machineKind('m', { cpu: '16', memory: '64Gi' });
    expect(kind.capacity['pods']).toBe('110');
    expect(allocatableOf(kind.capacity, kind.reserved)).toEqual({ cpu: '16', memory: '65436Mi', pods: '110' });
  });

  test('nothing is left of what is reserved beyond what there is', () => {
    expect(allocatableOf({ cpu: '1', memory: '1Gi', 'nvidia.com/gpu': '2' }, { cpu: '2', memory: '2Gi' })).toEqual({
      cpu: '0',
      memory: '0',
      'nvidia.com/gpu': '2',
    });
  });

  test.each([
    // Worked out by hand from the published steps.
    [4, 16, 80, 0.25 * 4 + 0.2 * 4 + 0.1 * 8],
    [16, 64, 60 + 10 + 10 + 30, 1 + 0.8 + 0.8 + 0.06 * 48],
    [96, 384, 60 + 10 + 10 + 230, 1 + 0.8 + 0.8 + 0.06 * 112 + 0.02 * 256],
  ])('%d vcpus and %d GiB reserve by the steps of a cloud provider', (vcpus, gib, cpuMilli, memoryGib) => {
    const reserved = cloudReserved(vcpus, gib * 1024 ** 3);
    expect(quantityMilli(reserved['cpu']!)).toBe(cpuMilli);
    expect(quantityValue(reserved['memory']!)).toBe((Math.ceil(memoryGib * 1024) + 100) * 1024 ** 2);
  });

  test('every built-in kind has a price, a power draw and something left for pods', () => {
    expect(new Set(MACHINE_KINDS.map((kind) => kind.name)).size).toBe(MACHINE_KINDS.length);
    for (const kind of MACHINE_KINDS) {
      const allocatable = allocatableOf(kind.capacity, kind.reserved);
      expect(kind.pricePerHour).toBeGreaterThan(0);
      expect(kind.busyWatts).toBeGreaterThan(kind.idleWatts);
      expect(quantityMilli(allocatable['cpu']!)).toBeGreaterThan(0.9 * quantityMilli(kind.capacity['cpu']!));
      expect(quantityValue(allocatable['memory']!)).toBeGreaterThan(0.7 * quantityValue(kind.capacity['memory']!));
    }
  });
});
