/**
 * ApiStatus: an API server's refusal, as a value. Every call gives the object or one of these; test
 * with `isApiStatus`.
 *
 * Models    kubernetes v1.34 metav1.Status and apimachinery/pkg/api/errors: code, reason, message,
 *           the first cause, retryAfterSeconds
 * Differs   failures of the way (timeout, connection lost, refused) are statuses too, with code 0
 *           when no HTTP answer came
 */

export class ApiStatus {
  /** HTTP code; 0 when no answer came from a server. */
  readonly code: number;
  /** Upstream's reason word, such as `Conflict`; `Unreachable` for a failed connection. */
  readonly reason: string;
  readonly message: string;
  /** The Retry-After header; 0 when absent: the client does not retry by itself then. */
  readonly retryAfterSeconds: number;
  /** Whether a write may or may not have been committed: the caller cannot know. */
  readonly isAmbiguous: boolean;
  /** The first cause's type, such as `NamespaceTerminating` or `DisruptionBudget`; empty when none. */
  readonly cause: string;

  constructor(code: number, reason: string, message: string, retryAfterSeconds = 0, isAmbiguous = false, cause = '') {
    this.code = code;
    this.reason = reason;
    this.message = message;
    this.retryAfterSeconds = retryAfterSeconds;
    this.isAmbiguous = isAmbiguous;
    this.cause = cause;
  }

  get isConflict(): boolean {
    return this.reason === 'Conflict';
  }

  get isAlreadyExists(): boolean {
    return this.reason === 'AlreadyExists';
  }

  get isNotFound(): boolean {
    return this.code === 404;
  }

  get isGone(): boolean {
    return this.code === 410;
  }

  get isTooManyRequests(): boolean {
    return this.code === 429;
  }

  get isForbidden(): boolean {
    return this.code === 403;
  }

  get isInvalid(): boolean {
    return this.code === 422;
  }

  /** No usable answer: timed out, refused, or the connection broke. */
  get isUnreachable(): boolean {
    return this.code === 0 || this.code === 504;
  }

  toString(): string {
    return `${this.reason}: ${this.message}`;
  }
}

/** What an API call gives: the value, or why not. */
export type Result<T> = T | ApiStatus;

export function isApiStatus(value: unknown): value is ApiStatus {
  return value instanceof ApiStatus;
}

export function conflict(message: string): ApiStatus {
  return new ApiStatus(409, 'Conflict', message);
}

export function alreadyExists(kind: string, name: string): ApiStatus {
  return new ApiStatus(409, 'AlreadyExists', `${kind} "${name}" already exists`);
}

export function notFound(kind: string, name: string): ApiStatus {
  return new ApiStatus(404, 'NotFound', `${kind} "${name}" not found`);
}

/** The asked-for revision is older than the history window (upstream reason `Expired`). */
export function gone(message: string): ApiStatus {
  return new ApiStatus(410, 'Expired', message);
}

/** `retryAfterSeconds` 0 leaves the header out. */
export function tooManyRequests(message: string, retryAfterSeconds: number, cause = ''): ApiStatus {
  return new ApiStatus(429, 'TooManyRequests', message, retryAfterSeconds, false, cause);
}

export function invalid(message: string): ApiStatus {
  return new ApiStatus(422, 'Invalid', message);
}

export function forbidden(message: string, cause = ''): ApiStatus {
  return new ApiStatus(403, 'Forbidden', message, 0, false, cause);
}

export function internalError(message: string): ApiStatus {
  return new ApiStatus(500, 'InternalError', message);
}

export function serviceUnavailable(message: string): ApiStatus {
  return new ApiStatus(503, 'ServiceUnavailable', message);
}

/** A server's 504, with Retry-After when it asks for another try (`Too large resource version` does, after 1 s). */
export function serverTimeout(message: string, retryAfterSeconds = 0): ApiStatus {
  return new ApiStatus(504, 'Timeout', message, retryAfterSeconds);
}

/** The client gave up waiting. `isAmbiguous` when the request may have reached a server. */
export function timeout(message: string, isAmbiguous: boolean): ApiStatus {
  return new ApiStatus(0, 'Timeout', message, 0, isAmbiguous);
}

/** Refused, unroutable or broken connection. `isAmbiguous` when a request was on its way. */
export function unreachable(message: string, isAmbiguous = false): ApiStatus {
  return new ApiStatus(0, 'Unreachable', message, 0, isAmbiguous);
}
