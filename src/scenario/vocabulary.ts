/**
 * Vocabulary: the names a scenario may use and what their parameters look like, as data.
 *
 * The schema, its JSON form, the checks with nearest names and `seatrial list` are all made from one vocabulary, so a new
 * line in a registry shows up in all of them. `builtInVocabulary` (built-in-vocabulary.ts) collects the registries.
 */
import type { MachineSpec, ParamValue } from './scenario.ts';

export type ParamType =
  /** A fixed duration, in us. */
  | 'duration'
  /** A duration or a distribution of durations; always stored as a distribution. */
  | 'distribution'
  /** An amount of bytes (or bytes per second) such as `40Mi`; stored as a number. */
  | 'bytes'
  /** `34%` or 0.34; stored as 0..1. */
  | 'ratio'
  | 'number'
  | 'integer'
  | 'boolean'
  | 'text'
  | 'choice'
  | 'list';

export interface ParamInfo {
  readonly name: string;
  readonly type: ParamType;
  readonly summary: string;
  /** Only for `choice`. */
  readonly choices?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  /** Shown in lists; the member itself applies it. */
  readonly default?: ParamValue;
  readonly isRequired?: boolean;
  /** The name the member itself knows it by, when scenarios write it differently: `plegPeriod` for `plegPeriodUs`. */
  readonly storedAs?: string;
}

export interface FaultInfo {
  readonly name: string;
  readonly summary: string;
  /** `target`: needs a target; `between`: needs two ends; `none`: strikes the cluster as such; `any`: that, or a target. */
  readonly place: 'target' | 'between' | 'none' | 'any';
  /** What a target may be, for help: `zone/<name>`, `component/<name>`. */
  readonly targets: readonly string[];
  /** Whether it ends by itself after `for`. */
  readonly heals: boolean;
  readonly params: readonly ParamInfo[];
}

export interface ControllerInfo {
  readonly name: string;
  readonly summary: string;
  readonly isEnabledByDefault: boolean;
  readonly params: readonly ParamInfo[];
}

export interface TraceFormatInfo {
  readonly name: string;
  readonly summary: string;
  readonly files: readonly { readonly role: string; readonly isRequired: boolean; readonly summary: string }[];
  readonly options: readonly ParamInfo[];
  /** The role of the file that lists machines, when the format has one. */
  readonly nodesRole: string | undefined;
}

export interface Vocabulary {
  readonly machines: readonly MachineSpec[];
  readonly networkProfiles: readonly { readonly name: string; readonly summary: string }[];
  readonly networkDistances: readonly string[];
  readonly faults: readonly FaultInfo[];
  readonly controllers: readonly ControllerInfo[];
  /** Kinds of custom resources that events may name: those the controllers bring along. */
  readonly customKinds: readonly string[];
  readonly kubeletProfiles: readonly { readonly name: string; readonly summary: string }[];
  readonly kubeletParams: readonly ParamInfo[];
  readonly traceFormats: readonly TraceFormatInfo[];
  /** What a run does when the scenario leaves it open. */
  readonly defaults: { readonly networkProfile: string; readonly kubeletProfile: string };
}
