/**
 * The scenario that `seatrial init` writes. A test runs it, so it stays valid.
 */
export const STARTER_SCENARIO = `# A scenario: a simulated cluster, what runs on it, what happens to it, and what must come of that.
#
#   seatrial run scenario.yaml                    simulate it and write out/my-first-cluster-1/
#   seatrial test scenario.yaml                   only check what it expects
#   seatrial run scenario.yaml --seed 2           other random numbers, everything else the same
#   seatrial schema > scenario.schema.json        completion and checks in your editor
#
apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata:
  name: my-first-cluster

spec:
  description: Three replicas spread over three zones survive the loss of one zone.

  # Everything random follows from the seed: the same scenario and seed give the same run, event by event, on every machine.
  seed: 1

  # Simulated time. "idle" ends the run when nothing is left to do.
  duration: 30m

  # The machines. Nodes are called <zone>-<rack>-<n>, racks <zone>-<n>.
  cluster:
    zones:
      - { name: a, racks: 2, nodesPerRack: 2, machine: small }
      - { name: b, racks: 2, nodesPerRack: 2, machine: small }
      - { name: c, racks: 2, nodesPerRack: 2, machine: small }
    machines:
      # Kinds of your own; "seatrial list machines" shows the built-in ones.
      small: { cpu: 4, memory: 16Gi, price: 0.13 }
    # How far apart the machines are; "seatrial list network".
    network: { profile: cloud-region }

  # What happens, and when. "seatrial list faults" shows what can break.
  events:
    # Zone b loses power for five minutes ...
    - { at: 10m, fault: zone-outage, target: zone/b, for: 5m }
    # ... and someone rolls out a new version afterwards.
    - { at: 20m, setImage: deployment/web, image: "web:2" }

  # Claims the run must prove; "seatrial list measures" shows what can be measured.
  expect:
    # Some replica was ready all the time, ...
    - availability(deployment/web) >= 99.9%
    # ... losing the worst zone costs a third of the replicas, ...
    - max_share_lost(deployment/web, zone) <= 34%
    # ... and in the end everything runs.
    - pods(phase=Running, app=web) == 3
    - count(pods.pending) == 0

---
# Plain Kubernetes manifests, here or in files of their own (spec.manifests: [ ./web.yaml ]).
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: DoNotSchedule
          labelSelector: { matchLabels: { app: web } }
      containers:
        - name: web
          image: web:1
          resources: { requests: { cpu: 500m, memory: 512Mi } }
`;
