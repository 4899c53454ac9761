import { describe, expect, test } from 'vitest';
import { InputError, ProblemList } from '../../src/base/input-error.ts';
import { findShortages, NodeLoad, planPreemption } from '../../src/kubelet/admission.ts';
import { BEHAVIOUR_ANNOTATIONS, behaviourOf, checkBehaviour, DEFAULT_BEHAVIOUR, parseDurationUs } from '../../src/kubelet/behaviour.ts';
import { ContainerRun, EXITED, RUNNING } from '../../src/kubelet/container-state.ts';
import { CrashLoop, nextLookUs } from '../../src/kubelet/crash-loop.ts';
import { computePhase, differsFrom, generateStatus, isSameStatus, mergeStatus, type StatusInput } from '../../src/kubelet/pod-status.ts';
import { KUBELET_PROFILES, kubeletProfile, PROFILE_PARAMETERS } from '../../src/kubelet/profiles.ts';
import { planStops } from '../../src/kubelet/stop-plan.ts';
import { podRequests, reduceResourceList } from '../../src/objects/pod-requests.ts';
import { pod } from '../support/node-world.ts';

const S = 1_000_000;

describe('crash loop', () => {
  test('doubles from 10 s to 300 s and forgets after ten minutes', () => {
    const loop = new CrashLoop();
    const waits: number[] = [];
    let now = 0;
    for (let i = 0; i < 8; i++) {
      const finished = now + S;
      waits.push((loop.readyUs(finished) - finished) / S);
      now = loop.readyUs(finished);
      loop.noteStart(finished, now);
    }
    expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
    expect(loop.readyUs(now + 601 * S)).toBe(now + 601 * S);
  });

  test('a pod in back-off is looked at every 10 to 15 s', () => {
    expect(nextLookUs(0, 35 * S, 10 * S, () => 0)).toBe(40 * S);
    expect(nextLookUs(0, 0, 10 * S, () => 0.999)).toBeLessThan(15 * S);
  });
});

describe('behaviour', () => {
  test.each([
    ['90s', 90 * S],
    ['1h30m', 5400 * S],
    ['1.5s', 1.5 * S],
    ['250ms', 0.25 * S],
    ['40us', 40],
    ['0', 0],
    ['', -1],
    ['90', -1],
    ['-5s', -1],
    ['5 s', -1],
  ])('reads the duration "%s"', (text, us) => expect(parseDurationUs(text)).toBe(us));

  test('is the default, the same object, without annotations of ours', () => {
    expect(behaviourOf({ team: 'a' }, 'pod x')).toBe(DEFAULT_BEHAVIOUR);
  });

  test('names pod, annotation and what was expected when one is wrong', () => {
    expect(() => behaviourOf({ 'seatrial.dev/run-duration': 'soon' }, 'pod default/x')).toThrow(InputError);
    const problems = new ProblemList();
    checkBehaviour({ 'seatrial.dev/run-duration': 'soon', 'seatrial.dev/exit-code': 'x' }, 'web', problems);
    expect(problems.problems.map((problem) => `${problem.path} ${problem.message}`)).toEqual([
      'web: seatrial.dev/run-duration expected a duration such as 250ms, 90s, 20m or 2h, found "soon"',
      'web: seatrial.dev/exit-code expected a whole number such as 0 or 137, found "x"',
    ]);
  });

  test('never stops by itself when it is told so', () => {
    expect(behaviourOf({ 'seatrial.dev/stop-duration': 'never' }, 'x').stopUs).toBe(Infinity);
    expect(BEHAVIOUR_ANNOTATIONS).toContain('seatrial.dev/crash-after');
  });
});

