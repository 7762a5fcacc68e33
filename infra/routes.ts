// Which function answers which request. API Gateway routes by path and method alone, and a watch is a GET like any other:
// so all GETs stream, and so does everything of the agents, whose answers may be large. Plain watches are sent on to a path of their own.

export type ApiFunction = 'read' | 'watch' | 'write' | 'node' | 'hosted';

export interface Route {
  /** Below the stage; `{proxy+}` stands for one segment or more. */
  readonly path: '/' | '/{proxy+}' | '/watch/{proxy+}' | '/clusters/{proxy+}' | '/apis/agent.zeroplane.dev/{proxy+}';
  readonly method: 'GET' | 'ANY';
  readonly target: ApiFunction;
  /** Streamed: up to 15 minutes. Buffered: 29 seconds, 10 MB. */
  readonly streams: boolean;
}

/** The first that fits. */
export const routes: readonly Route[] = [
  { path: '/apis/agent.zeroplane.dev/{proxy+}', method: 'ANY', target: 'node', streams: true },
  { path: '/clusters/{proxy+}', method: 'ANY', target: 'hosted', streams: true },
  { path: '/watch/{proxy+}', method: 'GET', target: 'watch', streams: true },
  { path: '/{proxy+}', method: 'GET', target: 'read', streams: true },
  { path: '/{proxy+}', method: 'ANY', target: 'write', streams: false },
  { path: '/', method: 'GET', target: 'read', streams: true },
];
