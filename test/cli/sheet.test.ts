import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { seededRandom } from '../../models/random.ts'
import { disc, png } from '../models/inspection/pictures.ts'
import { launch } from '../web/browser.ts'
import { millwright } from './millwright.ts'

const size = 64
/** A folder may be called anything that a file system takes. */
const hostile = 'spot"><img src=x onerror=alert(1)>'

describe('a station without a source', function () {
  this.timeout(120_000)
  let folder: string
  let sheet: string
  const path = (name: string) => join(folder, name)

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millwright-sheet-'))
    const random = seededRandom(6)
    const write = async (to: string, spot: boolean, count: number) => {
      mkdirSync(path(to), { recursive: true })
      for (let i = 0; i < count; i++)
        writeFileSync(path(join(to, `${i}.png`)), await png(disc(size, random, spot), size))
    }
    await write('taught', false, 30)
    await write('judged/good', false, 6)
    await write(`judged/${hostile}`, true, 4)
    writeFileSync(path('judged/good/torn.png'), 'torn')
    writeFileSync(
      path('plant.yaml'),
      'site: x\ninspections: { covers: { model: { type: learned, methods: [patches] } } }\n',
    )
  })
  after(() => rmSync(folder, { recursive: true }))

  it('is said to judge nothing by itself', async () => {
    const { status, stdout } = await millwright(folder, 'check')
    assert.equal(status, 0)
    assert.match(stdout, /covers: the station has no source and no values/)
  })

  it('does not train from nothing', async () => {
    const { status, stderr } = await millwright(folder, 'train', '--monitor', 'covers')
    assert.notEqual(status, 0)
    assert.match(stderr, /say what to learn from: --images FOLDER/)
  })

  it('is trained, and writes a sheet with the worst first that nothing can break out of', async () => {
    const trained = await millwright(folder, 'train', '--monitor', 'covers', '--images', 'taught')
    assert.equal(trained.status, 0, trained.stderr)
    const judged = await millwright(folder, 'inspect', '--station', 'covers', '--images', 'judged', '--out', 'v.csv', '--sheet', 'v.html') // prettier-ignore
    assert.equal(judged.status, 0, judged.stderr)
    sheet = readFileSync(path('v.html'), 'utf8')
    assert.ok(!sheet.includes('<img src=x'), 'a name is text')
    const verdicts = [...sheet.matchAll(/<li class="(\w+)"/g)].map(([, verdict]) => verdict)
    assert.deepEqual(verdicts.slice(0, 5), ['unusable', 'fail', 'fail', 'fail', 'fail'])
    assert.equal(verdicts.length, 11)
    assert.equal(sheet.match(/<div class="map">/g)?.length, 10)
    const [, script] = /<script>([^]*?)<\/script>/.exec(sheet)!
    assert.ok(sheet.includes(`script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`))
    assert.ok(!/(src|href)="(?!data:)/.test(sheet), 'it needs nothing beside it')
  })

  it('lets a colleague try a threshold, and counts by what the folders say', async () => {
    const browser: Browser = await launch()
    try {
      const page = await browser.newPage()
      await page.goto(pathToFileURL(path('v.html')).href)
      const counts = async (place: string) => {
        await page.locator('#threshold').fill(place)
        return page.locator('#counts').textContent()
      }
      assert.match((await counts('0'))!, /false rejects: 5 of 6 .* caught: 4 of 4/)
      assert.match((await counts('1'))!, /rejected: 0 of 10 .* false rejects: 0 of 6 .* caught: 0 of 4/)
      assert.equal(await page.locator('li.fail').count(), 0)
      await page.locator('#reset').click()
      assert.match((await page.locator('#counts').textContent())!, /caught: 4 of 4/)
    } finally {
      await browser.close()
    }
  })
})
