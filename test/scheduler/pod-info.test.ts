/** Shapes are shared by pods that plugins cannot tell apart, and by no others. */
import { expect, test } from 'vitest';
import type { Pod } from '../../src/objects/pod.ts';
import { PodInfos } from '../../src/scheduler/pod-info.ts';
import { buildPodShape } from '../../src/scheduler/pod-shape.ts';
import { behaviourOf } from '../../src/scheduler/versions.ts';
import { decoded, rawPod } from './decisions.ts';

const behaviour = behaviourOf('1.34');

function labelled(pod: Pod, uid: string, labels: Record<string, string>): Pod {
  return { ...pod, metadata: { ...pod.metadata, uid, labels } };
}

const spreadByRevision = {
  maxSkew: 1,
  topologyKey: 'kubernetes.io/hostname',
  labelSelector: { matchLabels: { app: 'db' } },
  matchLabelKeys: ['revision'],
};

test('pods of one template with labels of their own have the shapes they would have alone', () => {
  const infos = new PodInfos(behaviour);
  const template = decoded(
    'Pod',
    rawPod('db-0', {
      requests: { cpu: '1' },
      spec: {
        topologySpreadConstraints: [
          { ...spreadByRevision, whenUnsatisfiable: 'DoNotSchedule' },
          { ...spreadByRevision, whenUnsatisfiable: 'ScheduleAnyway', topologyKey: 'topology.kubernetes.io/zone' },
        ],
      },
    }),
  );
  const ids = new Set<number>();
  for (const revision of ['a', 'b', 'c']) {
    const pod = labelled(template, `uid-${revision}`, { app: 'db', revision });
    const { shape } = infos.of(pod);
    ids.add(shape.id);
    expect(shape).toEqual(buildPodShape(pod, shape.id, shape.partsId, behaviour));
    expect(shape.partsId).toBe(0);
  }
  expect(ids.size).toBe(3);
});

test('pods of one template with equal labels share one shape, in whatever order they come', () => {
  const infos = new PodInfos(behaviour);
  const template = decoded('Pod', rawPod('db-0', { requests: { cpu: '1' } }));
  const shapeOf = (uid: string, index: string) => infos.of(labelled(template, uid, { app: 'db', index })).shape;
  const first = shapeOf('0', '0');
  const second = shapeOf('1', '1');
  expect(second).not.toBe(first);
  expect(shapeOf('2', '1')).toBe(second);
  expect(shapeOf('3', '0')).toBe(first);
  expect(infos.shapeIdCount).toBe(2);
});
