/**
 * ControllerManager: runs a choice of controllers inside one process, on shared informers.
 *
 * Models    kubernetes v1.34 cmd/kube-controller-manager: one process, informers shared by all controllers,
 *           a client of its own (20 qps, burst 30) for each
 * Order     controllers are built in the order given; workers start once every cache is filled
 */

import type { ProblemList } from '../base/input-error.ts';
import { nearestName } from '../base/nearest-name.ts';
import { type ParameterValues, resolveParameters } from '../base/parameters.ts';
import type { ComponentContext } from '../client/component-context.ts';
import type { Quirks } from '../objects/quirks.ts';
import { type ControllerDef, type ControllerQueue, type RunningController, runWorker } from './controller.ts';

/** Name of the process and of its clients' user agent. */
export const CONTROLLER_MANAGER = 'kube-controller-manager';

export interface ControllerSettings {
  readonly enabled?: boolean;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** A controller that will run, with complete and valid parameters. */
export interface PlannedController {
  readonly def: ControllerDef;
  readonly params: ParameterValues;
}

/**
 * Which controllers run, and how. Unknown names and bad parameters are added to `problems` under `path`.
 * Controllers without settings run as their definition says.
 */
export function planControllers(
  defs: readonly ControllerDef[],
  settings: Readonly<Record<string, ControllerSettings>>,
  path: string,
  problems: ProblemList,
): PlannedController[] {
  const names = defs.map((def) => def.name);
  for (const name of Object.keys(settings)) {
    if (names.includes(name)) continue;
    const nearest = nearestName(name, names);
    const hint = nearest === undefined ? undefined : `did you mean "${nearest}"?`;
    problems.add(`${path}.${name}`, `unknown controller, expected one of ${names.join(', ')}`, hint);
  }
  const planned: PlannedController[] = [];
  for (const def of defs) {
    const setting = Object.hasOwn(settings, def.name) ? settings[def.name] : undefined;
    const params = resolveParameters(def.parameters, setting?.params ?? {}, `${path}.${def.name}`, problems);
    if (setting?.enabled ?? def.isEnabledByDefault) planned.push({ def, params });
  }
  return planned;
}

/** The body of the process: give it to a Component as `build`. */
export function buildControllers(ctx: ComponentContext, planned: readonly PlannedController[], quirks: Quirks): void {
  const customKinds = [...new Set(planned.flatMap(({ def }) => def.kinds))];
  const running = planned.map(({ def, params }) => {
    const client = ctx.clientNamed(def.name, { qps: params.number('qps'), burst: params.number('burst') });
    return { name: def.name, controller: def.create({ ctx, client, params, quirks, customKinds }) };
  });
  ctx.informers.whenSynced(() => {
    for (const { name, controller } of running) startController(ctx, name, controller);
  });
}

function startController(ctx: ComponentContext, name: string, controller: RunningController): void {
  controller.start?.();
  for (const work of controller.queues) startWorkers(ctx, name, work);
}

function startWorkers(ctx: ComponentContext, name: string, work: ControllerQueue): void {
  work.queue.staff(work.workers, (i) => void ctx.scope.spawn(`${name}/${i}`, runWorker(work)));
}