describe('stopping', () => {
  const container = { isSidecar: false, preStopUs: 0, stopUs: S, ownEndUs: Infinity };

  test('sidecars wait for regular containers and for later sidecars', () => {
    const outcomes = planStops(
      [
        { ...container, isSidecar: true },
        { ...container, isSidecar: true },
        { ...container, stopUs: 4 * S },
      ],
      30 * S,
      0,
      0,
    );
    expect(outcomes.map((outcome) => outcome.endUs / S)).toEqual([6, 5, 4]);
  });

  test('a sidecar whose turn comes late still gets two seconds', () => {
    const outcomes = planStops(
      [
        { ...container, isSidecar: true, stopUs: Infinity },
        { ...container, stopUs: Infinity },
      ],
      10 * S,
      0,
      0,
    );
    expect(outcomes.map((outcome) => [outcome.endUs / S, outcome.exitCode])).toEqual([
      [12, 137],
      [10, 137],
    ]);
  });

  test('a process that ends by itself first keeps its own exit code', () => {
    expect(planStops([{ ...container, ownEndUs: S / 2 }], 10 * S, 0, 143)).toEqual([{ endUs: S / 2, exitCode: -1, isKilled: false }]);
    expect(planStops([container], 10 * S, 0, 143)).toEqual([{ endUs: S, exitCode: 143, isKilled: false }]);
  });
});

/** Runs of a pod's containers from a short notation: `r` running, `0` exited well, `1` exited badly, `-` never started. */
function runs(text: string): ContainerRun[] {
  return [...text].map((letter, i) => {
    const run = new ContainerRun(undefined, i);
    if (letter !== '-') run.starts = 1;
    if (letter === 'r') run.state = RUNNING;
    if (letter === '0' || letter === '1') run.state = EXITED;
    run.exitCode = letter === '1' ? 1 : 0;
    return run;
  });
}

describe('phase', () => {
  const two = (restartPolicy: string, inits: Record<string, unknown>[] = []) =>
    pod('p', {
      spec: {
        restartPolicy,
        initContainers: inits,
        containers: [
          { name: 'a', image: 'a:1' },
          { name: 'b', image: 'b:1' },
        ],
      },
    });
  const init = [{ name: 'i', image: 'i:1' }];

  test.each([
    ['Always', '--', false, 'Pending'],
    ['Always', 'r-', false, 'Pending'],
    ['Always', 'rr', false, 'Running'],
    ['Always', 'r1', false, 'Running'],
    ['Always', '11', false, 'Running'],
    ['Always', '00', false, 'Running'],
    ['Always', '00', true, 'Succeeded'],
    ['Always', '01', true, 'Failed'],
    ['OnFailure', '01', false, 'Running'],
    ['OnFailure', '00', false, 'Succeeded'],
    ['Never', '01', false, 'Failed'],
    ['Never', '0r', false, 'Running'],
    ['Never', '00', false, 'Succeeded'],
    ['Never', '--', true, 'Failed'],
  ])('policy %s with containers %s, stopped: %s, is %s', (policy, text, isStopped, phase) => {
    expect(computePhase(two(policy), runs(text), isStopped)).toBe(phase);
  });

  test.each([
    ['Always', '---', 'Pending'],
    ['Always', 'r--', 'Pending'],
    ['Always', '1--', 'Pending'],
    ['Never', '1--', 'Failed'],
    ['Always', '0rr', 'Running'],
  ])('policy %s with an init container, %s, is %s', (policy, text, phase) => {
    expect(computePhase(two(policy, init), runs(text), false)).toBe(phase);
  });

  test('a sidecar that runs does not hold the phase', () => {
    const sidecar = [{ name: 's', image: 's:1', restartPolicy: 'Always' }];
    expect(computePhase(two('Never', sidecar), runs('r00'), false)).toBe('Succeeded');
  });
});

