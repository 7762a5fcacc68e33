import { describe, expect, it } from 'vitest';
import { imageNameFault } from './image-name.ts';

const hex = 'a'.repeat(64);

describe('the name of an image', () => {
  it.each([
    'busybox',
    'busybox:1.36',
    'library/busybox',
    'registry.example/team/app_x/y__z:v1.2-3',
    'localhost/app',
    'localhost:5000/app:latest',
    '[fd00::1]:5000/app',
    'UPPER/case',
    `app@sha256:${hex}`,
    `registry.example:443/app:v1@sha256:${hex}`,
    `a${'b'.repeat(254)}`,
  ])('may be %s', (image) => expect(imageNameFault(image)).toBeUndefined());

  it.each([
    ['', 'invalid reference format'],
    [' busybox', 'invalid reference format'],
    ['busy box', 'invalid reference format'],
    ['busybox:', 'invalid reference format'],
    ['busybox:-x', 'invalid reference format'],
    [`busybox:${'x'.repeat(129)}`, 'invalid reference format'],
    ['a//b', 'invalid reference format'],
    ['-a/b', 'invalid reference format'],
    ['registry.example/', 'invalid reference format'],
    ['app@sha256:abc', 'invalid reference format'],
    ['app@latest', 'invalid reference format'],
    ['Busybox', 'repository name (Busybox) must be lowercase'],
    ['registry.example/Team/app', 'repository name (Team/app) must be lowercase'],
    [hex, 'cannot specify 64-byte hexadecimal strings'],
    [`a${'b'.repeat(255)}`, 'repository name must not be more than 255 characters'],
  ])('may not be %j', (image, fault) => expect(imageNameFault(image)).toBe(fault));
});
