import { describe, expect, test } from 'vitest';
import { DEFAULT_SETTING, type Storm, stormDocument } from '../../src/testing/storm.ts';
import { type WorkloadShape, workloadCase } from '../../src/testing/storm-workloads.ts';

const SHAPE: WorkloadShape = {
  kind: 'Deployment',
  name: 'web-0',
  replicas: 30,
  cpuMilli: 100,
  strategy: 'rolling',
  maxSurge: 1,
  maxUnavailable: 0,
  minReadySeconds: 0,
  placement: 'anywhere',
  minAvailable: 0,
  isParallel: false,
  workSeconds: 40,
  tolerationSeconds: undefined,
  graceSeconds: 30,
};

function within(...shapes: readonly WorkloadShape[]): string {
  const storm: Storm = {
    seed: 1,
    shuffleTies: undefined,
    zones: [1],
    apiServers: 1,
    controllerManagers: 1,
    schedulers: 1,
    workloads: shapes.map(workloadCase),
    objects: [],
    actions: [],
    faults: [],
    setting: DEFAULT_SETTING,
  };
  const { spec } = stormDocument(storm, 'a-storm').scenario as { spec: { converge: { within: string } } };
  return spec.converge.within;
}

describe('the document of a storm', () => {
  test('gives twenty minutes to converge, and more to pods that run one after the other', () => {
    expect(within(SHAPE)).toBe('1200s');
    expect(within({ ...SHAPE, kind: 'Job', replicas: 6 })).toBe('1200s');
    // 30 pods of 40 s and half a minute each; 30 pods that take half a minute to end and as long to start.
    expect(within({ ...SHAPE, kind: 'Job' })).toBe('2100s');
    expect(within({ ...SHAPE, kind: 'StatefulSet' })).toBe('1800s');
    expect(within({ ...SHAPE, kind: 'StatefulSet', isParallel: true })).toBe('1200s');
    expect(within({ ...SHAPE, kind: 'Job' }, { ...SHAPE, kind: 'StatefulSet', name: 'db-1' })).toBe('3900s');
  });
});