describe('status', () => {
  function input(text: string, rest: Partial<StatusInput> = {}): StatusInput {
    const object = pod('p');
    return {
      pod: object,
      runs: runs(text),
      waiting: [],
      ready: [true],
      started: [true],
      hasNetwork: true,
      podIP: '10.0.0.2',
      startUs: 5,
      failure: undefined,
      isDisrupted: false,
      isStopped: false,
      ...rest,
    };
  }
  const empty = pod('p').status;

  test('keeps transition times while a condition stays', () => {
    const first = generateStatus(input('r'), empty, 10);
    const second = generateStatus(input('1'), first, 20);
    const time = (status: typeof first, type: string) => status.conditions.find((c) => c.type === type)!.lastTransitionTime;
    expect([time(second, 'PodScheduled'), time(second, 'Ready')]).toEqual([10, 20]);
  });

  test('shows a terminal phase only when everything has stopped, and keeps it', () => {
    const job = pod('p', { spec: { restartPolicy: 'Never' } });
    const running = generateStatus(input('r', { pod: job }), empty, 1);
    const over = generateStatus(input('1', { pod: job }), running, 2);
    expect(over.phase).toBe('Running');
    const stopped = generateStatus(input('1', { pod: job, isStopped: true }), over, 3);
    expect(stopped.phase).toBe('Failed');
    expect(generateStatus(input('r', { pod: job }), stopped, 4).phase).toBe('Failed');
  });

  test('says why the kubelet ended a pod, and whom it disrupted', () => {
    const failure = { reason: 'Preempting', message: 'm' };
    const status = generateStatus(input('1', { failure, isDisrupted: true, isStopped: true }), empty, 1);
    expect(status).toMatchObject({ phase: 'Failed', reason: 'Preempting', message: 'm' });
    expect(status.conditions.find((c) => c.type === 'DisruptionTarget')).toMatchObject({ status: 'True', reason: 'TerminationByKubelet' });
  });

  test('readiness gates hold back Ready but not ContainersReady', () => {
    const gated = pod('p', { spec: { readinessGates: [{ conditionType: 'x/y' }] } });
    const status = generateStatus(input('r', { pod: gated }), empty, 1);
    const get = (type: string) => status.conditions.find((c) => c.type === type)!;
    expect([get('ContainersReady').status, get('Ready').status, get('Ready').reason]).toEqual(['True', 'False', 'ReadinessGatesNotReady']);
  });

  describe('of a pod of which the node has nothing any more', () => {
    const any = pod('p');
    const going = { pod: { ...any, metadata: { ...any.metadata, deletionTimestamp: 1_000_000 } } };
    const gone = (rest: Partial<StatusInput> = {}): StatusInput => ({ ...input(''), runs: undefined, ...rest });
    const lost = { state: 'terminated', exitCode: 137, reason: 'ContainerStatusUnknown' };

    test('a container that ran has ended somehow, and was started anew unless its pod is being deleted', () => {
      const running = generateStatus(input('r'), empty, 1);
      expect(generateStatus(gone(), running, 2)).toMatchObject({
        phase: 'Running',
        containerStatuses: [{ restartCount: 1, ready: false, started: false, current: lost }],
      });
      const stopped = generateStatus(gone({ ...going, isStopped: true }), running, 2);
      expect(stopped).toMatchObject({ phase: 'Failed', containerStatuses: [{ restartCount: 0, ready: false, current: lost }] });
      expect(generateStatus(gone({ ...going, isStopped: true }), stopped, 3)).toEqual(stopped);
    });

    test('no container forgets its restarts', () => {
      const [run] = runs('r');
      Object.assign(run!, { starts: 3, last: { state: 'terminated', exitCode: 1, reason: 'Error', startedAt: 1, finishedAt: 2 } });
      const running = generateStatus({ ...input('r'), runs: [run!] }, empty, 1);
      expect(running.containerStatuses[0]!.restartCount).toBe(2);
      const stopped = generateStatus(gone({ ...going, isStopped: true }), running, 2);
      expect(stopped.containerStatuses).toMatchObject([{ restartCount: 2, last: { exitCode: 1 }, current: { state: 'waiting' } }]);
    });

    test('how a container ended stays known, and with it that its pod succeeded', () => {
      const job = pod('p', { spec: { restartPolicy: 'Never', initContainers: [{ name: 'i', image: 'i:1' }] } });
      const over = generateStatus(input('00', { pod: job }), empty, 1);
      const next = generateStatus(gone({ pod: job, isStopped: true }), { ...over, phase: 'Running' }, 2);
      expect(next.phase).toBe('Succeeded');
      expect(next.containerStatuses).toEqual(over.containerStatuses);
      expect(next.initContainerStatuses).toEqual(over.initContainerStatuses);
      const unfinished = generateStatus(gone({ pod: job }), { ...over, phase: 'Running' }, 2);
      expect(unfinished.conditions.find(({ type }) => type === 'Initialized')!.status).toBe('True');
    });
  });

  test('merging keeps the conditions of others and a terminal phase, and changes nothing twice', () => {
    const own = generateStatus(input('r'), empty, 1);
    const foreign = { type: 'DisruptionTarget', status: 'True', reason: 'x', message: '', lastTransitionTime: 0 } as const;
    const stored = { ...empty, conditions: [foreign] };
    const merged = mergeStatus(stored, own);
    expect(merged.conditions.map((c) => c.type)).toContain('DisruptionTarget');
    expect(mergeStatus(merged, own)).toBe(merged);
    expect(isSameStatus(merged, own)).toBe(false);
    expect(differsFrom(merged, own)).toBe(false);
    expect(mergeStatus({ ...empty, phase: 'Failed' }, own).phase).toBe('Failed');
    const overwritten = { ...own, conditions: own.conditions.map((c) => (c.type === 'Ready' ? { ...c, status: 'False' as const } : c)) };
    expect(differsFrom(overwritten, own)).toBe(true);
  });
});

