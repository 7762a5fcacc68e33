// What people and scripts do with curl, in both versions of HTTP and with both kinds of credentials.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeCbor } from '../../core/api/cbor/decode-cbor.ts';
import { encodeCbor } from '../../core/api/cbor/encode-cbor.ts';
import { decodeProtobuf } from '../../core/api/protobuf/decode-protobuf.ts';
import { type CurlServer, openCurl, withoutCurl } from './testing/open-curl.ts';
import { adminToken, openTestApi, type TestApi } from './testing/open-test-api.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';
const json = ['-H', 'Content-Type: application/json'];

describe.skipIf(withoutCurl)(`curl${withoutCurl ? ` (skipped: ${withoutCurl})` : ''}`, () => {
  let t: TestApi;
  let server: CurlServer;
  beforeAll(async () => {
    t = await openTestApi();
    await t.namespace('default');
    server = await openCurl(t);
  });
  afterAll(async () => {
    await server?.close();
    await t?.close();
  });

  describe.each([
    ['--http1.1', '1.1'],
    ['--http2', '2'],
  ])('%s', (protocol, version) => {
    const name = `over-${version}`;
    const one = `${configMaps}/${name}`;
    const token = ['-H', `Authorization: Bearer ${adminToken}`];
    const who = () => (version === '2' ? [...server.certificate] : token);
    const curl = (...args: string[]) => server.curl(protocol, ...who(), ...args);
    const patch = (type: string, body: string, ...more: string[]) =>
      curl('-X', 'PATCH', '-H', `Content-Type: ${type}`, '--data-binary', body, ...more);

    it('finds its way by discovery, and is who it says', async () => {
      const versions = await curl('/version');
      expect(versions).toMatchObject({ status: 200, httpVersion: version, json: { major: '1', minor: '36' } });
      expect((await curl('/api')).json.versions).toEqual(['v1']);
      expect((await curl('/apis')).json.groups.map((each: { name: string }) => each.name)).toContain('apps');
      const resources = (await curl('/apis/apps/v1')).json.resources.map((each: { name: string }) => each.name);
      expect(resources).toContain('deployments/scale');
      const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
      const me = await curl(...json, '-d', JSON.stringify(review), '/apis/authentication.k8s.io/v1/selfsubjectreviews');
      expect(me).toMatchObject({ status: 201, json: { status: { userInfo: { username: 'admin' } } } });
    });

    it('takes both kinds of credentials', async () => {
      for (const each of [token, server.certificate])
        expect(await server.curl(protocol, ...each, configMaps)).toMatchObject({ status: 200, httpVersion: version });
    });

    it('creates from a file of YAML, and reads it back, indented for people', async () => {
      const path = server.file(
        `${name}.yaml`,
        `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {a: "1"}\n`,
      );
      const type = ['-H', 'Content-Type: application/yaml'];
      await curl('-X', 'DELETE', one);
      const made = await curl(...type, '--data-binary', `@${path}`, configMaps);
      expect(made).toMatchObject({ status: 201, contentType: 'application/json', json: { data: { a: '1' } } });
      expect((await curl(one)).bytes.toString()).toContain('\n  "kind": "ConfigMap",\n');
      const yaml = await curl('-H', 'Accept: application/yaml', one);
      expect(yaml).toMatchObject({ status: 200, contentType: 'application/yaml' });
      expect(yaml.bytes.toString()).toContain(`name: ${name}`);
    });

    it('patches in every way', async () => {
      const whole = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: '1' } };
      expect((await curl('-X', 'PUT', ...json, '-d', JSON.stringify(whole), one)).json.data).toEqual({ a: '1' });
      expect((await patch('application/merge-patch+json', '{"data":{"b":"2"}}', one)).json.data).toEqual({
        a: '1',
        b: '2',
      });
      const replace = '[{"op":"replace","path":"/data/a","value":"3"}]';
      expect((await patch('application/json-patch+json', replace, one)).json.data).toEqual({ a: '3', b: '2' });
      const strategic = '{"data":{"b":null}}';
      expect((await patch('application/strategic-merge-patch+json', strategic, one)).json.data).toEqual({ a: '3' });
      const apply = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {c: "4"}\n`;
      const applied = await patch('application/apply-patch+yaml', apply, `${one}?fieldManager=curl`);
      expect(applied).toMatchObject({ status: 200, json: { data: { a: '3', c: '4' } } });
      const wanted = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { c: '6' } };
      const cbor = `@${server.file(`${name}.cbor`, encodeCbor(wanted))}`;
      expect((await patch('application/apply-patch+cbor', cbor, `${one}?fieldManager=curl`)).json.data.c).toBe('6');
    });

    it('is answered in the form that it accepts', async () => {
      const table = await curl('-H', 'Accept: application/json;as=Table;v=v1;g=meta.k8s.io', configMaps);
      expect(table.json).toMatchObject({
        kind: 'Table',
        columnDefinitions: [{ name: 'Name' }, { name: 'Data' }, { name: 'Age' }],
      });
      expect(table.json.rows.map((each: { cells: string[] }) => each.cells[0])).toContain(name);
      const protobuf = await curl('-H', 'Accept: application/vnd.kubernetes.protobuf', one);
      expect(protobuf).toMatchObject({ status: 200, contentType: 'application/vnd.kubernetes.protobuf' });
      expect(protobuf.bytes.subarray(0, 4).toString('latin1')).toBe('k8s\0');
      expect(decodeProtobuf(protobuf.bytes)).toMatchObject({ kind: 'ConfigMap', metadata: { name } });
      const cbor = await curl('-H', 'Accept: application/cbor', one);
      expect(cbor).toMatchObject({ status: 200, contentType: 'application/cbor' });
      expect(decodeCbor(cbor.bytes)).toMatchObject({ kind: 'ConfigMap', metadata: { name } });
      const gone = await curl('-H', 'Accept: application/vnd.kubernetes.protobuf', `${one}-not`);
      expect(gone.status).toBe(404);
      expect(decodeProtobuf(gone.bytes)).toMatchObject({ kind: 'Status', reason: 'NotFound' });
      const compressed = await curl('--compressed', '-H', 'Accept: application/json', '/openapi/v2');
      expect(compressed.json.swagger).toBe('2.0');
    });

    it('is told what is wrong as a Status', async () => {
      const body = (text: string, ...more: string[]) => curl(...json, '-d', text, ...more);
      const map = (metadata: object) => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata });
      expect(await curl(`${configMaps}/none`)).toMatchObject({
        status: 404,
        json: {
          ...{ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 },
          details: { name: 'none', kind: 'configmaps' },
        },
      });
      expect(await curl('/nothing/here')).toMatchObject({ status: 404, json: { kind: 'Status' } });
      expect(await body(map({ name }), configMaps)).toMatchObject({ status: 409, json: { reason: 'AlreadyExists' } });
      const stale = map({ name, resourceVersion: '1' });
      expect(await body(stale, '-X', 'PUT', one)).toMatchObject({ status: 409, json: { reason: 'Conflict' } });
      expect(await body(map({ name: 'A_' }), configMaps)).toMatchObject({ status: 422, json: { reason: 'Invalid' } });
      expect(await body('{', configMaps)).toMatchObject({ status: 400, json: { reason: 'BadRequest' } });
      // curl's own default for -d is the form of a web page.
      expect(await curl('-d', map({ name: 'x' }), configMaps)).toMatchObject({
        status: 415,
        json: { reason: 'UnsupportedMediaType' },
      });
      expect(await patch('text/plain', '{}', one)).toMatchObject({ status: 415 });
      expect(await curl('-H', 'Accept: application/xml', one)).toMatchObject({
        status: 406,
        json: { reason: 'NotAcceptable' },
      });
      expect(await curl('-X', 'POST', ...json, '-d', '{}', one)).toMatchObject({
        status: 405,
        json: { reason: 'MethodNotAllowed' },
      });
    });

    it('watches, and is told of each change as it happens', async () => {
      const whole = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } };
      await curl(
        '-X',
        'PATCH',
        '-H',
        'Content-Type: application/apply-patch+yaml',
        '-d',
        JSON.stringify(whole),
        `${one}?fieldManager=watcher`,
      );
      const { resourceVersion } = (await curl(configMaps)).json.metadata;
      const query = `watch=1&resourceVersion=${resourceVersion}&fieldSelector=metadata.name%3D${name}`;
      const watch = server.watch(protocol, ...who(), `${configMaps}?${query}`);
      await patch('application/merge-patch+json', '{"data":{"watched":"yes"}}', one);
      expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { data: { watched: 'yes' } } });
      expect(await curl('-X', 'DELETE', one)).toMatchObject({
        status: 200,
        json: { kind: 'Status', status: 'Success' },
      });
      expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name } } });
      await watch.stop();
      expect(await curl(one)).toMatchObject({ status: 404 });
    });
  });

  it('is a stranger without credentials, and with wrong ones', async () => {
    expect(await server.curl(configMaps)).toMatchObject({
      status: 403,
      json: { message: expect.stringContaining('User "system:anonymous" cannot list resource "configmaps"') },
    });
    expect(await server.curl('-H', 'Authorization: Bearer wrong', configMaps)).toMatchObject({
      status: 401,
      json: { kind: 'Status', reason: 'Unauthorized' },
    });
  });

  it('fails with --fail where the server refuses, and trusts nobody else', async () => {
    expect(await server.attempt('--fail', ...server.certificate, `${configMaps}/none`)).toMatchObject({ code: 22 });
    expect((await server.attempt('--capath', '/nothing', '--cacert', '/dev/null', '/version')).code).not.toBe(0);
  });
});
