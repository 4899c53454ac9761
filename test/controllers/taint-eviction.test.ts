import { describe, expect, test } from 'vitest';
import { ActiveRule } from '../../src/apiserver/request-rules.ts';
import { relist } from '../../src/client/controls.ts';
import { taintEviction } from '../../src/controllers/taint-eviction.ts';
import { MINUTE_US, SECOND_US } from '../../src/engine/units.ts';
import { internalError } from '../../src/objects/api-status.ts';
import type { Node } from '../../src/objects/node.ts';
import { type Pod, podCondition, type Toleration } from '../../src/objects/pod.ts';
import { ControllerWorld, type ControllerWorldOptions } from '../support/controller-world.ts';
import { node, pod } from './objects.ts';

const KEY = 'example.com/broken';

function tolerating(name: string, seconds: number | undefined, nodeName = 'n'): Pod {
  const toleration: Toleration = { key: KEY, operator: 'Exists', value: '', effect: 'NoExecute', tolerationSeconds: seconds };
  const base = pod({ name, nodeName });
  return { ...base, metadata: { ...base.metadata, uid: '' }, spec: { ...base.spec, tolerations: [toleration] } };
}

function world(options: Partial<ControllerWorldOptions> = {}): ControllerWorld {
  return new ControllerWorld({ controllers: [taintEviction], startUs: -1, ...options }).start(
    node('n', { ready: 'True' }),
    node('healthy', { ready: 'True' }),
  );
}

function setTaint(w: ControllerWorld, isSet: boolean, name = 'n'): void {
  const taints: Node['spec']['taints'] = isSet ? [{ key: KEY, value: '', effect: 'NoExecute', timeAdded: w.engine.nowUs }] : [];
  w.change('Node', name, (n) => ({ ...n, spec: { ...n.spec, taints } }));
}

describe('taint eviction', () => {
  test('deletes at once what does not tolerate, later what tolerates for a time, and never what tolerates for good', () => {
    const w = world();
    const plain = { ...tolerating('plain', 0), spec: pod().spec };
    w.create(
      { ...plain, spec: { ...plain.spec, nodeName: 'n' } },
      tolerating('patient', 30),
      tolerating('forever', undefined),
      tolerating('elsewhere', 0, 'healthy'),
    );
    w.run(SECOND_US);
    setTaint(w, true);
    w.run(5 * SECOND_US);
    expect(w.names('Pod')).toEqual(['elsewhere', 'forever', 'patient']);
    w.run(30 * SECOND_US);
    expect(w.names('Pod')).toEqual(['elsewhere', 'forever']);
    expect(w.events.filter((event) => event.startsWith('TaintManagerEviction'))).toEqual([
      'TaintManagerEviction plain: Marking for deletion Pod default/plain',
      'TaintManagerEviction patient: Marking for deletion Pod default/patient',
    ]);
  });

  test('marks the pod before it deletes it', () => {
    const w = world({ stopUs: -1 });
    w.create(tolerating('p', 0));
    setTaint(w, true);
    w.run(SECOND_US);
    const condition = podCondition(w.get('Pod', 'p')!, 'DisruptionTarget');
    expect(condition).toMatchObject({ status: 'True', reason: 'DeletionByTaintManager' });
    expect(w.get('Pod', 'p')!.metadata.deletionTimestamp).toBeDefined();
  });

  test('forgets the time when the taint goes, and keeps the first time when taints change', () => {
    const w = world();
    w.create(tolerating('p', 30));
    setTaint(w, true);
    w.run(20 * SECOND_US);
    setTaint(w, true); // a new TimeAdded does not start the clock again
    w.run(12 * SECOND_US);
    expect(w.names('Pod')).toEqual([]);
    w.create(tolerating('q', 30));
    w.run(20 * SECOND_US);
    setTaint(w, false);
    w.run(MINUTE_US);
    expect(w.names('Pod')).toEqual(['q']);
    expect(w.events.at(-1)).toBe('TaintManagerEviction q: Cancelling deletion of Pod default/q');
  });

  test('counts a pod bound to a tainted node from then on', () => {
    const w = world();
    setTaint(w, true);
    w.run(MINUTE_US);
    w.create(tolerating('p', 30, ''));
    w.run(SECOND_US);
    w.server.execute({ verb: 'bind', key: 'default/p', nodeName: 'n' });
    w.run(29 * SECOND_US);
    expect(w.names('Pod')).toEqual(['p']);
    w.run(3 * SECOND_US);
    expect(w.names('Pod')).toEqual([]);
  });
});

describe('timers are kept by name, as upstream', () => {
  const BY_UID = { settings: { 'taint-eviction': { params: { byUid: true } } } };

  /** An evicted pod is removed and made again on the tainted node while the watch of pods is broken; says whether it is evicted too. */
  function isEvictedAgain(options: Partial<ControllerWorldOptions>): boolean {
    const w = world({ stopUs: -1, ...options });
    w.create(tolerating('web-0', 2));
    setTaint(w, true);
    w.run(5 * SECOND_US);
    expect(w.get('Pod', 'web-0')!.metadata.deletionTimestamp).toBeDefined();
    relist(w.access, 'kube-controller-manager', 'Pod', 2 * SECOND_US);
    w.remove('Pod', 'default/web-0', { gracePeriodSeconds: 0 });
    w.create(tolerating('web-0', 2));
    w.run(10 * MINUTE_US);
    return w.get('Pod', 'web-0')!.metadata.deletionTimestamp !== undefined;
  }

  test('a pod that was evicted, went and came back on the same node as one change is never evicted again', () => {
    expect(isEvictedAgain({})).toBe(false);
  });

  test('unless pods of one name are told apart', () => {
    expect(isEvictedAgain(BY_UID)).toBe(true);
  });

  /** A pod with a timer goes and comes back as one change, on a healthy node; says whether it is there half a minute later. */
  function survivesItsNamesake(options: Partial<ControllerWorldOptions>): boolean {
    const w = world(options);
    w.create(tolerating('web-0', 30));
    w.run(SECOND_US);
    setTaint(w, true);
    w.run(5 * SECOND_US);
    relist(w.access, 'kube-controller-manager', 'Pod', 2 * SECOND_US);
    w.remove('Pod', 'default/web-0', { gracePeriodSeconds: 0 });
    w.create(tolerating('web-0', undefined, 'healthy'));
    w.run(20 * SECOND_US);
    expect(w.get('Pod', 'web-0')!.spec.nodeName).toBe('healthy');
    w.run(10 * SECOND_US);
    return w.get('Pod', 'web-0') !== undefined;
  }

  test('a pod that was seen to go and come back as one change inherits the timer of its namesake, on a healthy node', () => {
    expect(survivesItsNamesake({})).toBe(false);
  });

  test('which it does not when pods of one name are told apart', () => {
    expect(survivesItsNamesake(BY_UID)).toBe(true);
  });

  test('an eviction refused five times is given up', () => {
    const w = world();
    w.create(tolerating('p', 0));
    w.server.rules.add(
      new ActiveRule({
        matches: (request) => request.verb === 'delete',
        times: 5,
        effect: { what: 'refuse', status: internalError('busy') },
      }),
    );
    setTaint(w, true);
    w.run(10 * MINUTE_US);
    expect(w.names('Pod')).toEqual(['p']);
  });
});
