/**
 * Smaller kinds: Namespace, Service, Lease, PriorityClass, PodDisruptionBudget, Event.
 *
 * Models    kubernetes v1.34 core/v1, coordination.k8s.io/v1, scheduling.k8s.io/v1, policy/v1
 */
import type { Condition, IntOrString, LabelSelector, ObjectMeta, StringMap, TimeUs } from './meta.ts';

export interface Namespace {
  readonly kind: 'Namespace';
  readonly apiVersion: 'v1';
  readonly metadata: ObjectMeta;
  readonly status: { readonly phase: 'Active' | 'Terminating' };
}

export interface Service {
  readonly kind: 'Service';
  readonly apiVersion: 'v1';
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly type: string;
    /** undefined when absent: such a Service selects nothing. */
    readonly selector: StringMap | undefined;
    readonly ports: readonly {
      readonly name: string;
      readonly port: number;
      readonly targetPort: IntOrString;
      readonly protocol: string;
    }[];
  };
}

export interface Lease {
  readonly kind: 'Lease';
  readonly apiVersion: 'coordination.k8s.io/v1';
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly holderIdentity: string;
    readonly leaseDurationSeconds: number;
    readonly acquireTime: TimeUs | undefined;
    readonly renewTime: TimeUs | undefined;
    readonly leaseTransitions: number;
  };
}

export interface PriorityClass {
  readonly kind: 'PriorityClass';
  readonly apiVersion: 'scheduling.k8s.io/v1';
  readonly metadata: ObjectMeta;
  readonly value: number;
  readonly globalDefault: boolean;
  readonly preemptionPolicy: 'PreemptLowerPriority' | 'Never';
}

export interface PodDisruptionBudget {
  readonly kind: 'PodDisruptionBudget';
  readonly apiVersion: 'policy/v1';
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly minAvailable: IntOrString | undefined;
    readonly maxUnavailable: IntOrString | undefined;
    readonly selector: LabelSelector | undefined;
    readonly unhealthyPodEvictionPolicy: 'IfHealthyBudget' | 'AlwaysAllow';
  };
  readonly status: {
    readonly disruptionsAllowed: number;
    readonly currentHealthy: number;
    readonly desiredHealthy: number;
    readonly expectedPods: number;
    readonly observedGeneration: number;
    /** Pod name to the time its eviction was accepted. */
    readonly disruptedPods: Readonly<Record<string, TimeUs>>;
    readonly conditions: readonly Condition[];
  };
}

/** A Kubernetes Event. Written only when the run keeps events; most components just announce them to observers. */
export interface KubeEvent {
  readonly kind: 'Event';
  readonly apiVersion: 'v1';
  readonly metadata: ObjectMeta;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly firstTimestamp: TimeUs;
  readonly lastTimestamp: TimeUs;
  readonly involvedObject: { readonly kind: string; readonly namespace: string; readonly name: string; readonly uid: string };
  readonly source: { readonly component: string };
}

/** Any object of a kind the simulator has no model for: custom resources, and kinds kept only so that they can be owned. */
export interface CustomObject {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: ObjectMeta;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status: Readonly<Record<string, unknown>>;
}
