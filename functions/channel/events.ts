// Events of the WebSocket API, and answers to them. Source: API Gateway developer guide, "WebSocket APIs": routes $connect, $disconnect,
// $default, two-way communication.

/** What is read of an event of a WebSocket API. */
export interface ChannelEvent {
  readonly headers?: Readonly<Record<string, string>> | null;
  readonly requestContext: { readonly routeKey: string; readonly connectionId: string };
  readonly body?: string | null;
}

export interface ChannelAnswer {
  readonly statusCode: number;
  readonly body?: string;
}
