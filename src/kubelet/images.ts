/**
 * Images: what a node has on its disk, and how it gets the rest from the registry.
 *
 * A pull takes the registry's latency, then the download at the node's bandwidth (or its share of the registry's, when many nodes
 * pull), then unpacking. Pulls of one node run one after the other, in the order they were asked for.
 *
 * Models    kubernetes v1.34 pkg/kubelet/images: serializeImagePulls=true; a second pull of a present image only asks the registry
 * Differs   an image is one layer; the registry's share is fixed when a pull starts; nothing is ever deleted (disks are large enough)
 * Units     microseconds; bytes compressed, as the registry sends them
 * Order     one stream per node for latencies; sizes come from one stream per image, so that an image is the same everywhere
 */
import { RingBuffer } from '../base/ring-buffer.ts';
import { type Distribution, sample, sampleUs } from '../engine/distributions.ts';
import type { Engine, EventHandle, EventKind } from '../engine/engine.ts';
import { NO_EVENT } from '../engine/engine.ts';
import type { Rng } from '../engine/rng.ts';
import { SECOND_US } from '../engine/units.ts';
import type { ContainerImage } from '../objects/node.ts';
import type { KubeletProfile } from './profiles.ts';

/** The one registry of a run. Faults act on the two fields. */
export class ImageRegistry {
  /** Outages in force; pulls fail while there are any. */
  outages: number;
  /** Downloads take this many times as long. */
  slowdown: number;
  private readonly profile: KubeletProfile;
  private readonly rng: Rng;
  private readonly bytes: Map<string, number>;
  private downloads: number;

  constructor(profile: KubeletProfile, rng: Rng) {
    this.outages = 0;
    this.slowdown = 1;
    this.profile = profile;
    this.rng = rng;
    this.bytes = new Map();
    this.downloads = 0;
  }

  get isAvailable(): boolean {
    return this.outages === 0;
  }

  /** Says how large an image is, instead of drawing it. */
  declareImage(image: string, bytes: number): void {
    this.bytes.set(image, bytes);
  }

  sizeOf(image: string): number {
    const known = this.bytes.get(image);
    if (known !== undefined) return known;
    const { imageBytes, imageSpread } = this.profile;
    const sizes: Distribution = { kind: 'lognormal', median: imageBytes, sigma: imageSpread };
    const bytes = imageBytes === 0 ? 0 : Math.round(sample(sizes, this.rng.fork(image)));
    this.bytes.set(image, bytes);
    return bytes;
  }

  /** How long a download that starts now takes, in microseconds; call `endDownload` when it is over. */
  startDownload(bytes: number): number {
    this.downloads++;
    const rate = Math.min(this.profile.nodeBandwidth, this.profile.registryBandwidth / this.downloads);
    return bytes === 0 ? 0 : Math.round((bytes / rate) * SECOND_US * this.slowdown);
  }

  endDownload(): void {
    this.downloads--;
  }
}

interface Pull {
  readonly image: string;
  readonly done: (isPulled: boolean) => void;
}

/** The images of one node. */
export class NodeImages {
  /** Time the disk needs is multiplied by this. */
  diskSlowdown: number;
  private readonly engine: Engine;
  private readonly kind: EventKind<NodeImages>;
  private readonly nodeId: number;
  private readonly registry: ImageRegistry;
  private readonly profile: KubeletProfile;
  private readonly rng: Rng;
  /** Whether the node's network reaches the registry. */
  private readonly canReach: () => boolean;
  private present: Set<string> | undefined;
  private queue: RingBuffer<Pull> | undefined;
  private current: Pull | undefined;
  private isDownloading: boolean;
  private handle: EventHandle;

  constructor(
    engine: Engine,
    kind: EventKind<NodeImages>,
    nodeId: number,
    registry: ImageRegistry,
    profile: KubeletProfile,
    rng: Rng,
    canReach: () => boolean,
  ) {
    this.canReach = canReach;
    this.diskSlowdown = 1;
    this.engine = engine;
    this.kind = kind;
    this.nodeId = nodeId;
    this.registry = registry;
    this.profile = profile;
    this.rng = rng;
    this.present = undefined;
    this.queue = undefined;
    this.current = undefined;
    this.isDownloading = false;
    this.handle = NO_EVENT;
  }

  has(image: string): boolean {
    return this.present?.has(image) ?? false;
  }

  /** Puts an image on the disk without a pull: pre-loaded machines. */
  preload(image: string): void {
    this.present ??= new Set();
    this.present.add(image);
  }

  /** The largest images, as a node reports them: at most 50 (nodeStatusMaxImages), largest first, then by name. */
  reported(): ContainerImage[] {
    const images = [...(this.present ?? [])].map((name) => ({ names: [name], sizeBytes: this.registry.sizeOf(name) }));
    images.sort((a, b) => b.sizeBytes - a.sizeBytes || (a.names[0]! < b.names[0]! ? -1 : 1));
    return images.slice(0, 50);
  }

  get count(): number {
    return this.present?.size ?? 0;
  }

  /** Asks for a pull; `done` runs later, inside an event, or at once when pulls take no time. */
  pull(image: string, done: (isPulled: boolean) => void): void {
    this.queue ??= new RingBuffer();
    this.queue.push({ image, done });
    if (this.current === undefined) this.startNext();
  }

  /** Forgets every pull, running and waiting: the kubelet or the machine died. */
  reset(): void {
    this.engine.cancel(this.handle);
    if (this.isDownloading) this.registry.endDownload();
    this.isDownloading = false;
    this.current = undefined;
    this.queue = undefined;
  }

  /** Called by the pull's event. */
  finish(): void {
    const pull = this.current!;
    if (this.isDownloading) {
      this.registry.endDownload();
      this.isDownloading = false;
    }
    this.current = undefined;
    const isPulled = this.registry.isAvailable && this.canReach();
    if (isPulled) this.preload(pull.image);
    this.startNext();
    pull.done(isPulled);
  }

  private startNext(): void {
    const pull = this.queue?.shift();
    if (pull === undefined) return;
    this.current = pull;
    let delayUs = sampleUs(this.profile.registryLatency, this.rng);
    if (this.registry.isAvailable && !this.has(pull.image)) {
      const bytes = this.registry.sizeOf(pull.image);
      delayUs += this.registry.startDownload(bytes);
      this.isDownloading = true;
      if (bytes > 0) delayUs += Math.round((bytes / this.profile.unpackRate) * SECOND_US * this.diskSlowdown);
    }
    this.handle = this.engine.schedule(this.kind, delayUs, this.nodeId, this);
  }
}
