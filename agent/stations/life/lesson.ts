import { defectClass, goodClass } from '../rule.ts'
import { fewestPerClass } from '../../../models/inspection/lesson.ts'
import { goodMethods, type Method } from '../../../models/inspection/settings.ts'

/** An image with what it is said to show. */
export interface Said {
  readonly label: string
}

/** What a training of a station gets to see. */
export interface StationLesson<Image extends Said> {
  readonly images: readonly Image[]
  /** Known defective parts where only good ones are learned. */
  readonly defects: readonly Image[]
  /** Classes that were left out, because they have too few images. */
  readonly left: readonly string[]
}

/** Good parts that are enough to learn from them alone. */
const enoughDefects = 20

/**
 * What is learned from images of a folder, and from those that operators said the class of: several classes, or good parts
 * only. A folder of one class asks for the latter, and so do good parts of which few were called defective; whatever the
 * methods cannot learn is out of the question.
 */
export function lessonOf<Image extends Said>(
  folder: readonly Image[],
  labelled: readonly Image[],
  methods: readonly Method[],
): StationLesson<Image> {
  const inFolder = classesOf(folder)
  const onlyGood = methods.every((method) => (goodMethods as readonly string[]).includes(method))
  if (onlyGood || inFolder.size === 1 || (inFolder.size === 0 && mostlyGood(labelled))) {
    const good = inFolder.size === 1 ? [...inFolder.keys()][0] : goodClass
    const sound = labelled.filter(({ label }) => label === goodClass || label === good)
    return {
      images: [...folder.filter(({ label }) => label === good), ...sound.map((image) => ({ ...image, label: good }))],
      defects: [...folder, ...labelled].filter(({ label }) => label !== good && label !== goodClass),
      left: [],
    }
  }
  const all = [...folder, ...labelled]
  const left = [...classesOf(all)].filter(([name, count]) => count < fewestPerClass && !inFolder.has(name))
  const names = left.map(([name]) => name)
  return { images: all.filter(({ label }) => !names.includes(label)), defects: [], left: names }
}

function mostlyGood(labelled: readonly Said[]): boolean {
  const classes = classesOf(labelled)
  const others = [...classes.keys()].filter((name) => name !== goodClass)
  return others.every((name) => name === defectClass || classes.get(name)! < fewestPerClass) && (classes.get(defectClass) ?? 0) < enoughDefects // prettier-ignore
}

function classesOf(images: readonly Said[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { label } of images) counts.set(label, (counts.get(label) ?? 0) + 1)
  return counts
}
