import { describe, expect, it } from 'vitest';
import { parseQuery } from './query.ts';
import { parseRequestInfo } from './request-info.ts';

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
    // Selectors in Kubernetes' own grammar: of two names the first in order counts, and spaces are part of a name.
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Db,metadata.name%3Da', { verb: 'list', name: 'a' }],
    ['GET', '/api/v1/pods?fieldSelector=%20metadata.name%3Da', { verb: 'list', name: '' }],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Da%5C%2Cb', { verb: 'list', name: 'a,b' }],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Da,nonsense', { verb: 'list', name: '' }],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name!%3Da', { verb: 'list', name: '' }],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Da%2Fb', { verb: 'list', name: '' }],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Da&fieldSelector=metadata.name%3Db', { name: 'a' }],
    // What has a name in its path is read, whatever the query says; only the prefix makes a watch of it.
    ['GET', '/api/v1/namespaces/a/secrets/s?watch=true&fieldSelector=metadata.name!%3Dx', { verb: 'get', name: 's' }],
    ['GET', '/api/v1/watch/namespaces/a/secrets/s', { verb: 'watch', name: 's', verbInPath: true }],
    ['GET', '/api/v1/watch/namespaces/a/secrets?fieldSelector=metadata.name%3Ds', { verb: 'watch', name: '' }],
    ['POST', '/api/v1/watch/namespaces/a/pods/p/proxy', { verb: 'watch', name: 'p', subresource: 'proxy' }],
    ['GET', '/api/v1/proxy/namespaces/a/pods/p/log', { verb: 'proxy', name: 'p', subresource: '' }],
    ['GET', '/api/v1/pods?watch=False', { verb: 'list' }],
    ['GET', '/api/v1/pods?watch', { verb: 'watch' }],
    ['GET', '/api/v1/pods?watch=0&watch=1', { verb: 'list' }],
    // Methods that stand for no verb, in any case of letters.
    ['LIST', '/api/v1/pods', { verb: '' }],
    ['get', '/api/v1/pods', { verb: '' }],
    ['DELETE', '/api/v1/pods?fieldSelector=metadata.name%3Da', { verb: 'deletecollection', name: '' }],
    // Empty segments name nothing, except at the ends.
    ['GET', '/api/v1//namespaces/a/pods', { resource: '', name: 'namespaces' }],
    ['GET', '//api/v1/namespaces/a/pods//', { resource: 'pods', namespace: 'a', name: '', verb: 'list' }],
    ['GET', '/api/v1/namespaces/a/status', { resource: 'namespaces', name: 'a', subresource: 'status' }],
    ['GET', '/api/v1/namespaces/a/status/x', { resource: 'namespaces', name: 'a', subresource: 'status', rest: ['x'] }],
  ])('of %s %s', (method, target, expected) => {
    expect(info(method, target)).toMatchObject(expected);
  });

  it('decodes the path before it splits it, and refuses a broken encoding', () => {
    expect(info('GET', '/api/v1/namespaces/a/configmaps/x%3Ay').name).toBe('x:y');
    expect(info('GET', '/api/v1/namespaces/a/secrets/x%2Fy')).toMatchObject({ name: 'x', subresource: 'y' });
    expect(() => info('GET', '/api/v1/namespaces/a/configmaps/%E0%A4%A')).toThrow(
      expect.objectContaining({ reason: 'BadRequest' }),
    );
  });
});
