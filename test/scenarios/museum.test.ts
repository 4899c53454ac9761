/**
 * The museum: every file of scenarios/museum reproduces a known failure of Kubernetes by itself, and not any more once its mechanism is switched
 * off.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { diskFiles } from '../../src/cli/disk-files.ts';
import { builtInVocabulary } from '../../src/scenario/built-in-vocabulary.ts';
import { evaluateExpectations } from '../../src/scenario/expect-evaluator.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { ScenarioSpec } from '../../src/scenario/scenario.ts';
import { type RunOutcome, runScenario } from '../../src/scenario/scenario-run.ts';
import { scenarioJudge } from '../../src/testing/judge-scenario.ts';

interface Cure {
  /** What switches the mechanism off, as `--set` takes it. */
  readonly overrides: readonly string[];
  /** What must be true then. */
  readonly expect: readonly string[];
}

const WITHOUT_QUIRK = 'spec.quirks=[]';

/** By file. */
const CURES: Readonly<Record<string, Cure>> = {
  's-01-time-travel': {
    overrides: ['spec.events[4].server=0'],
    expect: ['violations == 0', 'pods(node=n2, phase=Running, ready=true) == 1'],
  },
  's-02-ghost-node': {
    overrides: ['spec.events[0]={at: 50s, fault: watch-drop, target: component/kube-scheduler, kind: Node, for: 30s}'],
    expect: ['violations == 0', 'pods(app=web, phase=Running) == 6', 'count(pods.created) == 6'],
  },
  's-03-phantom-usage': { overrides: [WITHOUT_QUIRK], expect: ['violations == 0', 'unschedulable == 0', 'count(pods.running) == 1'] },
  's-03-nominated-ghost': { overrides: [WITHOUT_QUIRK], expect: ['violations == 0', 'unschedulable == 0', 'count(pods.running) == 1'] },
  's-04-recreated-node': {
    overrides: [WITHOUT_QUIRK],
    expect: ['count(pods.running) == 3', 'unschedulable == 1', 'count(pods.failed) == 0'],
  },
  's-05-assumption-expires': {
    overrides: [WITHOUT_QUIRK],
    expect: ['count(pods.running) == 1', 'unschedulable == 1', 'count(pods.failed) == 0'],
  },
  's-06-two-leaders': { overrides: ['spec.events[1].for=5s'], expect: ['pods(app=alone, phase=Running) == 1', 'unschedulable == 1'] },
  's-06-two-schedulers': {
    overrides: ['deployment/green:spec.template.spec.schedulerName=default-scheduler'],
    expect: ['violations == 0', 'count(pods.failed) == 0', 'count(pods.running) == 10'],
  },
  's-06-preemption-loop': {
    overrides: ['deployment/humble:spec.template.spec.schedulerName=default-scheduler'],
    expect: ['preemptions == 1', 'pods(phase=Running, app!=humble) == 1'],
  },
  's-07-out-of-cpu': { overrides: ['spec.events=[]'], expect: ['count(pods.failed) == 0', 'count(pods.succeeded) == 20'] },
  's-08-stale-node-view': { overrides: ['spec.events[0].lag=0s'], expect: ['count(pods.failed) == 0', 'count(pods.running) == 1'] },
  's-08-restart-readmission': {
    overrides: ['spec.events[1].labels.disk=fast'],
    expect: ['count(pods.failed) == 0', 'count(pods.created) == 1', 'pods(app=web, phase=Running) == 1'],
  },
  's-09-lost-wakeup': { overrides: [WITHOUT_QUIRK], expect: ['violations == 0', 'count(pods.pending) == 0', 'max(pod.queue_wait) <= 5s'] },
  's-10a-expired-expectations': {
    overrides: ['spec.controllers.replicaset.staleControllerMitigation=true'],
    expect: ['violations == 0', 'count(pods.created) == 3', 'pods(app=web) == 3'],
  },
  's-10b-outlived-expectations': { overrides: [WITHOUT_QUIRK], expect: ['violations == 0', 'pods(app=web, ready=true) == 3'] },
  's-10c-restart-behind-own-writes': {
    overrides: ['spec.events[3]={at: 10s, label: job/bill, labels: {a: b}}'],
    expect: ['violations == 0', 'count(pods.created) == 2', 'count(pods.succeeded) == 2'],
  },
  's-10d-duplicate-revisions': { overrides: [WITHOUT_QUIRK], expect: ['violations == 0', 'count(pods.created) == 2'] },
  's-12-crash-while-marking-pods': {
    overrides: ['spec.controllers.node-lifecycle.levelTriggered=true'],
    expect: ['violations == 0', 'lost_replica_time(replicaset/web) >= 50m'],
  },
  's-13-mass-not-ready': { overrides: ['spec.events[0].for=30s'], expect: ['violations == 0', 'lost_replica_time(deployment/web) == 0s'] },
  's-13a-stuck-lease-watch': {
    overrides: ['spec.controllers.node-lifecycle.monitorGracePeriod=2m'],
    expect: ['violations == 0', 'lost_replica_time(deployment/web) == 0s'],
  },
  // With the third zone cut off as well it is a full disruption: pods are not ready, but nobody is evicted.
  's-13b-two-of-three-zones': {
    overrides: ['spec.events[0].between=[region/region-1, control-plane]'],
    expect: ['violations(healthy-pods-not-evicted) == 0', 'evictions() == 0', 'count(pods.created) == 6'],
  },
  's-14a-never-evicted': {
    overrides: ['spec.controllers.taint-eviction.byUid=true'],
    expect: ['violations == 0', 'evictions() == 2', 'pods(node=n1) == 0'],
  },
  's-14b-wrong-pod-evicted': {
    overrides: ['spec.controllers.taint-eviction.byUid=true'],
    expect: ['violations == 0', 'evictions() == 0', 'pods(node=n2, phase=Running) == 1'],
  },
  's-14c-eviction-given-up': {
    overrides: ['spec.controllers.taint-eviction.deletePause=1s'],
    expect: ['violations == 0', 'evictions() == 1', 'pods(node=n1) == 0'],
  },
  's-14d-ping-pong': {
    overrides: ['replicaset/web:spec.template.spec.tolerations=[]'],
    expect: ['violations == 0', 'count(pods.created) <= 2'],
  },
  's-18-wrong-coordinates': { overrides: [WITHOUT_QUIRK], expect: ['violations == 0', 'count(pods.running) == 1'] },
  's-19a-preempts-twice': { overrides: ['spec.events[0].nth=9'], expect: ['violations == 0', 'preemptions == 1'] },
  's-19b-dead-victim': { overrides: ['spec.events[0].target=node/n2'], expect: ['violations == 0', 'max(pod.queue_wait) <= 1m'] },
  's-19c-forgotten-preemptor': {
    overrides: ['spec.kubernetesVersion=v1.32'],
    expect: ['violations == 0', 'count(pods.running) == 1', 'preemptions == 1'],
  },
  's-20a-hash-collision': { overrides: [WITHOUT_QUIRK], expect: ['violations == 0', 'count(pods.created) == 6'] },
  's-20b-broken-revision': {
    overrides: ['statefulset/db:spec.podManagementPolicy=Parallel'],
    expect: ['violations == 0', 'pods(app=db, ready=true) == 2'],
  },
  's-16a-budget-written-back': { overrides: [WITHOUT_QUIRK], expect: ['violations == 0', 'evictions == 2'] },
  's-16b-budget-of-yesterday': {
    overrides: ['spec.events[0].for=1s'],
    expect: ['evictions == 0', 'pods(app=web, node=n2, ready=true) == 2'],
  },
};

