import { expect, test } from 'vitest';
import { ProblemList } from '../../../src/base/input-error.ts';
import type { Op } from '../../../src/engine/process.ts';
import { readConfiguration } from '../../../src/scheduler/configuration.ts';
import { CycleState } from '../../../src/scheduler/cycle-state.ts';
import type { ClusterWriter } from '../../../src/scheduler/framework.ts';
import { schedulerPlugins } from '../../../src/scheduler/plugins/registry.ts';
import { Profile } from '../../../src/scheduler/profile.ts';
import { type Status, SUCCESS } from '../../../src/scheduler/status.ts';
import { benchOf, decodedPod, rawPod } from '../decisions.ts';

test('asks the writer to bind the pod to the node', () => {
  const bound: [string, string][] = [];
  const writer = {
    *bindPod(pod: { key: string }, nodeName: string): Op<Status> {
      bound.push([pod.key, nodeName]);
      return SUCCESS;
    },
  } as unknown as ClusterWriter;
  const bench = benchOf({});
  const config = readConfiguration(null, schedulerPlugins, '1.34', new ProblemList());
  const profile = new Profile(config.profiles[0]!, schedulerPlugins, { ...bench.cluster.context, writer });
  const pod = bench.cluster.podInfos.of(decodedPod(rawPod('p')));
  expect(profile.runBind(new CycleState(), pod, 'n1').next()).toEqual({ done: true, value: SUCCESS });
  expect(bound).toEqual([['default/p', 'n1']]);
});

test('fails where nothing can be written', () => {
  const bench = benchOf({});
  const pod = bench.cluster.podInfos.of(decodedPod(rawPod('p')));
  const result = bench.profile.runBind(new CycleState(), pod, 'n1').next();
  expect(result.value).toMatchObject({ code: 'Error', plugin: 'DefaultBinder' });
});
