import { describe, expect, test } from 'vitest';
import type { ComponentContext } from '../../src/client/component.ts';
import { CONNECTION_DROP_US, DIAL_TIMEOUT_US } from '../../src/client/connection.ts';
import { SECOND_US } from '../../src/engine/units.ts';
import { isApiStatus, type Result } from '../../src/objects/api-status.ts';
import { ApiWorld, LINK_US, SERVICE_US, testPod } from '../support/api-world.ts';

const ROUND_TRIP_US = 2 * LINK_US + SERVICE_US;

function word(result: Result<unknown>): string {
  return isApiStatus(result) ? `${result.reason}${result.isAmbiguous ? ' ambiguous' : ''}` : 'ok';
}

/** A component with an open connection and an informer of pods; `log` collects what happens. */
function setup() {
  const world = new ApiWorld();
  const log: [number, string][] = [];
  const seconds = () => Math.round((world.engine.nowUs / SECOND_US) * 10) / 10;
  const component = world.component('worker', (ctx) => {
    ctx.informers.of('Pod').addHandlers({
      onAdd: (pod) => log.push([seconds(), `add ${pod.metadata.name}`]),
      onUpdate: (_, pod) => log.push([seconds(), `update ${pod.metadata.name}`]),
      onDelete: (pod) => log.push([seconds(), `delete ${pod.metadata.name}`]),
    });
  });
  world.runFor(10 * SECOND_US);
  const create = (name: string) => {
    (component.context as ComponentContext).client.send({ verb: 'create', object: testPod(name) }, (result) => {
      log.push([seconds(), `${name} ${word(result)}`]);
    });
  };
  return { world, component, log, create };
}

describe('a cut towards the server', () => {
  test('that heals in time delivers held requests late, in order', () => {
    const { world, log, create } = setup();
    world.network.cut('worker', 'control-plane');
    create('a');
    create('b');
    world.runFor(20 * SECOND_US);
    expect([log, world.store.count('Pod')]).toEqual([[], 0]);
    world.network.healAll();
    world.runFor(SECOND_US);
    expect(log.map(([, what]) => what)).toEqual(['add a', 'add b', 'a ok', 'b ok']);
    expect(world.store.list('Pod').map((pod) => pod.metadata.resourceVersion)).toEqual([2, 3]);
  });

  test('lets watch events through until the connection is dropped', () => {
    const { world, log } = setup();
    world.network.cut('worker', 'control-plane');
    world.store.create(testPod('a'));
    world.runFor(CONNECTION_DROP_US);
    world.store.create(testPod('b'));
    world.runFor(100 * SECOND_US);
    expect(log).toEqual([[10, 'add a']]);
  });

  test('times requests out after 60 s unless the connection is dropped first; both leave the outcome unknown', () => {
    const { world, log, create } = setup();
    world.network.cut('worker', 'control-plane');
    create('a');
    world.runFor(200 * SECOND_US);
    expect(log).toEqual([[55, 'a Unreachable ambiguous']]);
  });
});

describe('a cut from the server', () => {
  test('lets requests through and holds their answers: a committed write with a late answer', () => {
    const { world, log, create } = setup();
    world.network.cut('control-plane', 'worker');
    create('a');
    world.runFor(20 * SECOND_US);
    expect([log, world.store.count('Pod')]).toEqual([[], 1]);
    world.network.healAll();
    world.runFor(SECOND_US);
    expect(log).toEqual([
      [30, 'a ok'],
      [30, 'add a'],
    ]);
  });

  test('holds watch events and delivers them in order when it heals in time', () => {
    const { world, log } = setup();
    world.network.cut('control-plane', 'worker');
    for (const name of ['a', 'b']) world.store.create(testPod(name));
    world.runFor(30 * SECOND_US);
    world.store.delete('Pod', 'default/a');
    expect(log).toEqual([]);
    world.network.healAll();
    world.runFor(SECOND_US);
    expect(log).toEqual([
      [40, 'add a'],
      [40, 'add b'],
      [40, 'delete a'],
    ]);
  });

  test('that lasts longer ends in ambiguity for a write that was committed', () => {
    const { world, log, create } = setup();
    world.network.cut('control-plane', 'worker');
    create('a');
    world.runFor(60 * SECOND_US);
    expect([log, world.store.count('Pod')]).toEqual([[[55, 'a Unreachable ambiguous']], 1]);
  });
});

