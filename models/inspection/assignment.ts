import { type ImageBounds, type Region } from './decode.ts'
import { type ImageBundle } from './manifest.ts'
import { type LearnedImageSettings, type Method } from './settings.ts'

/** An image file to learn from. */
export interface LabelledImage {
  /** For messages. */
  readonly name: string
  readonly image: Uint8Array
  /** Its class; the same for all where there are good images only. */
  readonly label: string
  /** Images of one origin, such as `operators`: the last of each class and series are held out. */
  readonly series?: string
}

/** A training of a station's model. */
export interface ImageTraining {
  readonly station: string
  readonly settings: LearnedImageSettings
  /** In order of their names or of time: the last of each class are held out. */
  readonly images: readonly LabelledImage[]
  readonly colour: 'grey' | 'rgb'
  readonly region?: Region
  readonly bounds: ImageBounds
  /** Written as the time of training, ms since epoch. */
  readonly created: number
  readonly parent?: string
  /** Where there are good images only: parts that are known to be defective. Nothing is learned from them, but they judge. */
  readonly defects?: readonly LabelledImage[]
  /** The model at work: it is judged by the same held-out images. */
  readonly before?: ImageBundle
  /** ms after which no further method is tried; infinite where absent. */
  readonly budget?: number
  readonly signal?: AbortSignal
  /** `share`: 0 to 1, of the step that is named. */
  progress?(step: string, share: number): void
}

/** What became of a method. */
export interface MethodResult {
  readonly method: Method | 'combination'
  /** macro_f1 and accuracy, or auroc against made-up defects, the mean over their kinds and by kind; on held-out images. */
  readonly metrics: Readonly<Record<string, number>>
  readonly seconds: number
  readonly chosen: boolean
}

/** A trained station. */
export interface TrainedStation {
  readonly bundle: ImageBundle
  readonly results: readonly MethodResult[]
  /** Images that cannot be decoded, with the reason. */
  readonly unusable: readonly { readonly name: string; readonly detail: string }[]
}
