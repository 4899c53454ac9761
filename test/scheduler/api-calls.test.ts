/** The queue of calls: what is sent, in which order, and what newer calls and newer pods make needless. */
import { describe, expect, test } from 'vitest';
import type { ApiRequest } from '../../src/apiserver/request.ts';
import type { Client } from '../../src/client/client.ts';
import { type ApiStatus, conflict } from '../../src/objects/api-status.ts';
import { newContainer, newPod, newPodSpec } from '../../src/objects/builders.ts';
import type { Pod } from '../../src/objects/pod.ts';
import { ApiDispatcher, DirectCalls, type StatusChange } from '../../src/scheduler/api-calls.ts';
import { NO_NOMINATION } from '../../src/scheduler/framework.ts';
import { PodInfos } from '../../src/scheduler/pod-info.ts';
import { CLEAR_NOMINATION } from '../../src/scheduler/scheduler-parts.ts';
import { behaviourOf } from '../../src/scheduler/versions.ts';

interface Sent {
  readonly request: ApiRequest;
  readonly answer: (result: unknown) => void;
}

/** A client that keeps what is sent until the test answers it. */
class PatientClient {
  readonly sent: Sent[] = [];

  send(request: ApiRequest, done: (result: never) => void): void {
    this.sent.push({ request, answer: done as (result: unknown) => void });
  }

  /** What the patch at `index` makes of `pod`. */
  patched(index: number, pod: Pod): Pod {
    const { request } = this.sent[index]!;
    if (request.verb !== 'patch') throw new Error(`request ${index} is a ${request.verb}`);
    return request.mutate(pod) as Pod;
  }

  asClient(): Client {
    return this as unknown as Client;
  }
}

const infos = new PodInfos(behaviourOf('1.34'));

function pod(name: string, status: Partial<Pod['status']> = {}): Pod {
  const made = newPod({ name, namespace: 'default' }, newPodSpec({ containers: [newContainer({ requests: {} })] }));
  return { ...made, metadata: { ...made.metadata, uid: `uid-${name}` }, status: { ...made.status, ...status } };
}

function unschedulable(message: string): StatusChange {
  return { condition: { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }, nominating: NO_NOMINATION };
}

function setUp(parallelism = 16) {
  const client = new PatientClient();
  return { client, calls: new ApiDispatcher(client.asClient(), parallelism, () => 7) };
}

function messageOf(patched: Pod): string | undefined {
  return patched.status.conditions.find(({ type }) => type === 'PodScheduled')?.message;
}

