/**
 * What stands where there is nothing to cancel, to undo or to call.
 *
 * HOT       a function written where it is assigned to a property is allocated in V8's old generation, and whatever its scope sees then
 *           stays until the next full collection: a world that is over was copied along by every collection in between. So functions
 *           are assigned to properties by name (test/architecture.test.ts).
 */
export function doNothing(): void {}
