// The status page in a real Chromium: one document, live, readable for everybody, and nothing of a vendor's is markup.
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { HOSTILE, openBrowser, type Served, servePage } from '../support/page.ts';

let browser: Browser;
let served: Served;
beforeAll(async () => {
  [browser, served] = await Promise.all([openBrowser(), servePage()]);
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});

const pages: Page[] = [];
afterEach(async () => {
  for (const page of pages.splice(0)) await page.context().close();
});

/** A page of its own, which has shown a status, with all that it asked for and complained of. */
const visit = async (options: BrowserContextOptions = {}) => {
  const page = await (await browser.newContext(options)).newPage();
  pages.push(page);
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', request => requests.push(request.url()));
  page.on('console', message => complaints.push(message.text()));
  page.on('pageerror', error => complaints.push(error.message));
  await page.goto(served.url);
  await page.locator('.receiver').nth(1).waitFor();
  return { page, requests, complaints };
};

/** Asks again until it is so; the time limit of the test ends it. */
const until = async <T>(look: () => Promise<T>, right: (seen: T) => boolean): Promise<T> => {
  for (;;) {
    const seen = await look();
    if (right(seen)) return seen;
    await new Promise(setImmediate);
  }
};

const number = (text: string | null): number => Number((text ?? '').replaceAll(/\D/g, ''));
const fact = (page: Page, receiver: string, label: string) =>
  page
    .locator('.receiver', { has: page.getByRole('heading', { name: receiver }) })
    .locator('.facts > div', { has: page.locator('dt', { hasText: new RegExp(`^${label}$`) }) })
    .locator('dd');

describe('the page', () => {
  test('is one document, asks for nothing but its own JSON, and the console stays empty', async () => {
    const { page, requests, complaints } = await visit();
    await page.locator('.event').first().waitFor();
    await until(
      async () => requests.length,
      count => count > 6,
    );
    expect(requests[0]).toBe(served.url);
    const paths = requests.slice(1).map(url => (url.startsWith(served.url) ? new URL(url).pathname : url));
    expect([...new Set(paths)].toSorted()).toEqual(['/api/config', '/api/history', '/api/status', '/api/tail']);
    expect(complaints).toEqual([]);
    const policy = (await page.request.get(served.url)).headers()['content-security-policy'];
    expect(policy).toMatch(
      /^default-src 'none'; script-src 'sha256-[^' ]+'; style-src 'sha256-[^' ]+'; connect-src 'self';/,
    );
  });

  test('shows what the vendor said, where the receiver stands, and the config without its secrets', async () => {
    const { page } = await visit();
    await until(
      () => fact(page, 'opal', 'Read').textContent(),
      text => number(text) >= 120,
    );
    expect(await fact(page, 'opal', 'Stands').textContent()).toMatch(/^read up to \d{4}-/);
    expect(await fact(page, 'opal', 'Last poll').textContent()).toMatch(/ago 200 in/);
    const nodes = await page.locator('#flow .node .name').allTextContents();
    expect(nodes).toEqual(['opal', 'hostile', 'audit', 'out', 'later']);
    expect(await page.locator('#flow li').first().textContent()).toMatch(
      /^receiver\/opal to pipeline\/audit: [\d,.]+ a minute, [\d,]+ since the start$/,
    );
    expect(await page.locator('#exporters').textContent()).toContain('1.0 MiB');
    expect(await fact(page, 'opal', 'Vendor budget').textContent()).not.toBe('');
    expect(await page.locator('#letters').textContent()).toBe('No dead letters.');
    for (const chart of ['records', 'delays']) expect(await page.locator(`#${chart}-chart svg`).count()).toBe(1);
    expect(await page.locator('#records-said').textContent()).toMatch(/\d/);
    expect(await page.locator('#ledger-said').textContent()).toMatch(/^Every record that was fetched has one fate/);
    expect(await page.locator('#ledger th').allTextContents()).toEqual(['later', 'out']);
    const config = await page.locator('#config').textContent();
    expect(config).toContain('[secret env:T_PAGE_KEY]');
    expect(await page.content()).not.toContain(served.key);
  });

  test('moves by itself', async () => {
    const { page } = await visit();
    const read = async () => number(await fact(page, 'opal', 'Read').textContent());
    const before = await read();
    await until(read, now => now > before);
    const first = async () => page.locator('.event').first().textContent();
    const event = await first();
    await until(first, now => now !== event);
  });

  test('filters the live events, and shows each next to the raw record', async () => {
    const { page } = await visit();
    const rows = page.locator('.event');
    await rows.nth(3).waitFor();
    await page.getByLabel('Filter').fill('there is no such text');
    expect(await rows.count()).toBe(0);
    await page.getByLabel('Filter').fill('');
    await page.locator('#tail-receiver').selectOption('opal');
    await rows.first().waitFor();
    expect(new Set(await rows.locator('.from').allTextContents())).toEqual(new Set(['opal']));
    await page.getByRole('button', { name: 'Pause' }).click();
    await rows.first().locator('summary').focus();
    await page.keyboard.press('Enter');
    await rows.first().locator('pre').nth(1).waitFor();
    const [event, raw] = await rows.first().locator('pre').allTextContents();
    expect(JSON.parse(event!)).toMatchObject({ class_uid: expect.any(Number), metadata: expect.anything() });
    expect(JSON.parse(raw!)).toMatchObject({ event_id: JSON.parse(event!).metadata.original_event_uid });
    const held = await rows.first().textContent();
    await until(
      () => page.locator('#tail-said').textContent(),
      text => / [1-9]\d* came since/.test(text ?? ''),
    );
    expect(await rows.first().textContent()).toBe(held);
  });

  test('follows a change of the config: a receiver of another name goes on in its place', async () => {
    const own = await servePage();
    const page = await (await browser.newContext()).newPage();
    pages.push(page);
    await page.goto(own.url);
    await until(
      () => fact(page, 'opal', 'Stands').textContent(),
      text => /^read up to/.test(text ?? ''),
    );
    await own.rename('gems');
    await page.locator('#reload', { hasText: 'renamed: opal to gems' }).waitFor();
    await page.locator('#config summary', { hasText: 'receiver gems' }).waitFor();
    await page.locator('#flow .node .name', { hasText: 'gems' }).waitFor();
    await until(
      () => fact(page, 'gems', 'Stands').textContent(),
      text => /^read up to/.test(text ?? ''),
    );
    expect(await page.locator('#flow .node .name').allTextContents()).toEqual([
      ...['gems', 'hostile', 'audit', 'out', 'later'],
    ]);
    expect(await page.locator('#config summary', { hasText: 'receiver opal' }).count()).toBe(0);
    await own.close();
  });

  test('says when nothing answers any more', async () => {
    const own = await servePage();
    const page = await (await browser.newContext()).newPage();
    pages.push(page);
    await page.goto(own.url);
    await page.locator('.receiver').nth(1).waitFor();
    await own.close();
    await page.locator('.lost').waitFor();
    expect(await page.locator('#link').textContent()).toMatch(/^no answer; this is from \d\d:\d\d:\d\d$/);
  });
});

