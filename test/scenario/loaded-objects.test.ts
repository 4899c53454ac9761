import { expect, test } from 'vitest';
import { builtInVocabulary } from '../../src/scenario/built-in-vocabulary.ts';
import { loadScenarioData } from '../../src/scenario/load.ts';
import { memoryFiles } from '../../src/scenario/memory-files.ts';
import { World } from '../../src/scenario/world.ts';

test('objects with a uid keep it, so that references to them hold; all others get a new one', () => {
  const scenario = {
    apiVersion: 'seatrial.dev/v1alpha1',
    kind: 'Scenario',
    metadata: { name: 'loaded' },
    spec: {
      duration: '1m',
      cluster: { nodes: [{ name: 'n1', machine: 'm5.xlarge' }] },
    },
  };
  const owner = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'old', uid: 'from-elsewhere' }, spec: { selector: { app: 'a' } } };
  const fresh = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'new' }, spec: { selector: { app: 'b' } } };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 'old', uid: 'from-elsewhere' }] },
    spec: { containers: [{ name: 'main', image: 'a:1' }] },
  };
  const words = builtInVocabulary();
  const world = new World(loadScenarioData([scenario, owner, fresh, pod], 'test', { files: memoryFiles({}), words }));
  world.start();
  world.engine.run({ untilUs: 60e6 });
  expect(world.store.get('Service', 'default/old')!.metadata.uid).toBe('from-elsewhere');
  expect(world.store.get('Service', 'default/new')!.metadata.uid).toMatch(/^[0-9a-f]{8}-/);
  // The garbage collector finds the owner.
  expect(world.store.get('Pod', 'default/p')!.status.phase).toBe('Running');
});
