import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Browser } from './browser.js'
import { BrowserPage, type View } from './browser-page.js'
import { DemoProcess } from './demo-process.js'
import { browserSkipped, findBrowser } from './find-browser.js'
import { answering, HELD, slowRuns, stubRuns } from './page-runs.js'

const PHONE = { width: 360, height: 740 }
const DRAWN = `document.querySelector('#shared .row') && !document.querySelector('[aria-busy]')`

if (browserSkipped) {
  process.once('exit', () => console.log("  the demo's page: SKIPPED (MAYFLY_SKIP_BROWSER)\n"))
}

describe("the demo's page", function () {
  this.timeout(60_000)
  let folder: string
  let browser: Browser
  let url: string
  const pages: BrowserPage[] = []

  before(async function () {
    if (browserSkipped) this.skip()
    this.timeout(600_000)
    folder = mkdtempSync(join(tmpdir(), 'mayfly-demo-test-'))
    browser = await Browser.start(await findBrowser())
    url = await new DemoProcess({ folder }).url()
  })
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.close()
  })
  after(async () => {
    await browser?.stop()
    DemoProcess.killAll()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  async function open(view: View = {}, script?: string, until = DRAWN): Promise<BrowserPage> {
    const page = await BrowserPage.open(browser.tools, url, view, script)
    pages.push(page)
    await page.until(until)
    return page
  }

  const text = (page: BrowserPage, selector: string) =>
    page.evaluate<string>(`document.querySelector('${selector}').innerText`)

  const texts = (page: BrowserPage, selector: string) =>
    page.evaluate<string[]>(
      `[...document.querySelectorAll('${selector}')].map(one => one.innerText)`,
    )

  /** Where the parts of bars are, as the browser laid them out, in ms of the axis. */
  const spans = (page: BrowserPage, selector: string, end: number) =>
    page.evaluate<[from: number, to: number][]>(`
      [...document.querySelectorAll('${selector}')].map(part => {
        const track = part.parentElement.getBoundingClientRect()
        const { left, right } = part.getBoundingClientRect()
        return [left, right].map(x => Math.round((${end} * (x - track.left)) / track.width))
      })`)

  it('draws the runs of a real server, and says what Mayfly said', async () => {
    const page = await open()
    for (const mode of ['sequential', 'parallel', 'shared']) {
      const labels = await texts(page, `#${mode} .label b`)
      expect(labels, mode).to.have.members(['orders', 'logs', 'stats'])
    }
    expect(await texts(page, '#sequential .label')).to.deep.equal([
      'orders connection 1',
      'logs connection 1',
      'stats connection 1',
    ])
    expect(await text(page, '#database')).to.match(/^SQLite \d+\.\d+/)
    expect(await spans(page, '#parallel .run', 1)).to.have.length(3)
    const bars = await page.evaluate<[number, number][]>(`
      [...document.querySelectorAll('#sequential .track')].map(track =>
        [track.querySelector('.wait'), track.querySelector('.run')]
          .map(part => part.getBoundingClientRect())
          .map((box, i) => (i === 0 ? box.left : box.right)))`)
    const atLeast = 2 // pixels, which a bar has however short it took
    expect(bars).to.have.length(3)
    expect(bars[1]![0]).to.be.at.least(bars[0]![1] - atLeast)
    expect(bars[2]![0]).to.be.at.least(bars[1]![1] - atLeast)

    expect(await texts(page, '#shared .refused')).to.have.length(2)
    expect(await text(page, '#shared .error')).to.match(
      /^ConcurrentOperationError MAYFLY_CONCURRENT_OPERATION\s+A second operation was started on this context before a previous operation completed: ShopContext#\d+ was running a query \[select "orders"/,
    )
    expect(await text(page, '#outcome')).to.match(
      /^Parallel is \d+\.\d times as fast as sequential: [\d.]+ ms instead of [\d.]+ ms\./,
    )
  })

  it('has no errors but the answer that it shows, and asks nobody but its server', async () => {
    const page = await open()
    const shared = `${url}/dashboard/1?mode=shared`
    expect(page.errors.filter(error => !error.endsWith(` ${shared}`))).to.deep.equal([])
    expect(page.requests).to.include(shared)
    const others = page.requests.filter(to => !to.startsWith(`${url}/`) && to !== 'data:,')
    expect(others).to.deep.equal([])
  })

  it('runs again for another user, and keeps what is drawn when there is no such user', async () => {
    const page = await open()
    const run = async (user: number) => {
      await page.evaluate(
        `document.querySelector('input').value = ${user}, document.querySelector('button').click()`,
      )
      await page.until(DRAWN)
    }
    await run(2)
    expect(page.requests).to.include(`${url}/dashboard/2?mode=sequential`)
    expect(
      await page.evaluate(`document.querySelector('footer a').getAttribute('href')`),
    ).to.contain('/dashboard/2?mode=sequential')
    await run(99)
    expect(await text(page, '#outcome')).to.equal('There is no user 99.')
    expect(await texts(page, '.row')).to.have.length(9)
  })

  it('puts waiting and running on one axis', async () => {
    const page = await open({}, answering(stubRuns))
    expect(await texts(page, '.axis span')).to.deep.equal(['0', '20', '40', '60', '80', '100 ms'])
    expect(await spans(page, '#sequential .run', 100)).to.deep.equal([
      [5, 40],
      [40, 80],
      [80, 100],
    ])
    expect(await spans(page, '#parallel .wait', 100)).to.deep.equal([
      [0, 1],
      [1, 2],
      [2, 30],
    ])
    expect(await spans(page, '#parallel .run', 100)).to.deep.equal([
      [1, 30],
      [2, 20],
      [30, 50],
    ])
    expect(await texts(page, '#parallel .label')).to.deep.equal([
      'orders connection 1',
      'logs connection 2',
      'stats connection 1',
    ])
    expect(await texts(page, '.total')).to.deep.equal(['100.0 ms', '50.0 ms', 'refused'])
    expect(await text(page, '#shared .message')).to.match(/^<b>aVeryLongWord.*<\/b>$/)
    expect(await text(page, '#outcome')).to.equal(
      'Parallel is 2.0 times as fast as sequential: 50.0 ms instead of 100.0 ms.',
    )
  })

  it('says the same in words and in a table', async () => {
    const page = await open({}, answering(stubRuns))
    const words = await page.evaluate<string[]>(
      `[...document.querySelectorAll('[role=img]')].map(row => row.getAttribute('aria-label'))`,
    )
    expect(words).to.have.length(9)
    expect(words[5]).to.equal(
      'stats: asked for at 2.0 ms, waited 28.0 ms for connection 1, ran 20.0 ms',
    )
    expect(words[7]).to.equal('logs: asked for at 1.0 ms, refused, not sent')
    expect(await texts(page, 'tbody tr')).to.include.members([
      'Parallel, in all 50.00',
      'stats\t1\t2.00\t28.00\t20.00',
      'Shared, refused after 40.00',
      'logs\tnone\t1.00\trefused',
    ])
  })

  it('says why parallel may have nothing to win', async () => {
    const page = await open({}, answering(slowRuns))
    expect(await text(page, '#outcome')).to.equal(
      'Parallel is 1.0 times as fast as sequential: 12345.7 ms instead of 12345.7 ms. ' +
        '(Three queries that compute at the same time need three idle cores.)',
    )
  })

  for (const [name, script] of [
    ['real runs', undefined],
    ['long numbers', answering(slowRuns)],
    ['a long word', answering(stubRuns)],
  ] as const) {
    it(`fits a phone, with ${name}`, async () => {
      const page = await open(PHONE, script)
      const width = await page.evaluate('document.documentElement.scrollWidth')
      expect(width).to.equal(PHONE.width)
      const beyond = await page.evaluate(`[...document.querySelectorAll('body *')]
        .filter(one => one.getBoundingClientRect().right > innerWidth)
        .map(one => one.outerHTML)`)
      expect(beyond).to.deep.equal([])
    })
  }

  for (const view of [{}, PHONE]) {
    it(`moves nothing when the runs arrive, ${view === PHONE ? 'on a phone' : 'on a desk'}`, async () => {
      const page = await open(view, HELD, `document.readyState === 'complete'`)
      const places = () =>
        page.evaluate(`[...document.querySelectorAll('h1, h2, .axis, .way, .rows, .error, li, thead')]
          .map(one => [one.tagName + ' ' + one.className, one.getBoundingClientRect().top])`)
      const before = await places()
      expect(await texts(page, '.row')).to.deep.equal([])
      await page.evaluate('letGo()')
      await page.until(DRAWN)
      expect(await places()).to.deep.equal(before)
    })
  }

  it('is dark where the system is', async () => {
    const ground = async (scheme: 'light' | 'dark') => {
      const page = await open({ scheme })
      const color = await page.evaluate<string>(
        'getComputedStyle(document.documentElement).backgroundColor',
      )
      return Math.max(...color.match(/\d+/g)!.slice(0, 3).map(Number))
    }
    expect(await ground('light')).to.be.greaterThan(200)
    expect(await ground('dark')).to.be.lessThan(50)
  })
})
