import { describe, expect, test } from 'vitest';
import { SECOND_US } from '../../src/engine/units.ts';
import { blindnessUs, delaying, FaultWindow, forgetting } from '../../src/testing/fault-window.ts';
import { defineInvariant, type Probe } from '../../src/testing/invariants/invariant.ts';
import { FakeProbe, type FakeProbeOptions } from '../support/fake-probe.ts';

const MANAGER = /controller-manager/;

function windowOn(options: FakeProbeOptions = {}): { probe: FakeProbe; window: FaultWindow } {
  let window: FaultWindow | undefined;
  const def = defineInvariant({
    name: 'test',
    id: '',
    summary: '',
    create: (probe: Probe) => {
      window = new FaultWindow(probe, {
        opens: forgetting(probe, MANAGER),
        extends: delaying(MANAGER),
        graceUs: 30 * SECOND_US,
        patienceUs: 300 * SECOND_US,
      });
      return {};
    },
  });
  return { probe: new FakeProbe(def, options), window: window! };
}

const KCM = 'component/kube-controller-manager';

describe('FaultWindow', () => {
  test('is open from a crash until 30 s after the restart', () => {
    const { probe, window } = windowOn();
    probe.to(10);
    expect(window.isOpen).toBe(false);
    probe.fault(1, 'component-crash', KCM, 'start');
    expect(window.isOpen).toBe(true);
    probe.to(100);
    probe.fault(1, 'component-crash', KCM, 'heal');
    probe.to(129);
    expect(window.isOpen).toBe(true);
    probe.to(131);
    expect(window.isOpen).toBe(false);
    expect(window.wasOpenSince(120 * SECOND_US)).toBe(true);
    expect(window.wasOpenSince(131 * SECOND_US)).toBe(false);
  });

  test('does not heed what strikes other processes, and heeds what strikes the API servers', () => {
    const { probe, window } = windowOn();
    probe.fault(1, 'component-crash', 'component/kube-scheduler', 'start');
    probe.fault(2, 'partition', 'node/a-1-1 -> control-plane', 'start');
    probe.fault(3, 'lost-reply', 'node/a-1-1', 'start');
    expect(window.isOpen).toBe(false);
    probe.fault(4, 'stale-api-server', 'api-server/0', 'start');
    expect(window.isOpen).toBe(true);
  });

  test('stays open as long as a watch is late that was late in it, and no other', () => {
    const { probe, window } = windowOn();
    probe.fault(1, 'watch-lag', KCM, 'start');
    expect(window.isOpen).toBe(false);
    probe.to(10);
    probe.fault(2, 'component-crash', KCM, 'start');
    probe.fault(2, 'component-crash', KCM, 'heal');
    probe.to(200);
    expect(window.isOpen).toBe(true);
    probe.fault(1, 'watch-lag', KCM, 'heal');
    probe.to(240);
    expect(window.isOpen).toBe(false);
    probe.fault(3, 'watch-lag', KCM, 'start');
    probe.to(300);
    expect(window.isOpen).toBe(false);
  });

  test('opens when a watch is late for longer than anybody waits', () => {
    const { probe, window } = windowOn();
    probe.fault(1, 'watch-lag', KCM, 'start');
    probe.to(299);
    expect(window.isOpen).toBe(false);
    probe.to(301);
    expect(window.isOpen).toBe(true);
    probe.fault(1, 'watch-lag', KCM, 'heal');
    expect(window.isOpen).toBe(true);
    probe.to(332);
    expect(window.isOpen).toBe(false);
  });

  test('never opens for an invariant that the scenario names', () => {
    const { probe, window } = windowOn({ isStrict: true });
    probe.fault(1, 'component-crash', KCM, 'start');
    expect(window.isOpen).toBe(false);
  });

  test('counts a leader that stands still among those that forget, when there are others', () => {
    const alone = windowOn();
    alone.probe.fault(1, 'component-freeze', KCM, 'start');
    expect(alone.window.isOpen).toBe(false);
    const elected = windowOn({ circumstances: { controllerManagers: 2 } });
    elected.probe.fault(1, 'component-freeze', `${KCM}-0`, 'start');
    expect(elected.window.isOpen).toBe(true);
  });

  test('with a grace of its own for each fault closes with the last of them', () => {
    let window: FaultWindow | undefined;
    const def = defineInvariant({
      name: 'test',
      id: '',
      summary: '',
      create: (probe: Probe) => {
        window = new FaultWindow(probe, { opens: forgetting(probe, MANAGER), graceUs: blindnessUs });
        return {};
      },
    });
    const probe = new FakeProbe(def);
    for (const [id, kind] of ['lost-request', 'component-crash'].entries()) {
      probe.fault(id, kind, KCM, 'start');
      probe.fault(id, kind, KCM, 'heal');
      probe.to(50);
    }
    expect(window!.isOpen).toBe(true);
    probe.to(129);
    expect(window!.isOpen).toBe(true);
    probe.to(131);
    expect(window!.isOpen).toBe(false);
    probe.fault(3, 'request-refusal', KCM, 'start');
    probe.fault(3, 'request-refusal', KCM, 'heal');
    probe.to(200);
    expect(window!.isOpen).toBe(true);
    probe.to(202);
    expect(window!.isOpen).toBe(false);
  });
});