const folder = fileURLToPath(new URL('../../scenarios/museum/', import.meta.url));
const FILES = readdirSync(folder)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.slice(0, -'.yaml'.length))
  .sort((a, b) => (a < b ? -1 : 1));

const words = builtInVocabulary();

function load(name: string, overrides: readonly string[] = []): ScenarioSpec {
  return loadScenario([`${folder}${name}.yaml`], { files: diskFiles, words, overrides });
}

function run(name: string, overrides: readonly string[] = []): RunOutcome {
  return runScenario(load(name, overrides), { files: diskFiles, judge: scenarioJudge() });
}

/** `claim: measured` of every claim that was not proved. */
function unmet(expectations: RunOutcome['expectations']): string[] {
  return expectations.filter(({ status }) => status !== 'met').map(({ text, measured }) => `${text}: ${measured}`);
}

describe('scenarios/museum/', () => {
  test.each(FILES)('%s shows the failure', (name) => {
    const outcome = run(name);
    expect(outcome.expectations.length).toBeGreaterThan(0);
    expect(unmet(outcome.expectations)).toEqual([]);
    expect(outcome.result.meta.description).toMatch(/^kubernetes\/kubernetes#\d+/);
  });

  test.each(Object.entries(CURES))('%s is well without its mechanism', (name, cure) => {
    const outcome = run(name, [...cure.overrides, `spec.expect=${JSON.stringify(cure.expect)}`]);
    expect(unmet(outcome.expectations)).toEqual([]);
    // What the file claims is not true any more.
    expect(unmet(evaluateExpectations(load(name).expect, outcome.measurements)).length).toBeGreaterThan(0);
  });

  test('its README lists every file', () => {
    const listed = [...readFileSync(`${folder}README.md`, 'utf8').matchAll(/^\| \[[^\]]+\]\(([^)]+)\.yaml\)/gm)].map((match) => match[1]!);
    expect(listed.sort()).toEqual([...FILES].sort());
  });
});
