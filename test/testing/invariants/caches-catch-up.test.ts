import { describe, expect, test } from 'vitest';
import { cachesCatchUp } from '../../../src/testing/invariants/caches-catch-up.ts';
import { FakeProbe } from '../../support/fake-probe.ts';

const KCM = { component: 'kube-controller-manager', kind: 'Pod' };

describe('caches-catch-up', () => {
  test('is content with caches that hold what the store holds, or a part of it', () => {
    const probe = new FakeProbe(cachesCatchUp);
    const a = probe.pod('a');
    const b = probe.pod('b');
    probe.cacheViews = [
      { ...KCM, objects: [b, a], isFiltered: false },
      { ...KCM, objects: [b], isFiltered: true },
    ];
    expect(probe.unsettled).toEqual([]);
  });

  test('misses what a cache lacks, what it holds for ever, and what it holds as it was', () => {
    const probe = new FakeProbe(cachesCatchUp);
    const a = probe.pod('a');
    const gone = probe.pod('b');
    probe.remove(gone);
    const c = probe.pod('c');
    probe.ready(c);
    const now = probe.store.list('Pod');
    probe.cacheViews = [
      { ...KCM, objects: [a], isFiltered: false },
      { ...KCM, objects: [...now, gone], isFiltered: false },
      { ...KCM, objects: [c], isFiltered: true },
    ];
    expect(probe.unsettled).toEqual([
      'the cache of kube-controller-manager lacks pod/default/c',
      'the cache of kube-controller-manager still holds pod/default/b, which is gone',
      'the cache of kube-controller-manager holds pod/default/c as of 4 instead of 5',
    ]);
  });
});
