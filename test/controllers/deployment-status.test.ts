import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  annotationsForNewSet,
  findNewReplicaSet,
  lastRevision,
  planHistoryCleanup,
  revisionOf,
  withTemplate,
} from '../../src/controllers/deployment-history.ts';
import {
  computeRolloutStatus,
  isDeploymentTimedOut,
  NO_PROGRESS_DEADLINE,
  nextProgressCheck,
  pauseCondition,
} from '../../src/controllers/deployment-status.ts';
import { canonicalText, TemplateTexts, withHashLabel } from '../../src/controllers/template-hash.ts';
import { SECOND_US } from '../../src/engine/units.ts';
import type { Deployment, DeploymentCondition } from '../../src/objects/workloads.ts';
import { check } from '../support/seeded.ts';
import { deployment, replicaSet, template } from './objects.ts';

const progressing = (reason: string, status: 'True' | 'False' | 'Unknown', updatedS = 0): DeploymentCondition => ({
  type: 'Progressing',
  status,
  reason,
  message: '',
  lastUpdateTime: updatedS * SECOND_US,
  lastTransitionTime: 0,
});

function reasonAfter(web: Deployment, available: number, updated: number, nowS: number): string | undefined {
  const fresh = replicaSet('new', { replicas: 3, status: { replicas: updated, readyReplicas: available, availableReplicas: available } });
  const status = computeRolloutStatus(web, [fresh], fresh, nowS * SECOND_US);
  return status.conditions.find((condition) => condition.type === 'Progressing')?.reason;
}

describe('the condition Progressing', () => {
  const at = (replicas: number, available: number, condition?: DeploymentCondition, deadline = 60) =>
    deployment('web', {
      progressDeadlineSeconds: deadline,
      status: {
        replicas,
        updatedReplicas: replicas,
        readyReplicas: available,
        availableReplicas: available,
        conditions: condition === undefined ? [] : [condition],
      },
    });

  test.each([
    ['more pods: progress', at(1, 0, progressing('NewReplicaSetCreated', 'True')), 0, 2, 50, 'ReplicaSetUpdated'],
    ['more ready pods: progress', at(3, 1, progressing('ReplicaSetUpdated', 'True')), 2, 3, 90, 'ReplicaSetUpdated'],
    ['all there: done', at(3, 2, progressing('ReplicaSetUpdated', 'True')), 3, 3, 90, 'NewReplicaSetAvailable'],
    ['nothing new within the deadline: as it was', at(3, 2, progressing('ReplicaSetUpdated', 'True', 40)), 2, 3, 90, 'ReplicaSetUpdated'],
    [
      'nothing new beyond the deadline: timed out',
      at(3, 2, progressing('ReplicaSetUpdated', 'True', 20)),
      2,
      3,
      90,
      'ProgressDeadlineExceeded',
    ],
    [
      'fewer pods after it was done: still done',
      at(3, 3, progressing('NewReplicaSetAvailable', 'True')),
      1,
      3,
      900,
      'NewReplicaSetAvailable',
    ],
    ['timed out, then complete: done', at(3, 2, progressing('ProgressDeadlineExceeded', 'False')), 3, 3, 900, 'NewReplicaSetAvailable'],
    ['without a deadline there is none', at(3, 2, progressing('ReplicaSetUpdated', 'True'), NO_PROGRESS_DEADLINE), 2, 3, 900, undefined],
  ])('%s', (_, web, available, updated, nowS, expected) => {
    expect(reasonAfter(web, available, updated, nowS)).toBe(expected);
  });

  test('says when progress was last seen without changing when it became true', () => {
    const web = at(1, 0, progressing('ReplicaSetUpdated', 'True', 3));
    const fresh = replicaSet('new', { replicas: 3, status: { replicas: 2 } });
    const condition = computeRolloutStatus(web, [fresh], fresh, 9 * SECOND_US).conditions.find(({ type }) => type === 'Progressing');
    expect(condition).toMatchObject({ lastUpdateTime: 9 * SECOND_US, lastTransitionTime: 0 });
  });

  test('a deadline is looked for one second after it is due, and soon when it is nearly due', () => {
    const web = at(3, 2, progressing('ReplicaSetUpdated', 'True', 0));
    expect(nextProgressCheck(web, web.status, 10 * SECOND_US)).toBe(51 * SECOND_US);
    expect(nextProgressCheck(web, web.status, 59.5 * SECOND_US)).toBe('soon');
    expect(isDeploymentTimedOut(web, web.status, 60 * SECOND_US)).toBe(false);
    expect(isDeploymentTimedOut(web, web.status, 60 * SECOND_US + 1)).toBe(true);
  });

  test('a pause is noted and ended, but does not overwrite a missed deadline', () => {
    const paused = (condition?: DeploymentCondition) => ({ ...at(3, 3, condition), spec: { ...at(3, 3).spec, paused: true } });
    expect(pauseCondition(paused(), 0)?.reason).toBe('DeploymentPaused');
    expect(pauseCondition(paused(progressing('DeploymentPaused', 'Unknown')), 0)).toBeUndefined();
    expect(pauseCondition(paused(progressing('ProgressDeadlineExceeded', 'False')), 0)).toBeUndefined();
    expect(pauseCondition(at(3, 3, progressing('DeploymentPaused', 'Unknown')), 0)?.reason).toBe('DeploymentResumed');
    expect(pauseCondition(at(3, 3), 0)).toBeUndefined();
  });
});

