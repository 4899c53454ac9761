/**
 * Pod defaults: what the API server fills in when a pod is created.
 *
 * Models    kubernetes v1.34 pkg/apis/core/v1/defaults.go: requests from limits, pod-level requests and huge pages,
 *           host ports, pull policy
 */
import type { ResourceList } from './meta.ts';
import type { Container, ContainerPort, PodSpec, PullPolicy, ResourceRequirements } from './pod.ts';
import { type ExactResources, exactPodRequests, isPodLevelResource } from './pod-requests.ts';
import { formatQuantity, quantityNanos } from './quantity.ts';

/** Requests default to limits, resource by resource. Returns `requests` itself when nothing is missing. */
export function defaultRequests(requests: ResourceList, limits: ResourceList): ResourceList {
  let result: Record<string, string> | undefined;
  for (const name of Object.keys(limits)) {
    if (requests[name] !== undefined) continue;
    result ??= { ...requests };
    result[name] = limits[name]!;
  }
  return result ?? requests;
}

/** Always for `:latest` and for images without tag or digest, IfNotPresent otherwise. */
export function defaultPullPolicy(image: string): PullPolicy {
  if (image.includes('@')) return 'IfNotPresent';
  const colon = image.lastIndexOf(':');
  const tag = colon > image.lastIndexOf('/') ? image.slice(colon + 1) : '';
  return tag === '' || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

/** The spec with the defaults that need to see the whole pod. Returns `spec` itself when there are none. */
export function defaultPodSpec(spec: PodSpec): PodSpec {
  let result = spec;
  if (spec.hostNetwork && [...spec.containers, ...spec.initContainers].some((container) => container.ports.some(lacksHostPort))) {
    result = { ...result, containers: result.containers.map(withHostPorts), initContainers: result.initContainers.map(withHostPorts) };
  }
  if (spec.resources !== undefined) result = { ...result, resources: defaultPodResources(spec, spec.resources) };
  return result;
}

function lacksHostPort(port: ContainerPort): boolean {
  return port.hostPort === 0;
}

function withHostPorts(container: Container): Container {
  if (!container.ports.some(lacksHostPort)) return container;
  return { ...container, ports: container.ports.map((port) => (lacksHostPort(port) ? { ...port, hostPort: port.containerPort } : port)) };
}

/** Pod-level huge-page limits from the containers, then pod-level requests from the containers or else from the limits. */
function defaultPodResources(spec: PodSpec, resources: ResourceRequirements): ResourceRequirements {
  const limits: Record<string, string> = { ...resources.limits };
  for (const [name, nanos] of sumOfLimits(spec)) {
    if (name.startsWith('hugepages-') && resources.requests[name] === undefined && limits[name] === undefined) {
      limits[name] = formatQuantity({ nanos, format: 'BinarySI' });
    }
  }
  if (Object.keys(limits).length === 0) return resources;
  const requests: Record<string, string> = { ...resources.requests };
  const ofContainers = exactPodRequests({ spec: { ...spec, overhead: {} } }, { podLevel: false });
  for (const name of ['cpu', 'memory']) {
    const nanos = ofContainers.get(name);
    if (nanos !== undefined && requests[name] === undefined) {
      requests[name] = formatQuantity({ nanos, format: name === 'cpu' ? 'DecimalSI' : 'BinarySI' });
    }
  }
  for (const name of Object.keys(limits)) {
    if (isPodLevelResource(name) && requests[name] === undefined) requests[name] = limits[name]!;
  }
  return { requests, limits };
}

/** Limits of the regular containers and sidecars, or of the largest other init container where that is more. */
function sumOfLimits(spec: PodSpec): ExactResources {
  const asRequests = (container: Container): Container => ({
    ...container,
    resources: { requests: container.resources.limits, limits: container.resources.limits },
  });
  const swapped = {
    ...spec,
    containers: spec.containers.map(asRequests),
    initContainers: spec.initContainers.map(asRequests),
    overhead: {},
  };
  return exactPodRequests({ spec: swapped }, { podLevel: false });
}

/** Whether some request exceeds its limit: the API server refuses such containers. Returns the resource's name. */
export function requestAboveLimit(resources: ResourceRequirements): string | undefined {
  const { requests, limits } = resources;
  for (const name of Object.keys(limits)) {
    const request = requests[name];
    const limit = limits[name]!;
    if (request !== undefined && request !== limit && quantityNanos(request) > quantityNanos(limit)) return name;
  }
  return undefined;
}
