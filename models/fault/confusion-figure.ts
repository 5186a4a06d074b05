const cell = 64
const margin = 140

/** A confusion matrix as SVG: rows are what was true, columns what was concluded, shaded by the share of the row. */
export function confusionFigure(classes: readonly string[], matrix: readonly (readonly number[])[]): string {
  const size = classes.length * cell
  const cells = matrix.flatMap((row, truth) => {
    const total = row.reduce((sum, value) => sum + value, 0)
    return row.map((value, concluded) => {
      const share = total > 0 ? value / total : 0
      const [x, y] = [margin + concluded * cell, margin + truth * cell]
      return [
        `<rect x="${x}" y="${y}" width="${cell}" height="${cell}" fill="#1f6feb" fill-opacity="${share.toFixed(3)}" stroke="#8884"/>`,
        `<text x="${x + cell / 2}" y="${y + cell / 2 + 5}" text-anchor="middle"${share > 0.5 ? ' fill="#fff"' : ''}>${value}</text>`,
      ].join('')
    })
  })
  const names = classes.flatMap((name, at) => {
    const middle = margin + at * cell + cell / 2
    return [
      `<text x="${margin - 8}" y="${middle + 5}" text-anchor="end">${escaped(name)}</text>`,
      `<text transform="translate(${middle + 5} ${margin - 8}) rotate(-60)">${escaped(name)}</text>`,
    ]
  })
  const width = margin + size + 80
  const height = margin + size + 20
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="13" role="img" aria-label="Confusion matrix: rows are true classes, columns concluded ones">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="8" y="20">true ↓ concluded →</text>`,
    ...names,
    ...cells,
    '</svg>',
    '',
  ].join('\n')
}

function escaped(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (sign) => entities[sign])
}
