// Everything that a config or a component may import.

// With it an own vendor describes its options, and needs no package but this one.
export { z } from 'zod';
export * from './component.ts';
export * from './config.ts';
export { asFault, describe, Fault, type FaultKind, type FaultOptions } from './fault.ts';
export type { Code } from './faults.ts';
export * from './json.ts';
export * from './mapping.ts';
export * from './model.ts';
export { http } from './node-http.ts';
export { type CompleteOptions, complete } from './ocsf/complete.ts';
export * from './ocsf/fields.ts';
export type { Finding } from './ocsf/finding.ts';
export { eventsOf, type NormalizeOptions } from './ocsf/normalize.ts';
export { isAddress, isEmail } from './ocsf/scalars.ts';
export { type Version, versions } from './ocsf/schema.ts';
export * as ocsf from './ocsf/types.ts';
export { validate } from './ocsf/validate.ts';
export * from './options.ts';
export * from './otlp.ts';
export { point } from './point.ts';
export { isPrivate } from './private.ts';
export { hide } from './secrets.ts';
export * from './source/auth.ts';
export { type FileFormat, type FileRecord, type FilesOptions, files } from './source/files.ts';
export {
  type Api,
  defineHttpReceiver,
  type HttpDefinition,
  type Send,
} from './source/http.ts';
export { httpOptions, pollOptions, windowOptions } from './source/http-options.ts';
export { poll, type Source as PollSource, type Turn } from './source/poll.ts';
export * from './source/walks.ts';
export * from './source/windows.ts';
export * from './time.ts';
export { version } from './version.ts';
