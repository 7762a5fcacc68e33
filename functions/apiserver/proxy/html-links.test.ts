import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rewriteLinks } from './html-links.ts';

async function rewritten(page: string | Buffer, pieces = [Number.POSITIVE_INFINITY]): Promise<string> {
  const bytes = Buffer.from(page);
  async function* chunks() {
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const size = pieces[turn % pieces.length] ?? 1;
      yield bytes.subarray(at, at + size);
      at += size;
    }
  }
  const out: Uint8Array[] = [];
  for await (const each of rewriteLinks(chunks(), (url) => (url.startsWith('/') ? `/proxy${url}` : url)))
    out.push(each);
  return Buffer.concat(out).toString();
}

describe('links in HTML', () => {
  it.each([
    ['<a href="/x">y</a>', '<a href="/proxy/x">y</a>'],
    ["<A class=b HREF = '/x?a=1&amp;b=2'>y</A>", "<A class=b HREF = '/proxy/x?a=1&amp;b=2'>y</A>"],
    ['<img src=/i.png alt="a > b"><br/>', '<img src=/proxy/i.png alt="a > b"><br/>'],
    [
      '<form action="/go" method=post><input formaction=/f>',
      '<form action="/proxy/go" method=post><input formaction=/proxy/f>',
    ],
    ['<a href="x">1 < 2, é</a>', '<a href="x">1 < 2, é</a>'],
    ['<!-- <a href="/x"> --><a href="/y">', '<!-- <a href="/x"> --><a href="/proxy/y">'],
    [
      '<script src="/s.js">document.write(\'<a href="/x">\')</SCRIPT><a href="/y">',
      '<script src="/proxy/s.js">document.write(\'<a href="/x">\')</SCRIPT><a href="/proxy/y">',
    ],
    ['<p title="/x" href="/x">', '<p title="/x" href="/x">'],
    ['<a href="/unfinished', '<a href="/unfinished'],
  ])('%s', async (page, expected) => {
    expect(await rewritten(page)).toBe(expected);
    for (const size of [1, 2, 3, 5]) expect(await rewritten(page, [size])).toBe(expected);
  });

  it('are found however the page comes in pieces, and nothing is lost', async () => {
    const part = fc.constantFrom(
      '<a href="/x">',
      '<',
      '<!--',
      '-->',
      '<script>',
      '</script>',
      "'",
      '"',
      '=',
      ' ',
      '/',
      '>',
      'é',
      'b',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(part),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        async (parts, sizes) => {
          const page = parts.join('');
          const whole = await rewritten(page);
          expect(await rewritten(page, sizes)).toBe(whole);
          expect(whole.replaceAll('"/proxy/', '"/')).toBe(page);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('in a page of nothing but comments are looked for in the time that its length takes', async () => {
    const page = '<!---->'.repeat(300_000);
    const before = process.cpuUsage();
    expect(await rewritten(page)).toBe(page);
    // Quadratic, it took minutes.
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(5000);
  });

  it('in a tag without end hold no more than the tag may have', async () => {
    const page = `<a ${'b '.repeat(20_000)}href="/x">`;
    expect(await rewritten(page, [1000])).toBe(page);
  });
});
