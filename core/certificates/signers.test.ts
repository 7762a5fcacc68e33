import type { JsonGeneralName } from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import { readCertificateRequest } from './certificate-request.ts';
import { clientSigner, kubeletClientSigner, kubeletServingSigner, refusal } from './signers.ts';
import { certificateRequest } from './testing.ts';

const dns: JsonGeneralName = { type: 'dns', value: 'n1.example' };
const ip: JsonGeneralName = { type: 'ip', value: '10.0.0.1' };
const email: JsonGeneralName = { type: 'email', value: 'a@example.com' };
const nodes = ['system:nodes'];

interface Asked {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly names?: readonly JsonGeneralName[];
  readonly usages: readonly string[];
}

async function refusalOf(signer: string, { commonName, organizations, names, usages }: Asked) {
  const { request } = await certificateRequest(commonName, organizations, names);
  return refusal(signer, await readCertificateRequest(request), usages);
}

const client = ['client auth', 'digital signature'];
const serving = ['server auth', 'digital signature'];
const node = { commonName: 'system:node:n1', organizations: nodes };

describe('a signer of Kubernetes', () => {
  it.each<[string, string, Asked, string | undefined]>([
    ['a user', clientSigner, { commonName: 'jane', organizations: ['dev'], usages: ['client auth'] }, undefined],
    ['a user with names', clientSigner, { commonName: 'jane', names: [dns, email], usages: client }, undefined],
    ['no client', clientSigner, { commonName: 'jane', usages: serving }, 'usages must contain "client auth"'],
    [
      'a client that would sign',
      clientSigner,
      { commonName: 'jane', usages: [...client, 'cert sign'] },
      `usages may not contain "cert sign" for ${clientSigner}`,
    ],
    ['a node', kubeletClientSigner, { ...node, usages: client }, undefined],
    [
      'a node by key encipherment',
      kubeletClientSigner,
      { ...node, usages: [...client, 'key encipherment'] },
      undefined,
    ],
    [
      'a node of two groups',
      kubeletClientSigner,
      { ...node, organizations: [...nodes, 'system:masters'], usages: client },
      'subject organization is not system:nodes',
    ],
    [
      'a master',
      kubeletClientSigner,
      { ...node, organizations: ['system:masters'], usages: client },
      'subject organization is not system:nodes',
    ],
    [
      'a node that is called otherwise',
      kubeletClientSigner,
      { ...node, commonName: 'n1', usages: client },
      'subject common name does not begin with system:node:',
    ],
    [
      "a node's client with a DNS name",
      kubeletClientSigner,
      { ...node, names: [dns], usages: client },
      'DNS subjectAltNames are not allowed',
    ],
    ['a serving node', kubeletServingSigner, { ...node, names: [dns, ip], usages: serving }, undefined],
    [
      'a serving node without an address',
      kubeletServingSigner,
      { ...node, usages: serving },
      'at least one DNS or IP subjectAltName is required',
    ],
    [
      'a serving node with an email address',
      kubeletServingSigner,
      { ...node, names: [dns, email], usages: serving },
      'email subjectAltNames are not allowed',
    ],
    [
      'a serving node that is a client too',
      kubeletServingSigner,
      { ...node, names: [dns], usages: [...serving, 'client auth'] },
      `usages may not contain "client auth" for ${kubeletServingSigner}`,
    ],
    [
      'what is none of its own',
      'example.com/mine',
      { ...node, usages: client },
      'example.com/mine is not a signer of this cluster',
    ],
    [
      'what all objects inherit',
      'constructor',
      { ...node, usages: client },
      'constructor is not a signer of this cluster',
    ],
  ])('answers about %s', async (_, signer, asked, expected) => {
    expect(await refusalOf(signer, asked)).toBe(expected);
  });
});
