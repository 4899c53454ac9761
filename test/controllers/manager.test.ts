import { describe, expect, test } from 'vitest';
import { InputError, ProblemList } from '../../src/base/input-error.ts';
import { checkParameter } from '../../src/base/parameters.ts';
import { planControllers } from '../../src/controllers/manager.ts';
import { controllers } from '../../src/controllers/registry.ts';
import { replicaset } from '../../src/controllers/replicaset.ts';
import { taintEviction } from '../../src/controllers/taint-eviction.ts';
import { MINUTE_US, SECOND_US } from '../../src/engine/units.ts';
import { ControllerWorld } from '../support/controller-world.ts';
import { newReplicaSet, node } from './objects.ts';

function problemsOf(settings: Parameters<typeof planControllers>[1]): string {
  const problems = new ProblemList();
  planControllers(controllers, settings, 'spec.controllers', problems);
  return problems.problems
    .map((problem) => `${problem.path}: ${problem.message}${problem.hint === undefined ? '' : ` (${problem.hint})`}`)
    .join('\n');
}

describe('planControllers', () => {
  test('runs everything with its defaults when nothing is said', () => {
    const problems = new ProblemList();
    const planned = planControllers(controllers, {}, 'spec.controllers', problems);
    expect(problems.isEmpty).toBe(true);
    expect(planned.map(({ def }) => def.name)).toEqual(controllers.filter((def) => def.isEnabledByDefault).map((def) => def.name));
  });

  test('leaves out what is switched off and takes over what is set', () => {
    const settings = { deployment: { enabled: false }, 'node-lifecycle': { params: { monitorGracePeriod: 40 * SECOND_US } } };
    const planned = planControllers(controllers, settings, 'spec.controllers', new ProblemList());
    expect(planned.map(({ def }) => def.name)).not.toContain('deployment');
    const lifecycle = planned.find(({ def }) => def.name === 'node-lifecycle')!;
    expect(lifecycle.params.number('monitorGracePeriod')).toBe(40 * SECOND_US);
    expect(lifecycle.params.number('monitorPeriod')).toBe(5 * SECOND_US);
  });

  test('names every mistake, with the nearest valid name', () => {
    const text = problemsOf({
      'node-lifecycel': {},
      replicaset: { params: { worker: 3, qps: 'fast', burst: 0 } },
      'pod-gc': { params: { period: 1.5 } },
    });
    expect(text).toContain('spec.controllers.node-lifecycel: unknown controller');
    expect(text).toContain('did you mean "node-lifecycle"?');
    expect(text).toContain('spec.controllers.replicaset.worker: unknown parameter');
    expect(text).toContain('did you mean "workers"?');
    expect(text).toContain('spec.controllers.replicaset.qps: expected a number, found "fast"');
    expect(text).toContain('spec.controllers.replicaset.burst: must be at least 1, found 0');
    expect(text).toContain('spec.controllers.pod-gc.period: expected a duration, found 1.5');
  });

  test('a world with mistakes is not built', () => {
    expect(() => new ControllerWorld({ controllers, settings: { nobody: {} } })).toThrow(InputError);
  });
});

// A new registry line is tested here without new test code.
describe.each(controllers.map((def) => [def.name, def] as const))('%s', (name, def) => {
  test('has a kebab-case name, a summary, and parameters whose defaults are valid', () => {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(def.summary).not.toBe('');
    for (const parameter of def.parameters) {
      expect(checkParameter(parameter, parameter.default), parameter.name).toBeUndefined();
      expect(parameter.summary).not.toBe('');
    }
    const names = def.parameters.map((parameter) => parameter.name);
    expect(new Set(names).size).toBe(names.length);
  });

  test('starts alone in an empty cluster, writes nothing, and does so again after a crash', () => {
    const w = new ControllerWorld({ controllers: [def] }).start();
    w.run(MINUTE_US);
    w.manager.restart(SECOND_US);
    w.run(10 * MINUTE_US);
    expect(w.writeCount).toBe(0);
  });

  test('makes the same events in the same order every time', () => {
    const digests = [1, 2].map(() => {
      const w = new ControllerWorld({ controllers: [def], seed: 'twice' }).start(
        newReplicaSet('web', { replicas: 3 }),
        node('node-1', { ready: 'True' }),
      );
      w.run(5 * MINUTE_US);
      return w.engine.digest.toString();
    });
    expect(digests[0]).toEqual(digests[1]);
  });
});

test('registry names are unique', () => {
  expect(new Set(controllers.map((def) => def.name)).size).toBe(controllers.length);
});

test('a controller has a request budget of its own', () => {
  const settings = { replicaset: { params: { qps: 1, burst: 1 } } };
  const w = new ControllerWorld({ controllers: [replicaset, taintEviction], settings }).start(newReplicaSet('web', { replicas: 10 }));
  w.run(5.5 * SECOND_US);
  expect(w.pods().length).toBeLessThan(8);
  w.run(MINUTE_US);
  expect(w.pods()).toHaveLength(10);
});
