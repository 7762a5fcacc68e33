// GETs a small JSON document over HTTPS, trusting the authority that is given, or the roots that Node trusts.

import { request } from 'node:https';
import { errorText } from '../../../../core/machinery/error-text.ts';
import { parseJson } from '../../../../core/machinery/json.ts';

export type GetJson = (url: string, certificateAuthority: string | undefined) => Promise<unknown>;

const timeoutMs = 10_000;
const maxBytes = 1024 * 1024;

/** Follows no redirects. Rejects with an Error that names the URL. */
export const getJson: GetJson = async (url, certificateAuthority) => {
  try {
    return parseJson(await get(url, certificateAuthority));
  } catch (error) {
    throw new Error(`GET ${url}: ${errorText(error)}`, { cause: error });
  }
};

function get(url: string, certificateAuthority: string | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
      ...(certificateAuthority !== undefined && { ca: certificateAuthority }),
    };
    const call = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxBytes) call.destroy(new Error(`the answer has more than ${maxBytes} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString('utf8'));
        else reject(new Error(`the answer is ${response.statusCode}, not 200`));
      });
    });
    call.on('error', reject);
    call.end();
  });
}