test('what a vendor says is text: markup in it is shown, and does nothing', async () => {
  const { page, complaints } = await visit();
  await page.getByLabel('Filter').fill('harmed');
  const row = page.locator('.event', { hasText: 'hostile' }).first();
  await row.waitFor();
  await page.getByRole('button', { name: 'Pause' }).click(); // else the next one would be the first
  await row.locator('summary').click();
  expect(await row.locator('.words').textContent()).toContain(HOSTILE);
  await row.locator('pre').nth(1).waitFor();
  const [, raw] = await row.locator('pre').allTextContents();
  expect(JSON.parse(raw!)).toEqual({ [HOSTILE]: HOSTILE });
  await until(
    () => page.locator('.receiver .faults').last().textContent(),
    text => text!.includes(HOSTILE),
  );
  served.reloaded({ time: Date.now(), outcome: 'refused', reason: HOSTILE, notes: [HOSTILE] });
  await until(
    () => page.locator('#notice').textContent(),
    text => text!.includes(HOSTILE),
  );
  expect(await page.locator('#reload').textContent()).toContain(HOSTILE);
  expect(await page.locator('.reads').last().textContent()).toContain(HOSTILE);
  expect(await page.locator('header img, main img, main script').count()).toBe(0);
  expect(await page.evaluate('window.harmed')).toBeUndefined();
  expect(complaints).toEqual([]);
});

test('a site whose name points to this machine is refused', async () => {
  const page = await (await browser.newContext()).newPage();
  pages.push(page);
  for (const path of ['', 'api/status', 'api/tail']) {
    const answered = page.waitForEvent('response');
    await page.goto(`${served.url.replace('127.0.0.1', 'evil.example')}${path}`).catch(() => {}); // there is nothing to show
    expect((await answered).status()).toBe(421);
  }
});

describe.each(['light', 'dark'] as const)('in the %s theme', colorScheme => {
  test.each([
    ['a desktop', 1280],
    ['a phone', 390],
    ['a small phone', 320],
  ])('on %s: nothing for axe to find, and nothing beside the edge', async (_, width) => {
    const { page } = await visit({ colorScheme, viewport: { width, height: 800 }, bypassCSP: true });
    await page.locator('.event summary').first().click();
    await page.locator('.faults summary:visible').first().click();
    await page.locator('.config summary').first().click();
    await page.evaluate(axe.source);
    const { violations } = (await page.evaluate('axe.run()')) as {
      violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
    }; // as axe documents it
    expect(
      violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map(node => [node.html, node.failureSummary])]),
    ).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
  });
});

test('nothing moves for who wants it so', async () => {
  const { page } = await visit({ reducedMotion: 'reduce' });
  const animation = () => page.evaluate("getComputedStyle(document.querySelector('.drops')).animationName");
  expect(await animation()).toBe('none');
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  expect(await animation()).toBe('drift');
});