describe('the queue of calls (v1.34)', () => {
  test('runs as many calls at once as its parallelism, the others in order', () => {
    const { client, calls } = setUp(2);
    for (const name of ['a', 'b', 'c', 'd']) calls.patchStatus(pod(name), unschedulable('no room'));
    expect(client.sent.map(({ request }) => 'key' in request && request.key)).toEqual(['default/a', 'default/b']);
    client.sent[1]!.answer(pod('b'));
    client.sent[0]!.answer(pod('a'));
    expect(client.sent.map(({ request }) => 'key' in request && request.key)).toEqual(['default/a', 'default/b', 'default/c', 'default/d']);
  });

  test('a pod that fails again and again costs one waiting patch, with the last text', () => {
    const { client, calls } = setUp(1);
    calls.patchStatus(pod('other'), unschedulable('no room'));
    for (const message of ['first', 'second', 'third']) calls.patchStatus(pod('a'), unschedulable(message));
    client.sent[0]!.answer(pod('other'));
    expect(client.sent).toHaveLength(2);
    expect(messageOf(client.patched(1, pod('a')))).toBe('third');
    client.sent[1]!.answer(pod('a'));
    expect(client.sent).toHaveLength(2);
  });

  test('a patch that comes while one of its pod runs is sent afterwards', () => {
    const { client, calls } = setUp();
    calls.patchStatus(pod('a'), unschedulable('first'));
    calls.patchStatus(pod('a'), unschedulable('second'));
    expect(client.sent).toHaveLength(1);
    client.sent[0]!.answer(pod('a'));
    expect(client.sent).toHaveLength(2);
    expect(messageOf(client.patched(1, pod('a')))).toBe('second');
  });

  test('a newer patch keeps the nomination of the one it replaces unless it brings its own', () => {
    const { client, calls } = setUp(1);
    calls.patchStatus(pod('other'), unschedulable('no room'));
    const known = pod('a');
    calls.patchStatus(known, { ...unschedulable('first'), nominating: { mode: 'override', nodeName: 'n-1' } });
    calls.patchStatus(known, unschedulable('second'));
    client.sent[0]!.answer(pod('other'));
    const patched = client.patched(1, known);
    expect(patched.status.nominatedNodeName).toBe('n-1');
    expect(messageOf(patched)).toBe('second');
    expect(patched.status.conditions[0]!.lastTransitionTime).toBe(7);
  });

  test('what the pod says already is not sent', () => {
    const { client, calls } = setUp();
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'full', lastTransitionTime: 1 } as const;
    calls.patchStatus(pod('a', { conditions: [condition] }), unschedulable('full'));
    calls.patchStatus(pod('b'), { condition: undefined, nominating: CLEAR_NOMINATION });
    expect(client.sent).toHaveLength(0);
  });

  test('a newer version of the pod withdraws a waiting patch that it makes needless, and its place with it', () => {
    const { client, calls } = setUp(1);
    calls.patchStatus(pod('other'), unschedulable('no room'));
    calls.patchStatus(pod('a'), unschedulable('full'));
    calls.patchStatus(pod('b'), unschedulable('full'));
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'full', lastTransitionTime: 1 } as const;
    calls.sync(pod('a', { conditions: [condition] }));
    calls.patchStatus(pod('a', { conditions: [condition] }), unschedulable('fuller'));
    for (let i = 0; i < 3; i++) client.sent[i]!.answer(pod('any'));
    expect(client.sent.map(({ request }) => 'key' in request && request.key)).toEqual(['default/other', 'default/b', 'default/a']);
    expect(messageOf(client.patched(2, pod('a')))).toBe('fuller');
  });

  test('a binding takes the place of a waiting patch, and no patch replaces a binding', () => {
    const { client, calls } = setUp(1);
    calls.patchStatus(pod('other'), unschedulable('no room'));
    calls.patchStatus(pod('a'), unschedulable('full'));
    const ended: (ApiStatus | undefined)[] = [];
    calls.bind(infos.of(pod('a')), 'n-1', (error) => ended.push(error));
    calls.patchStatus(pod('a'), unschedulable('late'));
    client.sent[0]!.answer(pod('other'));
    expect(client.sent[1]!.request).toMatchObject({ verb: 'bind', key: 'default/a', nodeName: 'n-1', uid: 'uid-a' });
    const refusal = conflict('taken');
    client.sent[1]!.answer(refusal);
    expect(ended).toEqual([refusal]);
    expect(client.sent).toHaveLength(2);
  });

  test('a binding that a second one replaces while it runs is answered once', () => {
    const { client, calls } = setUp();
    const answers: string[] = [];
    calls.bind(infos.of(pod('a')), 'n-1', () => answers.push('first'));
    calls.bind(infos.of(pod('a')), 'n-2', () => answers.push('second'));
    client.sent[0]!.answer(pod('a'));
    client.sent[1]!.answer(pod('a'));
    expect(answers).toEqual(['first', 'second']);
  });

  test('a binding waits for a patch of its pod that runs', () => {
    const { client, calls } = setUp();
    let isBound = false;
    calls.patchStatus(pod('a'), unschedulable('full'));
    calls.bind(infos.of(pod('a')), 'n-1', (error) => {
      isBound = error === undefined;
    });
    expect(client.sent).toHaveLength(1);
    client.sent[0]!.answer(pod('a'));
    expect(client.sent[1]!.request.verb).toBe('bind');
    client.sent[1]!.answer(pod('a'));
    expect(isBound).toBe(true);
  });
});

test('before v1.34 every call is a request at once', () => {
  const client = new PatientClient();
  const calls = new DirectCalls(client.asClient(), () => 7);
  for (const message of ['first', 'second', 'third']) calls.patchStatus(pod('a'), unschedulable(message));
  calls.bind(infos.of(pod('a')), 'n-1', () => {});
  expect(client.sent.map(({ request }) => request.verb)).toEqual(['patch', 'patch', 'patch', 'bind']);
});
