/**
 * The ways to compute the scheduler's decisions; all give the same answers.
 */
import type { SchedulerCache } from './cache.ts';
import type { SchedulerConfiguration } from './configuration.ts';
import type { Evaluator, SchedulerContext } from './framework.ts';
import { IncrementalEvaluator } from './incremental-evaluator.ts';
import { PlainEvaluator } from './plain-evaluator.ts';

export type EvaluatorName = 'incremental' | 'plain';

export type EvaluatorFactory = (config: SchedulerConfiguration, cache: SchedulerCache, context: SchedulerContext) => Evaluator;

export const EVALUATORS: { readonly [K in EvaluatorName]: EvaluatorFactory } = Object.freeze({
  incremental: (config: SchedulerConfiguration, cache: SchedulerCache, context: SchedulerContext) =>
    new IncrementalEvaluator(config, cache, context.nominated),
  plain: (config: SchedulerConfiguration) => new PlainEvaluator({ percentageOfNodesToScore: config.percentageOfNodesToScore }),
});

export const EVALUATOR_NAMES = Object.freeze(Object.keys(EVALUATORS)) as readonly EvaluatorName[];
