/**
 * The page in a real browser: no network, no console message, drawn at every width, light and dark, values under the pointer,
 * tables on demand. Skipped with a printed reason where no chromium is found (SEATRIAL_CHROMIUM names one).
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drawReport } from '../../src/report/write-result-file.ts';
import { syntheticRun } from '../support/synthetic-run.ts';

function findChromium(): string | undefined {
  const named = process.env['SEATRIAL_CHROMIUM'];
  if (named !== undefined) return existsSync(named) ? named : undefined;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  for (const name of ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']) {
    for (const folder of folders) if (existsSync(join(folder, name))) return join(folder, name);
  }
  return undefined;
}

const executablePath = findChromium();
if (executablePath === undefined) console.log('skipped: no chromium on PATH, set SEATRIAL_CHROMIUM to test report pages in a browser');

describe.skipIf(executablePath === undefined)('a report page in a browser', () => {
  let browser: Browser;
  let folder: string;
  let address: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'seatrial-browser-'));
    const file = join(folder, 'report.html');
    writeFileSync(file, drawReport(syntheticRun({ racksPerZone: 2, nodesPerRack: 4, batchPerMinute: 6 })));
    address = pathToFileURL(file).href;
    browser = await chromium.launch({ executablePath: executablePath!, args: ['--force-device-scale-factor=1', '--disable-lcd-text'] });
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(options: { width?: number; colorScheme?: 'light' | 'dark' }): Promise<{ page: Page; noise: string[] }> {
    const page = await browser.newPage({
      viewport: { width: options.width ?? 1200, height: 900 },
      colorScheme: options.colorScheme ?? 'light',
    });
    const noise: string[] = [];
    page.on('console', (message) => noise.push(`console ${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => noise.push(`error: ${error.message}`));
    page.on('request', (request) => {
      if (request.url() !== address) noise.push(`request: ${request.url().slice(0, 100)}`);
    });
    await page.goto(address);
    await page.waitForSelector('body[data-ready="true"]');
    return { page, noise };
  }

  test.each([
    [1200, 'light'],
    [1200, 'dark'],
    [768, 'light'],
    [390, 'light'],
  ] as const)('draws everything %i pixels wide in %s without a word or a request', async (width, colorScheme) => {
    const { page, noise } = await open({ width, colorScheme });
    expect(noise).toEqual([]);
    const seen = (await page.evaluate(`({
      panels: [...document.querySelectorAll('[id^="panel-"]')].map((panel) => [panel.id, panel.children.length, panel.getBoundingClientRect().height]),
      drawings: document.querySelectorAll('svg[role="img"]').length,
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      ground: getComputedStyle(document.body).backgroundColor,
    })`)) as { panels: [string, number, number][]; drawings: number; overflow: number; ground: string };
    expect(seen.panels.filter(([, children, height]) => children === 0 || height < 20)).toEqual([]);
    expect(seen.drawings).toBeGreaterThan(12);
    // A phone must not scroll sideways.
    expect(seen.overflow).toBe(0);
    const brightness = Number(/\d+/.exec(seen.ground)![0]);
    expect(colorScheme === 'dark' ? brightness < 60 : brightness > 200).toBe(true);
    await page.close();
  });

  test('fills a data table when it is opened', async () => {
    const { page } = await open({});
    const details = page.locator('details[data-table="fault_summary"]').first();
    expect(await details.locator('table').count()).toBe(0);
    await details.locator('summary').click();
    await details.locator('table').waitFor();
    expect(await details.locator('tbody tr').count()).toBe(2);
    expect(await details.locator('code').last().textContent()).toBe('tables/fault_summary.csv');
    await page.close();
  });

  test('shows the values of a moment under the pointer', async () => {
    const { page } = await open({});
    const drawing = page.locator('#panel-utilization-over-time svg[data-hover]').first();
    await drawing.scrollIntoViewIfNeeded();
    const box = (await drawing.boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    const tip = page.locator('.tip');
    await tip.waitFor({ state: 'visible' });
    const text = (await tip.textContent())!;
    for (const name of ['capacity', 'requested', 'used', 'cores']) expect(text).toContain(name);
    expect(await page.locator('.cursor').count()).toBe(1);
    await page.mouse.move(5, 5);
    await tip.waitFor({ state: 'hidden' });
    await page.close();
  });

  test('switches between light and dark on demand', async () => {
    const { page } = await open({ colorScheme: 'light' });
    const ground = (): Promise<string> => page.evaluate(`getComputedStyle(document.body).backgroundColor`) as Promise<string>;
    const light = await ground();
    await page.locator('#theme').click();
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.locator('#theme').click();
    expect(await ground()).toBe(light);
    await page.close();
  });

  test('draws again when the window changes its width', async () => {
    const { page, noise } = await open({ width: 1200 });
    const widest = (): Promise<number> =>
      page.evaluate(
        `Math.max(...[...document.querySelectorAll('svg[role="img"]')].map((svg) => Number(svg.getAttribute('width'))))`,
      ) as Promise<number>;
    const before = await widest();
    await page.setViewportSize({ width: 500, height: 900 });
    await page.waitForFunction(
      `Math.max(...[...document.querySelectorAll('svg[role="img"]')].map((svg) => Number(svg.getAttribute('width')))) <= 500`,
    );
    expect(await widest()).toBeLessThan(before);
    expect(noise).toEqual([]);
    await page.close();
  });

  test('prints on white without what only a screen needs', async () => {
    const { page } = await open({ colorScheme: 'dark' });
    await page.emulateMedia({ media: 'print' });
    expect(await page.evaluate(`getComputedStyle(document.body).backgroundColor`)).toBe('rgb(255, 255, 255)');
    expect(await page.locator('nav.contents').isVisible()).toBe(false);
    expect(await page.locator('svg[role="img"]').first().isVisible()).toBe(true);
    await page.close();
  });

  test('names every drawing and every control for screen readers', async () => {
    const { page } = await open({});
    const unnamed = await page.evaluate(`[...document.querySelectorAll('svg[role="img"]')].filter((svg) => {
      const ids = (svg.getAttribute('aria-labelledby') ?? '').split(' ');
      return ids.length < 2 || ids.some((id) => (document.getElementById(id)?.textContent ?? '') === '');
    }).length`);
    expect(unnamed).toBe(0);
    const ids = (await page.evaluate(`[...document.querySelectorAll('[id]')].map((element) => element.id)`)) as string[];
    expect(new Set(ids).size).toBe(ids.length);
    await page.close();
  });
});
