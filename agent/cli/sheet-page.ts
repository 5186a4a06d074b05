/** What a contact sheet shows. */
export interface SheetPage {
  readonly title: string
  /** HTML. */
  readonly head: string
  /** HTML of each image. */
  readonly cards: readonly string[]
  /** Of the script, for the policy of the page: nothing else runs in it. */
  readonly hash: string
  /** Score of each image, and 1 where it is defective, 0 where it is good, -1 where nobody said. */
  readonly slider?: { readonly threshold: number; readonly scores: readonly (readonly number[])[] }
}

const style = `
:root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif }
body { margin: 0 auto; max-width: 1200px; padding: 1rem }
h1 { font-size: 1.3rem }
form { position: sticky; top: 0; background: Canvas; padding: .6rem 0; border-bottom: 1px solid GrayText; z-index: 1 }
form label { display: flex; gap: .8rem; align-items: center }
input[type=range] { flex: 1 }
output { font-variant-numeric: tabular-nums }
ul { list-style: none; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(340px, 1fr)); gap: 1rem }
li { border: 1px solid GrayText; border-left: 6px solid GrayText; border-radius: 4px; padding: .6rem }
li.fail { border-left-color: #c8102e } li.pass { border-left-color: #2e7d32 }
li.operator, li.unusable { border-left-color: #b26a00 }
.pictures { display: grid; grid-template-columns: 1fr 1fr; gap: .4rem; align-items: start }
.pictures img { width: 100%; display: block } .map { position: relative } .map img + img { position: absolute; inset: 0; height: 100% }
p { margin: .4rem 0 } .file { overflow-wrap: anywhere } .why, .truth { color: GrayText }
@media print { form { position: static } li { break-inside: avoid } }`

/** Runs in the browser of whoever opens the sheet. */
export const script = `
const data = JSON.parse(document.getElementById('scores').textContent)
const sorted = data.scores.map(([score]) => score).sort((a, b) => a - b)
const range = document.getElementById('threshold')
const share = (part, whole) => whole === 0 ? 'none' : part + ' of ' + whole + ' (' + (100 * part / whole).toFixed(1) + ' %)'
function show(limit) {
  const count = (truth, over) => data.scores.filter(([score, own]) => own === truth && (!over || score > limit)).length
  const words = ['threshold ' + limit.toPrecision(4), 'rejected: ' + share(data.scores.filter(([score]) => score > limit).length, sorted.length)]
  if (data.scores.some(([, own]) => own >= 0)) words.push('false rejects: ' + share(count(0, true), count(0)), 'caught: ' + share(count(1, true), count(1)))
  document.getElementById('counts').textContent = words.join(' · ')
  for (const item of document.querySelectorAll('li[data-score]')) {
    const bad = Number(item.dataset.score) > limit
    item.className = bad ? 'fail' : 'pass'
    item.querySelector('.verdict').textContent = bad ? 'fail' : 'pass'
  }
}
const low = Math.min(sorted[0], data.threshold), high = Math.max(sorted[sorted.length - 1], data.threshold)
const at = (place) => low > 0 ? low * (high / low) ** place : low + (high - low) * place
const placeOf = (value) => high === low ? 0 : low > 0 ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low)
range.value = placeOf(data.threshold)
range.addEventListener('input', () => show(at(Number(range.value))))
document.getElementById('reset').addEventListener('click', () => { range.value = placeOf(data.threshold); show(data.threshold) })
`

/** The sheet as HTML that needs nothing beside it. */
export function page({ title, head, cards, hash, slider }: SheetPage): string {
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
${head}
${slider && slider.scores.length > 0 ? sliderOf(slider) : ''}
<ul>
${cards.join('\n')}
</ul>
${slider && slider.scores.length > 0 ? `<script type="application/json" id="scores">${JSON.stringify(slider).replaceAll('<', '\\u003c')}</script>\n<script>${script}</script>` : ''}
</body>
</html>
`
}

function sliderOf({ threshold, scores }: NonNullable<SheetPage['slider']>): string {
  const over = (truth: number) => scores.filter(([score, own]) => own === truth && score > threshold).length
  const all = (truth: number) => scores.filter(([, own]) => own === truth).length
  const known = all(0) + all(1) > 0 ? ` · false rejects: ${over(0)} of ${all(0)} · caught: ${over(1)} of ${all(1)}` : ''
  return `<form><label>Threshold <input id="threshold" type="range" min="0" max="1" step="0.001"> <button type="button" id="reset">as configured</button></label><output id="counts">threshold ${threshold.toPrecision(4)}${known}</output></form>`
}

/** As text in HTML, in attributes too. */
export function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' } // prettier-ignore
  return text.replace(/[&<>"']/g, (character) => entities[character])
}
