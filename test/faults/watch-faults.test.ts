import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { FaultWorld } from '../support/fault-world.ts';
import { pod } from '../support/node-world.ts';

function bench(): FaultWorld {
  const faulty = new FaultWorld();
  faulty.watcher();
  faulty.runTo(1);
  return faulty;
}

function make(faulty: FaultWorld, ...names: string[]): void {
  for (const name of names) faulty.world.create(pod(name, { node: '' }));
}

describe('lose-events', () => {
  test('loses so many events of a type, after letting some pass, and keeps all others', () => {
    const faulty = bench();
    faulty.strike('lose-events', 'component/watcher', { kind: 'Pod', type: 'ADDED', skip: 1, count: 2 });
    make(faulty, 'a', 'b', 'c', 'd');
    faulty.runTo(2);
    expect(faulty.taken()).toEqual(['1 +a', '1 +d']);
  });

  test('a lost deletion leaves a ghost until the next list', () => {
    const faulty = bench();
    const undo = faulty.strike('lose-events', 'component/watcher', { type: 'DELETED' });
    make(faulty, 'a');
    faulty.runTo(2);
    faulty.world.delete('a', 0);
    faulty.runTo(3);
    undo();
    make(faulty, 'b');
    faulty.runTo(4);
    expect(faulty.taken()).toEqual(['1 +a', '3 +b']);
    faulty.strike('watch-drop', 'component/watcher')();
    faulty.runTo(5);
    expect(faulty.taken()).toEqual(['4 -a']);
  });

  test('two of them on one watch count for themselves', () => {
    const faulty = bench();
    const first = faulty.strike('lose-events', 'component/watcher', { kind: 'Pod', count: 1 });
    faulty.strike('lose-events', 'component/watcher', { kind: 'Pod', count: 1 });
    make(faulty, 'a', 'b', 'c');
    faulty.runTo(2);
    first();
    make(faulty, 'd');
    faulty.runTo(3);
    expect(faulty.taken()).toEqual(['1 +c', '2 +d']);
  });

  test('strikes the kubelet of a node', () => {
    const faulty = new FaultWorld();
    faulty.runTo(1);
    faulty.strike('lose-events', 'node/a-1-1', { kind: 'Pod', type: 'ADDED', count: 1 });
    faulty.world.create(pod('lost'));
    faulty.world.create(pod('seen'));
    faulty.runTo(5);
    expect(faulty.world.running()).toEqual(['seen']);
  });
});

describe('watch-drop', () => {
  test('with relist, a pod that was deleted and made again looks like an update', () => {
    const faulty = bench();
    make(faulty, 'a', 'b');
    faulty.runTo(2);
    faulty.taken();
    faulty.plan('watch-drop', 'component/watcher', { kind: 'Pod' }, 10, 2);
    faulty.runTo(3);
    for (const name of ['a', 'b']) faulty.world.delete(name, 0);
    make(faulty, 'a', 'c', 'd');
    faulty.runTo(5);
    faulty.world.delete('d', 0);
    faulty.runTo(11);
    expect(faulty.taken()).toEqual([]);
    faulty.runTo(13);
    expect(faulty.taken()).toEqual(['12 *a', '12 +c', '12 -b']);
  });

  test('without relist, everything is seen, late and one by one', () => {
    const faulty = bench();
    faulty.plan('watch-drop', 'component/watcher', { kind: 'Pod', relist: false }, 10, 2);
    faulty.runTo(3);
    make(faulty, 'a');
    faulty.world.delete('a', 0);
    make(faulty, 'a');
    faulty.runTo(13);
    expect(faulty.taken()).toEqual(['12 +a', '12 -a', '12 +a']);
  });

  test('lasts until the last of several is over, also for a process that starts meanwhile', () => {
    const faulty = bench();
    const first = faulty.strike('watch-drop', 'component/watcher');
    const second = faulty.strike('watch-drop', 'component/watcher', { kind: 'Pod' });
    make(faulty, 'a');
    first();
    first();
    faulty.strike('component-crash', 'component/watcher')();
    faulty.runTo(2);
    make(faulty, 'b');
    faulty.runTo(3);
    // A new process lists, and is as blind as the old one was after that.
    expect(faulty.taken()).toEqual(['1 +a']);
    second();
    faulty.runTo(4);
    expect(faulty.taken()).toEqual(['3 +b']);
  });

  test('of several, one with relist is enough for a list', () => {
    const faulty = bench();
    const one = faulty.strike('watch-drop', 'component/watcher', { relist: true });
    const two = faulty.strike('watch-drop', 'component/watcher', { relist: false });
    make(faulty, 'a');
    faulty.world.delete('a', 0);
    make(faulty, 'b');
    one();
    two();
    faulty.runTo(2);
    expect(faulty.taken()).toEqual(['1 +b']);
  });

  test('that ends while the process is frozen is mended at the thaw', () => {
    const faulty = bench();
    const drop = faulty.strike('watch-drop', 'component/watcher');
    const thaw = faulty.strike('component-freeze', 'component/watcher');
    make(faulty, 'a');
    drop();
    faulty.runTo(2);
    expect(faulty.taken()).toEqual([]);
    thaw();
    faulty.runTo(3);
    expect(faulty.taken()).toEqual(['2 +a']);
  });
});

