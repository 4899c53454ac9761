/**
 * Decoding of pods and pod templates, with the API server's defaults applied.
 *
 * Differs   fields without influence on the model are dropped; every probe keeps its timings, not its handler
 */
import { decodeAffinity, decodeSpreadConstraint, decodeToleration } from './decode-affinity.ts';
import { decodeMeta, META_FIELDS } from './decode-meta.ts';
import { decodePodStatus } from './decode-pod-status.ts';
import { type DecodeReader, NO_STRINGS, type RawObject } from './decode-reader.ts';
import { decodeVolume } from './decode-volumes.ts';
import { childPath } from './document-path.ts';
import { checkDnsLabel, checkQualifiedName } from './names.ts';
import type { Container, ContainerPort, Pod, PodSpec, Probe, ResourceRequirements } from './pod.ts';
import { DEFAULT_SCHEDULER_NAME } from './pod.ts';
import { defaultPodSpec, defaultPullPolicy, defaultRequests, requestAboveLimit } from './pod-defaults.ts';
import type { PodTemplate } from './workloads.ts';

export function decodePod(reader: DecodeReader, raw: RawObject, path: string): Pod {
  reader.knownFields(raw, path, ['apiVersion', 'kind', 'metadata', 'spec', 'status']);
  const metadata = decodeMeta(reader, raw, path, true);
  const spec = decodeRequiredSpec(reader, raw, path);
  return { kind: 'Pod', apiVersion: 'v1', metadata, spec, status: decodePodStatus(reader, raw, path, spec) };
}

export function decodePodTemplate(reader: DecodeReader, from: RawObject, key: string, path: string): PodTemplate {
  const at = childPath(path, key);
  const raw = reader.object(from, key, path);
  if (raw === undefined && reader.validate) reader.missing(path, key);
  const template = raw ?? {};
  reader.knownFields(template, at, ['metadata', 'spec']);
  const metadata = reader.object(template, 'metadata', at) ?? {};
  const metaPath = childPath(at, 'metadata');
  reader.knownFields(metadata, metaPath, META_FIELDS);
  return {
    metadata: {
      labels: reader.labels(metadata, 'labels', metaPath),
      annotations: reader.optionalStrings(metadata, 'annotations', metaPath) ?? NO_STRINGS,
      finalizers: reader.names(metadata, 'finalizers', metaPath),
    },
    spec: raw === undefined ? withoutChecks(reader, at) : decodeRequiredSpec(reader, template, at),
  };
}

function decodeRequiredSpec(reader: DecodeReader, from: RawObject, path: string): PodSpec {
  const raw = reader.object(from, 'spec', path);
  if (raw === undefined && reader.validate) reader.missing(path, 'spec');
  if (raw === undefined) return withoutChecks(reader, path);
  return reader.once('pod spec', raw, () => decodePodSpec(reader, raw, childPath(path, 'spec')));
}

/** The spec of a pod that gives none: reported once, not again for each missing part. */
function withoutChecks(reader: DecodeReader, path: string): PodSpec {
  return decodeSpecFields(reader, {}, childPath(path, 'spec'));
}

export function decodePodSpec(reader: DecodeReader, raw: RawObject, path: string): PodSpec {
  reader.knownFields(raw, path, SPEC_FIELDS);
  const spec = decodeSpecFields(reader, raw, path);
  if (reader.validate) validateSpec(reader, raw, spec, path);
  return defaultPodSpec(spec);
}

function decodeSpecFields(reader: DecodeReader, raw: RawObject, path: string): PodSpec {
  const resources = reader.object(raw, 'resources', path);
  return {
    nodeName: reader.string(raw, 'nodeName', path),
    schedulerName: reader.string(raw, 'schedulerName', path) || DEFAULT_SCHEDULER_NAME,
    containers: reader.items(raw, 'containers', path, (item, at) => decodeContainer(reader, item, at, false)),
    initContainers: reader.items(raw, 'initContainers', path, (item, at) => decodeContainer(reader, item, at, true)),
    restartPolicy: reader.oneOf(raw, 'restartPolicy', path, ['Always', 'OnFailure', 'Never'], 'Always'),
    terminationGracePeriodSeconds: reader.integer(raw, 'terminationGracePeriodSeconds', path, 30, 0),
    activeDeadlineSeconds: reader.optionalInteger(raw, 'activeDeadlineSeconds', path, 1),
    nodeSelector: reader.optionalStrings(raw, 'nodeSelector', path),
    affinity: decodeAffinity(reader, raw, path),
    tolerations: reader.items(raw, 'tolerations', path, (item, at) => decodeToleration(reader, item, at)),
    topologySpreadConstraints: reader.items(raw, 'topologySpreadConstraints', path, (item, at) => decodeSpreadConstraint(reader, item, at)),
    priorityClassName: reader.string(raw, 'priorityClassName', path),
    priority: reader.optionalInteger(raw, 'priority', path),
    preemptionPolicy: reader.oneOf(raw, 'preemptionPolicy', path, ['PreemptLowerPriority', 'Never'], 'PreemptLowerPriority'),
    overhead: reader.resources(raw, 'overhead', path),
    resources: resources === undefined ? undefined : decodeResources(reader, raw, path, false),
    schedulingGates: reader.items(raw, 'schedulingGates', path, (item, at) => ({ name: reader.requiredString(item, 'name', at) })),
    volumes: reader.items(raw, 'volumes', path, (item, at) => decodeVolume(reader, item, at)),
    hostNetwork: reader.boolean(raw, 'hostNetwork', path),
    serviceAccountName: reader.string(raw, 'serviceAccountName', path) || reader.string(raw, 'serviceAccount', path),
    hostname: reader.string(raw, 'hostname', path),
    subdomain: reader.string(raw, 'subdomain', path),
    readinessGates: reader.items(raw, 'readinessGates', path, (item, at) => ({
      conditionType: reader.requiredString(item, 'conditionType', at),
    })),
    resourceClaims: reader.items(raw, 'resourceClaims', path, (item, at) => ({
      name: reader.requiredString(item, 'name', at),
      resourceClaimName: reader.string(item, 'resourceClaimName', at),
      resourceClaimTemplateName: reader.string(item, 'resourceClaimTemplateName', at),
    })),
  };
}