describe('admission', () => {
  test('counts pods, cpu, memory and what else the node knows', () => {
    const allocatable = reduceResourceList({ cpu: '2', memory: '1Gi', pods: '2', 'x.y/gpu': '1' });
    const load = new NodeLoad();
    const gpu = podRequests(pod('p', { container: { resources: { requests: { cpu: '1500m', 'x.y/gpu': '1', 'un.known/thing': '5' } } } }));
    expect(findShortages(gpu, allocatable, load)).toEqual([]);
    load.add(gpu);
    expect(findShortages(gpu, allocatable, load).map((shortage) => shortage.resource)).toEqual(['cpu', 'x.y/gpu']);
    load.add(podRequests(pod('q', { cpu: '0' })));
    expect(findShortages(podRequests(pod('r', { cpu: '0' })), allocatable, load)).toEqual([{ resource: 'pods', missing: 1 }]);
    load.remove(gpu);
    expect(findShortages(gpu, allocatable, load)).toEqual([]);
  });

  test('preempts the cheapest class first and the nearest fit in it', () => {
    const withCpu = (name: string, cpu: string, priority = 0) => pod(name, { cpu, spec: { priority } });
    const critical = withCpu('critical', '1', 2_000_000_000);
    const pods = [withCpu('large', '3'), withCpu('fits', '1200m'), withCpu('small', '300m'), withCpu('system', '4', 2_000_001_000)];
    expect(planPreemption(critical, [{ resource: 'cpu', missing: 1000 }], pods)!.map((p) => p.metadata.name)).toEqual(['fits']);
    expect(
      planPreemption(critical, [{ resource: 'cpu', missing: 4300 }], pods)!
        .map((p) => p.metadata.name)
        .sort(),
    ).toEqual(['fits', 'large', 'small']);
    expect(planPreemption(critical, [{ resource: 'cpu', missing: 9000 }], pods)).toBe(undefined);
  });
});

describe('profiles', () => {
  test('values can be replaced, numbers stand for constants', () => {
    const profile = kubeletProfile('instant', { sandboxCreate: 5 * S, plegPeriodUs: S, reportsPending: true });
    expect([profile.sandboxCreate, profile.plegPeriodUs, profile.reportsPending]).toEqual([{ kind: 'constant', value: 5 * S }, S, true]);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['instnt', {}, 'did you mean "instant"?'],
    ['instant', { sandboxCreated: 1 }, 'did you mean "sandboxCreate"?'],
    ['instant', { plegPeriodUs: true }, 'expected a duration'],
    ['instant', { reportsPending: 3 }, 'expected a boolean'],
    ['instant', { unpackRate: -1 }, 'must not be negative'],
  ])('profile %s with %o is explained', (name, overrides, message) => {
    expect(() => kubeletProfile(name, overrides)).toThrow(message);
  });

  test('all profiles set every value', () => {
    for (const profile of KUBELET_PROFILES) {
      for (const { name } of PROFILE_PARAMETERS)
        expect([profile.name, name, Object.hasOwn(profile, name)]).toEqual([profile.name, name, true]);
    }
  });
});