describe('watch-compaction', () => {
  test('makes whoever resumes list again, and leaves connected watches alone', () => {
    const faulty = bench();
    faulty.watcher('other');
    faulty.plan('watch-drop', 'component/watcher', { kind: 'Pod', relist: false }, 5, 2);
    faulty.runTo(3);
    make(faulty, 'a');
    faulty.world.delete('a', 0);
    make(faulty, 'a');
    faulty.runTo(4);
    expect(faulty.taken()).toEqual(['3 +a', '3 -a', '3 +a']);
    faulty.strike('watch-compaction', '');
    faulty.runTo(20);
    // 410, then a list after the back-off: one change instead of three.
    expect(faulty.taken().map((line) => line.split(' ')[1])).toEqual(['+a']);
  });
});

describe('reconnect', () => {
  test('moves a component to a stale server, whose past it does not see again, and away from it in the end', () => {
    const faulty = bench();
    faulty.strike('reconnect', 'component/watcher', { server: 0 });
    faulty.runTo(2);
    faulty.strike('stale-api-server', 'api-server/1', { kind: 'Pod' });
    make(faulty, 'a');
    faulty.runTo(3);
    expect(faulty.taken()).toEqual(['2 +a']);
    const back = faulty.strike('reconnect', 'component/watcher', { server: 1 });
    make(faulty, 'b');
    faulty.runTo(10);
    expect(faulty.taken()).toEqual([]);
    back();
    faulty.runTo(20);
    expect(faulty.taken().map((line) => line.split(' ')[1])).toEqual(['+b']);
  });

  test('a process that starts on the stale server travels back in time', () => {
    const faulty = bench();
    make(faulty, 'a');
    faulty.runTo(2);
    faulty.strike('stale-api-server', 'api-server/1', { kind: 'Pod' });
    faulty.world.delete('a', 0);
    make(faulty, 'b');
    faulty.runTo(3);
    faulty.taken();
    const crash = faulty.strike('component-crash', 'component/watcher');
    faulty.strike('reconnect', 'component/watcher', { server: 1 });
    crash();
    faulty.runTo(4);
    expect(faulty.taken()).toEqual(['3 +a']);
    faulty.injector.healAll();
    faulty.runTo(20);
    expect(faulty.taken().map((line) => line.split(' ')[1])).toEqual(['-a', '+b']);
  });

  test('moves the watch of one kind alone', () => {
    const faulty = bench();
    faulty.strike('reconnect', 'component/watcher', { server: 0 });
    faulty.strike('reconnect', 'component/watcher', { server: 1, kind: 'Pod' });
    faulty.runTo(2);
    faulty.strike('stale-api-server', 'api-server/1');
    make(faulty, 'a');
    faulty.runTo(3);
    expect(faulty.taken()).toEqual([]);
  });

  test('a server that is not there is explained', () => {
    expect(() => bench().strike('reconnect', 'component/watcher', { server: 2 })).toThrow(InputError);
    expect(() => bench().strike('reconnect', 'component/watcher', { server: 2 })).toThrow('they are numbered 0 to 1');
  });
});

test('a kind that is nearly one there is, is a mistake; another may be a custom resource', () => {
  const faulty = bench();
  for (const fault of ['lose-events', 'watch-drop', 'reconnect', 'watch-lag'])
    expect(() => faulty.strike(fault, 'component/watcher', { kind: 'Pods' })).toThrow('did you mean "Pod"?');
  faulty.strike('watch-drop', 'component/watcher', { kind: 'Walrus' })();
});
