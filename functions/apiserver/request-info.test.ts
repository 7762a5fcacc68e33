import { describe, expect, it } from 'vitest';
import { parseQuery, parseRequestInfo } from './request-info.ts';

function info(method: string, target: string) {
  const [path = '', query = ''] = target.split('?');
  return parseRequestInfo(method, path, parseQuery(query));
}

describe('the request info', () => {
  it.each([
    [
      'GET',
      '/api/v1/namespaces/default/pods/web',
      { verb: 'get', resource: 'pods', namespace: 'default', name: 'web' },
    ],
    ['GET', '/api/v1/pods', { verb: 'list', resource: 'pods', namespace: '', name: '' }],
    ['GET', '/api/v1/pods?watch=true', { verb: 'watch', resource: 'pods' }],
    ['GET', '/api/v1/pods?watch=false', { verb: 'list', resource: 'pods' }],
    ['GET', '/api/v1/watch/namespaces/a/pods', { verb: 'watch', resource: 'pods', namespace: 'a' }],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Dweb', { verb: 'list', name: 'web' }],
    ['POST', '/api/v1/namespaces/a/pods', { verb: 'create', resource: 'pods', namespace: 'a' }],
    [
      'PUT',
      '/apis/apps/v1/namespaces/a/deployments/d/status',
      { group: 'apps', subresource: 'status', name: 'd', verb: 'update' },
    ],
    ['DELETE', '/api/v1/namespaces/a/pods', { verb: 'deletecollection', namespace: 'a' }],
    ['DELETE', '/api/v1/namespaces/a', { verb: 'delete', resource: 'namespaces', name: 'a', namespace: 'a' }],
    ['PUT', '/api/v1/namespaces/a/finalize', { resource: 'namespaces', name: 'a', subresource: 'finalize' }],
    [
      'GET',
      '/api/v1/namespaces/a/services/s/proxy/x/y',
      { resource: 'services', subresource: 'proxy', rest: ['x', 'y'] },
    ],
    ['GET', '/apis/apps/v1', { isResource: false, verb: 'get', path: '/apis/apps/v1' }],
    ['GET', '/healthz', { isResource: false, verb: 'get', path: '/healthz' }],
  ])('of %s %s', (method, target, expected) => {
    expect(info(method, target)).toMatchObject(expected);
  });

  it('decodes segments, and refuses a broken encoding', () => {
    expect(info('GET', '/api/v1/namespaces/a/configmaps/x%3Ay').name).toBe('x:y');
    expect(() => info('GET', '/api/v1/namespaces/a/configmaps/%E0%A4%A')).toThrow(
      expect.objectContaining({ reason: 'BadRequest' }),
    );
  });
});
