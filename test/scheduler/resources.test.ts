import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PodInfos } from '../../src/scheduler/pod-info.ts';
import { addAmounts, amountOf, amountsOfList, percentOf, subtractAmounts } from '../../src/scheduler/resources.ts';
import { behaviourOf } from '../../src/scheduler/versions.ts';
import { check } from '../support/seeded.ts';
import { decodedPod, rawPod } from './decisions.ts';

const int64 = fc.bigInt({ min: 0n, max: 2n ** 62n });

describe('amounts', () => {
  test('add and subtract as int64 does, in numbers while those are exact', () => {
    check(
      fc.property(int64, int64, (a, b) => {
        const sum = addAmounts(amountOf(a), amountOf(b));
        expect(BigInt(sum)).toBe(a + b);
        expect(typeof sum).toBe(a + b <= BigInt(Number.MAX_SAFE_INTEGER) ? 'number' : 'bigint');
        expect(BigInt(subtractAmounts(amountOf(a), amountOf(b)))).toBe(a - b);
      }),
      500,
    );
  });

  test('percentages truncate exactly', () => {
    check(
      fc.property(int64, int64, (a, b) => {
        const [part, whole] = a < b ? [a, b] : [b, a];
        if (whole === 0n) return;
        expect(BigInt(percentOf(amountOf(part), amountOf(whole)))).toBe((part * 100n) / whole);
      }),
      500,
    );
  });

  test('a list is rounded up entry by entry, names that scheduling ignores are dropped, others sorted', () => {
    const amounts = amountsOfList({
      cpu: '1.0001',
      memory: '1500m',
      pods: '5',
      'z.com/x': '2',
      'a.com/x': '0',
      'hugepages-2Mi': '2Mi',
      storage: '1Gi',
    });
    expect([amounts.cpuMilli, amounts.memBytes]).toEqual([1001, 2]);
    expect([...amounts.scalars]).toEqual([
      ['a.com/x', 0],
      ['hugepages-2Mi', 2097152],
      ['z.com/x', 2],
    ]);
  });
});

describe('pod shapes', () => {
  const infos = new PodInfos(behaviourOf('1.34'));
  const shapeOf = (name: string, fields: object = {}) =>
    infos.of(decodedPod(rawPod(name, { labels: { app: 'web' }, requests: { cpu: '1' }, ...fields }))).shape;

  test('are shared by pods that are alike, whatever their names, places and priorities', () => {
    expect(shapeOf('a')).toBe(shapeOf('b', { on: 'n1', priority: 5, status: { phase: 'Running' } }));
  });

  test('are found again for pods stamped from one template, whatever admission copied', () => {
    const template = decodedPod(rawPod('a', { labels: { app: 'web' }, spec: { tolerations: [{ key: 'x', operator: 'Exists' }] } }));
    const stamped = (tolerations: readonly object[], labels: object) =>
      infos.of({
        ...template,
        metadata: { ...template.metadata, labels: labels as never },
        spec: { ...template.spec, tolerations: tolerations as never },
      }).shape;
    const { shape } = infos.of(template);
    const [toleration] = template.spec.tolerations;
    expect(stamped([{ ...toleration }], { app: 'web' })).toBe(shape);
    expect(stamped([{ ...toleration, key: 'y' }], { app: 'web' })).not.toBe(shape);
    expect(stamped([{ ...toleration }], { app: 'web', x: 'y' })).not.toBe(shape);
    expect(stamped([{ ...toleration }], {})).not.toBe(shape);
  });

  test.each([
    ['labels', { labels: { app: 'db' } }],
    ['namespace', { namespace: 'other' }],
    ['requests', { requests: { cpu: '2' } }],
    ['tolerations', { spec: { tolerations: [{ operator: 'Exists' }] } }],
    ['controller', { metadata: { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', controller: true }] } }],
    ['volumes', { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] } }],
  ])('differ by %s', (_, fields) => {
    expect(shapeOf('a')).not.toBe(shapeOf('a', fields));
  });

  test('what the runtime gives a pod counts for that pod alone', () => {
    const status = { phase: 'Running', containerStatuses: [{ name: 'c', resources: { requests: { cpu: '3' } } }] };
    const running = infos.of(decodedPod(rawPod('a', { labels: { app: 'web' }, requests: { cpu: '1' }, on: 'n1', status })));
    expect([running.accounted.cpuMilli, running.shape.amounts.accounted.cpuMilli]).toEqual([3000, 1000]);
    const old = new PodInfos(behaviourOf('1.32'));
    expect(old.of(decodedPod(rawPod('a', { requests: { cpu: '1' }, on: 'n1', status }))).accounted.cpuMilli).toBe(1000);
  });
});