function validateSpec(reader: DecodeReader, raw: RawObject, spec: PodSpec, path: string): void {
  if (spec.containers.length === 0 && (raw['containers'] === undefined || Array.isArray(raw['containers']))) {
    reader.problems.add(childPath(path, 'containers'), 'needs at least one container');
  }
  if (spec.containers.length + spec.initContainers.length > 1) {
    const seen = new Set<string>();
    for (const { name } of [...spec.initContainers, ...spec.containers]) {
      if (name !== '' && seen.has(name)) reader.problems.add(childPath(path, 'containers'), `two containers are called "${name}"`);
      seen.add(name);
    }
  }
  for (const key of Object.keys(spec.nodeSelector ?? {})) {
    reader.checkName(childPath(path, 'nodeSelector'), key, 'label key', checkQualifiedName(key));
  }
}

// Containers ----------------------------------------------------------------------------------------

function decodeContainer(reader: DecodeReader, raw: RawObject, path: string, isInit: boolean): Container {
  reader.knownFields(raw, path, CONTAINER_FIELDS);
  const name = reader.string(raw, 'name', path);
  if (reader.validate) {
    const wrong = checkDnsLabel(name);
    if (name === '') reader.missing(path, 'name');
    else if (wrong !== undefined) reader.problems.add(childPath(path, 'name'), `"${name}" ${wrong}`);
  }
  const image = reader.string(raw, 'image', path);
  const restartPolicy = isInit ? decodeRestartPolicy(reader, raw, path) : undefined;
  return {
    name,
    image,
    imagePullPolicy: reader.oneOf(raw, 'imagePullPolicy', path, ['Always', 'IfNotPresent', 'Never'], defaultPullPolicy(image)),
    resources: decodeResources(reader, raw, path, true),
    ports: reader.items(raw, 'ports', path, (item, at) => decodePort(reader, item, at)),
    restartPolicy,
    readinessProbe: decodeProbe(reader, raw, 'readinessProbe', path),
    livenessProbe: decodeProbe(reader, raw, 'livenessProbe', path),
    startupProbe: decodeProbe(reader, raw, 'startupProbe', path),
    preStopSleepSeconds: decodePreStop(reader, raw, path),
  };
}

/** `Always` makes a sidecar; the container-level policies of newer versions have no effect here. */
function decodeRestartPolicy(reader: DecodeReader, raw: RawObject, path: string): 'Always' | undefined {
  return reader.optionalString(raw, 'restartPolicy', path) === 'Always' ? 'Always' : undefined;
}

/** The `resources` of a container or a pod; requests default to limits in containers only. */
export function decodeResources(reader: DecodeReader, from: RawObject, path: string, fillRequests: boolean): ResourceRequirements {
  const raw = reader.object(from, 'resources', path);
  if (raw === undefined) return NO_REQUIREMENTS;
  const at = childPath(path, 'resources');
  reader.knownFields(raw, at, ['limits', 'requests', 'claims']);
  const limits = reader.resources(raw, 'limits', at);
  const requests = reader.resources(raw, 'requests', at);
  const resources = { requests: fillRequests ? defaultRequests(requests, limits) : requests, limits };
  if (reader.validate) {
    const name = requestAboveLimit(resources);
    if (name !== undefined) {
      reader.problems.add(
        childPath(childPath(at, 'requests'), name),
        `${resources.requests[name]} is more than the limit of ${limits[name]}`,
      );
    }
  }
  return resources;
}

const NO_REQUIREMENTS: ResourceRequirements = Object.freeze({ requests: NO_STRINGS, limits: NO_STRINGS });

