import { expect, test } from 'vitest';
import { builtInVocabulary } from '../../src/scenario/built-in-vocabulary.ts';
import { loadScenarioData } from '../../src/scenario/load.ts';
import { memoryFiles } from '../../src/scenario/memory-files.ts';
import { runScenario } from '../../src/scenario/scenario-run.ts';
import { defineInvariant } from '../../src/testing/invariants/invariant.ts';
import { ConvergenceJudge } from '../../src/testing/judge.ts';
import { runStorm } from '../../src/testing/run-storm.ts';

const words = builtInVocabulary();

/** Never has enough. */
const insatiable = defineInvariant({
  name: 'insatiable',
  id: '',
  summary: 'there is always something left to wish for',
  create: () => ({ unsettled: () => ['node/a-1-1 is not gold'] }),
});

function spec(quietSeconds: number) {
  const scenario = {
    apiVersion: 'seatrial.dev/v1alpha1',
    kind: 'Scenario',
    metadata: { name: 'restless' },
    spec: {
      cluster: { zones: [{ name: 'a', racks: 1, nodesPerRack: 1, machine: 'small' }], machines: { small: { cpu: 4, memory: '16Gi' } } },
      converge: { within: '65s', quiet: `${quietSeconds}s`, invariants: ['insatiable'] },
      expect: ['violations(convergence) == 1'],
    },
  };
  return loadScenarioData([scenario], 'test', { files: memoryFiles({}), words });
}

// 17 s divides none of it, so that no look falls on the deadline by chance; with 300 s the first look would come after it.
test.each([10, 17, 300])(
  'a cluster that does not settle is reported when its time is up, with looks every tenth of %d s',
  (quietSeconds) => {
    const { violation } = runStorm(spec(quietSeconds), { invariants: [insatiable] });
    expect(violation).toMatchObject({ invariant: 'convergence', timeUs: (65 + quietSeconds) * 1e6 });
    expect(violation!.message).toContain('node/a-1-1 is not gold');
    const { expectations } = runScenario(spec(quietSeconds), {
      judge: (world) => new ConvergenceJudge(world, { invariants: [insatiable] }),
    });
    expect(expectations.map(({ status }) => status)).toEqual(['met']);
  },
);
