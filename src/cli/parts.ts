/**
 * The machinery of this release behind the commands.
 */
import { panels } from '../report/panels/registry.ts';
import { drawReport, readResult, writeResult } from '../report/write-result-file.ts';
import { builtInVocabulary } from '../scenario/built-in-vocabulary.ts';
import { startScenario } from '../scenario/scenario-run.ts';
import { schedulerPlugins } from '../scheduler/plugins/registry.ts';
import { scenarioJudge } from '../testing/judge-scenario.ts';
import type { FamilyMember } from './families.ts';
import type { CliParts } from './io.ts';

export function builtInParts(): CliParts {
  return {
    words: builtInVocabulary(),
    families: {
      plugins: schedulerPlugins.map(describePlugin),
      panels: panels.map((panel) => ({ name: panel.name, summary: panel.title, facts: {} })),
    },
    startScenario: (spec, options) => startScenario(spec, { judge: scenarioJudge(), ...options }),
    writeResult,
    readResult,
    renderReport: drawReport,
  };
}

function describePlugin(plugin: (typeof schedulerPlugins)[number]): FamilyMember {
  const weight = plugin.defaultWeight === 0 ? '' : `, weight ${plugin.defaultWeight}`;
  const args = plugin.args.map((argument) => argument.name);
  return {
    name: plugin.name,
    summary: `${plugin.points.join(', ')}${weight}`,
    facts: args.length === 0 ? {} : { arguments: args.join(', ') },
  };
}
