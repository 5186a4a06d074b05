import { createHash } from 'node:crypto'
import { mapPicture, previewOf } from '../../models/inspection/picture.ts'
import type { ImageBundle } from '../../models/inspection/manifest.ts'
import type { ImageAnswer } from '../../models/inspection/inspector.ts'
import { openFaceDetector } from '../../models/inspection/faces/detector.ts'
import { strippedImage } from '../../models/inspection/stripped.ts'
import { readWhole } from '../core/index.ts'
import type { StationSettings } from '../settings/index.ts'
import { type ImageFile, rule } from '../stations/index.ts'
import { escaped, page, script } from './sheet-page.ts'

/** An image with what the model made of it, or why it could not. */
export interface Judged {
  readonly image: ImageFile
  readonly answer: ImageAnswer | { readonly detail: string }
}

/** Images with pictures, at most, and bytes of all pictures: what a mail still takes. */
const most = { images: 200, bytes: 12e6 }
/** Pixels on the longer side. */
const side = 360

/**
 * A page for a colleague: the images that are worst first, each with the contours of where, the verdict and the score; and a
 * threshold to try, with what it rejects and catches where the folders say the truth. It needs nothing beside it, and what
 * names say in it is text; what `keep` takes out of images that are stored is taken out of these. Sheets are bounded: what comes after the worst is counted, not shown.
 */
export async function contactSheet(
  station: string,
  judged: readonly Judged[],
  { manifest }: ImageBundle,
  settings: StationSettings,
): Promise<string> {
  const truth = truthOf(judged, settings.verdict.passes)
  const { threshold } = manifest.output.type === 'score' ? manifest.output : {}
  const limit = threshold === undefined ? undefined : (settings.verdict.threshold ?? threshold)
  const rows = judged.map((own) => ({ ...own, ...ruled(own, settings), truth: truth.of(own.image) }))
  rows.sort((a, b) => b.worst - a.worst || (a.image.file < b.image.file ? -1 : 1))
  const cards: string[] = []
  let bytes = 0
  const shown = settings.keep.outside === 'black' ? settings.region : undefined
  const faces = settings.keep.faces === 'removed' ? await openFaceDetector() : undefined
  const strip = async (image: Uint8Array) => (await strippedImage(image, shown, faces)).bytes
  for (const row of rows) {
    if (cards.length === most.images || bytes > most.bytes) break
    const pictures = await picturesOf(row, strip, manifest.input.region, limit)
    bytes += pictures.reduce((sum, picture) => sum + picture.length, 0)
    cards.push(card(row, pictures))
  }
  await faces?.close()
  const scores = rows.flatMap(({ answer, truth: own }) => ('score' in answer ? [[answer.score, own === undefined ? -1 : Number(own)]] : [])) // prettier-ignore
  return page({
    title: `${station}: ${judged.length} images`,
    head: headOf(rows, cards.length, manifest.version, truth),
    cards,
    hash: createHash('sha256').update(script).digest('base64'),
    ...(limit !== undefined && { slider: { threshold: limit, scores } }),
  })
}

type Row = Judged & ReturnType<typeof ruled> & { readonly truth: boolean | undefined }

/** Verdict in words, and how far up the sheet it stands. */
function ruled({ answer }: Judged, { verdict }: StationSettings) {
  if ('detail' in answer) return { verdict: 'unusable', words: answer.detail, worst: 3 }
  const ruling = rule(answer, verdict)
  const rank = { fail: 2, operator: 1, incomplete: 1, pass: 0, unusable: 3 }[ruling.verdict]
  // Of a score the greater is worse; of a class the surer, where it fails, and the less sure, where it passes.
  const within = answer.probabilities ? (ruling.verdict === 'pass' ? 1 - answer.score : answer.score) : answer.score / (1 + Math.abs(answer.score)) // prettier-ignore
  return { verdict: ruling.verdict, words: ruling.reason, worst: rank + 0.99 * within }
}

/** Whether images are defective, by their folders: known only where one of these is called as good parts are. */
function truthOf(judged: readonly Judged[], passes: readonly string[]) {
  const folders = [...new Set(judged.filter(({ image }) => image.file.includes('/')).map(({ image }) => image.label))].sort() // prettier-ignore
  const good = folders.filter((label) => passes.includes(label))
  const defective = good.length > 0 ? folders.filter((label) => !passes.includes(label)) : []
  const of = ({ file, label }: ImageFile): boolean | undefined =>
    good.length === 0 || !file.includes('/') ? undefined : defective.includes(label)
  return { good, defective, of }
}

async function picturesOf(
  { image, answer }: Row,
  strip: (image: Uint8Array) => Promise<Uint8Array>,
  region: ImageBundle['manifest']['input']['region'],
  limit = 0,
) {
  if ('detail' in answer) return []
  const bytes = await readWhole(image.path)
  const url = (type: string, picture: Uint8Array) => `data:image/${type};base64,${Buffer.from(picture).toString('base64')}` // prettier-ignore
  const preview = url('jpeg', await previewOf(await strip(bytes), undefined, side))
  return answer.map ? [preview, url('png', await mapPicture(answer.map, limit, bytes, region))] : [preview]
}

function card({ image, answer, verdict, words, truth }: Row, pictures: readonly string[]): string {
  const known = truth === undefined ? '' : `<span class="truth">${truth ? 'defective' : 'good'} by its folder</span>`
  const score = 'score' in answer ? `<b>${answer.score.toPrecision(3)}</b> ${escaped(answer.label)}` : ''
  const [preview, map] = pictures.map((url) => `<img src="${url}" alt="">`)
  const beside = pictures.length === 2 ? `<div class="map">${preview}${map}</div>` : ''
  const shown = pictures.length === 0 ? '' : `${preview}${beside}`
  const data = 'score' in answer && !answer.probabilities ? ` data-score="${answer.score}"` : ''
  return `<li class="${verdict}"${data}><div class="pictures">${shown}</div><p><strong class="verdict">${verdict}</strong> ${score} ${known}</p><p class="file">${escaped(image.file)}</p><p class="why">${escaped(words)}</p></li>`
}

function headOf(rows: readonly Row[], shown: number, version: string, truth: ReturnType<typeof truthOf>): string {
  const count = (verdict: string) => rows.filter((row) => row.verdict === verdict).length
  const counts = ['fail', 'operator', 'pass', 'unusable'].map((verdict) => `${count(verdict)} ${verdict}`).join(', ')
  const less = shown < rows.length ? ` The worst ${shown} are shown.` : ''
  const folders = truth.good.length === 0 ? 'The folders do not say which parts are good: none is called as good parts are.' : `By their folders, ${truth.good.join(', ')} are good${truth.defective.length > 0 ? `, and ${truth.defective.join(', ')} defective` : ''}.` // prettier-ignore
  return `<p>${counts}; model ${escaped(version)}.${less}</p><p>${escaped(folders)}</p>`
}
