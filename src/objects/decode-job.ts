/**
 * Decoding of Job.
 *
 * Models    kubernetes v1.34 pkg/apis/batch/v1/defaults.go and validation
 */
import { decodeConditions, decodeMeta, decodeSelector } from './decode-meta.ts';
import { decodePodTemplate } from './decode-pod.ts';
import type { DecodeReader, RawObject } from './decode-reader.ts';
import { childPath } from './document-path.ts';
import type { Job, JobSpec, JobStatus } from './job.ts';

const SPEC_FIELDS = [
  'activeDeadlineSeconds',
  'backoffLimit',
  'backoffLimitPerIndex',
  'completionMode',
  'completions',
  'managedBy',
  'manualSelector',
  'maxFailedIndexes',
  'parallelism',
  'podFailurePolicy',
  'podReplacementPolicy',
  'selector',
  'successPolicy',
  'suspend',
  'template',
  'ttlSecondsAfterFinished',
];

/** DefaultJobBackoffLimit, v1.34. */
const BACKOFF_LIMIT = 6;

export function decodeJob(reader: DecodeReader, raw: RawObject, path: string): Job {
  reader.knownFields(raw, path, ['apiVersion', 'kind', 'metadata', 'spec', 'status']);
  return {
    kind: 'Job',
    apiVersion: 'batch/v1',
    metadata: decodeMeta(reader, raw, path, true),
    spec: decodeSpec(reader, raw, path),
    status: decodeStatus(reader, reader.object(raw, 'status', path) ?? {}, childPath(path, 'status')),
  };
}

function decodeSpec(reader: DecodeReader, raw: RawObject, path: string): JobSpec {
  const found = reader.object(raw, 'spec', path);
  if (found === undefined && reader.validate) reader.missing(path, 'spec');
  const spec = found ?? {};
  const at = childPath(path, 'spec');
  reader.knownFields(spec, at, SPEC_FIELDS);
  const parallelism = reader.optionalInteger(spec, 'parallelism', at, 0);
  const completions = reader.optionalInteger(spec, 'completions', at, 0);
  const completionMode = reader.oneOf(spec, 'completionMode', at, ['NonIndexed', 'Indexed'], 'NonIndexed');
  const template = decodePodTemplate(reader, spec, 'template', at);
  if (reader.validate) {
    if (completionMode === 'Indexed' && completions === undefined) {
      reader.problems.add(childPath(at, 'completions'), 'is required when completionMode is Indexed');
    }
    if (template.spec.restartPolicy === 'Always' && found?.['template'] !== undefined) {
      reader.problems.add(childPath(childPath(childPath(at, 'template'), 'spec'), 'restartPolicy'), 'must be Never or OnFailure');
    }
  }
  return {
    parallelism: parallelism ?? 1,
    // Both absent means one pod; with parallelism alone any success is enough.
    completions: completions ?? (parallelism === undefined ? 1 : undefined),
    backoffLimit: reader.integer(spec, 'backoffLimit', at, BACKOFF_LIMIT, 0),
    activeDeadlineSeconds: reader.optionalInteger(spec, 'activeDeadlineSeconds', at, 1),
    ttlSecondsAfterFinished: reader.optionalInteger(spec, 'ttlSecondsAfterFinished', at, 0),
    suspend: reader.boolean(spec, 'suspend', at),
    completionMode,
    podReplacementPolicy: reader.oneOf(spec, 'podReplacementPolicy', at, ['TerminatingOrFailed', 'Failed'], 'TerminatingOrFailed'),
    selector: decodeSelector(reader, spec, 'selector', at),
    template,
  };
}

function decodeStatus(reader: DecodeReader, raw: RawObject, path: string): JobStatus {
  const count = (key: string) => reader.integer(raw, key, path, 0, 0);
  const uncounted = reader.object(raw, 'uncountedTerminatedPods', path) ?? {};
  const uncountedAt = childPath(path, 'uncountedTerminatedPods');
  return {
    active: count('active'),
    ready: count('ready'),
    terminating: count('terminating'),
    succeeded: count('succeeded'),
    failed: count('failed'),
    startTime: reader.optionalTime(raw, 'startTime', path),
    completionTime: reader.optionalTime(raw, 'completionTime', path),
    completedIndexes: reader.string(raw, 'completedIndexes', path),
    uncountedTerminatedPods: {
      succeeded: reader.names(uncounted, 'succeeded', uncountedAt),
      failed: reader.names(uncounted, 'failed', uncountedAt),
    },
    conditions: decodeConditions(reader, raw, path),
  };
}
