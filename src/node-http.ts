// Node's `node:http`, without what an `import` of it would bring along: that reads every export of a module, and one of
// this module's, `WebSocket`, makes Node load an HTTP client of its own, which is 10 MB of resident memory.

export const http = process.getBuiltinModule('node:http');
