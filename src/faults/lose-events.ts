/**
 * lose-events: watch events are lost on their way to one component, and nothing notices.
 *
 * Models    client libraries of old: today's reflectors can miss intermediate states (watch-drop), but no end state. For bugs such as
 *           kubernetes/kubernetes#56261 and #55587
 */
import { componentOf, defineFault } from './fault.ts';
import { checkKind, kindParameter } from './kind-parameter.ts';

export const loseEvents = defineFault({
  name: 'lose-events',
  summary: 'a component never hears of some changes, and does not notice',
  place: 'target',
  targetKinds: ['component', 'node'],
  heals: true,
  parameters: [
    kindParameter('changes'),
    {
      name: 'type',
      type: 'text',
      default: 'any',
      choices: ['any', 'ADDED', 'MODIFIED', 'DELETED'],
      summary: 'the type of the lost events',
    },
    { name: 'skip', type: 'integer', default: 0, min: 0, summary: 'let this many of them pass first' },
    { name: 'count', type: 'integer', default: 0, min: 0, summary: 'lose this many and no more; 0 for all while the fault lasts' },
  ],
  check: checkKind,
  strike: (world, target, parameters) => {
    const lost = parameters.text('type');
    let skip = parameters.number('skip');
    let left = parameters.number('count') || Infinity;
    return world.components.loseEvents(componentOf(world, target), parameters.text('kind'), (type) => {
      if (left <= 0 || (lost !== 'any' && lost !== type)) return false;
      if (skip > 0) {
        skip--;
        return false;
      }
      left--;
      return true;
    });
  },
});
