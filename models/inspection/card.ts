import type { ImageManifest } from './manifest.ts'
import type { MethodResult } from './assignment.ts'

const words: Readonly<Record<string, string>> = {
  classifier: 'A convolutional network that tells classes, trained from scratch.',
  textures: 'Gradient-boosted trees over descriptors of texture, which tell classes.',
  transfer: 'A linear classifier over layers of a network that was trained on photographs.',
  patches:
    'Gaussians over filter responses by place and over the texture of the whole image, learned from good images.',
  embedding:
    'Gaussians by place, over all places and over the whole image, of layers of a network that was trained on photographs; learned from good images.',
  combination: 'Several methods that learned from good images, by the mean of their calibrated evidence.',
  segmentation: 'A small U-Net that looks for defects, learned from good images with made-up defects.',
}

/** `card.md` of an image model: what it is and how well it did on images that it did not learn from. */
export function writeCard(manifest: ImageManifest, results: readonly MethodResult[]): string {
  const { monitor, type, input, output, training, metrics, confusion } = manifest
  const figures = Object.entries(metrics).map(([name, value]) => `| ${name} | ${value.toFixed(3)} |`)
  const counts = Object.entries(training.classes).map(([name, count]) => `| ${name} | ${count} |`)
  const lines = [
    `# ${monitor}: ${type}`,
    words[type] ?? 'An image model.',
    `Input: ${input.width} x ${input.height}, ${input.colour}. Learned from ${training.images} images, judged by ${training.held_out} others.`,
    ['| class | images |', '| --- | --- |', ...counts].join('\n'),
    ['| on held-out images | |', '| --- | --- |', ...figures].join('\n'),
  ]
  if ('merit_before' in metrics) {
    lines.push(`The model at work had a merit of ${metrics.merit_before.toFixed(3)} on the same held-out images.`)
  }
  lines.push(methodTable(results))
  if (output.type === 'score') lines.push(`Scores above ${output.threshold.toPrecision(4)} are defects.`)
  if (output.type === 'classes' && confusion) {
    const rows = output.classes.map((name, c) => `| ${name} | ${confusion[c].join(' | ')} |`)
    const header = [
      `| true class | ${output.classes.join(' | ')} |`,
      `| --- |${' --- |'.repeat(output.classes.length)}`,
    ]
    lines.push(`Held-out images by true class (rows) and verdict:\n\n${[...header, ...rows].join('\n')}`)
  }
  return `${lines.join('\n\n')}\n`
}

/** What was tried, with the figures of each on held-out images. */
function methodTable(results: readonly MethodResult[]): string {
  const names = [...new Set(results.flatMap(({ metrics }) => Object.keys(metrics)))]
  const rows = results.map(({ method, metrics, seconds, chosen }) => {
    const figures = names.map((name) => (name in metrics ? metrics[name].toFixed(3) : ''))
    return `| ${[chosen ? `**${method}**` : method, ...figures, seconds.toFixed(1)].join(' | ')} |`
  })
  const heads = ['method', ...names, 'seconds']
  return [`| ${heads.join(' | ')} |`, `|${' --- |'.repeat(heads.length)}`, ...rows].join('\n')
}