function decodePort(reader: DecodeReader, raw: RawObject, path: string): ContainerPort {
  reader.knownFields(raw, path, ['name', 'containerPort', 'hostPort', 'protocol', 'hostIP']);
  const port: ContainerPort = {
    name: reader.string(raw, 'name', path),
    containerPort: reader.integer(raw, 'containerPort', path, 0),
    hostPort: reader.integer(raw, 'hostPort', path, 0),
    protocol: reader.string(raw, 'protocol', path) || 'TCP',
    hostIP: reader.string(raw, 'hostIP', path),
  };
  if (reader.validate) {
    if (raw['containerPort'] === undefined) reader.missing(path, 'containerPort');
    else if (!isPort(port.containerPort)) reader.problems.add(childPath(path, 'containerPort'), PORT_RULE);
    if (port.hostPort !== 0 && !isPort(port.hostPort)) reader.problems.add(childPath(path, 'hostPort'), PORT_RULE);
    if (!PROTOCOLS.includes(port.protocol)) {
      reader.problems.addUnknown(childPath(path, 'protocol'), 'protocol', port.protocol, PROTOCOLS);
    }
  }
  return port;
}

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];
const PORT_RULE = 'must be 1 to 65535';

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}

function decodeProbe(reader: DecodeReader, from: RawObject, key: string, path: string): Probe | undefined {
  const raw = reader.object(from, key, path);
  if (raw === undefined) return undefined;
  const at = childPath(path, key);
  reader.knownFields(raw, at, PROBE_FIELDS);
  // Defaults: SetDefaults_Probe, v1.34.
  return {
    initialDelaySeconds: reader.integer(raw, 'initialDelaySeconds', at, 0, 0),
    timeoutSeconds: reader.integer(raw, 'timeoutSeconds', at, 1, 1),
    periodSeconds: reader.integer(raw, 'periodSeconds', at, 10, 1),
    successThreshold: reader.integer(raw, 'successThreshold', at, 1, 1),
    failureThreshold: reader.integer(raw, 'failureThreshold', at, 3, 1),
    terminationGracePeriodSeconds: reader.optionalInteger(raw, 'terminationGracePeriodSeconds', at, 1),
  };
}

/** Seconds of a `sleep` hook, 0 for any other preStop hook (its run time is unknown), undefined without one. */
function decodePreStop(reader: DecodeReader, raw: RawObject, path: string): number | undefined {
  const lifecycle = reader.object(raw, 'lifecycle', path);
  if (lifecycle === undefined) return undefined;
  const at = childPath(path, 'lifecycle');
  const preStop = reader.object(lifecycle, 'preStop', at);
  if (preStop === undefined) return undefined;
  const sleep = reader.object(preStop, 'sleep', childPath(at, 'preStop'));
  return sleep === undefined ? 0 : reader.integer(sleep, 'seconds', childPath(childPath(at, 'preStop'), 'sleep'), 0, 0);
}

/** All fields of core/v1 PodSpec, v1.34. */
const SPEC_FIELDS: readonly string[] = [
  'activeDeadlineSeconds',
  'affinity',
  'automountServiceAccountToken',
  'containers',
  'dnsConfig',
  'dnsPolicy',
  'enableServiceLinks',
  'ephemeralContainers',
  'hostAliases',
  'hostIPC',
  'hostNetwork',
  'hostPID',
  'hostUsers',
  'hostname',
  'hostnameOverride',
  'imagePullSecrets',
  'initContainers',
  'nodeName',
  'nodeSelector',
  'os',
  'overhead',
  'preemptionPolicy',
  'priority',
  'priorityClassName',
  'readinessGates',
  'resourceClaims',
  'resources',
  'restartPolicy',
  'runtimeClassName',
  'schedulerName',
  'schedulingGates',
  'securityContext',
  'serviceAccount',
  'serviceAccountName',
  'setHostnameAsFQDN',
  'shareProcessNamespace',
  'subdomain',
  'terminationGracePeriodSeconds',
  'tolerations',
  'topologySpreadConstraints',
  'volumes',
];

/** All fields of core/v1 Container, v1.34. */
const CONTAINER_FIELDS: readonly string[] = [
  'args',
  'command',
  'env',
  'envFrom',
  'image',
  'imagePullPolicy',
  'lifecycle',
  'livenessProbe',
  'name',
  'ports',
  'readinessProbe',
  'resizePolicy',
  'resources',
  'restartPolicy',
  'restartPolicyRules',
  'securityContext',
  'startupProbe',
  'stdin',
  'stdinOnce',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'tty',
  'volumeDevices',
  'volumeMounts',
  'workingDir',
];

const PROBE_FIELDS: readonly string[] = [
  'exec',
  'failureThreshold',
  'grpc',
  'httpGet',
  'initialDelaySeconds',
  'periodSeconds',
  'successThreshold',
  'tcpSocket',
  'terminationGracePeriodSeconds',
  'timeoutSeconds',
];
