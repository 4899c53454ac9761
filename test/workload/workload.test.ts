import { describe, expect, test } from 'vitest';
import { addRule } from '../../src/apiserver/controls.ts';
import type { ApiRequest } from '../../src/apiserver/request.ts';
import { ApiStatus } from '../../src/objects/api-status.ts';
import type { ArrivalCursor, ArrivalTemplate, PodArrival } from '../../src/objects/arrival.ts';
import { newContainer, newPodSpec } from '../../src/objects/builders.ts';
import { WORKLOAD_LABEL, Workload, type WorkloadOptions, type WorkloadRecord, workloadTopic } from '../../src/workload/workload.ts';
import { ApiWorld } from '../support/api-world.ts';

const SECOND = 1_000_000;
const template: ArrivalTemplate = {
  labels: { app: 'job' },
  annotations: { note: 'x' },
  spec: newPodSpec({ containers: [newContainer({ requests: { cpu: '1' } })] }),
};

function arrival(name: string, atS: number, fields: Partial<PodArrival> = {}): PodArrival {
  return { timeUs: atS * SECOND, name, template, runDurationUs: Infinity, exitCode: 0, deleteAtUs: Infinity, ...fields };
}

function cursorOf(arrivals: readonly PodArrival[]): ArrivalCursor & { taken: number } {
  return {
    taken: 0,
    next() {
      return arrivals[this.taken++];
    },
  };
}

function start(arrivals: readonly PodArrival[], options: Partial<WorkloadOptions> = {}) {
  const world = new ApiWorld();
  const cursor = cursorOf(arrivals);
  const workload = new Workload({ name: 'jobs', namespace: 'default', schedulerName: 'default-scheduler', arrivals: cursor, ...options });
  const log: string[] = [];
  world.engine.observers.on(workloadTopic, (record: WorkloadRecord, timeUs) => {
    log.push(`${timeUs / SECOND} ${record.what} ${record.pod}${record.reason === '' ? '' : ` (${record.reason})`}`);
  });
  const component = world.component('workload/jobs', (ctx) => workload.attach(ctx));
  const pods = () =>
    world.store
      .list('Pod')
      .map((pod) => pod.metadata.name)
      .sort();
  return { world, workload, cursor, component, log, pods };
}

// A request takes 5 ms here (link 1 ms each way, service 3 ms), the first one 4 ms more to connect.
function ofPod(name: string): (request: ApiRequest) => boolean {
  return (request) => request.verb === 'create' && request.object.metadata.name === name;
}

