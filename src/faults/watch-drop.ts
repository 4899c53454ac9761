/**
 * watch-drop: a component's watch breaks and does not come back before the end of the fault.
 *
 * With `relist` the component then lists, and several changes look like one: something deleted and created again under one name looks like an
 * update. Without it the watch resumes and every change is seen, late; unless the server has forgotten them, which means a list too.
 */
import { componentOf, defineFault } from './fault.ts';
import { checkKind, kindParameter } from './kind-parameter.ts';

export const watchDrop = defineFault({
  name: 'watch-drop',
  summary: 'a watch of a component breaks; in the end it resumes, or the component lists again and sees many changes as one',
  place: 'target',
  targetKinds: ['component', 'node'],
  heals: true,
  parameters: [
    kindParameter('is not seen to change'),
    { name: 'relist', type: 'boolean', default: true, summary: 'list again in the end; otherwise the watch resumes where it was' },
  ],
  check: checkKind,
  strike: (world, target, parameters) =>
    world.components.cutWatch(componentOf(world, target), parameters.text('kind'), parameters.boolean('relist')),
});
