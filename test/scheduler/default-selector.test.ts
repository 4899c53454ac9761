import { expect, test } from 'vitest';
import { ConformanceCluster } from '../../src/scheduler/conformance-cluster.ts';
import { DefaultSelectors } from '../../src/scheduler/default-selector.ts';
import { behaviourOf } from '../../src/scheduler/versions.ts';
import { decoded, rawPod } from './decisions.ts';

function service(name: string, selector: Record<string, string>) {
  return decoded('Service', { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec: { selector } });
}

test('the selector stays the same object until a Service or an owner changes what it selects', () => {
  const cluster = new ConformanceCluster(behaviourOf('1.34'));
  const services = [service('web', { app: 'web' })];
  const selectors = new DefaultSelectors({ ...cluster.context.lister, inNamespace: () => services as never, get: () => undefined });
  const shape = (labels: Record<string, string>) => cluster.podInfos.of(decoded('Pod', rawPod('p', { labels }))).shape;
  const first = selectors.of(shape({ app: 'web', index: '0' }));
  expect(first.requirements.map(({ key, values }) => [key, values])).toEqual([['app', ['web']]]);
  expect(selectors.of(shape({ app: 'web', index: '1' }))).toBe(first);
  expect(selectors.of(shape({ app: 'other' })).isEmpty).toBe(true);
  services.push(service('zero', { index: '0' }));
  const second = selectors.of(shape({ app: 'web', index: '0' }));
  expect(second.requirements.map(({ key }) => key)).toEqual(['app', 'index']);
  expect(selectors.of(shape({ app: 'web', index: '1' })).requirements.map(({ key }) => key)).toEqual(['app']);
});
