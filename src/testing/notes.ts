/**
 * Notes of what invariants are told of: writes to the store, requests of components, announcements.
 *
 * HOT       one is made whenever something happens; what listeners get is put together when it is told
 */
import type { ApiRequest, ObjectList } from '../apiserver/request.ts';
import { isApiStatus, type Result } from '../objects/api-status.ts';
import type { AnyObject } from '../objects/kinds.ts';
import { keyOf, type ObjectKey } from '../objects/meta.ts';
import { Note } from './backlog.ts';
import type { CommitType, WriteRecord } from './invariants/invariant.ts';

export type TopicListener = (record: unknown, timeUs: number) => void;

/** Who passes a write to the store on to those who listen. */
export interface CommitTeller {
  tellCommit(
    kind: string,
    type: CommitType,
    old: AnyObject | undefined,
    next: AnyObject | undefined,
    revision: number,
    key: ObjectKey,
  ): void;
}

export class CommitNote extends Note {
  private readonly teller: CommitTeller;
  private readonly kind: string;
  private readonly type: CommitType;
  private readonly old: AnyObject | undefined;
  private readonly next: AnyObject | undefined;
  private readonly revision: number;
  private readonly key: ObjectKey;

  constructor(
    teller: CommitTeller,
    kind: string,
    type: CommitType,
    old: AnyObject | undefined,
    next: AnyObject | undefined,
    revision: number,
    key: ObjectKey,
  ) {
    super();
    this.teller = teller;
    this.kind = kind;
    this.type = type;
    this.old = old;
    this.next = next;
    this.revision = revision;
    this.key = key;
  }

  override tell(): void {
    this.teller.tellCommit(this.kind, this.type, this.old, this.next, this.revision, this.key);
  }
}

/** One record is made for all who listen. */
export class WriteNote extends Note {
  private readonly listeners: readonly ((write: WriteRecord) => void)[];
  private readonly component: string;
  private readonly client: string;
  private readonly request: ApiRequest;
  private readonly result: Result<AnyObject | ObjectList>;

  constructor(
    listeners: readonly ((write: WriteRecord) => void)[],
    component: string,
    client: string,
    request: ApiRequest,
    result: Result<AnyObject | ObjectList>,
  ) {
    super();
    this.listeners = listeners;
    this.component = component;
    this.client = client;
    this.request = request;
    this.result = result;
  }

  override tell(): void {
    const record = writeRecord(this.component, this.client, this.request, this.result);
    for (const tell of this.listeners) tell(record);
  }
}

export class TopicNote extends Note {
  private readonly listeners: readonly TopicListener[];
  private readonly record: unknown;

  constructor(listeners: readonly TopicListener[], record: unknown) {
    super();
    this.listeners = listeners;
    this.record = record;
  }

  override tell(): void {
    for (const listener of this.listeners) listener(this.record, this.timeUs);
  }
}

function writeRecord(component: string, client: string, request: ApiRequest, result: Result<AnyObject | ObjectList>): WriteRecord {
  const isDone = !isApiStatus(result);
  const { verb } = request;
  const uid = isDone && 'metadata' in result ? (result as AnyObject).metadata.uid : undefined;
  if (verb === 'create' || verb === 'update') {
    // Of a created object the server may have made up the name.
    const object = isDone && 'kind' in result ? (result as AnyObject) : request.object;
    const wantedUid = verb === 'update' ? request.object.metadata.uid || undefined : undefined;
    return { component, client, verb, kind: object.kind, key: keyOf(object), isDone, wantedUid, uid };
  }
  const kind = verb === 'bind' || verb === 'evict' ? 'Pod' : request.kind;
  const wantedUid = 'uid' in request ? request.uid || undefined : undefined;
  return { component, client, verb, kind, key: 'key' in request ? request.key : '', isDone, wantedUid, uid };
}