describe('Workload', () => {
  test('creates each pod at its time, reading one arrival ahead', () => {
    const { world, workload, cursor, log, pods } = start([arrival('a', 0), arrival('b', 10), arrival('c', 10), arrival('d', 3600)]);
    world.runFor(20 * SECOND);
    expect(log).toEqual(['0.009 created a', '10.005 created b', '10.005 created c']);
    expect(pods()).toEqual(['a', 'b', 'c']);
    expect(cursor.taken).toBe(4);
    expect(workload.isDone).toBe(false);
    world.runFor(3600 * SECOND);
    expect([workload.askedCount, workload.createdCount, workload.isDone]).toEqual([4, 4, true]);
  });

  test('writes run time and exit code on the pod, and the workload’s name as a label', () => {
    const { world } = start([arrival('a', 0, { runDurationUs: 90 * SECOND, exitCode: 3 }), arrival('b', 0, { runDurationUs: 1_500_000 })]);
    world.runFor(SECOND);
    const pod = world.store.get('Pod', 'default/a')!;
    expect(pod.metadata.annotations).toEqual({ note: 'x', 'seatrial.dev/run-duration': '90s', 'seatrial.dev/exit-code': '3' });
    expect(pod.metadata.labels).toEqual({ app: 'job', [WORKLOAD_LABEL]: 'jobs' });
    expect(world.store.get('Pod', 'default/b')!.metadata.annotations['seatrial.dev/run-duration']).toBe('1500000us');
  });

  test('tells a kubelet that a job without an end has none, which it would otherwise draw', () => {
    const job = { ...template, spec: newPodSpec({ restartPolicy: 'Never' }) };
    const { world } = start([arrival('job', 0, { template: job }), arrival('service', 0)]);
    world.runFor(SECOND);
    expect(world.store.get('Pod', 'default/job')!.metadata.annotations).toEqual({ note: 'x', 'seatrial.dev/run-duration': 'never' });
    expect(world.store.get('Pod', 'default/service')!.metadata.annotations).toEqual({ note: 'x' });
  });

  test('pods of one template share their spec, also under another scheduler', () => {
    const { world } = start([arrival('a', 0), arrival('b', 5)], { schedulerName: 'mine', namePrefix: 'w-' });
    world.runFor(10 * SECOND);
    const [a, b] = ['default/w-a', 'default/w-b'].map((key) => world.store.get('Pod', key)!);
    expect(a!.spec.schedulerName).toBe('mine');
    expect(a!.spec.containers).toBe(b!.spec.containers);
  });

  test('deletes pods when their time has come, not before they exist', () => {
    const { world, workload, log, pods } = start([
      arrival('short', 0, { deleteAtUs: 0 }),
      arrival('long', 0, { deleteAtUs: 20 * SECOND }),
      arrival('later', 10, { deleteAtUs: 15 * SECOND }),
    ]);
    world.runFor(60 * SECOND);
    expect(log).toEqual([
      '0.009 created short',
      '0.009 created long',
      '0.014 deleted short',
      '10.005 created later',
      '15.005 deleted later',
      '20.005 deleted long',
    ]);
    expect(pods()).toEqual([]);
    expect(workload.isDone).toBe(true);
  });

  test('makes its namespace first', () => {
    const { world, log } = start([arrival('a', 0)], { namespace: 'shop' });
    world.runFor(SECOND);
    expect(log).toEqual(['0.014 created a']);
    expect(world.store.get('Namespace', 'shop')).toBeDefined();
  });

  test.each([
    ['a refusal for now', { what: 'refuse', status: new ApiStatus(500, 'InternalError', 'not now') }],
    ['a lost request', { what: 'lose-request' }],
    ['a lost answer', { what: 'lose-reply' }],
  ] as const)('asks again after %s, until the pod is there, and counts it once', (_, effect) => {
    const { world, workload, log, pods } = start([arrival('a', 1)]);
    addRule(world.servers, { matches: ({ verb }) => verb === 'create', effect, times: 3 });
    world.runFor(600 * SECOND);
    expect(pods()).toEqual(['a']);
    expect(log).toEqual([expect.stringMatching(/created a$/)]);
    expect([workload.createdCount, workload.refusedCount, workload.isDone]).toEqual([1, 0, true]);
  });

  test('takes “already exists” for success only when an earlier answer was lost', () => {
    const { world, log } = start([arrival('a', 0), arrival('a', 5)]);
    world.runFor(30 * SECOND);
    expect(log).toEqual(['0.009 created a', '5.005 refused a (AlreadyExists)']);
  });

  test('gives up on what can never succeed, and on pods nobody wants any more', () => {
    const { world, workload, log } = start([arrival('a', 0), arrival('b', 1), arrival('c', 2, { deleteAtUs: 5 * SECOND })]);
    addRule(world.servers, { matches: ofPod('a'), effect: { what: 'refuse', status: new ApiStatus(403, 'Forbidden', 'quota') } });
    addRule(world.servers, { matches: ofPod('c'), effect: { what: 'refuse', status: new ApiStatus(500, 'InternalError', 'not now') } });
    world.runFor(60 * SECOND);
    expect(log).toEqual(['0.009 refused a (Forbidden)', '1.005 created b', '3.01 refused c (InternalError)']);
    expect([workload.createdCount, workload.refusedCount, workload.isDone]).toEqual([1, 2, true]);
  });

  test('goes on where it was after its process was restarted, asking again for what was not answered', () => {
    const { world, workload, component, pods } = start([arrival('a', 0), arrival('b', 10, { deleteAtUs: 30 * SECOND }), arrival('c', 20)]);
    world.runFor(10 * SECOND + 2000); // the request for b is on its way
    component.crash();
    world.runFor(5 * SECOND);
    component.restart(0);
    world.runFor(60 * SECOND);
    expect(pods()).toEqual(['a', 'c']);
    expect([workload.askedCount, workload.createdCount, workload.isDone]).toEqual([3, 3, true]);
  });
});
