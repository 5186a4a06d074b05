import type { Defect } from './parts.ts'
import type { Random } from './random.ts'

/** Width and height of the camera's image, pixels. */
export const imageSize = 320

const centre = imageSize / 2
const outer = 122
const bore = 36
const holes = { count: 6, radius: 10, circle: 94 } as const

/**
 * A turned cover on the belt, seen from above, as SVG: it lies a little different each time, its brushing and the belt
 * differ, and it has the defect that is asked for.
 */
export function drawPart(defect: Defect | undefined, random: Random): string {
  const [x, y, turn] = [0, 0, 0].map(() => 2 * random.uniform() - 1)
  const place = `translate(${n(centre + 2.5 * x)} ${n(centre + 2.5 * y)}) rotate(${n(1.5 * turn)})`
  const missing = defect === 'missing-hole' ? Math.floor(random.uniform() * holes.count) : -1
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${imageSize}" height="${imageSize}">
<defs>${gradients}</defs>
<rect width="${imageSize}" height="${imageSize}" fill="#3a4046"/>${belt(random)}
<g transform="${place}">
<circle r="${outer + 3}" cx="4" cy="6" fill="#14171a" opacity="0.55" filter="url(#soft)"/>
<circle r="${outer}" fill="url(#steel)" stroke="#5d666f" stroke-width="2"/>
${brushing(random)}
<circle r="${outer - 7}" fill="none" stroke="#e9eef2" stroke-opacity="0.5" stroke-width="1.5"/>
<circle r="68" fill="none" stroke="#59626b" stroke-width="5"/><circle r="66" fill="none" stroke="#dfe5ea" stroke-width="1.5"/>
${defect && defect !== 'missing-hole' ? marks[defect](random) : ''}
<circle r="${bore}" fill="#1d2125" stroke="#eef2f5" stroke-width="3"/>
<rect x="-5" y="${-bore - 9}" width="10" height="14" fill="#1d2125"/>
${drilled(missing)}
</g></svg>`
}

const gradients = `<linearGradient id="steel" x1="0.15" y1="0" x2="0.85" y2="1">
<stop offset="0" stop-color="#c9d0d6"/><stop offset="0.5" stop-color="#a3acb4"/><stop offset="1" stop-color="#8a949d"/></linearGradient>
<radialGradient id="pit" cx="0.38" cy="0.36" r="0.62"><stop offset="0" stop-color="#2c3238" stop-opacity="0.8"/>
<stop offset="0.6" stop-color="#5b646c" stop-opacity="0.5"/><stop offset="0.85" stop-color="#f2f5f7" stop-opacity="0.65"/><stop offset="1" stop-color="#f2f5f7" stop-opacity="0"/></radialGradient>
<filter id="soft" x="-20%" y="-20%" width="140%" height="140%"><feGaussianBlur stdDeviation="4"/></filter>
<filter id="blur" x="-40%" y="-40%" width="180%" height="180%"><feGaussianBlur stdDeviation="1.6"/></filter>`

/** Ribs of the belt, wherever it happens to be. */
function belt(random: Random): string {
  const spacing = 20
  const from = random.uniform() * spacing - spacing
  const ribs = Array.from({ length: imageSize / spacing + 2 }, (_, i) => `M0 ${n(from + i * spacing)}h${imageSize}`)
  return `<path d="${ribs.join('')}" stroke="#2f353a" stroke-width="3"/>`
}

/** Rings of a lathe tool. */
function brushing(random: Random): string {
  const rings = Array.from({ length: 26 }, (_, i) => {
    const radius = bore + 4 + i * 3.2 + random.uniform()
    const light = random.uniform() < 0.5 ? '#ffffff' : '#4a525a'
    return `<circle r="${n(radius)}" fill="none" stroke="${light}" stroke-opacity="${n(0.04 + 0.09 * random.uniform())}"/>`
  })
  return rings.join('')
}

function drilled(missing: number): string {
  return Array.from({ length: holes.count }, (_, i) => {
    if (i === missing) return ''
    const angle = ((i + 0.5) * 2 * Math.PI) / holes.count
    const at = `cx="${n(holes.circle * Math.cos(angle))}" cy="${n(holes.circle * Math.sin(angle))}"`
    return `<circle ${at} r="${holes.radius + 2}" fill="#d9dfe4"/><circle ${at} r="${holes.radius}" fill="#22272b"/>`
  }).join('')
}

const marks: Record<Exclude<Defect, 'missing-hole'>, (random: Random) => string> = {
  scratch: (random) => {
    const [x, y] = onFace(random)
    const heading = random.uniform() * 2 * Math.PI
    const length = 60 + 50 * random.uniform()
    const bend = 12 * (2 * random.uniform() - 1)
    const [dx, dy] = [length * Math.cos(heading), length * Math.sin(heading)]
    const path = `M${n(x - dx / 2)} ${n(y - dy / 2)}q${n(dx / 2 - bend * Math.sin(heading))} ${n(dy / 2 + bend * Math.cos(heading))} ${n(dx)} ${n(dy)}`
    const line = `fill="none" stroke-linecap="round" d="${path}"`
    return `<path ${line} stroke="#30363c" stroke-width="5" stroke-opacity="0.7"/><path ${line} stroke="#fbfdff" stroke-width="2.4"/>`
  },
  dent: (random) => {
    const [x, y] = onFace(random)
    return `<circle cx="${n(x)}" cy="${n(y)}" r="${n(10 + 6 * random.uniform())}" fill="url(#pit)"/>`
  },
  stain: (random) => {
    const [x, y] = onFace(random)
    const drops = Array.from({ length: 6 }, () => {
      const [dx, dy] = [11 * random.normal(), 8 * random.normal()]
      const [rx, ry] = [6 + 8 * random.uniform(), 5 + 6 * random.uniform()]
      return `<ellipse cx="${n(x + dx)}" cy="${n(y + dy)}" rx="${n(rx)}" ry="${n(ry)}"/>`
    })
    return `<g fill="#4b2f14" fill-opacity="0.42" filter="url(#blur)">${drops.join('')}</g>`
  },
}

/** A place on the face between two holes, outside the groove or within it. */
function onFace(random: Random): [number, number] {
  const gap = Math.floor(random.uniform() * holes.count)
  const angle = ((gap + 0.6 * (random.uniform() - 0.5)) * 2 * Math.PI) / holes.count
  const radius = random.uniform() < 0.75 ? 78 + 28 * random.uniform() : 48 + 10 * random.uniform()
  return [radius * Math.cos(angle), radius * Math.sin(angle)]
}

/** Numbers as short as the eye needs them. */
function n(value: number): string {
  return value.toFixed(2)
}
