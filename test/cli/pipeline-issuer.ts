// Issuers of pipelines' tokens on a test's host, and what a runner of GitHub gives its jobs a token by. Prints where they are.
//
//   node test/cli/pipeline-issuer.ts
//
// A job's own bearer is here the claims themselves, as JSON in base64url: so a test is whatever pipeline it wants to be.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openIssuer } from '../../functions/apiserver/testing/issuer.ts';

const now = () => new Date();
// GitHub's own server has its issuer below a path, GitLab at its root.
const [github, gitlab] = await Promise.all([openIssuer(now, '/_services/token'), openIssuer(now)]);
const issuers = new Map([
  ['/github', github],
  ['/gitlab', gitlab],
]);

const runner = createServer((request, response) => {
  const url = new URL(request.url ?? '', 'http://runner');
  const bearer = request.headers.authorization?.replace('Bearer ', '') ?? '';
  const claims = JSON.parse(Buffer.from(bearer, 'base64url').toString());
  const aud = url.searchParams.get('audience') ?? '';
  void issuers
    .get(url.pathname)
    ?.token({ ...claims, aud })
    .then((value) => response.end(JSON.stringify({ value })));
});
runner.listen(0, '127.0.0.1');
await once(runner, 'listening');
// A TCP server that listens has an address with a port.
const { port } = runner.address() as AddressInfo;
console.log(
  JSON.stringify({
    github: new URL(github.url).host,
    gitlab: new URL(gitlab.url).host,
    certificateAuthority: `${github.certificateAuthority}\n${gitlab.certificateAuthority}\n`,
    runner: `http://127.0.0.1:${port}`,
  }),
);
