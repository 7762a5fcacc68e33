// The test API behind TLS, with an authority of its own whose certificate of an admin clients bring.

import { serve } from '../serve.ts';
import { createTestAuthority, type Pair } from './certificates.ts';
import type { TestApi } from './open-test-api.ts';

export interface TlsServer {
  readonly url: string;
  /** PEM: whom clients are to trust. */
  readonly ca: string;
  readonly admin: Pair;
  close(): Promise<void>;
}

export async function openTls(t: TestApi): Promise<TlsServer> {
  const authority = await createTestAuthority();
  const tls = { ...(await authority.server()), clientCA: authority.cert };
  const serving = await serve(t.api, { host: '127.0.0.1', port: 0, tls });
  return {
    url: serving.url,
    ca: authority.cert,
    admin: await authority.client('admin', ['system:masters']),
    close: () => serving.close(0),
  };
}