describe('a long cut', () => {
  test('is followed by a reconnect within the back-off and a watch that missed nothing', () => {
    const { world, log } = setup();
    world.store.create(testPod('a'));
    world.runFor(SECOND_US);
    world.network.cut('worker', 'control-plane', true);
    world.store.create(testPod('b'));
    world.store.delete('Pod', 'default/a');
    world.runFor(600 * SECOND_US);
    expect(log).toEqual([[10, 'add a']]);
    world.network.healAll();
    world.runFor(61 * SECOND_US);
    expect(log.slice(1).map(([, what]) => what)).toEqual(['add b', 'delete a']);
  });

  test('outside the history window ends in a relist with tombstones', () => {
    const { world, log } = setup();
    for (const name of ['a', 'b']) world.store.create(testPod(name));
    world.runFor(SECOND_US);
    world.network.cut('worker', 'control-plane', true);
    world.store.delete('Pod', 'default/a');
    world.store.create(testPod('c'));
    world.store.table('Pod').history.dropUpTo(world.store.revision);
    world.runFor(100 * SECOND_US);
    world.network.healAll();
    world.runFor(120 * SECOND_US);
    expect(log.map(([, what]) => what)).toEqual(['add a', 'add b', 'add c', 'delete a']);
  });

  test('lets a new request dial for 30 s, and fail for certain', () => {
    const { world, log, create } = setup();
    world.network.cut('worker', 'control-plane', true);
    world.runFor(50 * SECOND_US);
    create('a');
    world.runFor(DIAL_TIMEOUT_US + SECOND_US);
    expect(log).toEqual([[90, 'a Unreachable']]);
  });

  test('that heals while a request dials lets it through', () => {
    const { world, log, create } = setup();
    world.network.cut('worker', 'control-plane', true);
    world.runFor(50 * SECOND_US);
    create('a');
    world.runFor(10 * SECOND_US);
    world.network.healAll();
    world.runFor(SECOND_US);
    expect(log).toContainEqual([70, 'a ok']);
  });
});

test('a frozen process sees what piled up when it thaws', () => {
  const { world, component, log } = setup();
  component.freeze();
  for (const name of ['a', 'b']) world.store.create(testPod(name));
  world.runFor(50 * SECOND_US);
  expect(log).toEqual([]);
  component.thaw();
  world.runFor(0);
  expect(log).toEqual([
    [60, 'add a'],
    [60, 'add b'],
  ]);
});

test('a reader that is stuck behind 2000 events is cut off, and catches up from the history', () => {
  const { world, component, log } = setup();
  component.freeze();
  for (let i = 0; i < 2500; i++) {
    world.store.create(testPod(`p-${i}`));
    world.runFor(1);
  }
  world.runFor(LINK_US);
  world.store.create(testPod('last'));
  expect(world.server.feed('Pod').watchCount).toBe(0);
  component.thaw();
  world.runFor(SECOND_US);
  expect([log.length, log[2500]?.[1]]).toEqual([2501, 'add last']);
  expect(world.server.feed('Pod').watchCount).toBe(1);
});

test('a request that leaves on an open link takes one round trip', () => {
  const { world, component } = setup();
  const startUs = world.engine.nowUs;
  let tookUs = 0;
  component.context?.client.send({ verb: 'get', kind: 'Pod', key: 'x' }, () => {
    tookUs = world.engine.nowUs - startUs;
  });
  world.runFor(SECOND_US);
  expect(tookUs).toBe(ROUND_TRIP_US);
});