test('a failure of a ReplicaSet is passed on and taken back', () => {
  const failure = { type: 'ReplicaFailure', status: 'True' as const, reason: 'FailedCreate', message: 'quota', lastTransitionTime: 5 };
  const failing = replicaSet('new', { replicas: 3, status: { conditions: [failure] } });
  const web = deployment('web');
  const status = computeRolloutStatus(web, [failing], failing, 9);
  expect(status.conditions.find(({ type }) => type === 'ReplicaFailure')).toEqual({ ...failure, lastUpdateTime: 5 });
  const healed = computeRolloutStatus({ ...web, status }, [replicaSet('new')], replicaSet('new'), 9);
  expect(healed.conditions.some(({ type }) => type === 'ReplicaFailure')).toBe(false);
});

describe('revisions', () => {
  const numbered = (name: string, revision: number, more: Parameters<typeof replicaSet>[1] = {}) =>
    replicaSet(name, { replicas: 0, ...more, annotations: { 'deployment.kubernetes.io/revision': String(revision) } });

  test('the last one is the second highest', () => {
    expect(lastRevision([numbered('a', 3), numbered('b', 7), numbered('c', 5)])).toBe(5);
    expect(lastRevision([numbered('a', 3)])).toBe(0);
    expect(lastRevision([])).toBe(0);
  });

  test('are raised and never lowered, with the old one kept in the history', () => {
    const web = deployment('web', {
      annotations: { team: 'a', 'kubectl.kubernetes.io/last-applied-configuration': '{}', 'deployment.kubernetes.io/revision': '9' },
    });
    const first = annotationsForNewSet(web, {}, 1);
    expect(first).toEqual({ team: 'a', 'deployment.kubernetes.io/revision': '1' });
    const second = annotationsForNewSet(web, annotationsForNewSet(web, first, 4), 6);
    expect(second).toEqual({ team: 'a', 'deployment.kubernetes.io/revision': '6', 'deployment.kubernetes.io/revision-history': '1,4' });
    expect(annotationsForNewSet(web, second, 2)).toBe(second);
  });

  test('the history stays within 2000 characters, and loses its oldest entries', () => {
    const web = deployment('web');
    let annotations = annotationsForNewSet(web, {}, 1);
    for (let revision = 2; revision < 900; revision++) annotations = annotationsForNewSet(web, annotations, revision);
    const history = annotations['deployment.kubernetes.io/revision-history']!;
    expect(history.length).toBeLessThanOrEqual(2000);
    expect(history.endsWith(',897,898')).toBe(true);
  });

  test('only empty sets whose controller has seen that are cleaned up, oldest first', () => {
    const web = deployment('web', { revisionHistoryLimit: 1 });
    const seen = { status: { observedGeneration: 1 } };
    const old = [numbered('c', 3, seen), numbered('a', 1, seen), numbered('b', 2, { ...seen, replicas: 1 }), numbered('d', 4, seen)];
    expect(planHistoryCleanup(web, old).map((set) => set.metadata.name)).toEqual(['a', 'c']);
    expect(planHistoryCleanup(web, [numbered('a', 1), numbered('b', 2)])).toEqual([]);
    expect(revisionOf(replicaSet('x'))).toBe(0);
  });

  test('a rollback brings back the annotations the template had', () => {
    const web = deployment('web', { annotations: { team: 'b', 'deployment.kubernetes.io/revision': '2' } });
    const target = replicaSet('old', { annotations: { team: 'a', 'deployment.kubernetes.io/revision': '1' } });
    expect(withTemplate(web, template('web:v1'), target).metadata.annotations).toEqual({
      team: 'a',
      'deployment.kubernetes.io/revision': '2',
    });
  });
});

describe('template hashes', () => {
  const texts = new TemplateTexts();

  test('are the same for equal templates, whatever order their fields were written in', () => {
    const a = template('web:v1', { app: 'web', tier: 'x' });
    const b = template('web:v1', { tier: 'x', app: 'web' });
    expect(texts.isSame(a, b)).toBe(true);
    expect(texts.hashOf(a, undefined)).toBe(texts.hashOf(b, undefined));
  });

  test('use letters that spell no words, and change with the template and the collision count', () => {
    const image = fc.string({ minLength: 1, maxLength: 12 });
    check(
      fc.property(image, image, fc.nat(5), (one, two, count) => {
        const hash = texts.hashOf(template(one), undefined);
        expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
        expect(texts.hashOf(template(one), count)).not.toBe(hash);
        expect(texts.isSame(template(one), template(two))).toBe(one === two);
      }),
    );
  });

  test('do not see the hash label that the controller adds', () => {
    const plain = template('web:v1');
    const labelled = { ...plain, metadata: { ...plain.metadata, labels: withHashLabel(plain.metadata.labels, 'abc') } };
    const set = replicaSet('web-abc', { template: labelled });
    expect(findNewReplicaSet(deployment('web', { template: plain }), [set], texts)).toBe(set);
  });

  test('canonicalText tells apart what differs, and only that', () => {
    expect(canonicalText({ b: 1, a: [undefined, { c: 'x' }], d: undefined })).toBe('{"a":[null,{"c":"x"}],"b":1}');
    expect(canonicalText({ a: '1' })).not.toBe(canonicalText({ a: 1 }));
  });
});
