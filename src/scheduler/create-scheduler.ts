/**
 * createScheduler: a scheduler from its configuration and the plugins there are; for `Component.build`.
 */
import type { ComponentContext } from '../client/component.ts';
import type { SchedulerCache } from './cache.ts';
import type { SchedulerConfiguration } from './configuration.ts';
import type { Evaluator, PluginDef } from './framework.ts';
import { PlainEvaluator } from './plain-evaluator.ts';
import { Scheduler, type SchedulerOptions } from './scheduler.ts';

/** Ways to compute the same decisions. */
export type EvaluatorName = 'plain';

export interface CreateSchedulerOptions extends Omit<SchedulerOptions, 'createEvaluator' | 'definitions'> {
  /** Every plugin the configuration may name; usually those of plugins/registry.ts. */
  readonly plugins: readonly PluginDef[];
  /** Default: plain. */
  readonly evaluator?: EvaluatorName;
}

type EvaluatorFactory = (config: SchedulerConfiguration, cache: SchedulerCache) => Evaluator;

const EVALUATORS: { readonly [K in EvaluatorName]: EvaluatorFactory } = {
  plain: (config) => new PlainEvaluator({ percentageOfNodesToScore: config.percentageOfNodesToScore }),
};

export const EVALUATOR_NAMES = Object.freeze(Object.keys(EVALUATORS)) as readonly EvaluatorName[];

/** The scheduler of this life of the process; it starts by itself when its informers have synced. */
export function createScheduler(ctx: ComponentContext, options: CreateSchedulerOptions): Scheduler {
  const { plugins, evaluator, ...rest } = options;
  const create = EVALUATORS[evaluator ?? 'plain'];
  return new Scheduler(ctx, {
    ...rest,
    definitions: plugins,
    createEvaluator: (_context, cache) => create(options.config, cache),
  });
}
