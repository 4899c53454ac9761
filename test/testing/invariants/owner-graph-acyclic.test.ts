import { describe, expect, test } from 'vitest';
import type { AnyObject } from '../../../src/objects/kinds.ts';
import { ownerGraphAcyclic } from '../../../src/testing/invariants/owner-graph-acyclic.ts';
import { deployment, newReplicaSet } from '../../controllers/objects.ts';
import { FakeProbe, ownedBy } from '../../support/fake-probe.ts';

function own(probe: FakeProbe, object: AnyObject, ...owners: AnyObject[]): void {
  probe.change(object, (now) => ({ ...now, metadata: { ...now.metadata, ownerReferences: owners.flatMap(ownedBy) } }) as AnyObject);
}

describe('owner-graph-acyclic', () => {
  test('is silent about chains of owners, whatever comes and goes', () => {
    const probe = new FakeProbe(ownerGraphAcyclic);
    const web = probe.put(deployment('web'));
    const set = probe.put(newReplicaSet('web-1'));
    own(probe, set, web);
    const pod = probe.pod('a', { owner: set });
    probe.remove(web);
    own(probe, set);
    own(probe, pod);
    expect(probe.reports).toEqual([]);
  });

  test('reports an object that owns itself through others', () => {
    const probe = new FakeProbe(ownerGraphAcyclic);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => probe.put(newReplicaSet(name)));
    own(probe, b!, a!);
    own(probe, c!, b!);
    own(probe, a!, c!);
    expect(probe.reports).toEqual(['0s replicaset/default/a is an owner of itself [replicaset/default/a]']);
  });

  test('reports two controllers of one object', () => {
    const probe = new FakeProbe(ownerGraphAcyclic);
    const [a, b] = ['a', 'b'].map((name) => probe.put(newReplicaSet(name)));
    own(probe, probe.pod('x'), a!, b!);
    expect(probe.reports).toEqual(['0s pod/default/x has two controllers [pod/default/x]']);
  });
});
