import { describe, expect, it } from 'vitest';
import { presign, signHeaders } from './sigv4.ts';

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

describe('signature version 4', () => {
  it("signs as AWS's published example", () => {
    // IAM user guide: GET ListUsers, 30 August 2015.
    const headers = signHeaders(
      {
        method: 'GET',
        url: new URL('https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08'),
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      },
      { credentials, region: 'us-east-1', service: 'iam', now: new Date('2015-08-30T12:36:00Z') },
    );
    expect(headers['authorization']).toContain(
      'Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    );
    expect(headers['authorization']).toContain('SignedHeaders=content-type;host;x-amz-date');
  });

  it('presigns as the published example of S3, but for the hash of the body', () => {
    const url = presign(
      { method: 'GET', url: new URL('https://examplebucket.s3.amazonaws.com/test.txt') },
      { credentials, region: 'us-east-1', service: 's3', now: new Date('2013-05-24T00:00:00Z') },
      86_400,
    );
    expect(url.searchParams.get('X-Amz-Credential')).toBe('AKIDEXAMPLE/20130524/us-east-1/s3/aws4_request');
    expect(url.searchParams.get('X-Amz-SignedHeaders')).toBe('host');
    expect(url.searchParams.get('X-Amz-Signature')).toMatch(/^[0-9a-f]{64}$/);
  });
});
