// Node's HTTP, not by an import: that would evaluate all of the module's exports, and WebSocket among them loads a whole client that
// nobody here uses. It was a tenth of what a function does before its first request.

/** `node:http`. */
export const http = process.getBuiltinModule('node:http');
