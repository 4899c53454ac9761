import { describe, expect, test } from 'vitest';
import { noBindingToAbsentNode } from '../../../src/testing/invariants/no-binding-to-absent-node.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

describe('no-binding-to-absent-node', () => {
  test('is silent about bindings to nodes that are there, or went a moment ago', () => {
    const probe = new FakeProbe(noBindingToAbsentNode);
    const node = probe.node('n1');
    probe.bind(probe.pod('a'), 'n1');
    probe.to(100);
    probe.remove(node);
    probe.to(104);
    probe.bind(probe.pod('b'), 'n1');
    probe.finish(probe.store.get('Pod', 'default/a')!);
    expect(probe.reports).toEqual([]);
  });

  test('reports bindings to nodes that are long gone, or never were', () => {
    const probe = new FakeProbe(noBindingToAbsentNode);
    const node = probe.node('n1');
    probe.to(100);
    probe.remove(node);
    probe.to(107);
    probe.bind(probe.pod('a'), 'n1');
    probe.bind(probe.pod('b'), 'n2');
    expect(probe.reports).toEqual([
      '107s default/a was bound to n1, which has been gone for 7 s [pod/default/a node/n1]',
      '107s default/b was bound to n2, which never was [pod/default/b node/n2]',
    ]);
  });

  test('lets a scheduler off whose watch is late, unless the scenario asks', () => {
    for (const isStrict of [false, true]) {
      const probe = new FakeProbe(noBindingToAbsentNode, { isStrict });
      probe.fault(1, 'watch-lag', 'component/kube-scheduler', 'start');
      probe.bind(probe.pod('a'), 'n1');
      expect(probe.reports).toHaveLength(isStrict ? 1 : 0);
    }
  });
});
