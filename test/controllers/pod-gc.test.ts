import { describe, expect, test } from 'vitest';
import { compareFinished, podGc } from '../../src/controllers/pod-gc.ts';
import { MINUTE_US, SECOND_US } from '../../src/engine/units.ts';
import type { Pod } from '../../src/objects/pod.ts';
import { ControllerWorld, type ControllerWorldOptions } from '../support/controller-world.ts';
import { node, type PodFields, pod } from './objects.ts';

function unborn(fields: PodFields): Pod {
  const base = pod(fields);
  return { ...base, metadata: { ...base.metadata, uid: '' } };
}

function world(options: Partial<ControllerWorldOptions> = {}): ControllerWorld {
  return new ControllerWorld({ controllers: [podGc], startUs: -1, stopUs: -1, ...options });
}

describe('compareFinished', () => {
  test('puts evicted pods first, then the oldest, then by name', () => {
    const evicted = { ...pod({ name: 'evicted', phase: 'Failed', createdUs: 9 }) };
    const pods = [
      pod({ name: 'b', phase: 'Succeeded', createdUs: 1 }),
      pod({ name: 'a', phase: 'Failed', createdUs: 1 }),
      pod({ name: 'young', phase: 'Failed', createdUs: 5 }),
      { ...evicted, status: { ...evicted.status, reason: 'Evicted' } },
    ];
    expect(pods.sort(compareFinished).map((p) => p.metadata.name)).toEqual(['evicted', 'a', 'b', 'young']);
  });
});

describe('the controller', () => {
  test('keeps no more finished pods than the threshold', () => {
    const w = world({ settings: { 'pod-gc': { params: { terminatedPodThreshold: 2 } } } });
    w.start(
      ...['a', 'b', 'c', 'd'].map((name) => unborn({ name, phase: 'Succeeded' })),
      unborn({ name: 'running' }),
      node('node-1', { ready: 'True' }),
    );
    w.run(MINUTE_US);
    expect(w.names('Pod')).toEqual(['c', 'd', 'running']);
  });

  test('counts pods that finish later, and pods made again under the name of a finished one', () => {
    const w = world({ settings: { 'pod-gc': { params: { terminatedPodThreshold: 1 } } } });
    w.start(unborn({ name: 'a', phase: 'Succeeded' }), unborn({ name: 'b' }), node('node-1', { ready: 'True' }));
    w.run(MINUTE_US);
    w.remove('Pod', 'default/a', { gracePeriodSeconds: 0 });
    w.create(unborn({ name: 'a' }));
    w.finish('default/b', 'Failed');
    w.run(MINUTE_US);
    expect(w.names('Pod')).toEqual(['a', 'b']);
    w.finish('default/a', 'Succeeded');
    w.run(MINUTE_US);
    expect(w.names('Pod')).toEqual(['a']);
  });

  test('removes the pods of a deleted node 40 to 80 s later, marked as disrupted and failed', () => {
    const w = world().start(node('node-1', { ready: 'True' }), unborn({ name: 'p' }));
    w.run(MINUTE_US);
    const log: [number, string][] = [];
    w.store.onCommit((kind, type, _old, next) => {
      if (kind === 'Pod') log.push([w.engine.nowUs / SECOND_US - 60, type === 'DELETED' ? 'gone' : (next as Pod).status.phase]);
    });
    w.remove('Node', 'node-1');
    w.run(2 * MINUTE_US);
    expect(log.map(([, what]) => what)).toEqual(['Failed', 'gone']);
    expect(log[1]![0]).toBeGreaterThan(40);
    expect(log[1]![0]).toBeLessThan(81);
  });

  test('leaves the pods alone when the node comes back within the quarantine', () => {
    const w = world().start(node('node-1', { ready: 'True' }), unborn({ name: 'p' }));
    w.run(MINUTE_US);
    w.remove('Node', 'node-1');
    w.run(25 * SECOND_US);
    w.create(node('node-1', { ready: 'True' }));
    w.run(5 * MINUTE_US);
    expect(w.names('Pod')).toEqual(['p']);
  });

  test('removes terminating pods of a node that is out of service, but not those of one that is only not ready', () => {
    const out = node('out', { ready: 'Unknown' });
    const taints = [{ key: 'node.kubernetes.io/out-of-service', value: '', effect: 'NoExecute' as const, timeAdded: undefined }];
    const w = world().start({ ...out, spec: { ...out.spec, taints } }, node('lost', { ready: 'Unknown' }));
    w.create(unborn({ name: 'a', nodeName: 'out' }), unborn({ name: 'b', nodeName: 'out' }), unborn({ name: 'c', nodeName: 'lost' }));
    w.remove('Pod', 'default/a');
    w.remove('Pod', 'default/c');
    w.run(2 * MINUTE_US);
    expect(w.names('Pod')).toEqual(['b', 'c']);
  });
});
