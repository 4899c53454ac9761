/**
 * seatrial as a library: load a scenario, run it, look at what came of it. Nothing here needs Node; in a browser or a test, give
 * files through `memoryFiles`.
 *
 * ```ts
 * import { loadScenarioText, rowsOf, findTable, runScenario } from 'seatrial';
 *
 * const scenario = loadScenarioText(yaml);                 // throws InputError with everything that is wrong
 * const { digest, expectations, result } = runScenario(scenario);
 * console.log(digest, expectations.every((expectation) => expectation.status === 'met'));
 * console.table(rowsOf(findTable(result, 'availability')!));
 * ```
 *
 * @packageDocumentation
 */

// Errors -------------------------------------------------------------------------------------------------------------
export { formatProblem, InputError, type InputProblem, ProblemList } from './base/input-error.ts';
export { SimulationBug } from './base/invariant.ts';
export type { ParameterDef, ParameterValues } from './base/parameters.ts';
export { VERSION } from './base/version.ts';
// What a world is made of, for controllers, plugins, faults, traces and measures of one's own -------------------------
export type { Client } from './client/client.ts';
export type { ComponentContext } from './client/component-context.ts';
export { Expectations } from './client/expectations.ts';
export type { EventHandlers, Informer, InformerFactory, Lister } from './client/informer.ts';
export { WorkQueue } from './client/work-queue.ts';
export {
  type ControllerDef,
  type ControllerHost,
  type ControllerQueue,
  defineController,
  type ReconcileResult,
  type RunningController,
} from './controllers/controller.ts';
export { type Distribution, sample, sampleUs } from './engine/distributions.ts';
export { Engine, type EventHandle, type EventKind } from './engine/engine.ts';
export { all, type Op, Runtime, race, Scope, Signal, sleep } from './engine/process.ts';
export { Rng } from './engine/rng.ts';
export { DAY_US, formatDuration, HOUR_US, MILLISECOND_US, MINUTE_US, SECOND_US } from './engine/units.ts';
export { defineFault, type FaultDef } from './faults/fault.ts';
export { defineMeasure, type MeasureDef } from './metrics/measure.ts';
// Results ------------------------------------------------------------------------------------------------------------
export { columnOf, findTable, type Row, type RunResult, rowsOf, type Table } from './metrics/result.ts';
export { ApiStatus, isApiStatus, type Result } from './objects/api-status.ts';
export { newContainer, newPod, newPodSpec } from './objects/builders.ts';
export type { CustomObject } from './objects/cluster.ts';
export type { AnyObject, Kind, KindMap, ObjectOf } from './objects/kinds.ts';
export { controllerOf, keyOf, newMeta, type ObjectMeta, type OwnerReference, objectKey } from './objects/meta.ts';
export type { Pod } from './objects/pod.ts';
// Scenarios ----------------------------------------------------------------------------------------------------------
export { builtInVocabulary } from './scenario/built-in-vocabulary.ts';
export type { Expectation, ExpectationResult, MeasureInfo, Measurements, MeasureUnit } from './scenario/expect.ts';
export { MEASURES, SERIES, SETS } from './scenario/expect.ts';
export { evaluateExpectation, evaluateExpectations } from './scenario/expect-evaluator.ts';
export { type ParsedExpectation, parseExpectation } from './scenario/expect-parser.ts';
export { scenarioJsonSchema } from './scenario/json-schema.ts';
export { type LoadOptions, loadScenario } from './scenario/load.ts';
export { type LoadTextOptions, loadScenarioText } from './scenario/load-text.ts';
export { memoryFiles } from './scenario/memory-files.ts';
export type { PluginLoader, PluginOptions } from './scenario/plugin-sources.ts';
// Runs ---------------------------------------------------------------------------------------------------------------
export type { RunOutcomeOf, RunProgress, RunScenarioOptions, ScenarioRunOf } from './scenario/run-types.ts';
export type * from './scenario/scenario.ts';
export { type RunOutcome, runScenario, ScenarioRun, startScenario } from './scenario/scenario-run.ts';
export type { ControllerInfo, FaultInfo, ParamInfo, TraceFormatInfo, Vocabulary } from './scenario/vocabulary.ts';
export { World, type WorldOptions } from './scenario/world.ts';
// Scheduler plugins of one's own -------------------------------------------------------------------------------------
export { booleanArgument, choiceArgument, durationArgument, integerArgument, namesArgument } from './scheduler/arguments.ts';
export { ACTION, type ClusterEvent, clusterEvent, type EventResource } from './scheduler/cluster-event.ts';
export type { CycleData, CycleState } from './scheduler/cycle-state.ts';
export type { Diagnosis } from './scheduler/diagnosis.ts';
export type {
  ArgumentDef,
  ClusterLister,
  ClusterWriter,
  EventRegistration,
  ExtensionPoint,
  FilterRunner,
  NominatedPods,
  NominatingInfo,
  PermitResult,
  PermitWaiters,
  PluginDef,
  PluginHandle,
  PostFilterResult,
  PreemptionCandidate,
  PreFilterExtensions,
  PreFilterResult,
  QueueItem,
  QueueingHint,
  Reach,
  Snapshot,
} from './scheduler/framework.ts';
export { EXTENSION_POINTS, SCORE_MAX, SCORE_MIN } from './scheduler/framework.ts';
export type { ImageState, NodeInfo, Tally } from './scheduler/node-info.ts';
export { normalizeByMax } from './scheduler/normalize.ts';
export { definePlugin, type OwnPlugin, type OwnPluginDef } from './scheduler/own-plugin.ts';
export { PluginFailure } from './scheduler/plugin-guard.ts';
export type { PodInfo } from './scheduler/pod-info.ts';
export type { PodShape } from './scheduler/pod-shape.ts';
export type { Amount, Amounts } from './scheduler/resources.ts';
export { errorStatus, newStatus, SKIP, type Status, type StatusCode, SUCCESS, unresolvable, unschedulable } from './scheduler/status.ts';
export { defineTrace, type TraceDef } from './traces/trace.ts';
