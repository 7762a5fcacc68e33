// Asks the control plane of this machine for something, on the socket that only its owner can open.

import { request } from 'node:http';
import { controlSocketPath } from './control-plane/control-socket.ts';

/** Resolves with the answer, JSON, when it is done. Rejects with what the control plane says, or with why it does not answer. */
export function askControlPlane(dataDir: string, path: string, body: string): Promise<string> {
  return new Promise((done, fail) => {
    const call = request({ socketPath: controlSocketPath(dataDir), method: 'POST', path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => (response.statusCode === 200 ? done(text) : fail(new Error(text))));
    });
    call.on('error', (error) => fail(new Error(`the control plane does not answer: ${error.message}`)));
    call.end(body);
  });
}
